// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Binary32} from "contracts/referees/tensor/Binary32.sol";
import {Blocks} from "contracts/referees/tensor/Blocks.sol";
import {Code} from "contracts/referees/tensor/Code.sol";
import {Elementary} from "contracts/referees/tensor/Elementary.sol";

/// @title Kinds
/// @notice The arithmetic of each kind of instruction (docs/operators.md, section 4).
library Kinds {
    using Binary32 for uint256;
    using Blocks for Blocks.Block;

    uint256 private constant NOT_FOUND = 0xffffffff;

    /// @notice The result of an instruction that is no reduction, for one element.
    function valueOf(uint256 kind, uint256 a, uint256 b) internal pure returns (uint256) {
        if (kind == Code.COPY || kind == Code.GATHER) return a;
        if (kind == Code.ADD) return a.add(b);
        if (kind == Code.SUB) return a.sub(b);
        if (kind == Code.MUL) return a.mul(b);
        if (kind == Code.DIV) return a.div(b);
        if (kind == Code.LARGEST) return _largest(a, b);
        if (kind == Code.LEAST) return a.isNan() || b.isNan() ? Binary32.NAN : b.less(a) ? b : a;
        if (kind == Code.LESS) return a.less(b) ? Binary32.ONE : 0;
        if (kind == Code.EQUAL) return a.equal(b) ? Binary32.ONE : 0;
        if (kind == Code.SQRT) return a.sqrt();
        if (kind == Code.EXP) return Elementary.exp(a);
        if (kind == Code.LOG) return Elementary.log(a);
        if (kind == Code.TANH) return Elementary.tanh(a);
        if (kind == Code.ERF) return Elementary.erf(a);
        if (kind == Code.SIGMOID) return Elementary.sigmoid(a);
        if (kind == Code.TO_INT) return a.toInt();
        return a.fromInt();
    }

    /// @notice What a reduction starts with.
    function initialOf(uint256 kind) internal pure returns (uint256) {
        if (kind == Code.FOLD_LARGEST) return Binary32.SIGN | Binary32.INFINITY;
        return kind == Code.FIND ? NOT_FOUND : 0;
    }

    /// @notice The accumulator of a reduction after one run of `count` terms, the first of which is term `first` of the reduction.
    function accumulate(
        uint256 kind,
        uint256 accumulator,
        Blocks.Block memory blockA,
        uint256 a,
        Blocks.Block memory blockB,
        uint256 b,
        uint256 first,
        uint256 count
    ) internal pure returns (uint256) {
        unchecked {
            if (kind == Code.DOT) {
                for (uint256 k; k < count; ++k) {
                    accumulator = blockA.load(a + k).fma(blockB.load(b + k), accumulator);
                }
            } else if (kind == Code.SUM) {
                for (uint256 k; k < count; ++k) {
                    accumulator = accumulator.add(blockA.load(a + k));
                }
            } else if (kind == Code.FOLD_LARGEST) {
                for (uint256 k; k < count; ++k) {
                    accumulator = _largest(accumulator, blockA.load(a + k));
                }
            } else {
                uint256 sought = blockB.load(b).canonical();
                for (uint256 k; k < count && accumulator == NOT_FOUND; ++k) {
                    if (blockA.load(a + k).canonical() == sought) accumulator = first + k;
                }
            }
            return accumulator;
        }
    }

    /// @dev b where a < b, otherwise a; a NaN if either is one.
    function _largest(uint256 a, uint256 b) private pure returns (uint256) {
        if (a.isNan() || b.isNan()) return Binary32.NAN;
        return a.less(b) ? b : a;
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {MerklePath} from "contracts/referees/riscv/MerklePath.sol";
import {IReferee} from "interfaces/IReferee.sol";

/// @title Memory
/// @notice What one step can see of the machine's memory: the leaf that the instruction is fetched from, and at most one
/// other (docs/machine.md, sections 2 and 5).
/// @dev `open` takes the fetched leaf from the witness, the instruction loads and stores, and `close` climbs from the leaves to
/// the memory root.
/// SAFETY: nothing that is loaded can be believed before the root that `close` finds has been.
/// INVARIANT: beside its own word an instruction accesses one location, so that the data path stands for one leaf.
///
///     level 27               root
///                           /    \
///     meeting              o      sibling           from here up: siblings of the fetch path
///                       /     \
///     meeting - 1      o       o                    each is the other's sibling
///                    /   \   /   \
///                   .     . .     .                 siblings of both paths
///     level 0    fetched      data
library Memory {
    using MerklePath for MerklePath.Path;

    /// @notice Bytes that can be addressed.
    uint64 internal constant SIZE = 2 ** 32;
    uint256 private constant LEAF_SIZE = 32;

    struct Window {
        MerklePath.Path fetched;
        /// Meaningful only if `hasData`.
        MerklePath.Path data;
        /// Whether the step has accessed a leaf other than the fetched one.
        bool hasData;
        /// What has not been read of the witness.
        MerklePath.Reader reader;
    }

    /// @notice Look at the memory of a step that fetches the instruction at `pc`. `witness` is what follows the numbers.
    function open(bytes calldata witness, uint64 pc) internal pure returns (Window memory window) {
        window.reader = MerklePath.readerOf(witness);
        window.fetched.start(window.reader, pc / LEAF_SIZE);
    }

    /// @notice The memory roots before and after the step, by all that is left of the witness.
    function close(Window memory window) internal pure returns (bytes32 before, bytes32 written) {
        MerklePath.Path memory path = window.fetched;
        uint256 level;
        if (window.hasData) {
            level = Math.log2(path.index ^ window.data.index);
            path.climb(window.reader, 0, level);
            window.data.climb(window.reader, 0, level);
            path.join(window.data);
            level++;
        }
        path.climb(window.reader, level, MerklePath.DEPTH);
        require(path.bitmap == 0 && MerklePath.isAtEnd(window.reader), IReferee.WrongWitness());
        return (path.before, path.written);
    }

    /// @notice The little-endian number of `size` bytes (1, 2, 4 or 8) at `location`, which is aligned and in memory.
    function load(Window memory window, uint64 location, uint256 size) internal pure returns (uint64) {
        uint256 leaf = uint256(pathTo(window, location).written);
        return reverse(uint64(leaf >> shiftTo(location, size)), size);
    }

    /// @notice Put the low `size` bytes (1, 2, 4 or 8) of `value` at `location`, which is aligned and in memory.
    function store(Window memory window, uint64 location, uint256 size, uint64 value) internal pure {
        MerklePath.Path memory path = pathTo(window, location);
        uint256 shift = shiftTo(location, size);
        uint256 mask = ((1 << (8 * size)) - 1) << shift;
        path.written = bytes32((uint256(path.written) & ~mask) | (uint256(reverse(value, size)) << shift));
    }

    /// @dev The path whose leaf holds `location`.
    function pathTo(Window memory window, uint64 location) private pure returns (MerklePath.Path memory) {
        uint256 index = location / LEAF_SIZE;
        if (index == window.fetched.index) return window.fetched;
        if (!window.hasData) {
            window.hasData = true;
            window.data.start(window.reader, index);
        }
        return window.data;
    }

    /// @dev How far to the right of a leaf's bits those of an access lie.
    function shiftTo(uint64 location, uint256 size) private pure returns (uint256) {
        return 8 * (LEAF_SIZE - location % LEAF_SIZE - size);
    }

    /// @dev The low `size` bytes (1, 2, 4 or 8) of `value` in the opposite order.
    function reverse(uint64 value, uint256 size) private pure returns (uint64) {
        value = (value & 0x00FF00FF00FF00FF) << 8 | (value >> 8) & 0x00FF00FF00FF00FF;
        value = (value & 0x0000FFFF0000FFFF) << 16 | (value >> 16) & 0x0000FFFF0000FFFF;
        value = value << 32 | value >> 32;
        return value >> (64 - 8 * size);
    }
}

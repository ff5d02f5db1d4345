// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Binary32} from "contracts/referees/tensor/Binary32.sol";
import {Elementary} from "contracts/referees/tensor/Elementary.sol";

/// @title TensorArithmetic
/// @notice The functions of the tensor referee by number, many values to a call, for tests/differential/arithmetic.py.
contract TensorArithmetic {
    using Binary32 for uint256;

    /// @notice Apply a function to each triple of operands, 12 bytes each.
    /// @return results 4 bytes for each.
    /// @return gas_ What the functions cost together, and the loop around them.
    function run(uint256 number, bytes calldata operands)
        external
        view
        returns (bytes memory results, uint256 gas_)
    {
        unchecked {
            results = new bytes(operands.length / 3);
            function(uint256, uint256, uint256) pure returns (uint256) apply_ = _named(number);
            gas_ = gasleft();
            for (uint256 start; start < operands.length; start += 12) {
                uint256 packed = uint96(bytes12(operands[start:]));
                uint256 result = apply_(packed >> 64, (packed >> 32) & 0xffffffff, packed & 0xffffffff);
                uint256 place = start / 3;
                // All that is written beyond is zero, or written later.
                assembly ("memory-safe") {
                    mstore(
                        add(add(results, 4), place),
                        or(shl(32, shr(32, mload(add(add(results, 4), place)))), result)
                    )
                }
            }
            gas_ -= gasleft();
        }
    }

    function _named(uint256 number)
        private
        pure
        returns (function(uint256, uint256, uint256) pure returns (uint256))
    {
        if (number == 0) return _fma;
        if (number == 1) return _add;
        if (number == 2) return _sub;
        if (number == 3) return _mul;
        if (number == 4) return _div;
        if (number == 5) return _sqrt;
        if (number == 6) return _less;
        if (number == 7) return _equal;
        if (number == 8) return _fromInt;
        if (number == 9) return _toInt;
        if (number == 10) return _exp;
        if (number == 11) return _log;
        if (number == 12) return _tanh;
        if (number == 13) return _erf;
        return _sigmoid;
    }

    function _fma(uint256 a, uint256 b, uint256 c) private pure returns (uint256) {
        return a.fma(b, c);
    }

    function _add(uint256 a, uint256 b, uint256) private pure returns (uint256) {
        return a.add(b);
    }

    function _sub(uint256 a, uint256 b, uint256) private pure returns (uint256) {
        return a.sub(b);
    }

    function _mul(uint256 a, uint256 b, uint256) private pure returns (uint256) {
        return a.mul(b);
    }

    function _div(uint256 a, uint256 b, uint256) private pure returns (uint256) {
        return a.div(b);
    }

    function _sqrt(uint256 a, uint256, uint256) private pure returns (uint256) {
        return a.sqrt();
    }

    function _less(uint256 a, uint256 b, uint256) private pure returns (uint256) {
        return a.less(b) ? Binary32.ONE : 0;
    }

    function _equal(uint256 a, uint256 b, uint256) private pure returns (uint256) {
        return a.equal(b) ? Binary32.ONE : 0;
    }

    function _fromInt(uint256 a, uint256, uint256) private pure returns (uint256) {
        return a.fromInt();
    }

    function _toInt(uint256 a, uint256, uint256) private pure returns (uint256) {
        return a.toInt();
    }

    function _exp(uint256 a, uint256, uint256) private pure returns (uint256) {
        return Elementary.exp(a);
    }

    function _log(uint256 a, uint256, uint256) private pure returns (uint256) {
        return Elementary.log(a);
    }

    function _tanh(uint256 a, uint256, uint256) private pure returns (uint256) {
        return Elementary.tanh(a);
    }

    function _erf(uint256 a, uint256, uint256) private pure returns (uint256) {
        return Elementary.erf(a);
    }

    function _sigmoid(uint256 a, uint256, uint256) private pure returns (uint256) {
        return Elementary.sigmoid(a);
    }
}

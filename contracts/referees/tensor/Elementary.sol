// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Binary32} from "contracts/referees/tensor/Binary32.sol";

/// @title Elementary
/// @notice The elementary functions as fixed polynomials over fma (docs/operators.md, section 3): the sequences of operations that
/// `assay/machines/tensor/elementary.py` has.
/// @dev Coefficients are packed 32 bits each, that of the highest power lowest.
library Elementary {
    using Binary32 for uint256;

    uint256 private constant SIGN = Binary32.SIGN;
    uint256 private constant ONE = Binary32.ONE;
    uint256 private constant LOG2_E = 0x3fb8aa3b;
    uint256 private constant LN2_HIGH = 0x3f317218;
    uint256 private constant LN2_LOW = 0xb102e308;
    /// @dev 1.5 * 2^23.
    uint256 private constant ROUNDER = 0x4b400000;

    uint256 private constant EXP = 0x3f8000003f8000003efffffe3e2aaa463d2aac5c3c091f2e3ab526e7;
    uint256 private constant EXP_OVERFLOW = 0x42b17218;
    uint256 private constant EXP_UNDERFLOW = 0xc2d00000;
    uint256 private constant LOG = 0xbe7ffffc3e4cd292be2aafdf3e11998cbdfddf9b3df368ddbdf0107d3d8b538e;
    uint256 private constant LOG_CONSTANT = 0x3eaaaaa3;
    uint256 private constant LOG_SPLIT = 0x3f3504f3;
    uint256 private constant TANH = 0x00beaaaa9a3e0883b1bd5c21cd3ca92994bbbb4efc;
    uint256 private constant TANH_SPLIT = 0x3f200000;
    uint256 private constant ERF = 0x3e0375d4bec0939f3de71673bcdbfb8d3ba9f913ba51a8c338a3b960;
    uint256 private constant LOG_ERFC = 0xbf90985abf221094bdde6d6f3ccfa9e2bb8bf43239f171bcb7cfef5f3466e238;
    uint256 private constant LOG_ERFC_CONSTANT = 0x3953e187;
    uint256 private constant ERF_END = 0x40800000;

    /// @notice e to the power of x.
    function exp(uint256 x) internal pure returns (uint256) {
        unchecked {
            if (x.isNan()) return Binary32.NAN;
            if (EXP_OVERFLOW.less(x)) return Binary32.INFINITY;
            if (x.less(EXP_UNDERFLOW)) return 0;
            uint256 shifted = x.fma(LOG2_E, ROUNDER);
            uint256 whole = shifted.sub(ROUNDER);
            uint256 r = whole.fma(LN2_HIGH ^ SIGN, x);
            r = whole.fma(LN2_LOW ^ SIGN, r);
            int256 n = int256(shifted) - int256(ROUNDER);
            int256 half = n >> 1;
            return _polynomial(EXP, r).mul(_powerOfTwo(half)).mul(_powerOfTwo(n - half));
        }
    }

    /// @notice The natural logarithm of x: minus infinity for either zero, a NaN for what is less.
    function log(uint256 x) internal pure returns (uint256) {
        unchecked {
            if (x.isNan()) return Binary32.NAN;
            if (x & ~SIGN == 0) return Binary32.INFINITY | SIGN;
            if (x & SIGN != 0) return Binary32.NAN;
            if (x == Binary32.INFINITY) return x;
            int256 exponent;
            if (x < 0x00800000) {
                x = x.mul(0x4b000000);
                exponent = -23;
            }
            int256 offset = int256(x) - int256(LOG_SPLIT);
            exponent += offset >> 23;
            uint256 e = Binary32.fromInt(uint256(exponent) & 0xffffffff);
            uint256 f = ((uint256(offset) & 0x7fffff) + LOG_SPLIT).sub(ONE);
            uint256 z = f.mul(f);
            uint256 y = _polynomial(LOG, f).fma(f, LOG_CONSTANT).mul(f).fma(z, e.mul(LN2_LOW));
            y = z.fma(0xbf000000, y);
            return e.fma(LN2_HIGH, f.add(y));
        }
    }

    /// @notice The hyperbolic tangent of x.
    function tanh(uint256 x) internal pure returns (uint256) {
        if (x.isNan()) return Binary32.NAN;
        uint256 magnitude = x & ~SIGN;
        if (magnitude < TANH_SPLIT) {
            uint256 z = x.mul(x);
            return _polynomial(TANH, z).mul(z).fma(x, x);
        }
        uint256 far = ONE.sub(uint256(0x40000000).div(exp(magnitude.add(magnitude)).add(ONE)));
        return far | (x & SIGN);
    }

    /// @notice The error function of x.
    function erf(uint256 x) internal pure returns (uint256) {
        if (x.isNan()) return Binary32.NAN;
        uint256 magnitude = x & ~SIGN;
        if (magnitude < ONE) return _polynomial(ERF, x.mul(x)).fma(x, x);
        if (magnitude > ERF_END) magnitude = ERF_END;
        uint256 far = ONE.sub(exp(_polynomial(LOG_ERFC, magnitude).fma(magnitude, LOG_ERFC_CONSTANT)));
        return far | (x & SIGN);
    }

    /// @notice 1 / (1 + exp(-x)).
    function sigmoid(uint256 x) internal pure returns (uint256) {
        return ONE.div(ONE.add(exp(x ^ SIGN)));
    }

    /// @dev By Horner's rule; the packed coefficients end where only zero bits are left.
    function _polynomial(uint256 coefficients, uint256 x) private pure returns (uint256 y) {
        y = coefficients & 0xffffffff;
        while ((coefficients >>= 32) != 0) y = y.fma(x, coefficients & 0xffffffff);
    }

    /// @dev 2^n, for n from -126 to 127.
    function _powerOfTwo(int256 n) private pure returns (uint256) {
        unchecked {
            return uint256(n + 127) << 23;
        }
    }
}

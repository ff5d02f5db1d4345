// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";
import {LibBit} from "solady/src/utils/LibBit.sol";

/// @title Binary32
/// @notice IEEE 754 binary32 arithmetic, rounded to nearest, ties to even, with subnormal numbers (docs/operators.md, section 2).
/// @dev A number is its 32 bits, in a word whose other bits are zero. Every result that is a NaN is `NAN`. A finite number is taken as
/// an integer times a power of two, so that all that is inexact happens in `_round`.
library Binary32 {
    uint256 internal constant NAN = 0x7fc00000;
    uint256 internal constant INFINITY = 0x7f800000;
    uint256 internal constant ONE = 0x3f800000;
    uint256 internal constant SIGN = 0x80000000;

    /// @dev Where the terms of a sum lie further apart than this many bits, the lesser only tells which way the greater is rounded.
    int256 private constant APART = 100;
    /// @dev More bits than a quotient or a root has to have before it is rounded.
    uint256 private constant GUARD = 80;

    // --- arithmetic -------------------------------------------------------------------------------------------------------

    /// @notice a * b + c, rounded once.
    function fma(uint256 a, uint256 b, uint256 c) internal pure returns (uint256) {
        unchecked {
            uint256 sign = (a ^ b) & SIGN;
            uint256 signC = c & SIGN;
            bool special;
            assembly ("memory-safe") {
                // Adding one to an exponent of all ones carries out of it.
                special := and(
                    or(
                        or(add(and(a, INFINITY), 0x800000), add(and(b, INFINITY), 0x800000)),
                        add(and(c, INFINITY), 0x800000)
                    ),
                    SIGN
                )
            }
            if (special) return _special(a, b, c);

            (uint256 product, int256 exponent) = _unpack(a);
            (uint256 other, int256 exponentC) = _unpack(b);
            product *= other;
            exponent += exponentC;
            (other, exponentC) = _unpack(c);
            if (other == 0 && product != 0) return _round(sign, product, exponent);
            // Of two zeros, the sum is negative only if both are.
            if (product == 0) return other != 0 ? c : sign & signC;

            int256 apart = exponent - exponentC;
            if (apart >= 0) {
                if (apart > APART) {
                    other = 1;
                    apart = APART;
                }
                product <<= uint256(apart);
                exponent -= apart;
            } else {
                apart = -apart;
                if (apart > APART) {
                    product = 1;
                    apart = APART;
                }
                other <<= uint256(apart);
                exponent = exponentC - apart;
            }

            if (sign == signC) return _round(sign, product + other, exponent);
            if (product > other) return _round(sign, product - other, exponent);
            // A difference of zero is positive.
            if (product == other) return 0;
            return _round(signC, other - product, exponent);
        }
    }

    /// @notice a + b.
    function add(uint256 a, uint256 b) internal pure returns (uint256) {
        return fma(a, ONE, b);
    }

    /// @notice a - b.
    function sub(uint256 a, uint256 b) internal pure returns (uint256) {
        return fma(a, ONE, b ^ SIGN);
    }

    /// @notice a * b.
    function mul(uint256 a, uint256 b) internal pure returns (uint256) {
        // A term of -0 leaves the sign of every product as it is.
        return fma(a, b, SIGN);
    }

    /// @notice a / b.
    function div(uint256 a, uint256 b) internal pure returns (uint256) {
        unchecked {
            if (isNan(a) || isNan(b)) return NAN;
            uint256 sign = (a ^ b) & SIGN;
            (uint256 magnitudeA, uint256 magnitudeB) = (a & ~SIGN, b & ~SIGN);
            if (magnitudeA == INFINITY) return magnitudeB == INFINITY ? NAN : sign | INFINITY;
            if (magnitudeB == INFINITY) return sign;
            if (magnitudeB == 0) return magnitudeA == 0 ? NAN : sign | INFINITY;
            (uint256 dividend, int256 exponentA) = _unpack(a);
            (uint256 divisor, int256 exponentB) = _unpack(b);
            dividend <<= GUARD;
            uint256 quotient = dividend / divisor;
            // Whether there is a remainder: what the division loses is what is asked for.
            // slither-disable-next-line divide-before-multiply
            if (quotient * divisor != dividend) quotient |= 1;
            return _round(sign, quotient, exponentA - exponentB - int256(GUARD));
        }
    }

    /// @notice The square root of a; -0 for -0, and a NaN for what is less.
    function sqrt(uint256 a) internal pure returns (uint256) {
        unchecked {
            if (isNan(a)) return NAN;
            if (a & ~SIGN == 0) return a;
            if (a & SIGN != 0) return NAN;
            if (a == INFINITY) return a;
            (uint256 radicand, int256 exponent) = _unpack(a);
            if (exponent & 1 != 0) {
                radicand <<= 1;
                --exponent;
            }
            radicand <<= GUARD;
            exponent -= int256(GUARD);
            uint256 root = FixedPointMathLib.sqrt(radicand);
            if (root * root != radicand) root |= 1;
            return _round(0, root, exponent >> 1);
        }
    }

    // --- comparison -------------------------------------------------------------------------------------------------------

    function isNan(uint256 a) internal pure returns (bool) {
        return a & ~SIGN > INFINITY;
    }

    /// @notice Whether a < b; false if either is a NaN.
    function less(uint256 a, uint256 b) internal pure returns (bool) {
        return !isNan(a) && !isNan(b) && _ordinal(a) < _ordinal(b);
    }

    /// @notice Whether a = b; false if either is a NaN.
    function equal(uint256 a, uint256 b) internal pure returns (bool) {
        return !isNan(a) && !isNan(b) && _ordinal(a) == _ordinal(b);
    }

    // --- conversion -------------------------------------------------------------------------------------------------------

    /// @notice a, or the canonical NaN for any NaN.
    function canonical(uint256 a) internal pure returns (uint256) {
        return isNan(a) ? NAN : a;
    }

    /// @notice The number nearest to a 32-bit integer in two's complement.
    function fromInt(uint256 a) internal pure returns (uint256) {
        unchecked {
            return a & SIGN == 0 ? _round(0, a, 0) : _round(SIGN, (1 << 32) - a, 0);
        }
    }

    /// @notice The 32-bit integer in two's complement that is a without its fraction; the nearest one for what is too large, 0 for a NaN.
    function toInt(uint256 a) internal pure returns (uint256) {
        unchecked {
            if (isNan(a)) return 0;
            uint256 magnitude;
            if (a & ~SIGN >= 0x4f000000) {
                return a & SIGN == 0 ? 0x7fffffff : 0x80000000;
            } else {
                (uint256 significand, int256 exponent) = _unpack(a);
                magnitude =
                    exponent >= 0 ? significand << uint256(exponent) : significand >> uint256(-exponent);
            }
            return (a & SIGN == 0 ? magnitude : (1 << 32) - magnitude) & 0xffffffff;
        }
    }

    // --- internals --------------------------------------------------------------------------------------------------------

    /// @dev The magnitude of a finite number as significand * 2^exponent.
    function _unpack(uint256 a) private pure returns (uint256 significand, int256 exponent) {
        // Without a branch: products unpack three numbers a term.
        assembly ("memory-safe") {
            let biased := and(shr(23, a), 0xff)
            significand := or(and(a, 0x7fffff), shl(23, gt(biased, 0)))
            exponent := sub(add(biased, iszero(biased)), 150)
        }
    }

    /// @dev The binary32 nearest to significand * 2^exponent, with that sign.
    function _round(uint256 sign, uint256 significand, int256 exponent) private pure returns (uint256) {
        unchecked {
            if (significand == 0) return sign;
            int256 unit = exponent + int256(LibBit.fls(significand)) - 23;
            if (unit < -149) unit = -149;
            int256 shift = unit - exponent;
            uint256 kept;
            if (shift <= 0) {
                kept = significand << uint256(-shift);
            } else {
                kept = significand >> uint256(shift);
                uint256 half = 1 << uint256(shift - 1);
                uint256 lost = significand & ((half << 1) - 1);
                if (lost > half || (lost == half && kept & 1 != 0)) ++kept;
            }
            // The leading bit of a normal number adds one to the exponent, and so does a carry.
            uint256 magnitude = (uint256(unit + 149) << 23) + kept;
            return sign | (magnitude > INFINITY ? INFINITY : magnitude);
        }
    }

    /// @dev fma where at least one number is infinite or a NaN.
    function _special(uint256 a, uint256 b, uint256 c) private pure returns (uint256) {
        if (isNan(a) || isNan(b) || isNan(c)) return NAN;
        if (a & ~SIGN != INFINITY && b & ~SIGN != INFINITY) return c;
        if (a & ~SIGN == 0 || b & ~SIGN == 0) return NAN;
        uint256 product = ((a ^ b) & SIGN) | INFINITY;
        return c & ~SIGN == INFINITY && c != product ? NAN : product;
    }

    /// @dev A place in the order of numbers; the two zeros share one.
    function _ordinal(uint256 a) private pure returns (int256) {
        return a & SIGN == 0 ? int256(a) : -int256(a & ~SIGN);
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Arithmetic
/// @notice The computations of RV64IM on two operands. All of it is modulo 2^64, so nothing here is checked for overflow.
/// @dev A function returns `listed = false` for a `funct3` that is reserved in its group.
library Arithmetic {
    /// @notice ADD SLL SLT SLTU XOR SRL OR AND, also with an immediate; `alternate` makes SUB and SRA of ADD and SRL.
    function base(uint256 funct3, bool alternate, uint64 a, uint64 b) internal pure returns (uint64) {
        unchecked {
            if (funct3 == 0) return alternate ? a - b : a + b;
            if (funct3 == 1) return a << (b & 63);
            if (funct3 == 2) return signed(a) < signed(b) ? 1 : 0;
            if (funct3 == 3) return a < b ? 1 : 0;
            if (funct3 == 4) return a ^ b;
            if (funct3 == 5) return alternate ? unsigned(signed(a) >> (b & 63)) : a >> (b & 63);
            if (funct3 == 6) return a | b;
            return a & b;
        }
    }

    /// @notice ADDW SLLW SRLW, also with an immediate; `alternate` makes SUBW and SRAW of ADDW and SRLW.
    function baseWord(uint256 funct3, bool alternate, uint64 a, uint64 b)
        internal
        pure
        returns (bool listed, uint64 result)
    {
        uint32 c = uint32(a);
        uint32 d = uint32(b);
        unchecked {
            if (funct3 == 0) return (true, extend(alternate ? c - d : c + d));
            if (funct3 == 1) return (true, extend(c << (d & 31)));
            if (funct3 == 5) return (true, extend(alternate ? uint32(int32(c) >> (d & 31)) : c >> (d & 31)));
        }
    }

    /// @notice MUL MULH MULHSU MULHU DIV DIVU REM REMU (unprivileged manual, 13.1 and 13.2).
    /// @dev The most negative number divided by -1 is itself, and the remainder 0: so it comes out modulo 2^64.
    function multiply(uint256 funct3, uint64 a, uint64 b) internal pure returns (uint64) {
        unchecked {
            if (funct3 == 0) return a * b;
            if (funct3 == 1) return high(int256(signed(a)) * signed(b));
            if (funct3 == 2) return high(int256(signed(a)) * int256(uint256(b)));
            if (funct3 == 3) return uint64((uint256(a) * b) >> 64);
            if (funct3 == 4) return b == 0 ? type(uint64).max : unsigned(signed(a) / signed(b));
            if (funct3 == 5) return b == 0 ? type(uint64).max : a / b;
            if (funct3 == 6) return b == 0 ? a : unsigned(signed(a) % signed(b));
            return b == 0 ? a : a % b;
        }
    }

    /// @notice MULW DIVW DIVUW REMW REMUW.
    function multiplyWord(uint256 funct3, uint64 a, uint64 b)
        internal
        pure
        returns (bool listed, uint64 result)
    {
        uint32 c = uint32(a);
        uint32 d = uint32(b);
        unchecked {
            if (funct3 == 0) return (true, extend(c * d));
            if (funct3 == 4) return (true, d == 0 ? type(uint64).max : extend(uint32(int32(c) / int32(d))));
            if (funct3 == 5) return (true, d == 0 ? type(uint64).max : extend(c / d));
            if (funct3 == 6) return (true, extend(d == 0 ? c : uint32(int32(c) % int32(d))));
            if (funct3 == 7) return (true, extend(d == 0 ? c : c % d));
        }
    }

    /// @notice A 32-bit number sign-extended to 64 bits.
    function extend(uint32 value) internal pure returns (uint64) {
        return uint64(int64(int32(value)));
    }

    /// @notice The same 64 bits, read as two's complement.
    function signed(uint64 value) internal pure returns (int64) {
        return int64(value);
    }

    /// @notice The same 64 bits, read as a number that is not negative.
    function unsigned(int64 value) internal pure returns (uint64) {
        return uint64(value);
    }

    /// @dev The upper half of a 128-bit product.
    function high(int256 product) private pure returns (uint64) {
        return uint64(uint256(product >> 64));
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @dev The 32 bits of an instruction.
type Word is uint32;

using Encoding for Word global;

/// @title Encoding
/// @notice The fields of an instruction word (unprivileged manual, 2.2 and 2.3). Immediates are sign-extended to 64 bits.
library Encoding {
    function opcode(Word word) internal pure returns (uint256) {
        return bits(word, 0, 7);
    }

    function rd(Word word) internal pure returns (uint256) {
        return bits(word, 7, 5);
    }

    function funct3(Word word) internal pure returns (uint256) {
        return bits(word, 12, 3);
    }

    function rs1(Word word) internal pure returns (uint256) {
        return bits(word, 15, 5);
    }

    function rs2(Word word) internal pure returns (uint256) {
        return bits(word, 20, 5);
    }

    function funct7(Word word) internal pure returns (uint256) {
        return bits(word, 25, 7);
    }

    /// @dev What is above the 6-bit shift amount of SLLI, SRLI and SRAI.
    function funct6(Word word) internal pure returns (uint256) {
        return bits(word, 26, 6);
    }

    /// @dev What is above the aq and rl bits of an atomic instruction.
    function funct5(Word word) internal pure returns (uint256) {
        return bits(word, 27, 5);
    }

    function csr(Word word) internal pure returns (uint256) {
        return bits(word, 20, 12);
    }

    function immediateI(Word word) internal pure returns (uint64) {
        return signExtend(bits(word, 20, 12), 12);
    }

    function immediateS(Word word) internal pure returns (uint64) {
        return signExtend(bits(word, 25, 7) << 5 | bits(word, 7, 5), 12);
    }

    function immediateB(Word word) internal pure returns (uint64) {
        return signExtend(
            bits(word, 31, 1) << 12 | bits(word, 7, 1) << 11 | bits(word, 25, 6) << 5 | bits(word, 8, 4) << 1,
            13
        );
    }

    function immediateU(Word word) internal pure returns (uint64) {
        return signExtend(bits(word, 12, 20) << 12, 32);
    }

    function immediateJ(Word word) internal pure returns (uint64) {
        return signExtend(
            bits(word, 31, 1) << 20 | bits(word, 12, 8) << 12 | bits(word, 20, 1) << 11 | bits(word, 21, 10)
                << 1,
            21
        );
    }

    /// @dev The `count` bits of a word from bit `low` up.
    function bits(Word word, uint256 low, uint256 count) private pure returns (uint256) {
        return (uint256(Word.unwrap(word)) >> low) & ((1 << count) - 1);
    }

    /// @dev The `width`-bit two's complement number `value` with 64 bits.
    function signExtend(uint256 value, uint256 width) private pure returns (uint64) {
        uint256 sign = 1 << (width - 1);
        unchecked {
            return uint64((value ^ sign) - sign); // modulo 2^64
        }
    }
}

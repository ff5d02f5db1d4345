// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Arithmetic} from "contracts/referees/riscv/Arithmetic.sol";
import {Machine} from "contracts/referees/riscv/Machine.sol";
import {Memory} from "contracts/referees/riscv/Memory.sol";
import {Word} from "contracts/referees/riscv/Word.sol";

/// @title Atomics
/// @notice The instructions of the A extension (unprivileged manual, 14), on 4 or 8 bytes. Nothing else runs, so that the order
/// that their aq and rl bits ask for always holds.
library Atomics {
    using Machine for Machine.State;
    using Memory for Memory.Window;

    uint256 private constant ADD = 0x00;
    uint256 private constant SWAP = 0x01;
    uint256 private constant LOAD_RESERVED = 0x02;
    uint256 private constant STORE_CONDITIONAL = 0x03;
    uint256 private constant XOR = 0x04;
    uint256 private constant OR = 0x08;
    uint256 private constant AND = 0x0C;
    uint256 private constant MIN = 0x10;
    uint256 private constant MAX = 0x14;
    uint256 private constant MINU = 0x18;

    /// @notice Execute a word with opcode 0x2F.
    function execute(Machine.State memory state, Memory.Window memory window, Word word) internal pure {
        uint256 funct3 = word.funct3();
        uint256 funct5 = word.funct5();
        if (funct3 != 2 && funct3 != 3) return state.illegal(word);

        uint64 size = uint64(1 << funct3);
        if (funct5 == LOAD_RESERVED) return loadReserved(state, window, word, size);
        if (funct5 == STORE_CONDITIONAL) return storeConditional(state, window, word, size);
        if (funct5 == SWAP || funct5 % 4 == 0) return modify(state, window, word, size);
        state.illegal(word);
    }

    /// @dev LR.W LR.D.
    function loadReserved(Machine.State memory state, Memory.Window memory window, Word word, uint64 size)
        private
        pure
    {
        if (word.rs2() != 0) return state.illegal(word);
        uint64 location = state.read(word.rs1());
        if (state.trapsLoad(location, size)) return;

        state.reservation = location;
        state.finish(word.rd(), loadSigned(window, location, size));
    }

    /// @dev SC.W SC.D.
    function storeConditional(Machine.State memory state, Memory.Window memory window, Word word, uint64 size)
        private
        pure
    {
        uint64 location = state.read(word.rs1());
        if (state.trapsStore(location, size)) return;

        bool reserved = state.reservation == location;
        if (reserved) window.store(location, size, state.read(word.rs2()));
        state.reservation = Machine.NO_RESERVATION;
        state.finish(word.rd(), reserved ? 0 : 1);
    }

    /// @dev The AMOs.
    function modify(Machine.State memory state, Memory.Window memory window, Word word, uint64 size)
        private
        pure
    {
        uint64 location = state.read(word.rs1());
        if (state.trapsStore(location, size)) return;

        uint64 old = loadSigned(window, location, size);
        uint64 operand = state.read(word.rs2());
        if (size == 4) operand = Arithmetic.extend(uint32(operand));
        window.store(location, size, combine(word.funct5(), old, operand));
        state.finish(word.rd(), old);
    }

    /// @dev What an AMO stores. Sign extension keeps the order of 32-bit numbers, signed and unsigned, so that one rule serves
    /// both sizes.
    function combine(uint256 funct5, uint64 old, uint64 operand) private pure returns (uint64) {
        if (funct5 == SWAP) return operand;
        if (funct5 == ADD) {
            unchecked {
                return old + operand; // modulo 2^64
            }
        }
        if (funct5 == XOR) return old ^ operand;
        if (funct5 == OR) return old | operand;
        if (funct5 == AND) return old & operand;

        bool less = funct5 < MINU ? int64(old) < int64(operand) : old < operand;
        bool minimum = funct5 == MIN || funct5 == MINU;
        return less == minimum ? old : operand;
    }

    function loadSigned(Memory.Window memory window, uint64 location, uint64 size)
        private
        pure
        returns (uint64 value)
    {
        value = window.load(location, size);
        if (size == 4) value = Arithmetic.extend(uint32(value));
    }
}

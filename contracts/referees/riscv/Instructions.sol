// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Arithmetic} from "contracts/referees/riscv/Arithmetic.sol";
import {Atomics} from "contracts/referees/riscv/Atomics.sol";
import {Machine} from "contracts/referees/riscv/Machine.sol";
import {Memory} from "contracts/referees/riscv/Memory.sol";
import {System} from "contracts/referees/riscv/System.sol";
import {Word} from "contracts/referees/riscv/Word.sol";

/// @title Instructions
/// @notice What each instruction does (docs/machine.md, section 4): one function a group, in the order of that table.
/// @dev A group traps for the words of its opcode that are reserved. All arithmetic on addresses is modulo 2^64.
library Instructions {
    using Machine for Machine.State;
    using Memory for Memory.Window;

    /// @notice Execute `word`, which was fetched from `state.pc`.
    function execute(Machine.State memory state, Memory.Window memory window, Word word) internal pure {
        uint256 opcode = word.opcode();

        if (opcode == 0x37) return loadUpper(state, word);
        if (opcode == 0x17) return addUpperToPc(state, word);
        if (opcode == 0x6F) return jumpAndLink(state, word);
        if (opcode == 0x67) return jumpAndLinkRegister(state, word);
        if (opcode == 0x63) return branch(state, word);
        if (opcode == 0x03) return load(state, window, word);
        if (opcode == 0x23) return store(state, window, word);
        if (opcode == 0x13) return operateImmediate(state, word);
        if (opcode == 0x1B) return operateImmediateWord(state, word);
        if (opcode == 0x33) return operate(state, word);
        if (opcode == 0x3B) return operateWord(state, word);
        if (opcode == 0x2F) return Atomics.execute(state, window, word);
        if (opcode == 0x0F) return fence(state, word);
        if (opcode == 0x73) return System.execute(state, word);
        state.illegal(word);
    }

    /// @dev LUI.
    function loadUpper(Machine.State memory state, Word word) private pure {
        state.finish(word.rd(), word.immediateU());
    }

    /// @dev AUIPC.
    function addUpperToPc(Machine.State memory state, Word word) private pure {
        state.finish(word.rd(), sum(state.pc, word.immediateU()));
    }

    /// @dev JAL.
    function jumpAndLink(Machine.State memory state, Word word) private pure {
        state.jump(sum(state.pc, word.immediateJ()), word.rd());
    }

    /// @dev JALR.
    function jumpAndLinkRegister(Machine.State memory state, Word word) private pure {
        if (word.funct3() != 0) return state.illegal(word);
        state.jump(sum(state.read(word.rs1()), word.immediateI()) & ~uint64(1), word.rd());
    }

    /// @dev BEQ BNE BLT BGE BLTU BGEU: the upper two bits of funct3 select a condition, the lowest negates it.
    function branch(Machine.State memory state, Word word) private pure {
        uint256 funct3 = word.funct3();
        uint64 a = state.read(word.rs1());
        uint64 b = state.read(word.rs2());

        bool condition;
        if (funct3 < 2) condition = a == b;
        else if (funct3 < 4) return state.illegal(word);
        else if (funct3 < 6) condition = int64(a) < int64(b);
        else condition = a < b;

        bool negated = funct3 & 1 == 1;
        if (condition == negated) return state.advance();
        state.jump(sum(state.pc, word.immediateB()), 0);
    }

    /// @dev LB LH LW LD LBU LHU LWU: the lower two bits of funct3 say the size, the upper one unsigned.
    function load(Machine.State memory state, Memory.Window memory window, Word word) private pure {
        uint256 funct3 = word.funct3();
        if (funct3 == 7) return state.illegal(word);
        uint64 size = uint64(1 << (funct3 & 3));
        uint64 location = sum(state.read(word.rs1()), word.immediateI());
        if (state.trapsLoad(location, size)) return;

        uint64 value = window.load(location, size);
        if (funct3 == 0) value = uint64(int64(int8(uint8(value))));
        else if (funct3 == 1) value = uint64(int64(int16(uint16(value))));
        else if (funct3 == 2) value = uint64(int64(int32(uint32(value))));
        state.finish(word.rd(), value);
    }

    /// @dev SB SH SW SD: funct3 says the size.
    function store(Machine.State memory state, Memory.Window memory window, Word word) private pure {
        uint256 funct3 = word.funct3();
        if (funct3 > 3) return state.illegal(word);
        uint64 size = uint64(1 << funct3);
        uint64 location = sum(state.read(word.rs1()), word.immediateS());
        if (state.trapsStore(location, size)) return;

        window.store(location, size, state.read(word.rs2()));
        state.advance();
    }

    /// @dev ADDI SLTI SLTIU XORI ORI ANDI SLLI SRLI SRAI.
    function operateImmediate(Machine.State memory state, Word word) private pure {
        uint256 funct3 = word.funct3();
        bool alternate = funct3 == 5 && word.funct6() == 0x10;
        bool isShift = funct3 == 1 || funct3 == 5;
        if (isShift && !alternate && word.funct6() != 0) return state.illegal(word);

        uint64 result = Arithmetic.base(funct3, alternate, state.read(word.rs1()), word.immediateI());
        state.finish(word.rd(), result);
    }

    /// @dev ADDIW SLLIW SRLIW SRAIW.
    function operateImmediateWord(Machine.State memory state, Word word) private pure {
        uint256 funct3 = word.funct3();
        bool alternate = funct3 == 5 && word.funct7() == 0x20;
        bool isShift = funct3 == 1 || funct3 == 5;
        if (isShift && !alternate && word.funct7() != 0) return state.illegal(word);

        (bool listed, uint64 result) =
            Arithmetic.baseWord(funct3, alternate, state.read(word.rs1()), word.immediateI());
        if (!listed) return state.illegal(word);
        state.finish(word.rd(), result);
    }

    /// @dev ADD SUB SLL SLT SLTU XOR SRL SRA OR AND, and the M extension.
    function operate(Machine.State memory state, Word word) private pure {
        uint256 funct3 = word.funct3();
        uint256 funct7 = word.funct7();
        uint64 a = state.read(word.rs1());
        uint64 b = state.read(word.rs2());

        uint64 result;
        if (funct7 == 0x00) result = Arithmetic.base(funct3, false, a, b);
        else if (funct7 == 0x01) result = Arithmetic.multiply(funct3, a, b);
        else if (funct7 == 0x20 && (funct3 == 0 || funct3 == 5)) result = Arithmetic.base(funct3, true, a, b);
        else return state.illegal(word);
        state.finish(word.rd(), result);
    }

    /// @dev ADDW SUBW SLLW SRLW SRAW, and the M extension's MULW DIVW DIVUW REMW REMUW.
    function operateWord(Machine.State memory state, Word word) private pure {
        uint256 funct3 = word.funct3();
        uint256 funct7 = word.funct7();
        uint64 a = state.read(word.rs1());
        uint64 b = state.read(word.rs2());

        bool listed;
        uint64 result;
        if (funct7 == 0x00) (listed, result) = Arithmetic.baseWord(funct3, false, a, b);
        else if (funct7 == 0x01) (listed, result) = Arithmetic.multiplyWord(funct3, a, b);
        else if (funct7 == 0x20 && funct3 != 1) (listed, result) = Arithmetic.baseWord(funct3, true, a, b);
        if (!listed) return state.illegal(word);
        state.finish(word.rd(), result);
    }

    /// @dev FENCE FENCE.I: nothing is ever out of order.
    function fence(Machine.State memory state, Word word) private pure {
        if (word.funct3() > 1) return state.illegal(word);
        state.advance();
    }

    /// @dev Modulo 2^64.
    function sum(uint64 a, uint64 b) private pure returns (uint64) {
        unchecked {
            return a + b;
        }
    }
}

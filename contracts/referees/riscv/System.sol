// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Machine} from "contracts/referees/riscv/Machine.sol";
import {Word} from "contracts/referees/riscv/Word.sol";

/// @title System
/// @notice Calls, returns and the control and status registers (docs/machine.md, section 4).
library System {
    using Machine for Machine.State;

    uint32 private constant ECALL = 0x00000073;
    uint32 private constant EBREAK = 0x00100073;
    uint32 private constant MRET = 0x30200073;
    uint32 private constant WFI = 0x10500073;

    uint256 private constant MTVEC = 0x305;
    uint256 private constant MSCRATCH = 0x340;
    uint256 private constant MEPC = 0x341;
    uint256 private constant MCAUSE = 0x342;
    uint256 private constant MTVAL = 0x343;

    /// @dev Writing mtvec or mepc clears these bits.
    uint64 private constant LOWEST_BITS = 3;

    /// @notice Execute a word with opcode 0x73.
    function execute(Machine.State memory state, Word word) internal pure {
        uint256 funct3 = word.funct3();
        if (funct3 == 0) return environment(state, word);
        if (funct3 == 4) return state.illegal(word);
        access(state, word);
    }

    /// @dev ECALL EBREAK MRET WFI.
    function environment(Machine.State memory state, Word word) private pure {
        uint32 bits = Word.unwrap(word);
        if (bits == ECALL) return state.trap(Machine.CALL_FROM_MACHINE_MODE, 0);
        if (bits == EBREAK) return state.trap(Machine.BREAKPOINT, state.pc);
        if (bits == MRET) {
            state.pc = state.mepc;
            return;
        }
        if (bits == WFI) return; // pc stays: nothing can interrupt
        state.illegal(word);
    }

    /// @dev CSRRW CSRRS CSRRC CSRRWI CSRRSI CSRRCI: the upper bit of funct3 says immediate, the lower two the operation.
    function access(Machine.State memory state, Word word) private pure {
        uint256 number = word.csr();
        uint256 operation = word.funct3() & 3;
        bool writes = operation == 1 || word.rs1() != 0;
        bool readOnly = number >> 10 == 3;
        if (writes && readOnly) return state.illegal(word);

        uint64 old = get(state, number);
        uint64 operand = word.funct3() < 4 ? state.read(word.rs1()) : uint64(word.rs1());
        if (operation == 2) operand = old | operand;
        else if (operation == 3) operand = old & ~operand;
        if (writes) set(state, number, operand);
        state.finish(word.rd(), old);
    }

    function get(Machine.State memory state, uint256 number) private pure returns (uint64) {
        if (number == MTVEC) return state.mtvec;
        if (number == MSCRATCH) return state.mscratch;
        if (number == MEPC) return state.mepc;
        if (number == MCAUSE) return state.mcause;
        if (number == MTVAL) return state.mtval;
        return 0;
    }

    function set(Machine.State memory state, uint256 number, uint64 value) private pure {
        if (number == MTVEC) state.mtvec = value & ~LOWEST_BITS;
        else if (number == MSCRATCH) state.mscratch = value;
        else if (number == MEPC) state.mepc = value & ~LOWEST_BITS;
        else if (number == MCAUSE) state.mcause = value;
        else if (number == MTVAL) state.mtval = value;
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Memory} from "contracts/referees/riscv/Memory.sol";
import {Word} from "contracts/referees/riscv/Word.sol";

/// @title Machine
/// @notice The state of the machine (docs/machine.md, section 1), its encoding, and what every instruction may do to it.
library Machine {
    struct State {
        bytes32 memoryRoot;
        uint64 pc;
        /// The registers, four to a word as in the encoding: use `read` and `write`. What is in the place of x0 means nothing.
        uint256[8] x;
        /// The address that LR has reserved, or `NO_RESERVATION`.
        uint64 reservation;
        uint64 mtvec;
        uint64 mepc;
        uint64 mcause;
        uint64 mtval;
        uint64 mscratch;
    }

    /// @notice Bytes of an encoded state.
    uint256 internal constant STATE_SIZE = 336;
    uint64 internal constant NO_RESERVATION = type(uint64).max;
    /// @notice Bytes of an instruction.
    uint64 internal constant INSTRUCTION_SIZE = 4;

    // Causes of traps (privileged manual, 3.1.15).
    uint64 internal constant INSTRUCTION_MISALIGNED = 0;
    uint64 internal constant INSTRUCTION_ACCESS_FAULT = 1;
    uint64 internal constant ILLEGAL_INSTRUCTION = 2;
    uint64 internal constant BREAKPOINT = 3;
    uint64 internal constant LOAD_MISALIGNED = 4;
    uint64 internal constant LOAD_ACCESS_FAULT = 5;
    uint64 internal constant STORE_MISALIGNED = 6;
    uint64 internal constant STORE_ACCESS_FAULT = 7;
    uint64 internal constant CALL_FROM_MACHINE_MODE = 11;

    /// @notice The state that `STATE_SIZE` bytes encode: the memory root, then 38 integers of 8 bytes, four to a word of
    /// the virtual machine: pc, x1, x2, x3 | x4, ... | x28, ... x31 | reservation, mtvec, mepc, mcause | mtval, mscratch.
    function decode(bytes calldata encoding) internal pure returns (State memory state) {
        uint256 word;
        (state.memoryRoot, state.x, word) = abi.decode(encoding, (bytes32, uint256[8], uint256));
        state.pc = field(state.x[0], 0);
        state.reservation = field(word, 0);
        state.mtvec = field(word, 1);
        state.mepc = field(word, 2);
        state.mcause = field(word, 3);
        state.mtval = uint64(bytes8(encoding[320:]));
        state.mscratch = uint64(bytes8(encoding[328:]));
    }

    /// @notice The state root: the hash of the encoding.
    function root(State memory state) internal pure returns (bytes32) {
        state.x[0] = withField(state.x[0], 0, state.pc);
        return keccak256(
            abi.encodePacked(
                state.memoryRoot,
                state.x,
                state.reservation,
                state.mtvec,
                state.mepc,
                state.mcause,
                state.mtval,
                state.mscratch
            )
        );
    }

    /// @notice The value of register `i`.
    function read(State memory state, uint256 i) internal pure returns (uint64) {
        return i == 0 ? 0 : field(state.x[i / 4], i % 4);
    }

    /// @notice Set register `i`. For x0 this changes nothing: it reads as 0, and the encoding has pc in its place.
    function write(State memory state, uint256 i, uint64 value) internal pure {
        state.x[i / 4] = withField(state.x[i / 4], i % 4, value);
    }

    /// @notice End an instruction that only has a result: write it to register `i`, and go on behind the instruction.
    function finish(State memory state, uint256 i, uint64 result) internal pure {
        write(state, i, result);
        advance(state);
    }

    /// @notice Go on behind the instruction.
    function advance(State memory state) internal pure {
        unchecked {
            state.pc += INSTRUCTION_SIZE; // modulo 2^64
        }
    }

    /// @notice Go on at `target`, and write to register `link` the address behind the instruction. If there can be no
    /// instruction at `target`, trap instead.
    function jump(State memory state, uint64 target, uint256 link) internal pure {
        if (target % INSTRUCTION_SIZE != 0) return trap(state, INSTRUCTION_MISALIGNED, target);
        unchecked {
            write(state, link, state.pc + INSTRUCTION_SIZE); // modulo 2^64
        }
        state.pc = target;
    }

    /// @notice Leave the instruction to the handler at mtvec.
    function trap(State memory state, uint64 cause, uint64 value) internal pure {
        state.mepc = state.pc;
        state.mcause = cause;
        state.mtval = value;
        state.pc = state.mtvec;
    }

    /// @notice Trap: `word` is no instruction.
    function illegal(State memory state, Word word) internal pure {
        trap(state, ILLEGAL_INSTRUCTION, Word.unwrap(word));
    }

    /// @notice Trap if no instruction can be fetched from pc. Whether it trapped.
    function trapsFetch(State memory state) internal pure returns (bool) {
        return traps(state, state.pc, INSTRUCTION_SIZE, INSTRUCTION_MISALIGNED, INSTRUCTION_ACCESS_FAULT);
    }

    /// @notice Trap if `size` bytes cannot be loaded from `location`. Whether it trapped.
    function trapsLoad(State memory state, uint64 location, uint64 size) internal pure returns (bool) {
        return traps(state, location, size, LOAD_MISALIGNED, LOAD_ACCESS_FAULT);
    }

    /// @notice Trap if `size` bytes cannot be stored at `location`. Whether it trapped.
    function trapsStore(State memory state, uint64 location, uint64 size) internal pure returns (bool) {
        return traps(state, location, size, STORE_MISALIGNED, STORE_ACCESS_FAULT);
    }

    /// @dev An access that is misaligned as well as beyond the memory is misaligned.
    function traps(State memory state, uint64 location, uint64 size, uint64 misaligned, uint64 accessFault)
        private
        pure
        returns (bool trapped)
    {
        if (location % size != 0) {
            trap(state, misaligned, location);
            return true;
        }
        if (location >= Memory.SIZE) {
            trap(state, accessFault, location);
            return true;
        }
    }

    /// @dev The integer at `place` (0 to 3, from the left) of a word that holds four.
    function field(uint256 word, uint256 place) private pure returns (uint64) {
        return uint64(word >> shiftTo(place));
    }

    /// @dev `word` with `value` at `place`.
    function withField(uint256 word, uint256 place, uint64 value) private pure returns (uint256) {
        uint256 shift = shiftTo(place);
        return (word & ~(uint256(type(uint64).max) << shift)) | uint256(value) << shift;
    }

    /// @dev How far to the right the integer at `place` is: (3 - place) * 64.
    function shiftTo(uint256 place) private pure returns (uint256) {
        return (place ^ 3) << 6;
    }
}

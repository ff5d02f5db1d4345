// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Memory} from "contracts/referees/riscv/Memory.sol";
import {Word} from "contracts/referees/riscv/Word.sol";
import {IReferee} from "interfaces/IReferee.sol";

/// @title Machine
/// @notice The state of the machine (docs/machine.md, section 1) but for its memory, and what every instruction may do to it.
library Machine {
    /// @dev The numbers of a state, and the words of the virtual machine that hold them.
    uint256 private constant NUMBERS = 38;
    uint256 private constant WORDS = 10;

    struct State {
        uint64 pc;
        /// The registers, four to a word as in the encoding: use `read` and `write`. What is in the place of x0 and behind x31 is
        /// what was read there: the other numbers, which mean nothing here.
        uint256[WORDS] x;
        /// The address that LR has reserved, or `NO_RESERVATION`.
        uint64 reservation;
        uint64 mtvec;
        uint64 mepc;
        uint64 mcause;
        uint64 mtval;
        uint64 mscratch;
    }

    uint64 internal constant NO_RESERVATION = type(uint64).max;
    /// @notice Bytes of an instruction.
    uint64 internal constant INSTRUCTION_SIZE = 4;

    /// @dev The bytes of a witness that say how many bytes each number has: two bits a number.
    uint256 private constant SIZES_SIZE = 10;

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

    /// @notice Read the numbers that a witness starts with. The rest of the witness.
    function readFrom(State memory state, bytes calldata witness)
        internal
        pure
        returns (bytes calldata rest)
    {
        uint256 size;
        (state.x, size) = unpack(witness);
        require(witness.length >= size, IReferee.WrongWitness());

        uint256 word = state.x[8];
        state.pc = field(state.x[0], 0);
        state.reservation = field(word, 0);
        state.mtvec = field(word, 1);
        state.mepc = field(word, 2);
        state.mcause = field(word, 3);
        state.mtval = field(state.x[9], 0);
        state.mscratch = field(state.x[9], 1);
        return witness[size:];
    }

    /// @notice The encoding of the state behind the memory root.
    function encode(State memory state) internal pure returns (bytes memory) {
        return abi.encodePacked(
            withField(state.x[0], 0, state.pc),
            state.x[1],
            state.x[2],
            state.x[3],
            state.x[4],
            state.x[5],
            state.x[6],
            state.x[7],
            state.reservation,
            state.mtvec,
            state.mepc,
            state.mcause,
            state.mtval,
            state.mscratch
        );
    }

    /// @notice The root of the state that is `encoding` behind the memory root.
    function root(bytes32 memoryRoot, bytes memory encoding) internal pure returns (bytes32) {
        return keccak256(bytes.concat(memoryRoot, encoding));
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
        state.pc += INSTRUCTION_SIZE; // no overflow: there is an instruction at pc, so that it is below 2^32
    }

    /// @notice Go on at `target`, and write to register `link` the address behind the instruction. If there can be no
    /// instruction at `target`, trap instead.
    function jump(State memory state, uint64 target, uint256 link) internal pure {
        if (target % INSTRUCTION_SIZE != 0) return trap(state, INSTRUCTION_MISALIGNED, target);
        write(state, link, state.pc + INSTRUCTION_SIZE);
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

    /// @dev The numbers that `witness` starts with, four to a word: pc, x1, x2, x3 | x4, ... | x28, ... x31 | reservation, mtvec,
    /// mepc, mcause | mtval, mscratch. How many bytes they take there: the caller checks that `witness` has so many, for what is
    /// behind it was read as numbers too. In assembly, for 140 gas a number.
    function unpack(bytes calldata witness) private pure returns (uint256[WORDS] memory words, uint256 size) {
        uint256 sizes = uint80(bytes10(witness)); // and zeros behind a witness that is shorter
        require(sizes >> 2 * NUMBERS == 0, IReferee.WrongWitness());

        assembly ("memory-safe") {
            let next := add(witness.offset, SIZES_SIZE)
            let end := add(words, mul(8, NUMBERS))
            for { let place := words } lt(place, end) { place := add(place, 8) } {
                // slither-disable-next-line incorrect-shift
                let bits := shl(and(sizes, 3), 8) // of this number: 8, 16, 32 or 64
                // What this writes behind the number is zeros: for the last one, in memory that is free.
                mstore(place, shl(192, sar(sub(256, bits), calldataload(next))))
                next := add(next, shr(3, bits))
                sizes := shr(2, sizes)
            }
            size := sub(next, witness.offset)
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
        // slither-disable-next-line incorrect-exp
        return (place ^ 3) << 6; // not a power: 3 - place
    }
}

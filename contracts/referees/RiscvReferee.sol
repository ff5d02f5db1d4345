// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Instructions} from "contracts/referees/riscv/Instructions.sol";
import {Machine} from "contracts/referees/riscv/Machine.sol";
import {Memory} from "contracts/referees/riscv/Memory.sol";
import {Word} from "contracts/referees/riscv/Word.sol";
import {IReferee} from "interfaces/IReferee.sol";

/// @title RiscvReferee
/// @notice One step of the RISC-V machine that docs/machine.md describes.
/// @dev INVARIANT: every state steps. It reverts only for a wrong witness.
contract RiscvReferee is IReferee {
    using Machine for Machine.State;
    using Memory for Memory.Window;

    /// @inheritdoc IReferee
    function step(bytes32 prestate, bytes calldata witness) external pure returns (bytes32 poststate) {
        require(witness.length >= Machine.STATE_SIZE, WrongWitness());
        require(keccak256(witness[:Machine.STATE_SIZE]) == prestate, WrongWitness());
        Machine.State memory state = Machine.decode(witness[:Machine.STATE_SIZE]);
        bytes calldata proof = witness[Machine.STATE_SIZE:];

        if (state.trapsFetch()) {
            require(proof.length == 0, WrongWitness());
            return state.root();
        }

        Memory.Window memory window = Memory.open(proof, state.pc);
        Word word = Word.wrap(uint32(window.load(state.pc, Machine.INSTRUCTION_SIZE)));
        Instructions.execute(state, window, word);
        state.memoryRoot = window.close(state.memoryRoot);
        return state.root();
    }
}

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
/// SAFETY: nothing in the witness can be believed before the last check, which is about all of it: the numbers of the state, and
/// the memory through its root.
contract RiscvReferee is IReferee {
    using Machine for Machine.State;
    using Memory for Memory.Window;

    /// @inheritdoc IReferee
    function step(bytes32 prestate, bytes calldata witness) external pure returns (bytes32 poststate) {
        Machine.State memory state;
        bytes calldata rest = state.readFrom(witness);
        bytes memory before = state.encode();

        bytes32 rootBefore;
        bytes32 rootAfter;
        if (state.trapsFetch()) {
            require(rest.length == 32, WrongWitness());
            rootBefore = rootAfter = bytes32(rest);
        } else {
            Memory.Window memory window = Memory.open(rest, state.pc);
            Word word = Word.wrap(uint32(window.load(state.pc, Machine.INSTRUCTION_SIZE)));
            Instructions.execute(state, window, word);
            (rootBefore, rootAfter) = window.close();
        }

        require(Machine.root(rootBefore, before) == prestate, WrongWitness());
        return Machine.root(rootAfter, state.encode());
    }
}

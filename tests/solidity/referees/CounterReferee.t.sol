// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CounterReferee} from "contracts/referees/CounterReferee.sol";
import {IReferee} from "interfaces/IReferee.sol";

contract CounterRefereeTest {
    IReferee private immutable referee = new CounterReferee();

    function test_another_states_witness_is_refused(uint64 value, uint64 target, bytes32 root) external view {
        bytes memory witness = encode(value, target);
        if (keccak256(witness) == root) return;
        assertRefused(root, witness);
    }

    function test_witness_of_another_length_is_refused(bytes calldata witness) external view {
        if (witness.length == 16) return;
        assertRefused(keccak256(witness), witness);
    }

    function test_value_below_target_counts_up(uint64 value, uint64 target) external view {
        if (value >= target) return;
        assert(step(value, target) == keccak256(encode(value + 1, target)));
    }

    function test_value_at_or_beyond_target_is_a_fixed_point(uint64 value, uint64 target) external view {
        if (value < target) return;
        assert(step(value, target) == keccak256(encode(value, target)));
    }

    function test_counting_to_the_largest_target_ends_there() external view {
        uint64 top = type(uint64).max;
        assert(step(top - 1, top) == keccak256(encode(top, top)));
        assert(step(top, top) == keccak256(encode(top, top)));
    }

    function step(uint64 value, uint64 target) private view returns (bytes32) {
        bytes memory witness = encode(value, target);
        return referee.step(keccak256(witness), witness);
    }

    function encode(uint64 value, uint64 target) private pure returns (bytes memory) {
        return abi.encodePacked(value, target);
    }

    function assertRefused(bytes32 prestate, bytes memory witness) private view {
        try referee.step(prestate, witness) {
            assert(false);
        } catch (bytes memory reason) {
            assert(bytes4(reason) == IReferee.WrongWitness.selector);
        }
    }
}

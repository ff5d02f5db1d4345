// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IReferee} from "interfaces/IReferee.sol";

/// @title CounterReferee
/// @notice The referee of the toy machine, which counts up to a target. It lets a dispute be played without a real machine.
/// @dev A state is `value` and `target`, 8 bytes each, big-endian; the state root is the keccak-256 of these 16 bytes, and
/// the witness of a step is the 16 bytes themselves. Nothing touches memory, so there is no proof.
contract CounterReferee is IReferee {
    uint256 private constant STATE_SIZE = 16;

    /// @inheritdoc IReferee
    function step(bytes32 prestate, bytes calldata witness) external pure returns (bytes32 poststate) {
        require(witness.length == STATE_SIZE && keccak256(witness) == prestate, WrongWitness());

        uint64 value = uint64(bytes8(witness[:8]));
        uint64 target = uint64(bytes8(witness[8:]));

        // A value at or beyond its target is the fixed point.
        if (value >= target) return prestate;
        return keccak256(abi.encodePacked(value + 1, target));
    }
}

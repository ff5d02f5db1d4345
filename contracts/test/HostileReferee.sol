// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IReferee} from "interfaces/IReferee.sol";

/// @title HostileReferee
/// @notice Does whatever the first byte of the witness says: reverts (0), burns all gas (1), answers with too much (2), or lies
/// (3): it returns the 32 bytes that follow.
contract HostileReferee is IReferee {
    function step(bytes32, bytes calldata witness) external pure returns (bytes32) {
        uint8 mood = uint8(witness[0]);
        if (mood == 1) while (true) {}
        if (mood == 2) {
            assembly {
                return(0, 1000000)
            }
        }
        require(mood == 3, WrongWitness());
        return bytes32(witness[1:33]);
    }
}

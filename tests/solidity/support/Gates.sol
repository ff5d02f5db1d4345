// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccess} from "interfaces/IAccess.sol";

/// @notice A contract that terms and offers name, and that does its worst when it is asked: by `mood`, it reverts (0), burns all
/// gas (1), answers with a number that is no bool (2), with too little (3), with no (4), calls back (5), or says yes (else).
contract HostileGate is IAccess {
    uint256 public mood;
    address public target;
    bytes public call;

    function setMood(uint256 mood_) external {
        mood = mood_;
    }

    function setCall(address target_, bytes calldata call_) external {
        (target, call) = (target_, call_);
    }

    function admits(address, address) external view returns (bool) {
        uint256 now_ = mood;
        if (now_ == 0) revert("closed");
        if (now_ == 1) while (true) {}
        if (now_ == 2) {
            assembly {
                mstore(0, 2)
                return(0, 32)
            }
        }
        if (now_ == 3) {
            assembly {
                return(0, 31)
            }
        }
        if (now_ == 5) {
            // A static call can change nothing, whatever it calls.
            (bool changed,) = target.staticcall(call);
            return !changed;
        }
        return now_ != 4;
    }
}

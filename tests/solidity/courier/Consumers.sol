// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {JobId} from "interfaces/IJobMarket.sol";
import {IResultConsumer, RunStatus} from "interfaces/IResultConsumer.sol";

/// @notice A consumer that remembers all that it was told.
contract Listener is IResultConsumer {
    uint256 public calls;
    address public caller;
    bytes32 public told;
    uint256 public gas;

    function onResult(JobId jobId, uint32 task, RunStatus status, uint8 exitStatus, bytes calldata output)
        external
    {
        gas = gasleft();
        calls++;
        caller = msg.sender;
        told = keccak256(abi.encode(jobId, task, status, exitStatus, output));
    }
}

/// @notice A consumer that does its worst: by `mood`, it reverts (0), reverts with much (1), returns much (2), burns all gas (3), or
/// calls `target` back, and reverts if that is refused (4).
contract HostileConsumer is IResultConsumer {
    uint8 public mood;
    address public target;
    bytes public message;

    function setMood(uint8 mood_) external {
        mood = mood_;
    }

    function setCall(address target_, bytes calldata message_) external {
        (mood, target, message) = (4, target_, message_);
    }

    function onResult(JobId, uint32, RunStatus, uint8, bytes calldata) external {
        uint8 now_ = mood;
        if (now_ == 0) revert("no");
        if (now_ == 1) {
            assembly {
                revert(0, 100000)
            }
        }
        if (now_ == 2) {
            assembly {
                return(0, 100000)
            }
        }
        if (now_ == 3) while (true) {}
        // Once: the call may lead here again.
        mood = 5;
        if (now_ == 5) return;
        (bool success,) = target.call(message);
        require(success, "refused");
    }
}

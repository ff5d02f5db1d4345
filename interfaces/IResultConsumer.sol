// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {JobId} from "interfaces/IJobMarket.sol";

/// @notice How a run stands at the end of its steps (docs/machine.md, section 6).
enum RunStatus {
    OutOfSteps,
    Exited,
    /// The program was ended by a fault.
    Faulted
}

/// @title IResultConsumer
/// @notice A contract that is told the result of a task.
/// @dev Whoever implements this checks two things before it believes anything: that `msg.sender` is the courier that it trusts, and that
/// `jobId` is of a job that it waits for. Anyone can have a result delivered, to any contract, more than once, and with as little
/// gas as the contract accepts: so it forgets a job once it has its result, and reverts if its gas is not enough. Then the
/// result can be delivered again.
interface IResultConsumer {
    /// @param task Counted from 0.
    /// @param exitStatus That of the program; 0 unless it has exited.
    /// @param output What the program has written to its standard output.
    function onResult(JobId jobId, uint32 task, RunStatus status, uint8 exitStatus, bytes calldata output)
        external;
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {JobIds} from "contracts/market/libraries/JobIds.sol";
import {Works} from "contracts/market/libraries/Works.sol";
import {ICourier} from "interfaces/ICourier.sol";
import {IJobMarket, JobId, Work} from "interfaces/IJobMarket.sol";
import {IResultConsumer, RunStatus} from "interfaces/IResultConsumer.sol";

/// @title AnswerBook
/// @notice An example: a contract that has programs run, pays for them, and keeps what they have said. Its money is in its account in
/// the market: anyone can deposit for it (`ILedger.deposit`).
contract AnswerBook is IResultConsumer {
    using JobIds for JobId;
    using Works for Work;

    struct Answer {
        RunStatus status;
        uint8 exitStatus;
        bytes output;
    }

    /// @notice Whose word is taken for what was computed, and whose market the programs are run in.
    ICourier public immutable courier;
    IJobMarket public immutable market;
    address public immutable owner;

    /// @notice The job in each slot whose answer is not here yet; zero if none is waited for.
    mapping(uint48 slot => JobId) public awaited;
    mapping(JobId => Answer) private _answers;

    event Asked(JobId indexed jobId);
    event Answered(JobId indexed jobId, RunStatus status, uint8 exitStatus, bytes output);

    error NotTheOwner(address caller);
    error NotTheCourier(address caller);
    /// @notice This contract waits for another job, or for none.
    error NotAwaited(JobId jobId);
    /// @notice The slot's last job was not answered: the answer could not be delivered any more once the slot is used again.
    error StillAwaited(JobId jobId);
    error NotOneTask(uint32 taskCount);

    modifier onlyOwner() {
        require(msg.sender == owner, NotTheOwner(msg.sender));
        _;
    }

    constructor(ICourier courier_) {
        courier = courier_;
        market = courier_.market();
        owner = msg.sender;
    }

    /// @notice Post a job of one task, paid out of this contract's account in the market.
    function ask(uint48 slot, IJobMarket.Terms calldata terms) external onlyOwner returns (JobId jobId) {
        require(terms.work.taskCount() == 1, NotOneTask(terms.work.taskCount()));
        require(JobId.unwrap(awaited[slot]) == 0, StillAwaited(awaited[slot]));

        // SAFETY: the market calls nobody while it posts a job.
        // slither-disable-next-line reentrancy-no-eth,reentrancy-events
        jobId = market.post(slot, terms);
        awaited[slot] = jobId;

        emit Asked(jobId);
    }

    /// @inheritdoc IResultConsumer
    /// @dev All or nothing: if the gas is not enough, it reverts, and the answer can be delivered again.
    function onResult(JobId jobId, uint32, RunStatus status, uint8 exitStatus, bytes calldata output)
        external
    {
        require(msg.sender == address(courier), NotTheCourier(msg.sender));
        uint48 slot = jobId.slot();
        require(JobId.unwrap(awaited[slot]) == JobId.unwrap(jobId), NotAwaited(jobId));

        awaited[slot] = JobId.wrap(0);
        _answers[jobId] = Answer(status, exitStatus, output);

        emit Answered(jobId, status, exitStatus, output);
    }

    /// @notice Stop waiting for the job in a slot: it ended without an answer, or has one that this contract cannot take.
    function giveUp(uint48 slot) external onlyOwner {
        awaited[slot] = JobId.wrap(0);
    }

    /// @notice Take free money out of the market.
    function withdraw(address to, uint96 amount) external onlyOwner {
        market.withdraw(to, amount);
    }

    function answerOf(JobId jobId) external view returns (Answer memory) {
        return _answers[jobId];
    }
}

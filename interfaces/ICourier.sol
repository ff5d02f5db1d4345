// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IJobMarket, JobId} from "interfaces/IJobMarket.sol";
import {IReferee} from "interfaces/IReferee.sol";
import {IResultConsumer, RunStatus} from "interfaces/IResultConsumer.sol";

/// @title ICourier
/// @notice Delivers results of finalized jobs to contracts, each with a proof that it belongs to the claim. Anyone can call it, for any
/// job of its market and its machine; it holds no money, and has no owner.
///
///     claimed ------------register------------> settled by anyone ------deliver------> the consumer is told
///        '------the challenge period is over------deliver, which settles it----------------'
///
/// @dev Of a job that has ended the market keeps how, until the slot is used again, but not what was claimed. So who wants a result
/// delivered after somebody else has settled its job registers the claim before, at any time since it was made; and uses the slot
/// again after that.
interface ICourier {
    /// @notice What is delivered of a run.
    struct Output {
        RunStatus status;
        uint8 exitStatus;
        /// The standard output, all of it.
        bytes stdout;
    }

    /// @notice That a run whose final state is under a claim has left this output (docs/machine.md, sections 1, 2 and 6).
    struct OutputProof {
        /// Counted from 0.
        uint32 task;
        /// Bytes on the standard error.
        uint32 stderrLength;
        /// The nodes of the final memory over the standard error (level 23), the kernel, the input and the program.
        bytes32 stderrNode;
        bytes32 kernelNode;
        bytes32 inputNode;
        bytes32 programNode;
        /// The final state's encoding behind its memory root: 304 bytes.
        bytes registers;
        /// From the leaf up: the final state root under the claim root.
        bytes32[] siblings;
    }

    /// @notice The claim about this job can be proved after its end.
    event ClaimRegistered(JobId indexed jobId);
    /// @notice `consumer` was told the result of a task, with a proof. Whether it has taken it: if it reverted, nothing else came of that,
    /// and it can be told again.
    event ResultDelivered(JobId indexed jobId, uint32 indexed task, address indexed consumer, bool taken);

    /// @notice The job has ended, and nobody had registered this claim of it.
    error NotRegistered(JobId jobId);
    /// @notice The job ended otherwise, or its slot was used again: `word` is what the slot holds (`IJobMarket.slotWord`).
    error NotFinalized(JobId jobId, bytes32 word);
    /// @notice The job is for another machine than the one whose outputs can be proved here.
    error WrongReferee(address expected, address given);
    /// @notice No run ends with so much on its standard error: what is proved is no output.
    error MalformedOutput(uint32 stderrLength);
    /// @notice The terms are not those of the job, or the proof leads to another claim root than the job's.
    error OutputNotInClaim(bytes32 commitment);
    /// @notice The consumer could not be given the gas: `most` would be left for it.
    error GasTooLow(uint256 gasLimit, uint256 most);
    error NoConsumer(address account);

    /// @notice The market whose results are delivered.
    function market() external view returns (IJobMarket);

    /// @notice The referee of the machine whose outputs are delivered.
    function referee() external view returns (IReferee);

    /// @notice Hash of the record that was registered of a job; zero if none was.
    function registered(JobId jobId) external view returns (bytes32);

    /// @notice Remember what was claimed of a job, so that its result can be delivered after its end. Anyone may call it.
    /// @param job Claimed, and not over.
    function register(IJobMarket.Job calldata job) external;

    /// @notice Tell `consumer` the result of a task. If the job can be settled, that is done first. Anyone may call it.
    /// @param job The record of the claimed job: as it is now, or as it was registered.
    /// @param gasLimit What the consumer can use at most: it gets all of it, or this call is refused.
    /// @return taken Whether the consumer has not reverted.
    function deliver(
        IJobMarket.Job calldata job,
        IJobMarket.Terms calldata terms,
        Output calldata output,
        OutputProof calldata proof,
        IResultConsumer consumer,
        uint32 gasLimit
    ) external returns (bool taken);
}

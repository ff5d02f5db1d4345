// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Hashes} from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";
import {RiscvOutputs} from "contracts/courier/RiscvOutputs.sol";
import {MerkleProof} from "contracts/dispute/libraries/MerkleProof.sol";
import {JobIds} from "contracts/market/libraries/JobIds.sol";
import {JobWord, JobWords} from "contracts/market/libraries/JobWord.sol";
import {Records} from "contracts/market/libraries/Records.sol";
import {Stages} from "contracts/market/libraries/Stages.sol";
import {Works} from "contracts/market/libraries/Works.sol";
import {ICourier} from "interfaces/ICourier.sol";
import {IJobMarket, JobId, Stage, Work} from "interfaces/IJobMarket.sol";
import {IReferee} from "interfaces/IReferee.sol";
import {IResultConsumer} from "interfaces/IResultConsumer.sol";

/// @title Courier
/// @notice Results of finalized jobs of one market and of the RISC-V machine, for contracts.
contract Courier is ICourier {
    using JobIds for JobId;
    using Records for IJobMarket.Job;
    using Records for IJobMarket.Terms;
    using Stages for Stage;
    using Works for Work;

    /// @dev More than what is done between the check of the gas and the call.
    uint256 private constant CALL_GAS = 2_000;

    /// @inheritdoc ICourier
    IJobMarket public immutable market;
    /// @inheritdoc ICourier
    IReferee public immutable referee;

    mapping(JobId => bytes32 recordHash) private _registered;

    constructor(IJobMarket market_, IReferee referee_) {
        market = market_;
        referee = referee_;
    }

    // --- register ---------------------------------------------------------------------------------------------------------

    /// @inheritdoc ICourier
    function register(IJobMarket.Job calldata job) external {
        require(_isCurrent(job), IJobMarket.RecordMismatch(job.id));
        // INVARIANT C2: what was claimed of a job does not change any more, and no other job ever has its id (INVARIANT J8).
        IJobMarket.Status status = job.stage.status();
        require(
            status == IJobMarket.Status.Claimed,
            IJobMarket.WrongStatus(job.id, IJobMarket.Status.Claimed, status)
        );

        _registered[job.id] = job.hash();

        emit ClaimRegistered(job.id);
    }

    // --- deliver ----------------------------------------------------------------------------------------------------------

    /// @inheritdoc ICourier
    function deliver(
        IJobMarket.Job calldata job,
        IJobMarket.Terms calldata terms,
        Output calldata output,
        OutputProof calldata proof,
        IResultConsumer consumer,
        uint32 gasLimit
    ) external returns (bool taken) {
        _requireClaimed(job, terms, output, proof);
        _requireFinalized(job);

        bytes memory message = abi.encodeCall(
            consumer.onResult, (job.id, proof.task, output.status, output.exitStatus, output.stdout)
        );
        taken = _tell(address(consumer), gasLimit, message);

        // SAFETY: it tells of no state, so whatever the consumer has brought about before is told before.
        // slither-disable-next-line reentrancy-events
        emit ResultDelivered(job.id, proof.task, address(consumer), taken);
    }

    // --- views ------------------------------------------------------------------------------------------------------------

    /// @inheritdoc ICourier
    function registered(JobId jobId) external view returns (bytes32) {
        return _registered[jobId];
    }

    // --- internals --------------------------------------------------------------------------------------------------------

    /// @dev INVARIANT C2: the output is in the task's final state, and that under the root that was claimed.
    function _requireClaimed(
        IJobMarket.Job calldata job,
        IJobMarket.Terms calldata terms,
        Output calldata output,
        OutputProof calldata proof
    ) private view {
        (Work work, uint32 task) = (terms.work, proof.task);
        require(work.referee() == address(referee), WrongReferee(address(referee), work.referee()));
        require(task < work.taskCount(), IJobMarket.TaskOutOfRange(work.taskCount(), task));

        bytes32 root = MerkleProof.rootFromLeaf(
            RiscvOutputs.stateRoot(output, proof), task, MerkleProof.depthOf(work.taskCount()), proof.siblings
        );
        require(
            Hashes.efficientKeccak256(terms.hash(), root) == job.commitment, OutputNotInClaim(job.commitment)
        );
    }

    /// @dev INVARIANT C1: the job is finalized by now, or was.
    function _requireFinalized(IJobMarket.Job calldata job) private {
        if (_isCurrent(job)) {
            // It reverts, with the reason, unless the job is claimed, its challenge period over, and every dispute won.
            market.settle(job);
            return;
        }
        // INVARIANT C5: whoever has finalized it.
        require(_registered[job.id] == job.hash(), NotRegistered(job.id));

        bytes32 word = market.slotWord(job.id.requester(), job.id.slot());
        bytes32 finalized = JobWord.unwrap(JobWords.ofFinalized(job.id.generation()));
        require(word == finalized, NotFinalized(job.id, word));
    }

    function _isCurrent(IJobMarket.Job calldata job) private view returns (bool current) {
        // SAFETY: while disputes are open, a claim can be registered, and `settle` is refused.
        // slither-disable-next-line unused-return
        (current,) = market.isCurrent(job);
    }

    /// @dev INVARIANT C3, C4. SAFETY: nothing of this contract changes after the call, or is in between while it runs. What the
    /// consumer returns is not copied, so it costs nobody anything.
    function _tell(address consumer, uint32 gasLimit, bytes memory message) private returns (bool taken) {
        require(consumer.code.length > 0, NoConsumer(consumer));
        // A call is given 63 of 64 parts of the gas that is left, whatever it asks for (EIP-150).
        uint256 most = gasleft() * 63 / 64;
        require(most >= uint256(gasLimit) + CALL_GAS, GasTooLow(gasLimit, most));

        assembly ("memory-safe") {
            taken := call(gasLimit, consumer, 0, add(message, 0x20), mload(message), 0, 0)
        }
    }
}

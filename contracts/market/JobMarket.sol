// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";
import {MerkleProof} from "contracts/dispute/libraries/MerkleProof.sol";
import {Ledger} from "contracts/market/Ledger.sol";
import {JobIds} from "contracts/market/libraries/JobIds.sol";
import {JobWord, JobWords} from "contracts/market/libraries/JobWord.sol";
import {IClaimCallback} from "interfaces/IClaimCallback.sol";
import {DisputeId, IDisputeGame} from "interfaces/IDisputeGame.sol";
import {IJobMarket, JobId} from "interfaces/IJobMarket.sol";

/// @title JobMarket
/// @notice Jobs and the money for them, in one immutable contract without an owner.
contract JobMarket is IJobMarket, Ledger, Multicall {
    using JobIds for JobId;

    uint16 private constant MIN_BURN_SHARE = 100;
    uint16 private constant MAX_BURN_SHARE = 9_000;
    uint32 private constant MAX_CHALLENGE_PERIOD = 30 days;
    uint8 private constant MAX_ROUNDS = 15;

    IDisputeGame private immutable _game;
    uint96 private immutable _challengerBond;
    uint96 private immutable _minimumBond;
    uint16 private immutable _burnShare;
    uint32 private immutable _minimumChallengePeriod;

    mapping(address requester => mapping(uint48 slot => JobWord)) private _slots;

    /// @param parameters_ Bonds above zero, a burn share from 1 to 90 %, a challenge period of at most 30 days.
    constructor(Parameters memory parameters_) Ledger(parameters_.token) {
        uint16 burnShare = parameters_.burnShare;
        uint32 period = parameters_.minimumChallengePeriod;
        require(parameters_.game.code.length > 0, NotAContract(parameters_.game));
        require(parameters_.challengerBond > 0, ParameterOutOfRange("challengerBond"));
        require(parameters_.minimumBond > 0, ParameterOutOfRange("minimumBond"));
        require(MIN_BURN_SHARE <= burnShare && burnShare <= MAX_BURN_SHARE, ParameterOutOfRange("burnShare"));
        require(0 < period && period <= MAX_CHALLENGE_PERIOD, ParameterOutOfRange("minimumChallengePeriod"));

        _game = IDisputeGame(parameters_.game);
        _challengerBond = parameters_.challengerBond;
        _minimumBond = parameters_.minimumBond;
        _burnShare = burnShare;
        _minimumChallengePeriod = period;
    }

    // --- post -------------------------------------------------------------------------------------------------------------

    /// @inheritdoc IJobMarket
    function post(uint48 slot, Terms calldata terms) external returns (JobId jobId) {
        uint48 generation = nextGeneration(msg.sender, slot);
        require(generation > 0, SlotInUse(msg.sender, slot));
        _requireSound(terms);

        uint40 deadline = _after(terms.acceptPeriod);
        Job memory job;
        job.requester = msg.sender;
        job.slot = slot;
        job.generation = generation;
        job.terms = terms;
        job.deadline = deadline;
        _slots[msg.sender][slot] = JobWords.ofJob(_hashOf(job), 0);
        _takeFree(msg.sender, terms.price);

        jobId = JobIds.pack(msg.sender, slot, generation);
        emit JobPosted(jobId, msg.sender, terms, deadline);
    }

    /// @inheritdoc IJobMarket
    function cancel(Job calldata job) external {
        JobId jobId = _requireCurrent(job);
        _requireStatus(job, Status.Open);
        require(msg.sender == job.requester, NotTheRequester(job.requester, msg.sender));

        _refund(job, jobId, End.Cancelled);
    }

    // --- accept and claim -------------------------------------------------------------------------------------------------

    /// @inheritdoc IJobMarket
    function accept(Job calldata job) external {
        JobId jobId = _requireCurrent(job);
        _requireStatus(job, Status.Open);
        _requireInTime(job);

        Job memory accepted = job;
        accepted.status = Status.Accepted;
        accepted.deadline = _after(job.terms.runPeriod);
        accepted.provider = msg.sender;
        _write(accepted);
        _takeStake(msg.sender, job.terms.bond);

        emit JobAccepted(jobId, msg.sender, accepted.deadline);
    }

    /// @inheritdoc IJobMarket
    function claim(Job calldata job, bytes32 finalRoot, bytes32 resultId) external {
        require(job.terms.taskCount == 1, WrongTaskCount(job.terms.taskCount, 1));

        _claim(job, finalRoot, resultId);
    }

    /// @inheritdoc IJobMarket
    function claimBatch(Job calldata job, bytes32[] calldata finalRoots, bytes32 resultId) external {
        // INVARIANT J6: whoever reads the chain knows every final root that is claimed, and so can challenge it.
        require(
            job.terms.taskCount == finalRoots.length, WrongTaskCount(job.terms.taskCount, finalRoots.length)
        );

        JobId jobId = _claim(job, MerkleProof.rootOfLeaves(finalRoots), resultId);
        emit FinalRootsClaimed(jobId, finalRoots);
    }

    // --- challenge --------------------------------------------------------------------------------------------------------

    /// @inheritdoc IJobMarket
    function challenge(Job calldata job, TaskProof calldata proof, bytes32[16] calldata roots)
        external
        returns (DisputeId disputeId)
    {
        JobId jobId = _requireCurrent(job);
        _requireStatus(job, Status.Claimed);
        _requireInTime(job);
        _requireIn(proof, job);
        JobWord word = _slots[job.requester][job.slot];
        require(word.disputes() < type(uint32).max, TooManyDisputes(jobId));

        _slots[job.requester][job.slot] = word.plusDispute();
        _takeStake(msg.sender, _challengerBond);

        // SAFETY: the game calls nothing while it opens a dispute.
        disputeId = _game.open(
            IDisputeGame.Terms({
                market: address(this),
                claim: JobId.unwrap(jobId),
                task: proof.task,
                referee: job.terms.referee,
                rounds: job.terms.rounds,
                challenger: msg.sender,
                defender: job.provider,
                initialRoot: proof.initialRoot,
                claimedRoot: proof.finalRoot
            }),
            roots
        );
        emit JobChallenged(jobId, disputeId, msg.sender, proof.task, _challengerBond);
    }

    /// @inheritdoc IClaimCallback
    function onDisputeResolved(
        IDisputeGame.Terms calldata terms,
        IDisputeGame.Side winner,
        IDisputeGame.Ending ending,
        bytes calldata context
    ) external {
        // SAFETY: the game calls the market that opened the dispute, with the terms that it was opened with, once.
        require(msg.sender == address(_game), NotTheGame(address(_game), msg.sender));

        JobId jobId = JobId.wrap(terms.claim);
        JobWord word = _slots[jobId.requester()][jobId.slot()];
        if (word.isEnd()) {
            // The job was slashed by another challenger. INVARIANT J8: its slot has not been used again since.
            _closeChallenge(jobId, terms, word, true);
            return;
        }

        Job memory job = abi.decode(context, (Job));
        // INVARIANT J9: the word is the hash of one record, whose requester, slot and generation are those of the job.
        require(word.holds(_hashOf(job)), RecordMismatch(jobId));
        if (winner == IDisputeGame.Side.Defender) {
            _closeChallenge(jobId, terms, word, false);
        } else {
            _slots[job.requester][job.slot] = JobWords.ofEnd(job.generation, word.disputes() - 1);
            _credit(terms.challenger, 0, _challengerBond);
            _endBySlashing(
                job,
                jobId,
                ending == IDisputeGame.Ending.Step ? End.SlashedByStep : End.SlashedByTimeout,
                terms.challenger
            );
        }
    }

    // --- end --------------------------------------------------------------------------------------------------------------

    /// @inheritdoc IJobMarket
    function finalize(Job calldata job) external {
        JobId jobId = _requireCurrent(job);
        _requireStatus(job, Status.Claimed);
        _requireOver(job);
        uint32 disputes = _slots[job.requester][job.slot].disputes();
        // INVARIANT J7: a claim is paid only when every dispute about it is won.
        require(disputes == 0, DisputesOpen(jobId, disputes));

        _slots[job.requester][job.slot] = JobWords.ofEnd(job.generation, 0);
        _credit(job.provider, job.terms.price, job.terms.bond);

        emit JobEnded(jobId, End.Finalized, job.provider, job.terms.price, 0, 0);
    }

    /// @inheritdoc IJobMarket
    function expire(Job calldata job) external {
        JobId jobId = _requireCurrent(job);
        _requireOver(job);

        if (job.status == Status.Open) {
            _refund(job, jobId, End.Expired);
        } else {
            _requireStatus(job, Status.Accepted);
            _slots[job.requester][job.slot] = JobWords.ofEnd(job.generation, 0);
            _endBySlashing(job, jobId, End.MissedDeadline, job.requester);
        }
    }

    // --- views ------------------------------------------------------------------------------------------------------------

    /// @inheritdoc IJobMarket
    function parameters() external view returns (Parameters memory) {
        return Parameters({
            token: token(),
            game: address(_game),
            challengerBond: _challengerBond,
            minimumBond: _minimumBond,
            burnShare: _burnShare,
            minimumChallengePeriod: _minimumChallengePeriod
        });
    }

    /// @inheritdoc IJobMarket
    function slotWord(address requester, uint48 slot) external view returns (bytes32) {
        return JobWord.unwrap(_slots[requester][slot]);
    }

    /// @inheritdoc IJobMarket
    function nextGeneration(address requester, uint48 slot) public view returns (uint48) {
        JobWord word = _slots[requester][slot];
        return word.isEnd() && word.disputes() == 0 ? word.generation() + 1 : 0;
    }

    /// @inheritdoc IJobMarket
    function isCurrent(Job calldata job) external view returns (bool current, uint32 disputes) {
        JobWord word = _slots[job.requester][job.slot];
        current = word.holds(_hashOf(job));
        disputes = current ? word.disputes() : 0;
    }

    // --- internals: what a call requires ----------------------------------------------------------------------------------

    function _requireSound(Terms calldata terms) private view {
        require(terms.taskCount > 0, NoTasks());
        // The bounds of the game's rounds, so that no claim is beyond a challenge.
        require(0 < terms.rounds && terms.rounds <= MAX_ROUNDS, RoundsOutOfRange(terms.rounds));
        require(terms.bond >= _minimumBond, BondTooLow(_minimumBond, terms.bond));
        require(terms.acceptPeriod > 0 && terms.runPeriod > 0, ZeroPeriod());
        require(
            terms.challengePeriod >= _minimumChallengePeriod,
            ChallengePeriodTooShort(_minimumChallengePeriod, terms.challengePeriod)
        );
    }

    function _requireCurrent(Job calldata job) private view returns (JobId jobId) {
        jobId = _idOf(job);
        require(_slots[job.requester][job.slot].holds(_hashOf(job)), RecordMismatch(jobId));
    }

    function _requireStatus(Job calldata job, Status expected) private pure {
        require(job.status == expected, WrongStatus(_idOf(job), expected, job.status));
    }

    function _requireInTime(Job calldata job) private view {
        require(block.timestamp <= job.deadline, TooLate(job.deadline));
    }

    function _requireOver(Job calldata job) private view {
        require(block.timestamp > job.deadline, TooEarly(job.deadline));
    }

    /// @dev INVARIANT J5: a dispute is about a task of the job, from where it begins to where the claim says that it ends.
    function _requireIn(TaskProof calldata proof, Job calldata job) private pure {
        require(proof.task < job.terms.taskCount, TaskOutOfRange(job.terms.taskCount, proof.task));
        uint256 depth = MerkleProof.depthOf(job.terms.taskCount);
        bytes32 taskRoot =
            MerkleProof.rootFromLeaf(proof.initialRoot, proof.task, depth, proof.initialSiblings);
        require(taskRoot == job.terms.taskRoot, InitialRootNotInJob(job.terms.taskRoot));
        bytes32 claimRoot = MerkleProof.rootFromLeaf(proof.finalRoot, proof.task, depth, proof.finalSiblings);
        require(claimRoot == job.claimRoot, FinalRootNotInClaim(job.claimRoot));
    }

    // --- internals: what it does ------------------------------------------------------------------------------------------

    function _claim(Job calldata job, bytes32 claimRoot, bytes32 resultId) private returns (JobId jobId) {
        jobId = _requireCurrent(job);
        _requireStatus(job, Status.Accepted);
        require(msg.sender == job.provider, NotTheProvider(job.provider, msg.sender));
        _requireInTime(job);

        Job memory claimed = job;
        claimed.status = Status.Claimed;
        claimed.deadline = _after(job.terms.challengePeriod);
        claimed.claimRoot = claimRoot;
        _write(claimed);

        emit JobClaimed(jobId, msg.sender, claimRoot, resultId, claimed.deadline);
    }

    function _refund(Job calldata job, JobId jobId, End end) private {
        _slots[job.requester][job.slot] = JobWords.ofEnd(job.generation, 0);
        _credit(job.requester, job.terms.price, 0);

        emit JobEnded(jobId, end, address(0), 0, job.terms.price, 0);
    }

    /// @dev Give the requester its price back, and the bond to the flames and to `beneficiary`.
    function _endBySlashing(Job memory job, JobId jobId, End end, address beneficiary) private {
        _credit(job.requester, job.terms.price, 0);
        (uint96 paid, uint96 burned) = _slash(job.terms.bond, _burnShare, beneficiary);

        emit JobEnded(jobId, end, beneficiary, paid, job.terms.price, burned);
    }

    /// @dev End a challenge that did not succeed, or that has become pointless.
    function _closeChallenge(JobId jobId, IDisputeGame.Terms calldata terms, JobWord word, bool moot)
        private
    {
        _slots[jobId.requester()][jobId.slot()] = word.minusDispute();
        if (moot) {
            _credit(terms.challenger, 0, _challengerBond);
        } else {
            _credit(terms.defender, _challengerBond, 0);
        }

        DisputeId disputeId = DisputeId.wrap(keccak256(abi.encode(terms)));
        emit ChallengeClosed(jobId, disputeId, terms.challenger, _challengerBond, moot);
    }

    /// @dev Write a record that has no disputes yet: only claims have.
    function _write(Job memory job) private {
        _slots[job.requester][job.slot] = JobWords.ofJob(_hashOf(job), 0);
    }

    function _idOf(Job calldata job) private pure returns (JobId) {
        return JobIds.pack(job.requester, job.slot, job.generation);
    }

    function _hashOf(Job memory job) private pure returns (bytes32) {
        return keccak256(abi.encode(job));
    }

    function _after(uint32 period) private view returns (uint40) {
        return uint40(block.timestamp + period);
    }
}

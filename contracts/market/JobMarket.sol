// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";
import {MerkleProof} from "contracts/dispute/libraries/MerkleProof.sol";
import {Ledger} from "contracts/market/Ledger.sol";
import {Deals} from "contracts/market/libraries/Deals.sol";
import {JobIds} from "contracts/market/libraries/JobIds.sol";
import {JobWord, JobWords} from "contracts/market/libraries/JobWord.sol";
import {Stages} from "contracts/market/libraries/Stages.sol";
import {IClaimCallback} from "interfaces/IClaimCallback.sol";
import {DisputeId, IDisputeGame} from "interfaces/IDisputeGame.sol";
import {Deal, IJobMarket, JobId, Stage} from "interfaces/IJobMarket.sol";

/// @title JobMarket
/// @notice Jobs and the money for them, in one immutable contract without an owner.
contract JobMarket is IJobMarket, Ledger, Multicall {
    using JobIds for JobId;
    using Deals for Deal;
    using Stages for Stage;

    uint16 private constant MIN_BURN_SHARE = 100;
    uint16 private constant MAX_BURN_SHARE = 9_000;
    uint32 private constant MAX_PERIOD = 30 days;
    uint8 private constant MAX_ROUNDS = 15;
    /// @dev A claim brings a final root for each task: of so many, it fits with ease into a transaction and a block.
    uint32 private constant MAX_TASKS = 1024;

    IDisputeGame private immutable _game;
    uint96 private immutable _challengerBond;
    uint96 private immutable _minimumBond;
    uint16 private immutable _burnShare;
    uint32 private immutable _minimumChallengePeriod;

    /// @dev INVARIANT J1: all that is stored of jobs.
    mapping(uint256 slotKey => JobWord) private _slots;

    /// @param parameters_ Bonds above zero, a burn share from 1 to 90 %, a challenge period of at most 30 days.
    constructor(Parameters memory parameters_) Ledger(parameters_.token) {
        uint16 burnShare = parameters_.burnShare;
        uint32 period = parameters_.minimumChallengePeriod;
        // INVARIANT J14: bounded here, immutable from here on.
        require(parameters_.game.code.length > 0, NotAContract(parameters_.game));
        require(parameters_.challengerBond > 0, ParameterOutOfRange("challengerBond"));
        require(parameters_.minimumBond > 0, ParameterOutOfRange("minimumBond"));
        require(MIN_BURN_SHARE <= burnShare && burnShare <= MAX_BURN_SHARE, ParameterOutOfRange("burnShare"));
        require(0 < period && period <= MAX_PERIOD, ParameterOutOfRange("minimumChallengePeriod"));

        _game = IDisputeGame(parameters_.game);
        _challengerBond = parameters_.challengerBond;
        _minimumBond = parameters_.minimumBond;
        _burnShare = burnShare;
        _minimumChallengePeriod = period;
    }

    // --- post -------------------------------------------------------------------------------------------------------------

    /// @inheritdoc IJobMarket
    /// @dev The terms are in memory, here and wherever they come up, because each field of a struct in calldata is checked each
    /// time that it is read.
    function post(uint48 slot, Terms memory terms) external returns (JobId jobId) {
        // INVARIANT J8: neither a job nor a dispute about the last one is left in the slot.
        uint48 generation = nextGeneration(msg.sender, slot);
        require(generation > 0, SlotInUse(msg.sender, slot));
        _requireSound(terms);

        jobId = JobIds.pack(msg.sender, slot, generation);
        uint40 deadline = _after(terms.acceptPeriod);
        Stage open = Stages.open(terms.taskCount, deadline);
        _slots[jobId.slotKey()] =
            JobWords.ofJob(_hashOf(jobId, _hashOf(terms), Deals.pack(terms), open, 0), 0);
        _takeFree(msg.sender, terms.price);

        emit JobPosted(jobId, msg.sender, terms, deadline);
    }

    /// @inheritdoc IJobMarket
    function cancel(Job calldata job) external {
        _requireCurrent(job);
        _requireStatus(job, Status.Open);
        // INVARIANT J4.
        address requester = job.id.requester();
        require(msg.sender == requester, NotTheRequester(requester, msg.sender));

        _refund(job, End.Cancelled);
    }

    // --- accept and claim -------------------------------------------------------------------------------------------------

    /// @inheritdoc IJobMarket
    function accept(Job calldata job) external {
        _requireCurrent(job);
        _requireStatus(job, Status.Open);
        _requireInTime(job);

        uint40 deadline = _after(job.deal.runPeriod());
        _advance(job, Status.Accepted, deadline, 0);
        _takeStake(msg.sender, job.deal.bond());

        emit JobAccepted(job.id, msg.sender, deadline);
    }

    /// @inheritdoc IJobMarket
    function claim(Job calldata job, bytes32 finalRoot, bytes32 resultId) external {
        _claim(job, 1, finalRoot, resultId);
    }

    /// @inheritdoc IJobMarket
    function claimBatch(Job calldata job, bytes32[] calldata finalRoots, bytes32 resultId) external {
        // INVARIANT J6: whoever reads the chain knows every final root that is claimed, and so can challenge it.
        _claim(job, finalRoots.length, MerkleProof.rootOfLeaves(finalRoots), resultId);

        emit FinalRootsClaimed(job.id, finalRoots);
    }

    // --- challenge --------------------------------------------------------------------------------------------------------

    /// @inheritdoc IJobMarket
    function challenge(
        Job calldata job,
        Terms memory terms,
        TaskProof calldata proof,
        bytes32[16] calldata roots
    ) external returns (DisputeId disputeId) {
        JobWord word = _requireCurrent(job);
        _requireStatus(job, Status.Claimed);
        _requireInTime(job);
        require(_hashOf(terms) == job.termsHash, TermsMismatch(job.termsHash));
        _requireIn(proof, terms, job.claimRoot);
        require(word.disputes() < type(uint32).max, TooManyDisputes(job.id));

        _slots[job.id.slotKey()] = word.plusDispute();
        _takeStake(msg.sender, _challengerBond);

        // SAFETY: the game calls nothing while it opens a dispute, and this is the last thing that changes anything here.
        disputeId = _game.open(
            IDisputeGame.Terms({
                market: address(this),
                claim: JobId.unwrap(job.id),
                task: proof.task,
                referee: terms.referee,
                rounds: terms.rounds,
                challenger: msg.sender,
                defender: job.stage.provider(),
                initialRoot: proof.initialRoot,
                claimedRoot: proof.finalRoot
            }),
            roots
        );
        emit JobChallenged(job.id, disputeId, msg.sender, proof.task, _challengerBond);
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
        JobWord word = _slots[jobId.slotKey()];
        if (word.isEnd()) {
            // INVARIANT J10: another challenger has won before. By J8, the slot has not been used again since.
            _closeChallenge(terms, word, true);
            return;
        }

        Job memory job = abi.decode(context, (Job));
        // SAFETY: the word is the hash of one record only, and that has the id by which the word was found.
        require(word.holds(_hashOf(job)), RecordMismatch(jobId));
        // INVARIANT J15: none of what follows can fail, so that every dispute can be ended (no credit overflows, by L3).
        if (winner == IDisputeGame.Side.Defender) {
            _closeChallenge(terms, word, false);
        } else {
            _credit(terms.challenger, 0, _challengerBond);
            End end = ending == IDisputeGame.Ending.Step ? End.SlashedByStep : End.SlashedByTimeout;
            _slash(jobId, job.deal, end, terms.challenger, word.disputes() - 1);
        }
    }

    // --- end --------------------------------------------------------------------------------------------------------------

    /// @inheritdoc IJobMarket
    function finalize(Job calldata job) external {
        JobWord word = _requireCurrent(job);
        _requireStatus(job, Status.Claimed);
        _requireOver(job);
        // INVARIANT J7: a claim is paid only when every dispute about it is won.
        require(word.disputes() == 0, DisputesOpen(job.id, word.disputes()));

        address provider = job.stage.provider();
        _end(job.id, 0);
        _credit(provider, job.deal.price(), job.deal.bond());

        emit JobEnded(job.id, End.Finalized, provider, job.deal.price(), 0, 0);
    }

    /// @inheritdoc IJobMarket
    function expire(Job calldata job) external {
        _requireCurrent(job);
        _requireOver(job);

        if (job.stage.status() == Status.Open) {
            _refund(job, End.Expired);
        } else {
            _requireStatus(job, Status.Accepted);
            // INVARIANT J12.
            _slash(job.id, job.deal, End.MissedDeadline, job.id.requester(), 0);
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
        return JobWord.unwrap(_wordOf(requester, slot));
    }

    /// @inheritdoc IJobMarket
    function nextGeneration(address requester, uint48 slot) public view returns (uint48) {
        JobWord word = _wordOf(requester, slot);
        return word.isEnd() && word.disputes() == 0 ? word.generation() + 1 : 0;
    }

    /// @inheritdoc IJobMarket
    function isCurrent(Job calldata job) external view returns (bool current, uint32 disputes) {
        JobWord word = _slots[job.id.slotKey()];
        current = word.holds(_hashOf(job));
        disputes = current ? word.disputes() : 0;
    }

    // --- internals: what a call requires ----------------------------------------------------------------------------------

    /// @dev INVARIANT J13: with these terms every later call can succeed; the bounds of `rounds` are the game's.
    function _requireSound(Terms memory terms) private view {
        require(terms.taskCount > 0, NoTasks());
        require(terms.taskCount <= MAX_TASKS, TooManyTasks(MAX_TASKS, terms.taskCount));
        require(0 < terms.rounds && terms.rounds <= MAX_ROUNDS, RoundsOutOfRange(terms.rounds));
        require(terms.bond >= _minimumBond, BondTooLow(_minimumBond, terms.bond));
        require(terms.acceptPeriod > 0 && terms.runPeriod > 0, ZeroPeriod());
        require(terms.runPeriod <= MAX_PERIOD, PeriodTooLong(MAX_PERIOD, terms.runPeriod));
        require(terms.challengePeriod <= MAX_PERIOD, PeriodTooLong(MAX_PERIOD, terms.challengePeriod));
        require(
            terms.challengePeriod >= _minimumChallengePeriod,
            ChallengePeriodTooShort(_minimumChallengePeriod, terms.challengePeriod)
        );
    }

    /// @dev INVARIANT J2, J9: the record is that of the job as it is now, whatever disputes are open about it.
    function _requireCurrent(Job calldata job) private view returns (JobWord word) {
        word = _slots[job.id.slotKey()];
        require(word.holds(_hashOf(job)), RecordMismatch(job.id));
    }

    /// @dev INVARIANT J3.
    function _requireStatus(Job calldata job, Status expected) private pure {
        Status actual = job.stage.status();
        require(actual == expected, WrongStatus(job.id, expected, actual));
    }

    function _requireInTime(Job calldata job) private view {
        uint256 deadline = job.stage.deadline();
        require(block.timestamp <= deadline, TooLate(deadline));
    }

    function _requireOver(Job calldata job) private view {
        uint256 deadline = job.stage.deadline();
        require(block.timestamp > deadline, TooEarly(deadline));
    }

    /// @dev INVARIANT J5: a dispute is about a task of the job, from where it begins to where the claim says that it ends.
    function _requireIn(TaskProof calldata proof, Terms memory terms, bytes32 claimRoot) private pure {
        require(proof.task < terms.taskCount, TaskOutOfRange(terms.taskCount, proof.task));
        uint256 depth = MerkleProof.depthOf(terms.taskCount);
        bytes32 root = MerkleProof.rootFromLeaf(proof.initialRoot, proof.task, depth, proof.initialSiblings);
        require(root == terms.taskRoot, InitialRootNotInJob(terms.taskRoot));
        root = MerkleProof.rootFromLeaf(proof.finalRoot, proof.task, depth, proof.finalSiblings);
        require(root == claimRoot, FinalRootNotInClaim(claimRoot));
    }

    // --- internals: what it does ------------------------------------------------------------------------------------------

    function _claim(Job calldata job, uint256 roots, bytes32 claimRoot, bytes32 resultId) private {
        _requireCurrent(job);
        _requireStatus(job, Status.Accepted);
        require(msg.sender == job.stage.provider(), NotTheProvider(job.stage.provider(), msg.sender));
        _requireInTime(job);
        require(roots == job.stage.taskCount(), WrongTaskCount(job.stage.taskCount(), roots));

        uint40 deadline = _after(job.deal.challengePeriod());
        _advance(job, Status.Claimed, deadline, claimRoot);

        emit JobClaimed(job.id, msg.sender, claimRoot, resultId, deadline);
    }

    /// @dev The caller is, or becomes, the provider.
    function _advance(Job calldata job, Status status, uint40 deadline, bytes32 claimRoot) private {
        Stage stage = job.stage.advance(status, deadline, msg.sender);
        _slots[job.id.slotKey()] =
            JobWords.ofJob(_hashOf(job.id, job.termsHash, job.deal, stage, claimRoot), 0);
    }

    function _end(JobId jobId, uint32 disputes) private {
        _slots[jobId.slotKey()] = JobWords.ofEnd(jobId.generation(), disputes);
    }

    function _refund(Job calldata job, End end) private {
        uint96 price = job.deal.price();
        _end(job.id, 0);
        _credit(job.id.requester(), price, 0);

        emit JobEnded(job.id, end, address(0), 0, price, 0);
    }

    /// @dev End a job: its price goes back to the requester, the bond to the flames and to `beneficiary`.
    function _slash(JobId jobId, Deal deal, End end, address beneficiary, uint32 disputes) private {
        uint96 price = deal.price();
        _end(jobId, disputes);
        _credit(jobId.requester(), price, 0);
        (uint96 paid, uint96 burned) = _divide(deal.bond(), _burnShare, beneficiary);

        emit JobEnded(jobId, end, beneficiary, paid, price, burned);
    }

    /// @dev End a challenge that did not succeed, or that has become pointless.
    function _closeChallenge(IDisputeGame.Terms calldata terms, JobWord word, bool moot) private {
        JobId jobId = JobId.wrap(terms.claim);
        _slots[jobId.slotKey()] = word.minusDispute();
        // INVARIANT J10, J11: moot, and the bond goes back; lost, and it pays for the defender's work.
        if (moot) {
            _credit(terms.challenger, 0, _challengerBond);
        } else {
            _credit(terms.defender, _challengerBond, 0);
        }

        DisputeId disputeId = DisputeId.wrap(keccak256(abi.encode(terms)));
        emit ChallengeClosed(jobId, disputeId, terms.challenger, _challengerBond, moot);
    }

    function _wordOf(address requester, uint48 slot) private view returns (JobWord) {
        return _slots[JobIds.pack(requester, slot, 0).slotKey()];
    }

    function _hashOf(Job memory job) private pure returns (bytes32) {
        return _hashOf(job.id, job.termsHash, job.deal, job.stage, job.claimRoot);
    }

    function _hashOf(JobId id, bytes32 termsHash, Deal deal, Stage stage, bytes32 claimRoot)
        private
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(id, termsHash, deal, stage, claimRoot));
    }

    function _hashOf(Terms memory terms) private pure returns (bytes32) {
        return keccak256(abi.encode(terms));
    }

    function _after(uint32 period) private view returns (uint40) {
        return uint40(block.timestamp + period);
    }
}

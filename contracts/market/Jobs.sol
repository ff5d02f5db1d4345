// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Hashes} from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";
import {MerkleProof} from "contracts/dispute/libraries/MerkleProof.sol";
import {Ledger} from "contracts/market/Ledger.sol";
import {Deals} from "contracts/market/libraries/Deals.sol";
import {JobIds} from "contracts/market/libraries/JobIds.sol";
import {JobWord, JobWords} from "contracts/market/libraries/JobWord.sol";
import {Openings} from "contracts/market/libraries/Openings.sol";
import {Records} from "contracts/market/libraries/Records.sol";
import {Stages} from "contracts/market/libraries/Stages.sol";
import {Works} from "contracts/market/libraries/Works.sol";
import {IAccess} from "interfaces/IAccess.sol";
import {IClaimCallback} from "interfaces/IClaimCallback.sol";
import {DisputeId, IDisputeGame} from "interfaces/IDisputeGame.sol";
import {Deal, IJobMarket, JobId, Opening, Stage, Work} from "interfaces/IJobMarket.sol";

/// @title Jobs
/// @notice The life of a job, from its post to its end.
abstract contract Jobs is IJobMarket, Ledger {
    using JobIds for JobId;
    using Deals for Deal;
    using Works for Work;
    using Openings for Opening;
    using Stages for Stage;
    using Records for Job;
    using Records for Terms;

    uint16 private constant MIN_BURN_SHARE = 100;
    uint16 private constant MAX_BURN_SHARE = 9_000;
    uint16 private constant MAX_FEE_SHARE = 1_000;
    uint32 internal constant MAX_PERIOD = 30 days;
    /// @dev A claim brings a final root for each task: of so many, it fits with ease into a transaction and a block.
    uint32 internal constant MAX_TASKS = 1024;

    IDisputeGame internal immutable _game;
    uint8 private immutable _maxRounds;
    uint96 internal immutable _challengerBond;
    uint96 internal immutable _minimumBond;
    uint16 internal immutable _burnShare;
    uint32 internal immutable _minimumChallengePeriod;
    uint16 internal immutable _feeShare;
    address internal immutable _feeRecipient;

    /// @dev A struct, so that code can hold on to where a slot is stored instead of hashing its key again.
    struct Slot {
        JobWord word;
    }

    /// @dev INVARIANT J1: all that is stored of jobs.
    mapping(uint256 slotKey => Slot) internal _slots;

    /// @param parameters_ Bonds above zero, a burn share from 1 to 90 %, a challenge period of at most 30 days, a fee of at most 10 %.
    constructor(Parameters memory parameters_) Ledger(parameters_.token) {
        uint16 burnShare = parameters_.burnShare;
        uint32 period = parameters_.minimumChallengePeriod;
        // INVARIANT J14: bounded here, immutable from here on.
        require(parameters_.game.code.length > 0, NotAContract(parameters_.game));
        require(parameters_.challengerBond > 0, ParameterOutOfRange("challengerBond"));
        require(parameters_.minimumBond > 0, ParameterOutOfRange("minimumBond"));
        require(MIN_BURN_SHARE <= burnShare && burnShare <= MAX_BURN_SHARE, ParameterOutOfRange("burnShare"));
        require(0 < period && period <= MAX_PERIOD, ParameterOutOfRange("minimumChallengePeriod"));
        require(parameters_.feeShare <= MAX_FEE_SHARE, ParameterOutOfRange("feeShare"));
        require(
            (parameters_.feeShare == 0) == (parameters_.feeRecipient == address(0)),
            ParameterOutOfRange("feeRecipient")
        );

        _game = IDisputeGame(parameters_.game);
        _maxRounds = _game.maxRounds();
        _challengerBond = parameters_.challengerBond;
        _minimumBond = parameters_.minimumBond;
        _burnShare = burnShare;
        _minimumChallengePeriod = period;
        _feeShare = parameters_.feeShare;
        _feeRecipient = parameters_.feeRecipient;
    }

    // --- post -------------------------------------------------------------------------------------------------------------

    /// @inheritdoc IJobMarket
    function post(uint48 slot, Terms calldata terms) external returns (JobId jobId) {
        Slot storage place;
        (jobId, place) = _nextIn(msg.sender, slot);
        (Deal deal, Work work) = (terms.deal, terms.work);
        Stage stage = _opened(deal, work, terms.opening, _after(work.acceptPeriod()));

        _store(place, jobId, deal, stage, terms.hash());
        _takeFree(msg.sender, deal.price());

        emit JobPosted(jobId, terms, stage);
    }

    /// @inheritdoc IJobMarket
    function cancel(Job calldata job) external {
        (Slot storage slot,) = _requireCurrent(job);
        _requireStatus(job.id, job.stage, Status.Open);
        // INVARIANT J4.
        address requester = job.id.requester();
        require(msg.sender == requester, NotTheRequester(requester, msg.sender));

        _refund(slot, job.id, job.deal, End.Cancelled);
    }

    // --- accept -----------------------------------------------------------------------------------------------------------

    /// @inheritdoc IJobMarket
    function accept(Job calldata job) external {
        require(!job.stage.has(Stages.CONDITIONAL), TermsNeeded(job.id));
        _accept(job, job.deal);
    }

    /// @inheritdoc IJobMarket
    function acceptUnder(Job calldata job, Terms calldata terms) external {
        require(terms.hash() == job.commitment, TermsMismatch(job.commitment));
        (Work work, Opening opening, address requester) = (terms.work, terms.opening, job.id.requester());
        _requireAdmitted(work.admission(), opening.gate(), requester, msg.sender);

        Deal agreed = _priced(terms.deal, work, opening, job.stage.deadline());
        _emitPrice(job.id, terms.deal, agreed);
        _accept(job, agreed);
        // SAFETY: never more than the ceiling, so this is what the escrow holds beyond the price that was agreed.
        _credit(requester, job.deal.price() - agreed.price(), 0);
    }

    /// @inheritdoc IJobMarket
    function decline(Job calldata job) external {
        (Slot storage slot,) = _requireCurrent(job);
        _requireStatus(job.id, job.stage, Status.Accepted);
        _requireProvider(job);
        // INVARIANT J17: what a provider accepted itself it has to claim, and what it was hired for it does not keep for long.
        require(job.stage.has(Stages.HIRED), NotHired(job.id));
        uint256 last = job.stage.deadline() - job.deal.runPeriod() / 2;
        require(block.timestamp <= last, TooLate(last));

        _credit(msg.sender, 0, job.deal.bond());
        _refund(slot, job.id, job.deal, End.Declined);
    }

    // --- claim ------------------------------------------------------------------------------------------------------------

    /// @inheritdoc IJobMarket
    function claim(Job calldata job, bytes32 finalRoot, bytes32 resultId) external {
        _claim(job, 1, finalRoot, resultId);
    }

    /// @inheritdoc IJobMarket
    function claimBatch(Job calldata job, bytes32[] calldata finalRoots, bytes32 resultId) external {
        _claim(job, finalRoots.length, _claimRootOf(finalRoots), resultId);
        _emitFinalRoots(job.id, finalRoots);
    }

    // --- challenge --------------------------------------------------------------------------------------------------------

    /// @inheritdoc IJobMarket
    function challenge(
        Job calldata job,
        Terms calldata terms,
        bytes32 claimRoot,
        TaskProof calldata proof,
        bytes32[16] calldata roots
    ) external returns (DisputeId disputeId) {
        (Slot storage slot, JobWord word) = _requireCurrent(job);
        _requireStatus(job.id, job.stage, Status.Claimed);
        _requireInTime(job);
        require(
            Hashes.efficientKeccak256(terms.hash(), claimRoot) == job.commitment,
            TermsMismatch(job.commitment)
        );
        _requireIn(proof, terms, claimRoot);
        require(word.disputes() < type(uint32).max, TooManyDisputes(job.id));

        slot.word = word.plusDispute();
        _takeStake(msg.sender, _challengerBond);

        // SAFETY: the game calls nothing while it opens a dispute, and this is the last thing that changes anything here.
        // slither-disable-next-line reentrancy-events
        disputeId = _game.open(
            IDisputeGame.Terms({
                market: address(this),
                claim: JobId.unwrap(job.id),
                task: proof.task,
                referee: terms.work.referee(),
                rounds: terms.work.rounds(),
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
        Slot storage slot = _slots[jobId.slotKey()];
        JobWord word = slot.word.minusDispute();
        Verdict verdict = Verdict.Moot;
        if (word.isEnd()) {
            // INVARIANT J10: another challenger has won before. By J8, the slot has not been used again since.
            slot.word = word;
        } else {
            verdict = winner == IDisputeGame.Side.Defender ? Verdict.Lost : Verdict.Won;
            Job memory job = abi.decode(context, (Job));
            // SAFETY: the word is the hash of one record only, and that has the id by which the word was found.
            require(
                word.holds(Records.hash(job.id, job.deal, job.stage, job.commitment)), RecordMismatch(jobId)
            );
            // INVARIANT J15: none of what follows can fail, so that every dispute can be ended (no credit overflows, by L3).
            End end = ending == IDisputeGame.Ending.Step ? End.SlashedByStep : End.SlashedByTimeout;
            if (verdict == Verdict.Lost) slot.word = word;
            else _slash(slot, jobId, job.deal, end, terms.challenger, word.disputes());
        }
        _closeChallenge(terms, verdict);
    }

    // --- end --------------------------------------------------------------------------------------------------------------

    /// @inheritdoc IJobMarket
    function settle(Job calldata job) public {
        (Slot storage slot, JobWord word) = _requireCurrent(job);
        _requireDue(job.id, job.stage, word);

        _finalize(slot, job.id, job.deal, job.stage.provider());
    }

    /// @inheritdoc IJobMarket
    function finalizeAll(Job[] calldata jobs) external returns (uint256 finalized) {
        finalized = _finalizeAny(jobs);
        if (finalized > 0) return finalized;

        require(jobs.length > 0, NoJobs());
        // It cannot be finalized: this says why.
        settle(jobs[0]);
    }

    /// @inheritdoc IJobMarket
    function expire(Job calldata job) external {
        (Slot storage slot,) = _requireCurrent(job);
        _requireOver(job.stage);

        if (job.stage.isStatus(Status.Open)) {
            _refund(slot, job.id, job.deal, End.Expired);
        } else {
            _requireStatus(job.id, job.stage, Status.Accepted);
            // INVARIANT J12.
            _slash(slot, job.id, job.deal, End.MissedDeadline, job.id.requester(), 0);
        }
    }

    // --- views ------------------------------------------------------------------------------------------------------------

    /// @inheritdoc IJobMarket
    function slotWord(address requester, uint48 slot) external view returns (bytes32) {
        return JobWord.unwrap(_slots[JobIds.pack(requester, slot, 0).slotKey()].word);
    }

    /// @inheritdoc IJobMarket
    function nextGeneration(address requester, uint48 slot) external view returns (uint48) {
        return _nextGeneration(_slots[JobIds.pack(requester, slot, 0).slotKey()].word);
    }

    /// @inheritdoc IJobMarket
    function isCurrent(Job calldata job) external view returns (bool current, uint32 disputes) {
        JobWord word = _slots[job.id.slotKey()].word;
        current = word.holds(job.hash());
        disputes = current ? word.disputes() : 0;
    }

    // --- internals: what a call requires ----------------------------------------------------------------------------------

    /// @dev INVARIANT J13: with these terms every later call can succeed.
    function _requireSound(Deal deal, Work work, Opening opening) private view {
        uint32 taskCount = work.taskCount();
        require(taskCount > 0, NoTasks());
        require(taskCount <= MAX_TASKS, TooManyTasks(MAX_TASKS, taskCount));
        require(0 < work.rounds() && work.rounds() <= _maxRounds, RoundsOutOfRange(work.rounds()));
        require(deal.bond() >= _minimumBond, BondTooLow(_minimumBond, deal.bond()));
        _requirePeriods(work.acceptPeriod(), deal.runPeriod(), deal.challengePeriod());
        // A job with a fixed price, for anyone, has nothing more that could be wrong.
        if (opening.isPlain() && work.isPlain()) return;

        require(opening.floorPrice() <= deal.price(), FloorAbovePrice(opening.floorPrice(), deal.price()));
        require(
            work.isTidy() && work.admission() <= uint8(type(Admission).max)
                && (work.admission() == uint8(Admission.Anyone)) == (opening.gate() == address(0)),
            MalformedTerms(work, opening)
        );
    }

    /// @dev INVARIANT J13: none is zero, or keeps money for longer than anyone wants.
    function _requirePeriods(uint32 accept_, uint32 run, uint32 challenge_) private view {
        require(accept_ > 0 && run > 0, ZeroPeriod());
        uint32 longest = accept_ > run ? accept_ : run;
        longest = longest > challenge_ ? longest : challenge_;
        require(longest <= MAX_PERIOD, PeriodTooLong(MAX_PERIOD, longest));
        require(
            challenge_ >= _minimumChallengePeriod,
            ChallengePeriodTooShort(_minimumChallengePeriod, challenge_)
        );
    }

    /// @dev INVARIANT J19: nobody is let in whom `principal` has not admitted.
    function _requireAdmitted(uint8 admission, address gate, address principal, address candidate)
        internal
        view
    {
        bool admitted = admission == uint8(Admission.Anyone)
            || (admission == uint8(Admission.Only)
                    ? candidate == gate
                    : IAccess(gate).admits(principal, candidate));
        require(admitted, NotAdmitted(Admission(admission), gate, candidate));
    }

    /// @dev INVARIANT J2, J9: the record is that of the job as it is now, whatever disputes are open about it.
    function _requireCurrent(Job calldata job) internal view returns (Slot storage slot, JobWord word) {
        slot = _slots[job.id.slotKey()];
        word = slot.word;
        if (!word.holds(job.hash())) revert RecordMismatch(job.id);
    }

    /// @dev INVARIANT J3.
    function _requireStatus(JobId jobId, Stage stage, Status expected) internal pure {
        if (!stage.isStatus(expected)) revert WrongStatus(jobId, expected, stage.status());
    }

    function _requireProvider(Job calldata job) private view {
        address provider = job.stage.provider();
        if (msg.sender != provider) revert NotTheProvider(provider, msg.sender);
    }

    function _requireInTime(Job calldata job) internal view {
        uint256 deadline = job.stage.deadline();
        if (block.timestamp > deadline) revert TooLate(deadline);
    }

    function _requireOver(Stage stage) private view {
        uint256 deadline = stage.deadline();
        if (block.timestamp <= deadline) revert TooEarly(deadline);
    }

    /// @dev INVARIANT J7: a claim is paid only when its challenge period is over and every dispute about it is won.
    function _requireDue(JobId jobId, Stage stage, JobWord word) internal view {
        _requireStatus(jobId, stage, Status.Claimed);
        _requireOver(stage);
        if (word.disputes() > 0) revert DisputesOpen(jobId, word.disputes());
    }

    /// @dev INVARIANT J5: a dispute is about a task of the job, from where it begins to where the claim says that it ends.
    function _requireIn(TaskProof calldata proof, Terms calldata terms, bytes32 claimRoot) private pure {
        uint32 taskCount = terms.work.taskCount();
        require(proof.task < taskCount, TaskOutOfRange(taskCount, proof.task));
        uint256 depth = MerkleProof.depthOf(taskCount);
        bytes32 root = MerkleProof.rootFromLeaf(proof.initialRoot, proof.task, depth, proof.initialSiblings);
        require(root == terms.taskRoot, InitialRootNotInJob(terms.taskRoot));
        root = MerkleProof.rootFromLeaf(proof.finalRoot, proof.task, depth, proof.finalSiblings);
        require(root == claimRoot, FinalRootNotInClaim(claimRoot));
    }

    // --- internals: what it does ------------------------------------------------------------------------------------------

    /// @dev The id that the next job in a slot has, and where it is stored.
    function _nextIn(address requester, uint48 slot) internal view returns (JobId, Slot storage place) {
        JobId ofSlot = JobIds.pack(requester, slot, 0);
        place = _slots[ofSlot.slotKey()];
        uint48 generation = _nextGeneration(place.word);
        if (generation == 0) revert SlotInUse(requester, slot);
        return (ofSlot.withGeneration(generation), place);
    }

    /// @dev 0 while the slot is in use. INVARIANT J8: neither a job nor a dispute about the last one is left in it.
    function _nextGeneration(JobWord word) internal pure returns (uint48) {
        if (!word.isFree()) return 0;
        // SAFETY: no slot has 2^48 jobs.
        unchecked {
            return word.generation() + 1;
        }
    }

    /// @dev The stage of a job with these terms that can be accepted until `deadline`.
    function _opened(Deal deal, Work work, Opening opening, uint40 deadline) internal view returns (Stage) {
        _requireSound(deal, work, opening);
        uint16 flags = opening.isPlain() ? 0 : Stages.CONDITIONAL;
        return Stages.pack(flags, work.taskCount(), Status.Open, deadline, address(0));
    }

    /// @dev The deal at the price of this moment, of a job whose price reaches its ceiling at `end`.
    function _priced(Deal deal, Work work, Opening opening, uint256 end) internal view returns (Deal) {
        uint96 floorPrice = opening.floorPrice();
        if (floorPrice == 0) return deal;

        uint256 period = work.acceptPeriod();
        uint256 left = end > block.timestamp ? end - block.timestamp : 0;
        uint256 elapsed = left < period ? period - left : 0;
        // INVARIANT J20: it never falls, and never leaves the range from floor to ceiling.
        return deal.withPrice(Openings.priceAfter(floorPrice, deal.price(), elapsed, period));
    }

    function _emitPrice(JobId jobId, Deal asked, Deal agreed) internal {
        if (agreed.price() != asked.price()) emit PriceAgreed(jobId, agreed.price());
    }

    function _accept(Job calldata job, Deal agreed) private {
        (Slot storage slot,) = _requireCurrent(job);
        _requireStatus(job.id, job.stage, Status.Open);
        _requireInTime(job);

        Stage stage = job.stage.advance(Status.Accepted, _after(agreed.runPeriod()), msg.sender);
        _store(slot, job.id, agreed, stage, job.commitment);
        _takeStake(msg.sender, agreed.bond());

        emit JobAccepted(job.id, stage);
    }

    function _claim(Job calldata job, uint256 roots, bytes32 claimRoot, bytes32 resultId) private {
        (Slot storage slot,) = _requireCurrent(job);
        _requireStatus(job.id, job.stage, Status.Accepted);
        _requireProvider(job);
        _requireInTime(job);

        Stage claimed = _storeClaim(slot, job.id, job.deal, job.stage, job.commitment, roots, claimRoot);

        emit JobClaimed(job.id, claimed, claimRoot, resultId);
    }

    /// @dev The caller is the provider.
    function _storeClaim(
        Slot storage slot,
        JobId jobId,
        Deal deal,
        Stage stage,
        bytes32 termsHash,
        uint256 roots,
        bytes32 claimRoot
    ) internal returns (Stage claimed) {
        if (roots != stage.taskCount()) revert WrongTaskCount(stage.taskCount(), roots);

        claimed = stage.advance(Status.Claimed, _after(deal.challengePeriod()), msg.sender);
        _store(slot, jobId, deal, claimed, Hashes.efficientKeccak256(termsHash, claimRoot));
    }

    /// @dev The usual case of one task needs no copy of the roots.
    function _claimRootOf(bytes32[] calldata finalRoots) internal pure returns (bytes32) {
        return finalRoots.length == 1 ? finalRoots[0] : MerkleProof.rootOfLeaves(finalRoots);
    }

    /// @dev INVARIANT J6: whoever reads the chain knows every final root that is claimed, and so can challenge it. That of one
    /// task is the claim root.
    function _emitFinalRoots(JobId jobId, bytes32[] calldata finalRoots) internal {
        if (finalRoots.length > 1) emit FinalRootsClaimed(jobId, finalRoots);
    }

    function _store(Slot storage slot, JobId jobId, Deal deal, Stage stage, bytes32 commitment) internal {
        slot.word = JobWords.ofJob(Records.hash(jobId, deal, stage, commitment), 0);
    }

    /// @dev INVARIANT J23: an end that is not `_finalize`.
    function _endOtherwise(Slot storage slot, JobId jobId, uint32 disputes) internal {
        slot.word = JobWords.ofOtherEnd(jobId.generation(), disputes);
    }

    function _refund(Slot storage slot, JobId jobId, Deal deal, End end) private {
        uint96 price = deal.price();
        _endOtherwise(slot, jobId, 0);
        _credit(jobId.requester(), price, 0);

        emit JobEnded(jobId, end);
    }

    /// @dev INVARIANT J18: one that cannot be finalized is no reason to fail.
    function _finalizeAny(Job[] calldata jobs) internal returns (uint256 finalized) {
        for (uint256 i = 0; i < jobs.length; i++) {
            Job calldata job = jobs[i];
            Slot storage slot = _slots[job.id.slotKey()];
            JobWord word = slot.word;
            if (!word.holds(job.hash()) || !job.stage.isStatus(Status.Claimed)) continue;
            // INVARIANT J7: a claim is paid only when its challenge period is over and every dispute about it is won.
            if (block.timestamp <= job.stage.deadline() || word.disputes() > 0) continue;

            _finalize(slot, job.id, job.deal, job.stage.provider());
            finalized++;
        }
    }

    function _finalize(Slot storage slot, JobId jobId, Deal deal, address provider) internal {
        uint96 price = deal.price();
        uint96 fee;
        // INVARIANT J21. SAFETY: a share of less than one, of at most 96 bits, rounded down.
        unchecked {
            fee = uint96(uint256(price) * _feeShare / WHOLE);
            price -= fee;
        }
        slot.word = JobWords.ofFinalized(jobId.generation());
        _credit(provider, price, deal.bond());

        emit JobFinalized(jobId);
        if (fee > 0) {
            _credit(_feeRecipient, fee, 0);
            emit FeePaid(jobId, fee);
        }
    }

    /// @dev End a job: its price goes back to the requester, the bond to the flames and to `beneficiary`.
    function _slash(Slot storage slot, JobId jobId, Deal deal, End end, address beneficiary, uint32 disputes)
        private
    {
        uint96 price = deal.price();
        _endOtherwise(slot, jobId, disputes);
        _credit(jobId.requester(), price, 0);
        (uint96 paid, uint96 burned) = _divide(deal.bond(), _burnShare, beneficiary);

        emit JobEnded(jobId, end);
        emit BondSlashed(jobId, beneficiary, paid, burned);
    }

    /// @dev INVARIANT J10, J11: who was right, or too late to matter, has its bond back; a lost one pays for the defender's work.
    function _closeChallenge(IDisputeGame.Terms calldata terms, Verdict verdict) private {
        if (verdict == Verdict.Lost) {
            _credit(terms.defender, _challengerBond, 0);
        } else {
            _credit(terms.challenger, 0, _challengerBond);
        }

        DisputeId disputeId = DisputeId.wrap(keccak256(abi.encode(terms)));
        emit ChallengeClosed(JobId.wrap(terms.claim), disputeId, terms.challenger, verdict, _challengerBond);
    }

    function _after(uint32 period) internal view returns (uint40) {
        // SAFETY: 40 bits of seconds are enough until the year 36,812.
        unchecked {
            return uint40(block.timestamp + period);
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MerkleProof} from "contracts/dispute/libraries/MerkleProof.sol";
import {Jobs} from "contracts/market/Jobs.sol";
import {Signatures} from "contracts/market/Signatures.sol";
import {Deals} from "contracts/market/libraries/Deals.sol";
import {JobIds} from "contracts/market/libraries/JobIds.sol";
import {JobWord} from "contracts/market/libraries/JobWord.sol";
import {Openings} from "contracts/market/libraries/Openings.sol";
import {Records} from "contracts/market/libraries/Records.sol";
import {Signing} from "contracts/market/libraries/Signing.sol";
import {Stages} from "contracts/market/libraries/Stages.sol";
import {Works} from "contracts/market/libraries/Works.sol";
import {Deal, IJobMarket, JobId, Opening, Stage, Work} from "interfaces/IJobMarket.sol";
import {ISignedOrders} from "interfaces/ISignedOrders.sol";
import {LibBit} from "solady/src/utils/LibBit.sol";

/// @title SignedOrders
/// @notice Jobs that begin with a signature.
abstract contract SignedOrders is Jobs, Signatures {
    using JobIds for JobId;
    using Deals for Deal;
    using Works for Work;
    using Openings for Opening;
    using Stages for Stage;
    using Records for Terms;

    uint256 private constant SIGNATURE_BYTES = 65;
    uint256 private constant CANCELLED = type(uint256).max;

    mapping(address requester => mapping(uint256 word => uint256)) private _usedTickets;
    mapping(address provider => mapping(uint64 nonce => uint256)) private _offerUse;

    // --- an order ---------------------------------------------------------------------------------------------------------

    /// @inheritdoc ISignedOrders
    function fill(Order calldata order, bytes calldata signature) external {
        (Slot storage slot, Deal agreed, Stage open) = _openOrder(order, signature, msg.sender);
        _emitPosted(order, open, agreed);
        _acceptFor(msg.sender, 0, slot, order.jobId, agreed, open, order.terms.hash());
    }

    /// @inheritdoc ISignedOrders
    function fillAndClaim(
        bytes calldata signature,
        Order calldata order,
        bytes32[] calldata finalRoots,
        bytes32 resultId,
        Job[] calldata jobs
    ) external {
        _finalizeAny(jobs);

        (Slot storage slot, Deal agreed, Stage open) = _openOrder(order, signature, msg.sender);
        bytes32 termsHash = order.terms.hash();
        (Stage claimed, bytes32 claimRoot) =
            _claimAtOnce(finalRoots, slot, order.jobId, agreed, open, termsHash);

        emit SignedJobClaimed(order.jobId, order.terms, claimed, claimRoot, resultId);
        _emitPrice(order.jobId, order.terms.deal, agreed);
        _emitFinalRoots(order.jobId, finalRoots);
    }

    /// @inheritdoc ISignedOrders
    function claimNext(
        Order calldata order,
        bytes32 r,
        bytes32 vs,
        bytes32 finalRoot,
        bytes32 resultId,
        PreviousJob calldata previous
    ) external {
        JobId jobId = order.jobId;
        Slot storage slot = _slots[jobId.slotKey()];
        _finalizePrevious(slot, jobId, previous);

        _requireNext(slot, jobId);
        _requireSignedCompactly(jobId.requester(), _hashOrder(order), r, vs);
        (Deal agreed, Stage claimed) = _openAndClaim(order, slot, finalRoot);

        emit SignedJobClaimed(jobId, order.terms, claimed, finalRoot, resultId);
        _emitPrice(jobId, order.terms.deal, agreed);
    }

    /// @inheritdoc ISignedOrders
    function skipSlot(uint48 slot, uint48 generation) external {
        (JobId skipped, Slot storage place) = _nextIn(msg.sender, slot);
        // INVARIANT J2: the very order that the caller means, or none.
        // slither-disable-next-line incorrect-equality
        require(skipped.generation() == generation, OrderNotFillable(skipped, skipped.generation()));

        _endOtherwise(place, skipped, 0);

        emit SlotSkipped(msg.sender, slot, generation);
    }

    // --- tickets ----------------------------------------------------------------------------------------------------------

    /// @inheritdoc ISignedOrders
    function takeTickets(Tickets calldata tickets) external returns (JobId jobId) {
        Slot storage slot;
        Deal agreed;
        Stage open;
        Terms memory terms;
        (slot, jobId, agreed, open, terms) = _openTickets(tickets);

        emit JobPosted(jobId, terms, open);
        _emitTaken(jobId, tickets, terms.deal, agreed);
        _acceptFor(msg.sender, 0, slot, jobId, agreed, open, terms.hashInMemory());
    }

    /// @inheritdoc ISignedOrders
    function takeTicketsAndClaim(
        Tickets calldata tickets,
        bytes32[] calldata finalRoots,
        bytes32 resultId,
        Job[] calldata jobs
    ) external returns (JobId jobId) {
        _finalizeAny(jobs);

        Slot storage slot;
        Deal agreed;
        Stage open;
        Terms memory terms;
        (slot, jobId, agreed, open, terms) = _openTickets(tickets);
        (Stage claimed, bytes32 claimRoot) =
            _claimAtOnce(finalRoots, slot, jobId, agreed, open, terms.hashInMemory());

        emit SignedJobClaimed(jobId, terms, claimed, claimRoot, resultId);
        _emitTaken(jobId, tickets, terms.deal, agreed);
        _emitFinalRoots(jobId, finalRoots);
    }

    /// @inheritdoc ISignedOrders
    function cancelTickets(uint256 word, uint256 mask) external {
        _usedTickets[msg.sender][word] |= mask;

        emit TicketsCancelled(msg.sender, word, mask);
    }

    // --- an offer ---------------------------------------------------------------------------------------------------------

    /// @inheritdoc ISignedOrders
    function hire(Offer calldata offer, bytes calldata signature, uint48 slot, Terms calldata terms)
        external
        returns (JobId jobId)
    {
        Slot storage place;
        (jobId, place) = _nextIn(msg.sender, slot);
        uint40 end = _after(terms.work.acceptPeriod());
        (Deal agreed, Stage open) =
            _open(msg.sender, terms.deal, terms.work, terms.opening, end, offer.provider);

        emit JobPosted(jobId, terms, open);
        _emitPrice(jobId, terms.deal, agreed);
        _hire(offer, signature, place, jobId, terms.work, terms.hash(), agreed, open);
    }

    /// @inheritdoc ISignedOrders
    function matchOrder(
        Order calldata order,
        bytes calldata orderSignature,
        Offer calldata offer,
        bytes calldata offerSignature
    ) external {
        (Slot storage slot, Deal agreed, Stage open) = _openOrder(order, orderSignature, offer.provider);
        _emitPosted(order, open, agreed);
        Terms calldata terms = order.terms;
        _hire(offer, offerSignature, slot, order.jobId, terms.work, terms.hash(), agreed, open);
    }

    /// @inheritdoc ISignedOrders
    function cancelOffer(uint64 nonce) external {
        _offerUse[msg.sender][nonce] = CANCELLED;

        emit OfferCancelled(msg.sender, nonce);
    }

    // --- more time --------------------------------------------------------------------------------------------------------

    /// @inheritdoc ISignedOrders
    function extend(Job calldata job, uint40 deadline, bytes calldata signature) external {
        (Slot storage slot,) = _requireCurrent(job);
        _requireStatus(job.id, job.stage, Status.Accepted);
        _requireInTime(job);
        (address requester, address provider) = (job.id.requester(), job.stage.provider());
        require(msg.sender == requester || msg.sender == provider, NotAParty(job.id, msg.sender));
        uint40 present = job.stage.deadline();
        require(
            present < deadline && deadline <= block.timestamp + MAX_PERIOD, NoExtension(present, deadline)
        );
        // INVARIANT J22: neither side alone.
        address other = msg.sender == requester ? provider : requester;
        _requireSigned(other, Signing.hashExtension(job.id, present, deadline, _epochOf(other)), signature);

        Stage stage = job.stage.advance(Status.Accepted, deadline, provider);
        _store(slot, job.id, job.deal, stage, job.commitment);

        emit DeadlineExtended(job.id, stage);
    }

    // --- views ------------------------------------------------------------------------------------------------------------

    /// @inheritdoc ISignedOrders
    function ticketBitmap(address requester, uint256 word) external view returns (uint256) {
        return _usedTickets[requester][word];
    }

    /// @inheritdoc ISignedOrders
    function offerUse(address provider, uint64 nonce) external view returns (uint256) {
        return _offerUse[provider][nonce];
    }

    // --- internals --------------------------------------------------------------------------------------------------------

    /// @dev The job of an order, for `provider`. The caller stores it and emits what happened.
    function _openOrder(Order calldata order, bytes calldata signature, address provider)
        private
        returns (Slot storage slot, Deal agreed, Stage open)
    {
        JobId jobId = order.jobId;
        slot = _slots[jobId.slotKey()];
        _requireNext(slot, jobId);
        _requireSigned(jobId.requester(), _hashOrder(order), signature);
        (agreed, open) = _openTerms(order, provider);
    }

    /// @dev INVARIANT S2: a slot has each generation once, so an order is filled once.
    function _requireNext(Slot storage slot, JobId jobId) private view {
        uint48 next = _nextGeneration(slot.word);
        // slither-disable-next-line incorrect-equality
        require(next != 0 && next == jobId.generation(), OrderNotFillable(jobId, next));
    }

    /// @dev INVARIANT J7: the previous job in the slot of `jobId` is paid now, or the slot was free; else nothing comes after it.
    function _finalizePrevious(Slot storage slot, JobId jobId, PreviousJob calldata previous) private {
        JobWord word = slot.word;
        if (word.isFree()) return;

        JobId previousId = jobId.previous();
        bytes32 recordHash = Records.hash(previousId, previous.deal, previous.stage, previous.commitment);
        if (!word.holds(recordHash)) revert RecordMismatch(previousId);
        _requireDue(previousId, previous.stage, word);
        _finalize(slot, previousId, previous.deal, previous.stage.provider());
    }

    /// @dev The caller accepts an order for one task, and claims it.
    function _openAndClaim(Order calldata order, Slot storage slot, bytes32 finalRoot)
        private
        returns (Deal agreed, Stage claimed)
    {
        Stage open;
        (agreed, open) = _openTerms(order, msg.sender);
        _takeStake(msg.sender, agreed.bond());
        claimed = _storeClaim(slot, order.jobId, agreed, open, order.terms.hash(), 1, finalRoot);
    }

    function _hashOrder(Order calldata order) private view returns (bytes32) {
        return Signing.hashOrder(order.jobId, order.terms, order.expiry, _epochOf(order.jobId.requester()));
    }

    function _openTerms(Order calldata order, address provider) private returns (Deal agreed, Stage open) {
        (Terms calldata terms, uint40 expiry) = (order.terms, order.expiry);
        require(block.timestamp <= expiry, TooLate(expiry));
        (agreed, open) =
            _open(order.jobId.requester(), terms.deal, terms.work, terms.opening, expiry, provider);
    }

    /// @dev The job that tickets make, for the caller. The caller stores it and emits what happened.
    function _openTickets(Tickets calldata tickets)
        private
        returns (Slot storage slot, JobId jobId, Deal agreed, Stage open, Terms memory terms)
    {
        TicketKind calldata kind = tickets.kind;
        require(block.timestamp <= kind.expiry, TooLate(kind.expiry));
        require(kind.work.taskCount() == 1, MalformedTerms(kind.work, kind.opening));
        _useTickets(kind.requester, tickets);
        _requireSignedTickets(tickets);

        (jobId, slot) = _nextIn(kind.requester, kind.slot);
        terms = _termsOf(tickets);
        (agreed, open) = _open(kind.requester, terms.deal, terms.work, terms.opening, kind.expiry, msg.sender);
    }

    /// @dev INVARIANT S3: each nonce once, and each in one place: a word beyond these would name nonces of another one.
    function _useTickets(address requester, Tickets calldata tickets) private {
        require(tickets.word <= type(uint248).max, WordOutOfRange(tickets.word));
        uint256 used = _usedTickets[requester][tickets.word];
        require(used & tickets.mask == 0, TicketsUsed(requester, tickets.word, used & tickets.mask));

        _usedTickets[requester][tickets.word] = used | tickets.mask;
    }

    /// @dev INVARIANT S1: each ticket is signed, one by one or all together.
    function _requireSignedTickets(Tickets calldata tickets) private view {
        _requireTicketCount(tickets);

        address requester = tickets.kind.requester;
        bytes32[] memory hashes = _hashTickets(tickets, _epochOf(requester));
        bytes calldata signatures = tickets.signatures;
        if (tickets.together) {
            _requireSignedTogether(requester, MerkleProof.rootOfLeaves(hashes), signatures);
            return;
        }
        for (uint256 i = 0; i < hashes.length; i++) {
            _requireSigned(requester, hashes[i], _signature(signatures, i));
        }
    }

    function _hashTickets(Tickets calldata tickets, uint64 epoch)
        private
        pure
        returns (bytes32[] memory hashes)
    {
        (bytes32[] calldata roots, bytes32[] calldata specIds) = (tickets.initialRoots, tickets.specIds);
        uint256[18] memory words = Signing.ticketWords(tickets.kind, epoch);
        (uint256 nonce, uint256 mask) = (tickets.word << 8, tickets.mask);
        hashes = new bytes32[](roots.length);
        // SAFETY: there are as many bits in the mask as roots, and the first nonce is a multiple of 256 (INVARIANT S3).
        unchecked {
            for (uint256 i = 0; i < hashes.length; i++) {
                if (mask & 1 == 0) {
                    uint256 skipped = LibBit.ffs(mask);
                    (nonce, mask) = (nonce + skipped, mask >> skipped);
                }
                hashes[i] = Signing.hashTicket(words, roots[i], specIds[i], nonce);
                (nonce, mask) = (nonce + 1, mask >> 1);
            }
        }
    }

    function _requireTicketCount(Tickets calldata tickets) private pure {
        (uint256 count, uint256 bits) = (tickets.initialRoots.length, LibBit.popCount(tickets.mask));
        uint256 signatureBytes = tickets.signatures.length;
        require(
            count > 0 && count == bits && count == tickets.specIds.length
                && (tickets.together || SIGNATURE_BYTES * count == signatureBytes),
            WrongTicketCount(bits, count, tickets.specIds.length, signatureBytes)
        );
    }

    /// @dev One of many, each of 65 bytes.
    function _signature(bytes calldata signatures, uint256 i)
        private
        pure
        returns (bytes calldata signature)
    {
        // SAFETY: the caller has checked that there are so many. Two fields, which look like one variable written twice.
        // slither-disable-start write-after-write
        assembly ("memory-safe") {
            signature.offset := add(signatures.offset, mul(i, SIGNATURE_BYTES))
            signature.length := SIGNATURE_BYTES
        }
        // slither-disable-end write-after-write
    }

    /// @dev The terms of the job that tickets make.
    function _termsOf(Tickets calldata tickets) private pure returns (Terms memory terms) {
        (TicketKind calldata kind, uint32 count) = (tickets.kind, uint32(tickets.initialRoots.length));
        Deal one = kind.deal;
        terms.deal =
            Deals.pack(one.price() * count, one.bond() * count, one.runPeriod(), one.challengePeriod());
        terms.work = kind.work.withTaskCount(count);
        terms.opening = Openings.pack(kind.opening.floorPrice() * count, kind.opening.gate());
        terms.taskRoot = MerkleProof.rootOfLeaves(tickets.initialRoots);
        terms.specId = keccak256(abi.encodePacked(tickets.specIds));
    }

    /// @dev A job whose requester has signed for it or calls, at the price of this moment, for a provider that it admits.
    function _open(address requester, Deal deal, Work work, Opening opening, uint40 expiry, address provider)
        private
        returns (Deal agreed, Stage open)
    {
        open = _opened(deal, work, opening, expiry);
        _requireAdmitted(work.admission(), opening.gate(), requester, provider);
        agreed = _priced(deal, work, opening, expiry);
        // INVARIANT S5: now, and not before.
        _takeFree(requester, agreed.price());
    }

    /// @dev `provider` calls, or has signed an offer that this fits.
    function _acceptFor(
        address provider,
        uint16 flags,
        Slot storage slot,
        JobId jobId,
        Deal agreed,
        Stage open,
        bytes32 termsHash
    ) private {
        Stage stage = open.advance(Status.Accepted, _after(agreed.runPeriod()), provider).plus(flags);
        _store(slot, jobId, agreed, stage, termsHash);
        _takeStake(provider, agreed.bond());

        emit JobAccepted(jobId, stage);
    }

    /// @dev The caller accepts and claims a job that nobody has accepted.
    function _claimAtOnce(
        bytes32[] calldata finalRoots,
        Slot storage slot,
        JobId jobId,
        Deal agreed,
        Stage open,
        bytes32 termsHash
    ) private returns (Stage claimed, bytes32 claimRoot) {
        claimRoot = _claimRootOf(finalRoots);
        _takeStake(msg.sender, agreed.bond());
        claimed = _storeClaim(slot, jobId, agreed, open, termsHash, finalRoots.length, claimRoot);
    }

    /// @dev Have the provider of an offer accept a job that fits it. From memory, because of calldata the compiler would make one
    /// copy of this code a caller.
    function _hire(
        Offer memory offer,
        bytes calldata signature,
        Slot storage slot,
        JobId jobId,
        Work work,
        bytes32 termsHash,
        Deal agreed,
        Stage open
    ) private {
        address provider = offer.provider;
        uint32 count = open.taskCount();
        // INVARIANT S4: nothing that the provider has not offered.
        require(block.timestamp <= offer.expiry, TooLate(offer.expiry));
        require(work.referee() == offer.referee, OfferNotMet("referee"));
        require(work.rounds() <= offer.rounds, OfferNotMet("rounds"));
        require(agreed.price() >= uint256(offer.price) * count, OfferNotMet("price"));
        require(agreed.bond() <= uint256(offer.bond) * count, OfferNotMet("bond"));
        require(agreed.runPeriod() >= offer.runPeriod, OfferNotMet("runPeriod"));
        require(agreed.challengePeriod() <= offer.challengePeriod, OfferNotMet("challengePeriod"));
        _requireAdmitted(uint8(offer.admission), offer.gate, provider, jobId.requester());
        _requireSigned(provider, Signing.hashOffer(offer, _epochOf(provider)), signature);

        uint256 used = _offerUse[provider][offer.nonce];
        uint256 left = used < offer.capacity ? offer.capacity - used : 0;
        require(count <= left, OfferUsedUp(provider, offer.nonce, left));
        _offerUse[provider][offer.nonce] = used + count;

        emit OfferTaken(jobId, provider, offer.nonce);
        _acceptFor(provider, Stages.HIRED, slot, jobId, agreed, open, termsHash);
    }

    function _emitTaken(JobId jobId, Tickets calldata tickets, Deal asked, Deal agreed) private {
        emit TicketsTaken(jobId, tickets.word, tickets.mask, tickets.specIds);
        _emitPrice(jobId, asked, agreed);
    }

    function _emitPosted(Order calldata order, Stage open, Deal agreed) private {
        emit JobPosted(order.jobId, order.terms, open);
        _emitPrice(order.jobId, order.terms.deal, agreed);
    }
}

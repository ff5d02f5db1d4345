// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {JobIds} from "contracts/market/libraries/JobIds.sol";
import {Stages} from "contracts/market/libraries/Stages.sol";
import {IJobMarket, JobId, Stage} from "interfaces/IJobMarket.sol";
import {ILedger} from "interfaces/ILedger.sol";
import {ISignedOrders} from "interfaces/ISignedOrders.sol";
import {MarketFixture} from "tests/solidity/market/MarketFixture.sol";
import {HostileGate} from "tests/solidity/support/Gates.sol";
import {Signed} from "tests/solidity/support/Signed.sol";
import {LISTED, ONLY, Wish} from "tests/solidity/support/Terms.sol";
import {vm} from "tests/solidity/support/Vm.sol";

/// @notice `hire`, `matchOrder`, `cancelOffer`, and `decline` of who was hired.
contract OffersTest is MarketFixture {
    using JobIds for JobId;
    using Stages for Stage;

    // --- what an offer does not say (SPEC S4) --------------------------------------------------------------------------------

    function test_an_offer_that_has_expired_is_refused(Wish memory wish, uint40 late) external {
        ISignedOrders.Offer memory offer = offerFor(wish);
        vm.warp(uint256(offer.expiry) + 1 + late);
        refused(offer, wish, abi.encodeWithSelector(IJobMarket.TooLate.selector, offer.expiry));
    }

    function test_a_job_for_another_referee_is_refused(Wish memory wish, address other) external {
        ISignedOrders.Offer memory offer = offerFor(wish);
        vm.assume(other != offer.referee);
        offer.referee = other;
        notMet(offer, wish, "referee");
    }

    function test_more_rounds_are_refused(Wish memory wish, uint8 rounds) external {
        ISignedOrders.Offer memory offer = offerFor(wish);
        offer.rounds = rounds % wish.rounds;
        notMet(offer, wish, "rounds");
    }

    function test_a_lower_price_is_refused(Wish memory wish, uint96 more) external {
        ISignedOrders.Offer memory offer = offerFor(wish);
        vm.assume(uint256(more) * wish.taskCount > wish.price);
        offer.price = more;
        notMet(offer, wish, "price");
    }

    function test_a_higher_bond_is_refused(Wish memory wish, uint96 less) external {
        ISignedOrders.Offer memory offer = offerFor(wish);
        offer.bond = less % (wish.bond / wish.taskCount);
        notMet(offer, wish, "bond");
    }

    function test_less_time_to_run_is_refused(Wish memory wish, uint32 more) external {
        ISignedOrders.Offer memory offer = offerFor(wish);
        vm.assume(more > wish.runPeriod);
        offer.runPeriod = more;
        notMet(offer, wish, "runPeriod");
    }

    function test_a_longer_challenge_period_is_refused(Wish memory wish, uint32 less) external {
        ISignedOrders.Offer memory offer = offerFor(wish);
        offer.challengePeriod = less % wish.challengePeriod;
        notMet(offer, wish, "challengePeriod");
    }

    function test_another_requester_is_refused(Wish memory wish, address other) external {
        ISignedOrders.Offer memory offer = offerFor(wish);
        vm.assume(other != requester);
        (offer.admission, offer.gate) = (IJobMarket.Admission(ONLY), other);
        bytes memory reason = abi.encodeWithSelector(
            IJobMarket.NotAdmitted.selector, IJobMarket.Admission(ONLY), other, requester
        );
        refused(offer, wish, reason);
    }

    /// @notice SPEC S4, J19: a gate that misbehaves spoils the offer that names it.
    function test_an_offer_with_a_gate_that_misbehaves_is_for_nobody(Wish memory wish, uint8 mood) external {
        ISignedOrders.Offer memory offer = offerFor(wish);
        HostileGate gate = new HostileGate();
        gate.setMood(mood % 5);
        (offer.admission, offer.gate) = (IJobMarket.Admission(LISTED), address(gate));
        bytes memory call = abi.encodeCall(market.hire, (offer, signed(offer), 0, wish.terms()));
        vm.prank(requester);
        (bool success,) = address(market).call{gas: 2_000_000}(call);
        assert(!success);
    }

    function test_an_offer_that_the_provider_has_not_signed_is_refused(
        Wish memory wish,
        uint8 word,
        uint8 bit
    ) external {
        ISignedOrders.Offer memory offer = offerFor(wish);
        bytes memory signature = signed(offer);
        uint256[12] memory words = abi.decode(abi.encode(offer), (uint256[12]));
        // Only what makes it better for the requester, or other: what makes it worse is refused anyhow.
        uint8[6] memory places = [2, 3, 4, 9, 10, 11];
        words[places[word % 6]] ^= 1 << (bit % 3);
        offer = abi.decode(abi.encode(words), (ISignedOrders.Offer));
        vm.assume(offer.rounds >= wish.rounds && offer.capacity >= wish.taskCount);
        vm.assume(uint256(offer.price) * wish.taskCount <= wish.price);
        vm.assume(uint256(offer.bond) * wish.taskCount >= wish.bond);
        vm.prank(requester);
        vm.expectPartialRevert(ISignedOrders.BadSignature.selector);
        market.hire(offer, signature, 0, wish.terms());
    }

    function test_more_tasks_than_offered_are_refused(Wish memory wish, uint32 capacity) external {
        ISignedOrders.Offer memory offer = offerFor(wish);
        offer.capacity = capacity % wish.taskCount;
        bytes memory reason = abi.encodeWithSelector(
            ISignedOrders.OfferUsedUp.selector, provider, offer.nonce, uint256(offer.capacity)
        );
        refused(offer, wish, reason);
    }

    /// @notice SPEC S4: all offers of one nonce share their capacity.
    function test_an_offer_that_is_used_up_is_refused(Wish memory wish, uint32 more) external {
        ISignedOrders.Offer memory offer = offerFor(wish);
        offer.capacity = wish.taskCount + more % wish.taskCount;
        bytes memory signature = signed(offer);
        vm.prank(requester);
        market.hire(offer, signature, 0, wish.terms());
        assert(market.offerUse(provider, offer.nonce) == wish.taskCount);
        bytes memory reason = abi.encodeWithSelector(
            ISignedOrders.OfferUsedUp.selector,
            provider,
            offer.nonce,
            uint256(offer.capacity - wish.taskCount)
        );
        vm.prank(requester);
        vm.expectRevert(reason);
        market.hire(offer, signature, 1, wish.terms());
    }

    function test_an_offer_that_was_cancelled_is_refused(Wish memory wish) external {
        ISignedOrders.Offer memory offer = offerFor(wish);
        vm.prank(provider);
        market.cancelOffer(offer.nonce);
        assert(market.offerUse(provider, offer.nonce) == type(uint256).max);
        bytes memory reason =
            abi.encodeWithSelector(ISignedOrders.OfferUsedUp.selector, provider, offer.nonce, uint256(0));
        refused(offer, wish, reason);
    }

    function test_an_offer_of_an_earlier_epoch_is_refused(Wish memory wish) external {
        ISignedOrders.Offer memory offer = offerFor(wish);
        bytes memory signature = signed(offer);
        vm.prank(provider);
        market.raiseEpoch();
        vm.prank(requester);
        vm.expectPartialRevert(ISignedOrders.BadSignature.selector);
        market.hire(offer, signature, 0, wish.terms());
    }

    // --- what the requester does not have, or want ------------------------------------------------------------------------------

    /// @notice SPEC J19.
    function test_hiring_whom_the_terms_do_not_admit_is_refused(Wish memory wish, address other) external {
        ISignedOrders.Offer memory offer = offerFor(wish);
        vm.assume(other != provider && other != address(0));
        (wish.admission, wish.gate) = (ONLY, other);
        bytes memory reason = abi.encodeWithSelector(
            IJobMarket.NotAdmitted.selector, IJobMarket.Admission(ONLY), other, provider
        );
        refused(offer, wish, reason);
    }

    /// @notice SPEC J8.
    function test_hiring_for_a_slot_in_use_is_refused(Wish memory wish) external {
        ISignedOrders.Offer memory offer = offerFor(wish);
        posted(wish, 0);
        refused(offer, wish, abi.encodeWithSelector(IJobMarket.SlotInUse.selector, requester, 0));
    }

    /// @notice SPEC L4: an offer is not covered by money that is not there.
    function test_hiring_a_provider_without_the_bond_is_refused(Wish memory wish) external {
        ISignedOrders.Offer memory offer = offerFor(wish);
        vm.prank(provider);
        market.unstake(FORTUNE);
        refused(offer, wish, abi.encodeWithSelector(ILedger.StakeTooLow.selector, provider, 0, wish.bond));
    }

    // --- hired -----------------------------------------------------------------------------------------------------------------

    /// @notice SPEC S4, L1: a job just as bad as the offer says is taken; the stage says how its provider came to it.
    function test_a_hired_provider_has_accepted(Wish memory wish, uint48 slot) external {
        ISignedOrders.Offer memory offer = offerFor(wish);
        IJobMarket.Job memory job = hired(offer, wish, slot);
        assertCurrent(job, 0);
        assertGained(provider, 0, -int256(uint256(wish.bond)));
        assertGained(requester, -int256(uint256(wish.price)), 0);
        assert(market.offerUse(provider, offer.nonce) == wish.taskCount);

        vm.prank(provider);
        market.claimBatch(job, wish.finalRoots(), "result");
        assertCurrent(claimedRecord(job, wish.finalRoots()), 0);
    }

    /// @notice SPEC S1, S4, S5: anyone brings the two together.
    function test_an_order_meets_an_offer(Wish memory wish, uint48 slot, address by) external {
        ISignedOrders.Offer memory offer = offerFor(wish);
        ISignedOrders.Order memory order = ISignedOrders.Order({
            jobId: JobIds.pack(requester, slot, 1),
            terms: wish.terms(),
            expiry: uint40(block.timestamp + wish.acceptPeriod)
        });
        bytes memory orders = Signed.by(REQUESTER_KEY, Signed.order(order, 0), address(market));
        bytes memory offers = signed(offer);
        vm.prank(by);
        vm.expectPartialRevert(ISignedOrders.BadSignature.selector);
        market.matchOrder(order, offers, offer, offers);
        vm.prank(by);
        vm.expectPartialRevert(ISignedOrders.BadSignature.selector);
        market.matchOrder(order, orders, offer, orders);

        vm.prank(by);
        market.matchOrder(order, orders, offer, offers);
        IJobMarket.Job memory job = openRecord(requester, slot, 1, wish, wish.acceptPeriod);
        job = acceptedRecord(job, wish.price, provider);
        job.stage = job.stage.plus(2);
        assertCurrent(job, 0);
    }

    // --- decline (SPEC J17) -----------------------------------------------------------------------------------------------------

    function test_declining_what_one_accepted_oneself_is_refused(Wish memory wish) external {
        IJobMarket.Job memory job = accepted(sound(wish), 0);
        vm.prank(provider);
        vm.expectRevert(abi.encodeWithSelector(IJobMarket.NotHired.selector, job.id));
        market.decline(job);
    }

    function test_declining_for_another_is_refused(Wish memory wish, address other) external {
        vm.assume(other != provider);
        IJobMarket.Job memory job = hired(offerFor(wish), wish, 0);
        vm.prank(other);
        vm.expectRevert(abi.encodeWithSelector(IJobMarket.NotTheProvider.selector, provider, other));
        market.decline(job);
    }

    function test_declining_after_claiming_is_refused(Wish memory wish) external {
        IJobMarket.Job memory job = hired(offerFor(wish), wish, 0);
        vm.prank(provider);
        market.claimBatch(job, wish.finalRoots(), "");
        job = claimedRecord(job, wish.finalRoots());
        vm.prank(provider);
        vm.expectRevert(
            abi.encodeWithSelector(
                IJobMarket.WrongStatus.selector, job.id, IJobMarket.Status.Accepted, IJobMarket.Status.Claimed
            )
        );
        market.decline(job);
    }

    /// @notice SPEC J3, J17: until half a run period before the deadline.
    function test_declining_too_late_is_refused(Wish memory wish, uint40 late) external {
        IJobMarket.Job memory job = hired(offerFor(wish), wish, 0);
        uint256 last = block.timestamp + wish.runPeriod - wish.runPeriod / 2;
        vm.warp(last + 1 + late);
        vm.prank(provider);
        vm.expectRevert(abi.encodeWithSelector(IJobMarket.TooLate.selector, last));
        market.decline(job);

        vm.warp(last);
        vm.prank(provider);
        market.decline(job);
        assertEnded(job);
        assertGained(provider, 0, 0);
        assertGained(requester, 0, 0);
    }

    // --- an offer that a job just meets -------------------------------------------------------------------------------------------

    function offerFor(Wish memory wish) private view returns (ISignedOrders.Offer memory) {
        wish = fixedPrice(wish);
        // Such that price and bond of the job are just those of the offer, times its tasks.
        wish.price -= wish.price % uint96(wish.taskCount);
        wish.bond = (MINIMUM_BOND + wish.bond / wish.taskCount) * wish.taskCount;
        return ISignedOrders.Offer({
            provider: provider,
            referee: wish.referee,
            rounds: wish.rounds,
            price: uint96(wish.price / wish.taskCount),
            bond: uint96(wish.bond / wish.taskCount),
            runPeriod: wish.runPeriod,
            challengePeriod: wish.challengePeriod,
            admission: IJobMarket.Admission.Anyone,
            gate: address(0),
            capacity: wish.taskCount,
            nonce: uint64(uint256(wish.specId)),
            expiry: uint40(block.timestamp + 1 days)
        });
    }

    function signed(ISignedOrders.Offer memory offer) private view returns (bytes memory) {
        return Signed.by(PROVIDER_KEY, Signed.offer(offer, 0), address(market));
    }

    function hired(ISignedOrders.Offer memory offer, Wish memory wish, uint48 slot)
        private
        returns (IJobMarket.Job memory job)
    {
        bytes memory signature = signed(offer);
        vm.prank(requester);
        market.hire(offer, signature, slot, wish.terms());
        job = acceptedRecord(openRecord(requester, slot, 1, wish, wish.acceptPeriod), wish.price, provider);
        job.stage = job.stage.plus(2);
    }

    function notMet(ISignedOrders.Offer memory offer, Wish memory wish, string memory what) private {
        refused(offer, wish, abi.encodeWithSelector(ISignedOrders.OfferNotMet.selector, what));
    }

    function refused(ISignedOrders.Offer memory offer, Wish memory wish, bytes memory reason) private {
        bytes memory signature = signed(offer);
        vm.prank(requester);
        vm.expectRevert(reason);
        market.hire(offer, signature, 0, wish.terms());
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Works} from "contracts/market/libraries/Works.sol";
import {IJobMarket, Work} from "interfaces/IJobMarket.sol";
import {ILedger} from "interfaces/ILedger.sol";
import {MarketFixture} from "tests/solidity/market/MarketFixture.sol";
import {ANYONE, Wish} from "tests/solidity/support/Terms.sol";
import {vm} from "tests/solidity/support/Vm.sol";

/// @notice `post` and `cancel`.
contract PostingTest is MarketFixture {
    using Works for Work;

    // --- terms with which a later call could not succeed (SPEC J13) -----------------------------------------------------

    function test_no_tasks_are_refused(Wish memory wish) external {
        wish = sound(wish);
        IJobMarket.Terms memory terms = wish.terms();
        terms.work = terms.work.withTaskCount(0);
        refused(terms, abi.encodeWithSelector(IJobMarket.NoTasks.selector));
    }

    function test_more_tasks_than_a_claim_can_bring_are_refused(Wish memory wish, uint32 count) external {
        vm.assume(count > 1_024);
        IJobMarket.Terms memory terms = sound(wish).terms();
        terms.work = terms.work.withTaskCount(count);
        refused(terms, abi.encodeWithSelector(IJobMarket.TooManyTasks.selector, 1_024, count));
    }

    function test_rounds_out_of_range_are_refused(Wish memory wish, uint8 rounds) external {
        wish = sound(wish);
        rounds = rounds % 2 == 0 ? 0 : uint8(16 + rounds % 240);
        wish.rounds = rounds;
        refused(wish.terms(), abi.encodeWithSelector(IJobMarket.RoundsOutOfRange.selector, rounds));
    }

    function test_a_bond_below_the_least_is_refused(Wish memory wish, uint96 bond) external {
        wish = sound(wish);
        wish.bond = bond % MINIMUM_BOND;
        bytes memory reason = abi.encodeWithSelector(IJobMarket.BondTooLow.selector, MINIMUM_BOND, wish.bond);
        refused(wish.terms(), reason);
    }

    function test_a_period_of_zero_is_refused(Wish memory wish, bool accept) external {
        wish = sound(wish);
        if (accept) wish.acceptPeriod = 0;
        else wish.runPeriod = 0;
        refused(wish.terms(), abi.encodeWithSelector(IJobMarket.ZeroPeriod.selector));
    }

    function test_an_accept_period_of_more_than_a_month_is_refused(Wish memory wish, uint32 period) external {
        wish = sound(wish);
        vm.assume(period > 30 days);
        wish.acceptPeriod = period;
        refused(wish.terms(), abi.encodeWithSelector(IJobMarket.PeriodTooLong.selector, 30 days, period));
    }

    function test_a_run_period_of_more_than_a_month_is_refused(Wish memory wish, uint32 period) external {
        wish = sound(wish);
        vm.assume(period > 30 days);
        wish.runPeriod = period;
        refused(wish.terms(), abi.encodeWithSelector(IJobMarket.PeriodTooLong.selector, 30 days, period));
    }

    function test_a_challenge_period_of_more_than_a_month_is_refused(Wish memory wish, uint32 period)
        external
    {
        wish = sound(wish);
        vm.assume(period > 30 days);
        wish.challengePeriod = period;
        refused(wish.terms(), abi.encodeWithSelector(IJobMarket.PeriodTooLong.selector, 30 days, period));
    }

    function test_a_challenge_period_below_the_least_is_refused(Wish memory wish, uint32 period) external {
        wish = sound(wish);
        wish.challengePeriod = period %= MINIMUM_CHALLENGE_PERIOD;
        bytes memory reason = abi.encodeWithSelector(
            IJobMarket.ChallengePeriodTooShort.selector, MINIMUM_CHALLENGE_PERIOD, period
        );
        refused(wish.terms(), reason);
    }

    function test_a_floor_above_the_ceiling_is_refused(Wish memory wish, uint96 floorPrice) external {
        wish = sound(wish);
        vm.assume(floorPrice > wish.price);
        wish.floorPrice = floorPrice;
        bytes memory reason =
            abi.encodeWithSelector(IJobMarket.FloorAbovePrice.selector, floorPrice, wish.price);
        refused(wish.terms(), reason);
    }

    function test_bits_that_mean_nothing_are_refused(Wish memory wish, uint16 bits) external {
        vm.assume(bits != 0);
        IJobMarket.Terms memory terms = sound(wish).terms();
        terms.work = Work.wrap(Work.unwrap(terms.work) | bytes2(bits));
        malformed(terms);
    }

    function test_an_admission_that_does_not_exist_is_refused(Wish memory wish, uint8 admission) external {
        vm.assume(admission > uint8(type(IJobMarket.Admission).max));
        IJobMarket.Terms memory terms = sound(wish).terms();
        terms.work = Work.wrap(bytes32(uint256(Work.unwrap(terms.work)) | uint256(admission) << 232));
        malformed(terms);
    }

    /// @notice SPEC J19: a gate is there if and only if it is needed.
    function test_a_gate_without_need_or_a_missing_one_is_refused(
        Wish memory wish,
        uint8 admission,
        address gate
    ) external {
        vm.assume(gate != address(0));
        wish = sound(wish);
        wish.admission = admission % 3;
        if (wish.admission == ANYONE) wish.gate = gate;
        malformed(wish.terms());
    }

    // --- slots and money ----------------------------------------------------------------------------------------------------

    /// @notice SPEC J8.
    function test_a_slot_that_holds_a_job_is_refused(Wish memory wish, uint48 slot) external {
        wish = fixedPrice(wish);
        posted(wish, slot);
        vm.prank(requester);
        vm.expectRevert(abi.encodeWithSelector(IJobMarket.SlotInUse.selector, requester, slot));
        market.post(slot, wish.terms());
    }

    /// @notice SPEC L4.
    function test_a_price_that_is_not_there_is_refused(Wish memory wish, uint96 more) external {
        wish = sound(wish);
        vm.assume(more > FORTUNE);
        wish.price = more;
        bytes memory reason = abi.encodeWithSelector(ILedger.BalanceTooLow.selector, requester, FORTUNE, more);
        refused(wish.terms(), reason);
    }

    /// @notice SPEC J1, J2, J3, L1: the slot holds the hash of the record; the price is out of the account, and nothing else is.
    function test_a_post_stores_the_record_and_locks_the_price(Wish memory wish, uint48 slot) external {
        wish = sound(wish);
        IJobMarket.Job memory job = posted(wish, slot);
        assertCurrent(job, 0);
        assert(bytes28(market.slotWord(requester, slot)) == bytes28(keccak256(abi.encode(job))));
        assert(market.nextGeneration(requester, slot) == 0);
        assertGained(requester, -int256(uint256(wish.price)), 0);
    }

    /// @notice SPEC J8: generations follow each other, whatever ended the last one.
    function test_a_slot_that_is_used_again_has_the_next_generation(Wish memory wish, uint48 slot) external {
        wish = fixedPrice(wish);
        for (uint48 generation = 1; generation < 4; generation++) {
            assert(market.nextGeneration(requester, slot) == generation);
            IJobMarket.Job memory job = posted(wish, slot);
            assertCurrent(job, 0);
            if (generation == 2) {
                vm.warp(block.timestamp + wish.acceptPeriod + 1);
                market.expire(job);
            } else {
                vm.prank(requester);
                market.cancel(job);
            }
            assertEnded(job);
        }
    }

    // --- cancel -------------------------------------------------------------------------------------------------------------

    /// @notice SPEC J4.
    function test_cancelling_anothers_job_is_refused(Wish memory wish, address other) external {
        IJobMarket.Job memory job = posted(sound(wish), 0);
        vm.assume(other != requester);
        vm.prank(other);
        vm.expectRevert(abi.encodeWithSelector(IJobMarket.NotTheRequester.selector, requester, other));
        market.cancel(job);
    }

    /// @notice SPEC J3.
    function test_cancelling_an_accepted_job_is_refused(Wish memory wish) external {
        IJobMarket.Job memory job = accepted(sound(wish), 0);
        vm.prank(requester);
        vm.expectRevert(
            abi.encodeWithSelector(
                IJobMarket.WrongStatus.selector, job.id, IJobMarket.Status.Open, IJobMarket.Status.Accepted
            )
        );
        market.cancel(job);
    }

    /// @notice SPEC J12, L1: at any time, also after the accept period.
    function test_a_cancelled_job_is_refunded(Wish memory wish, uint48 slot, uint40 later) external {
        IJobMarket.Job memory job = posted(sound(wish), slot);
        vm.warp(block.timestamp + later);
        vm.prank(requester);
        market.cancel(job);
        assertEnded(job);
        assertGained(requester, 0, 0);
    }

    function malformed(IJobMarket.Terms memory terms) private {
        refused(terms, abi.encodeWithSelector(IJobMarket.MalformedTerms.selector, terms.work, terms.opening));
    }

    function refused(IJobMarket.Terms memory terms, bytes memory reason) private {
        vm.prank(requester);
        vm.expectRevert(reason);
        market.post(0, terms);
    }
}

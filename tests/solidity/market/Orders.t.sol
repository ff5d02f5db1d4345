// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {JobIds} from "contracts/market/libraries/JobIds.sol";
import {Stages} from "contracts/market/libraries/Stages.sol";
import {IJobMarket, JobId, Stage} from "interfaces/IJobMarket.sol";
import {ILedger} from "interfaces/ILedger.sol";
import {ISignedOrders} from "interfaces/ISignedOrders.sol";
import {OrderFixture} from "tests/solidity/market/OrderFixture.sol";
import {ONLY, Wish} from "tests/solidity/support/Terms.sol";
import {vm} from "tests/solidity/support/Vm.sol";

/// @notice `fill`, `fillAndClaim`, `skipSlot`, and `raiseEpoch` for orders. (`claimNext` is in ClaimingNext.t.sol.)
contract OrdersTest is OrderFixture {
    using JobIds for JobId;
    using Stages for Stage;

    // --- orders that are refused -----------------------------------------------------------------------------------------------

    /// @notice SPEC J3, S2: the last moment is in time, the next second is not.
    function test_an_order_that_has_expired_is_refused(Wish memory wish, uint40 wait, uint40 late) external {
        ISignedOrders.Order memory order = orderOf(wish, 0, wait);
        bytes memory signature = signed(order);
        vm.warp(uint256(order.expiry) + 1 + late);
        refused(order, signature, abi.encodeWithSelector(IJobMarket.TooLate.selector, order.expiry));
        vm.warp(order.expiry);
        vm.prank(provider);
        market.fill(order, signature);
    }

    /// @notice SPEC S2.
    function test_an_order_for_another_generation_is_refused(Wish memory wish, uint48 slot, uint48 generation)
        external
    {
        vm.assume(generation != 1);
        ISignedOrders.Order memory order = orderOf(wish, slot, 100);
        order.jobId = JobIds.pack(requester, slot, generation);
        bytes memory reason =
            abi.encodeWithSelector(ISignedOrders.OrderNotFillable.selector, order.jobId, uint48(1));
        refused(order, signed(order), reason);
    }

    /// @notice SPEC S2: neither while its job runs nor when it is over.
    function test_an_order_is_filled_once(Wish memory wish, bool over) external {
        wish.runPeriod = 0;
        ISignedOrders.Order memory order = orderOf(wish, 0, 5 days);
        bytes memory signature = signed(order);
        vm.prank(provider);
        market.fill(order, signature);
        if (over) {
            IJobMarket.Job memory job =
                acceptedRecord(openOf(order, wish), agreedPrice(wish, order), provider);
            vm.warp(block.timestamp + 2);
            market.expire(job);
        }
        bytes memory reason = abi.encodeWithSelector(
            ISignedOrders.OrderNotFillable.selector, order.jobId, uint48(over ? 2 : 0)
        );
        refused(order, signed(order), reason);
    }

    /// @notice SPEC S2.
    function test_an_order_for_a_generation_that_was_skipped_is_refused(Wish memory wish, uint48 slot)
        external
    {
        ISignedOrders.Order memory order = orderOf(wish, slot, 100);
        vm.prank(requester);
        market.skipSlot(slot, 1);
        assert(market.nextGeneration(requester, slot) == 2);
        bytes memory reason =
            abi.encodeWithSelector(ISignedOrders.OrderNotFillable.selector, order.jobId, uint48(2));
        refused(order, signed(order), reason);
    }

    /// @notice SPEC J2: the generation that the caller means, or none.
    function test_another_generation_is_not_skipped(uint48 slot, uint48 generation) external {
        vm.assume(generation != 1);
        bytes memory reason = abi.encodeWithSelector(
            ISignedOrders.OrderNotFillable.selector, JobIds.pack(requester, slot, 1), uint48(1)
        );
        vm.prank(requester);
        vm.expectRevert(reason);
        market.skipSlot(slot, generation);
    }

    function test_a_slot_in_use_is_not_skipped(Wish memory wish) external {
        posted(fixedPrice(wish), 3);
        vm.prank(requester);
        vm.expectRevert(abi.encodeWithSelector(IJobMarket.SlotInUse.selector, requester, 3));
        market.skipSlot(3, 1);
    }

    /// @notice SPEC S1: any field that is not as it was signed.
    function test_an_order_that_was_altered_is_refused(Wish memory wish, uint8 word, uint256 flip) external {
        ISignedOrders.Order memory order = orderOf(wish, 0, 100);
        bytes memory signature = signed(order);
        uint256[7] memory words = abi.decode(abi.encode(order), (uint256[7]));
        // Nobody else's slots, and no expiry that is over: those are other reasons.
        if (word % 7 == 0) flip = flip % 2 ** 96;
        if (word % 7 == 6) flip = flip % 2 ** 39;
        words[word % 7] ^= flip;
        vm.assume(flip != 0 && words[6] >= block.timestamp);
        vm.prank(provider);
        (bool success, bytes memory reason) =
            address(market).call(bytes.concat(market.fill.selector, abi.encode(words, signature)));
        assert(!success);
        bytes4 selector = bytes4(reason);
        // Another generation is not the next one, and bits that mean nothing are not signed.
        assert(
            selector == ISignedOrders.BadSignature.selector
                || (word % 7 == 0 && selector == ISignedOrders.OrderNotFillable.selector)
                || (word % 7 == 2 && selector == IJobMarket.MalformedTerms.selector)
        );
    }

    /// @notice SPEC S1: a signature of another epoch, of any struct.
    function test_an_order_of_an_earlier_epoch_is_refused(Wish memory wish) external {
        ISignedOrders.Order memory order = orderOf(wish, 0, 100);
        bytes memory signature = signed(order);
        vm.prank(requester);
        market.raiseEpoch();
        assert(market.accountOf(requester).epoch == 1);
        refused(order, signature, badSignature(order));
        signature = signed(order);
        vm.prank(provider);
        market.fill(order, signature);
    }

    /// @notice SPEC J19.
    function test_an_order_for_one_is_for_nobody_else(Wish memory wish, address other) external {
        vm.assume(other != stranger);
        ISignedOrders.Order memory order = orderOf(wish, 0, 100);
        (wish.admission, wish.gate) = (ONLY, stranger);
        order.terms = wish.terms();
        bytes memory signature = signed(order);
        vm.prank(other);
        vm.expectRevert(
            abi.encodeWithSelector(
                IJobMarket.NotAdmitted.selector, IJobMarket.Admission.Only, stranger, other
            )
        );
        market.fill(order, signature);
    }

    /// @notice SPEC J13: what cannot be posted cannot be signed.
    function test_an_order_with_unsound_terms_is_refused(Wish memory wish, uint8 rounds) external {
        vm.assume(rounds > 15);
        ISignedOrders.Order memory order = orderOf(wish, 0, 100);
        wish.rounds = rounds;
        order.terms = wish.terms();
        refused(order, signed(order), abi.encodeWithSelector(IJobMarket.RoundsOutOfRange.selector, rounds));
    }

    /// @notice SPEC S5, L4: the price is taken when the order is filled, and it has to be there.
    function test_an_order_that_is_not_covered_is_refused(Wish memory wish, uint96 more) external {
        vm.assume(more > FORTUNE);
        ISignedOrders.Order memory order = orderOf(wish, 0, 100);
        (wish.price, wish.floorPrice) = (more, 0);
        order.terms = wish.terms();
        bytes memory reason = abi.encodeWithSelector(ILedger.BalanceTooLow.selector, requester, FORTUNE, more);
        refused(order, signed(order), reason);
        assertGained(requester, 0, 0);
    }

    /// @notice SPEC L4.
    function test_a_provider_without_the_bond_is_refused(Wish memory wish, address poor) external {
        vm.assume(market.accountOf(poor).stake == 0);
        ISignedOrders.Order memory order = orderOf(wish, 0, 100);
        bytes memory signature = signed(order);
        vm.prank(poor);
        vm.expectRevert(abi.encodeWithSelector(ILedger.StakeTooLow.selector, poor, 0, wish.bond));
        market.fill(order, signature);
        vm.prank(poor);
        vm.expectRevert(abi.encodeWithSelector(ILedger.StakeTooLow.selector, poor, 0, wish.bond));
        market.fillAndClaim(signature, order, wish.finalRoots(), "", new IJobMarket.Job[](0));
    }

    /// @notice SPEC J6.
    function test_filling_and_claiming_with_another_number_of_roots_is_refused(
        Wish memory wish,
        bytes32[] calldata roots
    ) external {
        ISignedOrders.Order memory order = orderOf(wish, 0, 100);
        vm.assume(roots.length != wish.taskCount);
        bytes memory signature = signed(order);
        vm.prank(provider);
        vm.expectRevert(
            abi.encodeWithSelector(IJobMarket.WrongTaskCount.selector, wish.taskCount, roots.length)
        );
        market.fillAndClaim(signature, order, roots, "", new IJobMarket.Job[](0));
    }

    // --- orders that are filled -----------------------------------------------------------------------------------------------

    /// @notice SPEC S5, J20, L1: from the requester's account, at the price of the moment, which rises to its ceiling at the expiry.
    function test_an_order_becomes_an_accepted_job(Wish memory wish, uint48 slot, uint40 period, uint40 wait)
        external
    {
        ISignedOrders.Order memory order = orderOf(wish, slot, period);
        bytes memory signature = signed(order);
        vm.warp(block.timestamp + wait % (order.expiry - block.timestamp + 1));
        vm.prank(provider);
        market.fill(order, signature);

        uint96 price = agreedPrice(wish, order);
        assertCurrent(acceptedRecord(openOf(order, wish), price, provider), 0);
        assertGained(requester, -int256(uint256(price)), 0);
        assertGained(provider, 0, -int256(uint256(wish.bond)));
    }

    /// @notice SPEC J18, S2, L1: the same, and claimed; what can be finalized of the jobs that come with it is, the rest keeps nobody.
    function test_an_order_is_filled_and_claimed_at_once(Wish memory wish, uint40 wait, bool finalizable)
        external
    {
        Wish memory first = fixedPrice(abi.decode(abi.encode(wish), (Wish)));
        IJobMarket.Job memory last = claimed(first, 7, first.finalRoots());
        vm.warp(block.timestamp + first.challengePeriod + (finalizable ? 1 : 0));
        ISignedOrders.Order memory order = orderOf(wish, 0, 5 days);
        bytes memory signature = signed(order);
        vm.warp(block.timestamp + (finalizable ? wait % 5 days : 0));
        vm.prank(provider);
        market.fillAndClaim(signature, order, wish.finalRoots(), "result", one(last));

        uint96 price = agreedPrice(wish, order);
        IJobMarket.Job memory job = acceptedRecord(openOf(order, wish), price, provider);
        assertCurrent(claimedRecord(job, wish.finalRoots()), 0);
        if (!finalizable) return assertCurrent(last, 0);
        assertEnded(last);
        uint256 paid = first.price - uint256(first.price) * FEE_SHARE / 10_000;
        assertGained(provider, int256(paid), -int256(uint256(wish.bond)));
    }

    // --- an order ---------------------------------------------------------------------------------------------------------------

    function refused(ISignedOrders.Order memory order, bytes memory signature, bytes memory reason) private {
        vm.prank(provider);
        vm.expectRevert(reason);
        market.fill(order, signature);
    }
}

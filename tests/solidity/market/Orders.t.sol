// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {JobIds} from "contracts/market/libraries/JobIds.sol";
import {Stages} from "contracts/market/libraries/Stages.sol";
import {IJobMarket, JobId, Stage} from "interfaces/IJobMarket.sol";
import {ILedger} from "interfaces/ILedger.sol";
import {ISignedOrders} from "interfaces/ISignedOrders.sol";
import {MarketFixture} from "tests/solidity/market/MarketFixture.sol";
import {Signed} from "tests/solidity/support/Signed.sol";
import {ONLY, Wish} from "tests/solidity/support/Terms.sol";
import {vm} from "tests/solidity/support/Vm.sol";

/// @notice `fill`, `fillAndClaim`, `claimNext`, `skipSlot`, and `raiseEpoch` for orders.
contract OrdersTest is MarketFixture {
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

    /// @notice SPEC J7, S2, L1: the job before in the slot is paid by the same call, or was before.
    function test_an_order_is_claimed_after_the_job_before(Wish memory wish, uint40 wait, bool ended)
        external
    {
        Wish memory first = fixedPrice(abi.decode(abi.encode(wish), (Wish)));
        IJobMarket.Job memory last = claimed(first, 7, first.finalRoots());
        ISignedOrders.Order memory order = nextOrder(wish, last);
        (bytes32 r, bytes32 vs) = compact(signed(order));
        vm.warp(block.timestamp + first.challengePeriod + 1 + wait % 5 days);
        if (ended) market.settle(last);
        vm.prank(provider);
        market.claimNext(order, r, vs, wish.finalRoots()[0], "result", lastOf(last));

        IJobMarket.Job memory job = openRecord(requester, 7, 2, wish, 0);
        job = acceptedRecord(job, agreedPrice(wish, order), provider);
        assertCurrent(claimedRecord(job, wish.finalRoots()), 0);
        uint256 paid = first.price - uint256(first.price) * FEE_SHARE / 10_000;
        assertGained(provider, int256(paid), -int256(uint256(wish.bond)));
    }

    /// @notice SPEC J7, J2: a job before that cannot be paid keeps the slot.
    function test_an_order_waits_for_the_job_before(Wish memory wish, uint256 wait, bytes32 forged) external {
        Wish memory first = fixedPrice(abi.decode(abi.encode(wish), (Wish)));
        IJobMarket.Job memory last = claimed(first, 7, first.finalRoots());
        ISignedOrders.Order memory order = nextOrder(wish, last);
        (bytes32 r, bytes32 vs) = compact(signed(order));
        bytes32 root = wish.finalRoots()[0];

        vm.warp(block.timestamp + wait % (first.challengePeriod + 1));
        vm.prank(provider);
        vm.expectRevert(abi.encodeWithSelector(IJobMarket.TooEarly.selector, last.stage.deadline()));
        market.claimNext(order, r, vs, root, "result", lastOf(last));

        vm.warp(uint256(last.stage.deadline()) + 1);
        ISignedOrders.Last memory other = lastOf(last);
        vm.assume(forged != other.commitment);
        other.commitment = forged;
        vm.prank(provider);
        vm.expectRevert(abi.encodeWithSelector(IJobMarket.RecordMismatch.selector, last.id));
        market.claimNext(order, r, vs, root, "result", other);
        assertCurrent(last, 0);
    }

    /// @notice SPEC S1.
    function test_an_order_that_was_not_signed_is_not_claimed_next(Wish memory wish, bytes32 r, bytes32 vs)
        external
    {
        ISignedOrders.Order memory order = orderOf(wish, 0, 100);
        bytes memory reason = badSignature(order);
        ISignedOrders.Last memory none;
        vm.prank(provider);
        vm.expectRevert(reason);
        market.claimNext(order, r, vs, "", "", none);
    }

    // --- an order ---------------------------------------------------------------------------------------------------------------

    /// @dev Of one task, in the slot of `last`, for a while after its challenge period.
    function nextOrder(Wish memory wish, IJobMarket.Job memory last)
        private
        view
        returns (ISignedOrders.Order memory order)
    {
        wish = sound(wish);
        wish.taskCount = 1;
        order.jobId = JobIds.pack(requester, last.id.slot(), last.id.generation() + 1);
        order.terms = wish.terms();
        order.expiry = last.stage.deadline() + 6 days;
    }

    function lastOf(IJobMarket.Job memory job) private pure returns (ISignedOrders.Last memory) {
        return ISignedOrders.Last({deal: job.deal, stage: job.stage, commitment: job.commitment});
    }

    function compact(bytes memory signature) private pure returns (bytes32 r, bytes32 vs) {
        uint8 v = uint8(signature[64]);
        assembly ("memory-safe") {
            r := mload(add(signature, 0x20))
            vs := or(mload(add(signature, 0x40)), shl(255, sub(v, 27)))
        }
    }

    function orderOf(Wish memory wish, uint48 slot, uint40 wait)
        private
        view
        returns (ISignedOrders.Order memory)
    {
        return ISignedOrders.Order({
            jobId: JobIds.pack(requester, slot, 1),
            terms: sound(wish).terms(),
            expiry: uint40(block.timestamp + wait % 365 days)
        });
    }

    function signed(ISignedOrders.Order memory order) private view returns (bytes memory) {
        bytes32 structHash = Signed.order(order, market.accountOf(requester).epoch);
        return Signed.by(REQUESTER_KEY, structHash, address(market));
    }

    function openOf(ISignedOrders.Order memory order, Wish memory wish)
        private
        view
        returns (IJobMarket.Job memory)
    {
        return openRecord(requester, order.jobId.slot(), 1, wish, 0);
    }

    function agreedPrice(Wish memory wish, ISignedOrders.Order memory order) private view returns (uint96) {
        if (wish.floorPrice == 0) return wish.price;
        uint256 left = order.expiry - block.timestamp;
        if (left >= wish.acceptPeriod) return wish.floorPrice;
        uint256 rise = uint256(wish.price) - wish.floorPrice;
        return uint96(wish.floorPrice + rise * (wish.acceptPeriod - left) / wish.acceptPeriod);
    }

    function badSignature(ISignedOrders.Order memory order) private view returns (bytes memory) {
        bytes32 structHash = Signed.order(order, market.accountOf(requester).epoch);
        bytes32 digest = Signed.digest(structHash, block.chainid, address(market));
        return abi.encodeWithSelector(ISignedOrders.BadSignature.selector, requester, digest);
    }

    function refused(ISignedOrders.Order memory order, bytes memory signature, bytes memory reason) private {
        vm.prank(provider);
        vm.expectRevert(reason);
        market.fill(order, signature);
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Deals} from "contracts/market/libraries/Deals.sol";
import {JobIds} from "contracts/market/libraries/JobIds.sol";
import {Stages} from "contracts/market/libraries/Stages.sol";
import {IDisputeGame} from "interfaces/IDisputeGame.sol";
import {Deal, IJobMarket, JobId, Stage} from "interfaces/IJobMarket.sol";
import {ISignedOrders} from "interfaces/ISignedOrders.sol";
import {OrderFixture} from "tests/solidity/market/OrderFixture.sol";
import {Signed} from "tests/solidity/support/Signed.sol";
import {ONLY, Wish} from "tests/solidity/support/Terms.sol";
import {vm} from "tests/solidity/support/Vm.sol";

/// @notice `claimNext`: an order for the place after a job, claimed by the call that pays for that job.
contract ClaimingNextTest is OrderFixture {
    using JobIds for JobId;
    using Deals for Deal;
    using Stages for Stage;

    uint48 private constant SLOT = 7;

    /// @dev The terms of the previous job.
    Wish private first;

    // --- the previous job cannot be paid -----------------------------------------------------------------------------------------

    /// @notice SPEC J7, J3: nobody has claimed it, however late it is.
    function test_a_previous_job_that_is_not_claimed_keeps_the_slot(Wish memory wish, bool open, uint40 wait)
        external
    {
        first = fixedPrice(copyOf(wish));
        IJobMarket.Job memory previous = open ? posted(first, SLOT) : accepted(first, SLOT);
        ISignedOrders.Order memory order = nextOrder(wish, previous);
        vm.warp(block.timestamp + wait % 5 days);
        refusedNext(
            order,
            signed(order),
            previous,
            abi.encodeWithSelector(
                IJobMarket.WrongStatus.selector,
                previous.id,
                IJobMarket.Status.Claimed,
                open ? IJobMarket.Status.Open : IJobMarket.Status.Accepted
            )
        );
        assertCurrent(previous, 0);
    }

    /// @notice SPEC J7, J2: not in its challenge period; not with another record.
    function test_an_order_waits_for_the_previous_job(Wish memory wish, uint256 wait, bytes32 forged)
        external
    {
        IJobMarket.Job memory previous = previousJob(wish);
        ISignedOrders.Order memory order = nextOrder(wish, previous);
        bytes memory signature = signed(order);
        uint40 deadline = previous.stage.deadline();

        vm.warp(block.timestamp + wait % (uint256(deadline) - block.timestamp + 1));
        bytes memory early = abi.encodeWithSelector(IJobMarket.TooEarly.selector, deadline);
        refusedNext(order, signature, previous, early);

        vm.warp(uint256(deadline) + 1);
        IJobMarket.Job memory other = abi.decode(abi.encode(previous), (IJobMarket.Job));
        vm.assume(forged != previous.commitment);
        other.commitment = forged;
        refusedNext(order, signature, other, mismatch(previous));
        assertCurrent(previous, 0);
    }

    /// @notice SPEC J7: not while a dispute about it is open, however late.
    function test_a_previous_job_in_dispute_keeps_the_slot(Wish memory wish, uint40 late) external {
        IJobMarket.Job memory previous = previousJob(wish);
        ISignedOrders.Order memory order = nextOrder(wish, previous);
        bytes memory signature = signed(order);
        challenged(previous, VERIFIER);
        vm.warp(uint256(previous.stage.deadline()) + 1 + late % 5 days);
        bytes memory reason = abi.encodeWithSelector(IJobMarket.DisputesOpen.selector, previous.id, 1);
        refusedNext(order, signature, previous, reason);
        assertCurrent(previous, 1);
    }

    /// @notice SPEC J8, J10: it was slashed, and another dispute about it, moot by now, is still open: its end frees the slot.
    function test_a_previous_job_that_was_slashed_keeps_the_slot_for_its_disputes(Wish memory wish) external {
        IJobMarket.Job memory previous = previousJob(wish);
        ISignedOrders.Order memory order = nextOrder(wish, previous);
        bytes memory signature = signed(order);
        IDisputeGame.Terms memory won = challenged(previous, VERIFIER);
        IDisputeGame.Terms memory moot = challenged(previous, stranger);
        vm.warp(block.timestamp + ALLOWANCE + 1);
        game.timeout(won, abi.encode(previous));

        uint256 deadline = previous.stage.deadline();
        if (block.timestamp <= deadline) vm.warp(deadline + 1);
        refusedNext(order, signature, previous, mismatch(previous));
        assert(market.nextGeneration(requester, SLOT) == 0);

        game.timeout(moot, "");
        claimNext(order, signature, previous);
        assertClaimed(wish, order);
        assertGained(provider, 0, -int256(uint256(previous.deal.bond())) - int256(uint256(wish.bond)));
    }

    /// @notice SPEC S2, J2: the order after the next.
    function test_an_order_that_is_not_the_next_is_refused(Wish memory wish, uint48 more) external {
        more = uint48(1 + more % (2 ** 40));
        IJobMarket.Job memory previous = previousJob(wish);
        ISignedOrders.Order memory order = nextOrder(wish, previous);
        order.jobId = JobIds.pack(requester, SLOT, 2 + more);
        vm.warp(uint256(previous.stage.deadline()) + 1);
        bytes memory reason =
            abi.encodeWithSelector(IJobMarket.RecordMismatch.selector, order.jobId.previous());
        refusedNext(order, signed(order), previous, reason);
    }

    // --- the order does not count ------------------------------------------------------------------------------------------------

    /// @notice SPEC S1: rubbish is nobody's signature, and so not that of address zero either, which is what cannot be recovered.
    function test_an_order_that_was_not_signed_is_not_claimed_next(Wish memory wish, bytes32 r, bytes32 vs)
        external
    {
        ISignedOrders.Order memory order = orderOf(wish, 0, 100);
        IJobMarket.Job memory none;
        refusedNext(order, bytes.concat(r, vs, hex"1b"), none, badSignature(order));

        order.jobId = JobIds.pack(address(0), 0, 1);
        bytes32 digest = Signed.digest(Signed.order(order, 0), block.chainid, address(market));
        bytes memory reason = abi.encodeWithSelector(ISignedOrders.BadSignature.selector, address(0), digest);
        refusedNext(order, bytes.concat(r, vs, hex"1b"), none, reason);
        refusedNext(order, new bytes(65), none, reason);
    }

    /// @notice SPEC S1: a signature of another epoch.
    function test_an_order_of_an_earlier_epoch_is_not_claimed_next(Wish memory wish) external {
        IJobMarket.Job memory previous = previousJob(wish);
        ISignedOrders.Order memory order = nextOrder(wish, previous);
        bytes memory signature = signed(order);
        vm.warp(uint256(previous.stage.deadline()) + 1);
        vm.prank(requester);
        market.raiseEpoch();
        refusedNext(order, signature, previous, badSignature(order));
        claimNext(order, signed(order), previous);
        assertClaimed(wish, order);
    }

    /// @notice SPEC J3, S2: its last moment is in time, the next second is not.
    function test_an_order_that_has_expired_is_not_claimed_next(Wish memory wish, uint40 late) external {
        IJobMarket.Job memory previous = previousJob(wish);
        ISignedOrders.Order memory order = nextOrder(wish, previous);
        bytes memory signature = signed(order);
        vm.warp(uint256(order.expiry) + 1 + late);
        bytes memory reason = abi.encodeWithSelector(IJobMarket.TooLate.selector, order.expiry);
        refusedNext(order, signature, previous, reason);
        assertCurrent(previous, 0);
        vm.warp(order.expiry);
        claimNext(order, signature, previous);
        assertClaimed(wish, order);
    }

    /// @notice SPEC J19: direct hire.
    function test_an_order_for_one_is_not_claimed_next_by_another(Wish memory wish, address other) external {
        vm.assume(other != provider);
        IJobMarket.Job memory previous = previousJob(wish);
        ISignedOrders.Order memory order = nextOrder(wish, previous);
        (wish.admission, wish.gate) = (ONLY, provider);
        order.terms = wish.terms();
        bytes memory signature = signed(order);
        vm.warp(uint256(previous.stage.deadline()) + 1);
        vm.prank(other);
        (bool success, bytes memory reason) = address(market).call(nextCall(order, signature, previous));
        assert(!success);
        assert(
            keccak256(reason)
                == keccak256(
                    abi.encodeWithSelector(
                        IJobMarket.NotAdmitted.selector, IJobMarket.Admission.Only, provider, other
                    )
                )
        );
        claimNext(order, signature, previous);
        assertClaimed(wish, order);
    }

    /// @notice SPEC S2: skipped while its slot was free.
    function test_an_order_that_was_skipped_is_not_claimed_next(Wish memory wish) external {
        IJobMarket.Job memory previous = previousJob(wish);
        ISignedOrders.Order memory order = nextOrder(wish, previous);
        bytes memory signature = signed(order);
        vm.warp(uint256(previous.stage.deadline()) + 1);
        bytes[] memory calls = new bytes[](2);
        calls[0] = abi.encodeCall(market.settle, (previous));
        calls[1] = abi.encodeCall(market.skipSlot, (SLOT, 2));
        vm.prank(requester);
        market.multicall(calls);
        refusedNext(order, signature, previous, notFillable(order, 3));
        // Nor the one after it, before that: a slot that is free needs no previous job, but has one next generation.
        order.jobId = JobIds.pack(requester, SLOT, 4);
        refusedNext(order, signed(order), previous, notFillable(order, 3));
    }

    /// @notice SPEC S2: neither by this call nor by another, while its job is there or when it is over.
    function test_an_order_that_was_claimed_next_is_not_filled_again(Wish memory wish, bool over) external {
        IJobMarket.Job memory previous = previousJob(wish);
        ISignedOrders.Order memory order = nextOrder(wish, previous);
        order.expiry += 60 days;
        bytes memory signature = signed(order);
        vm.warp(uint256(previous.stage.deadline()) + 1);
        claimNext(order, signature, previous);
        if (over) {
            IJobMarket.Job memory job = assertClaimed(wish, order);
            vm.warp(uint256(job.stage.deadline()) + 1);
            market.settle(job);
        }
        bytes32[] memory roots = wish.finalRoots();
        vm.prank(provider);
        vm.expectRevert(notFillable(order, over ? 3 : 0));
        market.fillAndClaim(signature, order, roots, "", one(previous));
        refusedNext(order, signature, previous, over ? notFillable(order, 3) : mismatch(previous));
    }

    // --- an order that is claimed ------------------------------------------------------------------------------------------------

    /// @notice SPEC J7, S2, L1: the previous job in the slot is paid by the same call, or was before.
    function test_an_order_is_claimed_after_the_previous_job(Wish memory wish, uint40 wait, bool ended)
        external
    {
        IJobMarket.Job memory previous = previousJob(wish);
        ISignedOrders.Order memory order = nextOrder(wish, previous);
        bytes memory signature = signed(order);
        vm.warp(uint256(previous.stage.deadline()) + 1 + wait % 5 days);
        if (ended) market.settle(previous);
        claimNext(order, signature, previous);

        assertClaimed(wish, order);
        assertGained(provider, paidFor(previous), -int256(uint256(wish.bond)));
    }

    /// @notice SPEC J7, L1: each provider is paid for its own job.
    function test_the_previous_job_of_another_provider_is_paid_to_that_one(Wish memory wish, uint40 wait)
        external
    {
        first = fixedPrice(copyOf(wish));
        first.taskCount = 1;
        IJobMarket.Job memory previous = posted(first, SLOT);
        vm.prank(stranger);
        market.accept(previous);
        previous = acceptedRecord(previous, first.price, stranger);
        bytes32[] memory roots = first.finalRoots();
        vm.prank(stranger);
        market.claim(previous, roots[0], "result");
        previous = claimedRecord(previous, roots);
        ISignedOrders.Order memory order = nextOrder(wish, previous);
        vm.warp(uint256(previous.stage.deadline()) + 1 + wait % 5 days);
        claimNext(order, signed(order), previous);

        assertClaimed(wish, order);
        assertGained(stranger, paidFor(previous), 0);
        assertGained(provider, 0, -int256(uint256(wish.bond)));
    }

    // --- the previous job, and the order after it --------------------------------------------------------------------------------

    /// @dev Claimed by the provider; of one task, so that it can be challenged by a proof without siblings.
    function previousJob(Wish memory wish) private returns (IJobMarket.Job memory) {
        first = fixedPrice(copyOf(wish));
        first.taskCount = 1;
        return claimed(first, SLOT, first.finalRoots());
    }

    function copyOf(Wish memory wish) private pure returns (Wish memory) {
        return abi.decode(abi.encode(wish), (Wish));
    }

    /// @dev Of one task, in the slot of `previous`, for a while after its deadline.
    function nextOrder(Wish memory wish, IJobMarket.Job memory previous)
        private
        view
        returns (ISignedOrders.Order memory order)
    {
        wish = sound(wish);
        wish.taskCount = 1;
        order.jobId = JobIds.pack(requester, SLOT, previous.id.generation() + 1);
        order.terms = wish.terms();
        order.expiry = previous.stage.deadline() + 6 days;
    }

    /// @dev A dispute about the only task of `previous`.
    function challenged(IJobMarket.Job memory previous, address challenger)
        private
        returns (IDisputeGame.Terms memory terms)
    {
        bytes32 claimedRoot = first.finalRoots()[0];
        terms = IDisputeGame.Terms({
            market: address(market),
            claim: JobId.unwrap(previous.id),
            task: 0,
            referee: first.referee,
            rounds: first.rounds,
            challenger: challenger,
            defender: provider,
            initialRoot: first.roots(0)[0],
            claimedRoot: claimedRoot
        });
        bytes32[] memory none;
        IJobMarket.TaskProof memory proof =
            IJobMarket.TaskProof(0, terms.initialRoot, none, claimedRoot, none);
        bytes32[16] memory list;
        list[15] = "where the challenger ends";
        vm.prank(challenger);
        market.challenge(previous, first.terms(), claimedRoot, proof, list);
    }

    function paidFor(IJobMarket.Job memory job) private pure returns (int256) {
        uint256 price = job.deal.price();
        return int256(price - price * FEE_SHARE / 10_000);
    }

    // --- the call ----------------------------------------------------------------------------------------------------------------

    function nextCall(
        ISignedOrders.Order memory order,
        bytes memory signature,
        IJobMarket.Job memory previous
    ) private view returns (bytes memory) {
        (bytes32 r, bytes32 vs) = compact(signature);
        return
            abi.encodeCall(market.claimNext, (order, r, vs, finalRoot(order), "result", recordOf(previous)));
    }

    function claimNext(
        ISignedOrders.Order memory order,
        bytes memory signature,
        IJobMarket.Job memory previous
    ) private {
        bytes memory call = nextCall(order, signature, previous);
        vm.prank(provider);
        (bool success,) = address(market).call(call);
        require(success, "the order was refused");
    }

    function refusedNext(
        ISignedOrders.Order memory order,
        bytes memory signature,
        IJobMarket.Job memory previous,
        bytes memory expected
    ) private {
        bytes memory call = nextCall(order, signature, previous);
        vm.prank(provider);
        (bool success, bytes memory reason) = address(market).call(call);
        require(!success, "the order was claimed");
        require(keccak256(reason) == keccak256(expected), "it was refused for another reason");
    }

    /// @dev Some root: nobody looks at it here.
    function finalRoot(ISignedOrders.Order memory order) private pure returns (bytes32) {
        return keccak256(abi.encode("where it ends", order.terms.taskRoot));
    }

    /// @dev The slot holds the order's job, claimed at this moment by the provider.
    function assertClaimed(Wish memory wish, ISignedOrders.Order memory order)
        private
        view
        returns (IJobMarket.Job memory job)
    {
        job = openRecord(requester, SLOT, order.jobId.generation(), wish, 0);
        job = acceptedRecord(job, agreedPrice(wish, order), provider);
        bytes32[] memory roots = new bytes32[](1);
        roots[0] = finalRoot(order);
        job = claimedRecord(job, roots);
        assertCurrent(job, 0);
    }

    function recordOf(IJobMarket.Job memory job) private pure returns (ISignedOrders.PreviousJob memory) {
        return ISignedOrders.PreviousJob({deal: job.deal, stage: job.stage, commitment: job.commitment});
    }

    function compact(bytes memory signature) private pure returns (bytes32 r, bytes32 vs) {
        uint8 v = uint8(signature[64]);
        assembly ("memory-safe") {
            r := mload(add(signature, 0x20))
            vs := mload(add(signature, 0x40))
            if iszero(iszero(v)) { vs := or(vs, shl(255, sub(v, 27))) }
        }
    }

    function mismatch(IJobMarket.Job memory previous) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IJobMarket.RecordMismatch.selector, previous.id);
    }

    function notFillable(ISignedOrders.Order memory order, uint48 next) private pure returns (bytes memory) {
        return abi.encodeWithSelector(ISignedOrders.OrderNotFillable.selector, order.jobId, next);
    }
}

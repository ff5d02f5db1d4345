// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Deals} from "contracts/market/libraries/Deals.sol";
import {Deal, IJobMarket} from "interfaces/IJobMarket.sol";
import {MarketFixture} from "tests/solidity/market/MarketFixture.sol";
import {Wish} from "tests/solidity/support/Terms.sol";
import {vm} from "tests/solidity/support/Vm.sol";

/// @notice `finalizeAll` and `expire`. (Cancelling is in Posting.t.sol, declining in Offers.t.sol, slashing in Challenging.t.sol.)
contract EndingTest is MarketFixture {
    using Deals for Deal;

    // --- finalizeAll: nothing to finalize (SPEC J18: the reason for the first) ------------------------------------------------------

    function test_no_jobs_are_refused() external {
        vm.expectRevert(IJobMarket.NoJobs.selector);
        market.finalizeAll(new IJobMarket.Job[](0));
    }

    /// @notice SPEC J2, J7: neither twice, nor with another record.
    function test_a_job_that_has_ended_is_refused(Wish memory wish) external {
        wish = sound(wish);
        IJobMarket.Job memory job = claimed(wish, 0, wish.finalRoots());
        vm.warp(block.timestamp + wish.challengePeriod + 1);
        market.finalizeAll(one(job));
        vm.expectRevert(abi.encodeWithSelector(IJobMarket.RecordMismatch.selector, job.id));
        market.finalizeAll(one(job));
    }

    /// @notice SPEC J3.
    function test_a_job_that_is_not_claimed_is_refused(Wish memory wish, bool open, uint40 wait) external {
        IJobMarket.Job memory job = open ? posted(sound(wish), 0) : accepted(sound(wish), 0);
        vm.warp(block.timestamp + wait);
        vm.expectRevert(
            abi.encodeWithSelector(
                IJobMarket.WrongStatus.selector,
                job.id,
                IJobMarket.Status.Claimed,
                open ? IJobMarket.Status.Open : IJobMarket.Status.Accepted
            )
        );
        market.finalizeAll(one(job));
    }

    /// @notice SPEC J3, J7: not in the last second of the challenge period.
    function test_a_claim_that_can_still_be_challenged_is_refused(Wish memory wish, uint256 wait) external {
        wish = sound(wish);
        IJobMarket.Job memory job = claimed(wish, 0, wish.finalRoots());
        uint256 deadline = block.timestamp + wish.challengePeriod;
        vm.warp(block.timestamp + wait % (uint256(wish.challengePeriod) + 1));
        vm.expectRevert(abi.encodeWithSelector(IJobMarket.TooEarly.selector, deadline));
        market.finalizeAll(one(job));
    }

    /// @notice SPEC J7: not while a dispute about it is open, however late.
    function test_a_claim_in_dispute_is_refused(Wish memory wish, uint40 late) external {
        wish = sound(wish);
        wish.taskCount = 1;
        bytes32[] memory roots = wish.finalRoots();
        IJobMarket.Job memory job = claimed(wish, 0, roots);
        dispute(job, wish, roots);
        vm.warp(block.timestamp + wish.challengePeriod + 1 + late);
        vm.expectRevert(abi.encodeWithSelector(IJobMarket.DisputesOpen.selector, job.id, 1));
        market.finalizeAll(one(job));
    }

    // --- finalizeAll ----------------------------------------------------------------------------------------------------------------

    /// @notice SPEC J7, J21, L1: price less fee and bond go to the provider, the fee to its recipient.
    function test_a_finalized_job_is_paid(Wish memory wish, uint40 late, address by) external {
        wish = sound(wish);
        IJobMarket.Job memory job = claimed(wish, 0, wish.finalRoots());
        vm.warp(block.timestamp + wish.challengePeriod + 1 + late);
        vm.prank(by);
        assert(market.finalizeAll(one(job)) == 1);
        assertEnded(job);
        uint256 price = job.deal.price();
        uint256 fee = price * FEE_SHARE / 10_000;
        assertGained(provider, int256(price - fee), 0);
        assertGained(requester, -int256(price), 0);
        assertGained(FEES, int256(fee), 0);
    }

    /// @notice SPEC J18: of many records, some twice, some outdated, some disputed, some too early, just those are finalized that can be.
    function test_what_cannot_be_finalized_keeps_nothing_else(Wish memory wish, uint8[12] calldata picks)
        external
    {
        wish = fixedPrice(wish);
        wish.taskCount = 1;
        wish.price %= FORTUNE / 8;
        wish.bond = MINIMUM_BOND;
        bytes32[] memory roots = wish.finalRoots();
        IJobMarket.Job[6] memory jobs;
        jobs[0] = claimed(wish, 0, roots);
        jobs[1] = claimed(wish, 1, roots);
        jobs[2] = claimed(wish, 2, roots);
        jobs[3] = accepted(wish, 3);
        jobs[4] = abi.decode(abi.encode(jobs[0]), (IJobMarket.Job));
        jobs[4].commitment = "another record";
        dispute(jobs[2], wish, roots);
        vm.warp(block.timestamp + wish.challengePeriod + 1);
        jobs[5] = claimed(wish, 5, roots);

        IJobMarket.Job[] memory mixed = new IJobMarket.Job[](picks.length);
        bool[6] memory picked;
        for (uint256 i = 0; i < picks.length; i++) {
            mixed[i] = jobs[picks[i] % 6];
            picked[picks[i] % 6] = true;
        }
        uint256 expected = (picked[0] ? 1 : 0) + (picked[1] ? 1 : 0);
        if (expected == 0) {
            vm.expectRevert();
            market.finalizeAll(mixed);
        } else {
            assert(market.finalizeAll(mixed) == expected);
        }
        for (uint256 i = 0; i < 6; i++) {
            (bool current,) = market.isCurrent(jobs[i]);
            assert(current == (i == 2 || i == 3 || i == 5 || (i < 2 && !picked[i])));
        }
        uint256 fee = uint256(wish.price) * FEE_SHARE / 10_000;
        assertGained(FEES, int256(fee * expected), 0);
    }

    // --- expire ---------------------------------------------------------------------------------------------------------------------

    /// @notice SPEC J3: not in the last second.
    function test_a_job_that_is_still_in_time_does_not_expire(Wish memory wish, bool open, uint256 wait)
        external
    {
        wish = sound(wish);
        IJobMarket.Job memory job = open ? posted(wish, 0) : accepted(wish, 0);
        uint256 period = open ? wish.acceptPeriod : wish.runPeriod;
        uint256 deadline = block.timestamp + period;
        vm.warp(block.timestamp + wait % (period + 1));
        vm.expectRevert(abi.encodeWithSelector(IJobMarket.TooEarly.selector, deadline));
        market.expire(job);
    }

    /// @notice SPEC J3, J12.
    function test_a_claimed_job_does_not_expire(Wish memory wish, uint40 late) external {
        wish = sound(wish);
        IJobMarket.Job memory job = claimed(wish, 0, wish.finalRoots());
        vm.warp(block.timestamp + wish.challengePeriod + 1 + late);
        vm.expectRevert(
            abi.encodeWithSelector(
                IJobMarket.WrongStatus.selector, job.id, IJobMarket.Status.Accepted, IJobMarket.Status.Claimed
            )
        );
        market.expire(job);
    }

    /// @notice SPEC J12, J15: by anyone, however late.
    function test_a_job_that_nobody_accepted_is_refunded(Wish memory wish, uint40 late, address by) external {
        wish = sound(wish);
        IJobMarket.Job memory job = posted(wish, 0);
        vm.warp(block.timestamp + wish.acceptPeriod + 1 + late);
        vm.prank(by);
        market.expire(job);
        assertEnded(job);
        assertGained(requester, 0, 0);
    }

    /// @notice SPEC J12, L1: the requester and the flames share the bond; no part of it is too small to be burned.
    function test_a_job_that_nobody_claimed_costs_the_bond(Wish memory wish, uint40 late, address by)
        external
    {
        wish = sound(wish);
        IJobMarket.Job memory job = accepted(wish, 0);
        vm.warp(block.timestamp + wish.runPeriod + 1 + late);
        vm.prank(by);
        market.expire(job);
        assertEnded(job);
        int256 bond = int256(uint256(wish.bond));
        int256 burned = int256((uint256(wish.bond) * BURN_SHARE + 9_999) / 10_000);
        assert(burned > 0);
        assertGained(requester, bond - burned, 0);
        assertGained(provider, 0, -bond);
        assertGained(BURNED, burned, 0);
    }

    function dispute(IJobMarket.Job memory job, Wish memory wish, bytes32[] memory roots) private {
        IJobMarket.TaskProof memory proof = IJobMarket.TaskProof({
            task: 0,
            initialRoot: wish.roots(0)[0],
            initialSiblings: new bytes32[](0),
            finalRoot: roots[0],
            finalSiblings: new bytes32[](0)
        });
        bytes32[16] memory list;
        vm.prank(VERIFIER);
        market.challenge(job, wish.terms(), roots[0], proof, list);
    }
}

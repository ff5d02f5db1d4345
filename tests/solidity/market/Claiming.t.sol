// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IJobMarket} from "interfaces/IJobMarket.sol";
import {MarketFixture} from "tests/solidity/market/MarketFixture.sol";
import {Wish} from "tests/solidity/support/Terms.sol";
import {vm} from "tests/solidity/support/Vm.sol";

/// @notice `claim` and `claimBatch`.
contract ClaimingTest is MarketFixture {
    /// @notice SPEC J4.
    function test_a_claim_for_another_is_refused(Wish memory wish, address other) external {
        vm.assume(other != provider);
        wish = sound(wish);
        IJobMarket.Job memory job = accepted(wish, 0);
        vm.prank(other);
        vm.expectRevert(abi.encodeWithSelector(IJobMarket.NotTheProvider.selector, provider, other));
        market.claimBatch(job, wish.finalRoots(), "result");
    }

    /// @notice SPEC J3.
    function test_a_claim_of_a_job_that_is_not_accepted_is_refused(Wish memory wish, bool again) external {
        wish = sound(wish);
        IJobMarket.Job memory job = again ? claimed(wish, 0, wish.finalRoots()) : posted(wish, 0);
        vm.prank(provider);
        vm.expectRevert(
            abi.encodeWithSelector(
                IJobMarket.WrongStatus.selector,
                job.id,
                IJobMarket.Status.Accepted,
                again ? IJobMarket.Status.Claimed : IJobMarket.Status.Open
            )
        );
        market.claimBatch(job, wish.finalRoots(), "result");
    }

    /// @notice SPEC J3: the last second is in time, the next one is not.
    function test_a_claim_after_the_deadline_is_refused(Wish memory wish, uint40 late) external {
        wish = sound(wish);
        IJobMarket.Job memory job = accepted(wish, 0);
        uint256 deadline = block.timestamp + wish.runPeriod;
        vm.warp(deadline + 1 + late);
        vm.prank(provider);
        vm.expectRevert(abi.encodeWithSelector(IJobMarket.TooLate.selector, deadline));
        market.claimBatch(job, wish.finalRoots(), "result");

        vm.warp(deadline);
        vm.prank(provider);
        market.claimBatch(job, wish.finalRoots(), "result");
    }

    /// @notice SPEC J6: one root for each task.
    function test_another_number_of_roots_is_refused(Wish memory wish, bytes32[] calldata roots) external {
        wish = sound(wish);
        vm.assume(roots.length != wish.taskCount);
        IJobMarket.Job memory job = accepted(wish, 0);
        vm.prank(provider);
        vm.expectRevert(
            abi.encodeWithSelector(IJobMarket.WrongTaskCount.selector, wish.taskCount, roots.length)
        );
        market.claimBatch(job, roots, "result");
    }

    /// @notice SPEC J6: a single root for several tasks would hide theirs.
    function test_one_root_for_several_tasks_is_refused(Wish memory wish, bytes32 root) external {
        wish = sound(wish);
        vm.assume(wish.taskCount > 1);
        IJobMarket.Job memory job = accepted(wish, 0);
        vm.prank(provider);
        vm.expectRevert(abi.encodeWithSelector(IJobMarket.WrongTaskCount.selector, wish.taskCount, 1));
        market.claim(job, root, "result");
    }

    /// @notice SPEC J1, J2: the claim is in the record; no money moves.
    function test_a_claim_stores_the_record(Wish memory wish, bytes32[] memory roots, uint256 wait) external {
        vm.assume(roots.length > 0 && roots.length <= 64);
        wish = fixedPrice(wish);
        wish.taskCount = uint32(roots.length);
        IJobMarket.Job memory job = accepted(wish, 0);
        vm.warp(block.timestamp + wait % (uint256(wish.runPeriod) + 1));
        vm.prank(provider);
        market.claimBatch(job, roots, "result");
        assertCurrent(claimedRecord(job, roots), 0);
        assertGained(provider, 0, -int256(uint256(wish.bond)));
        assertGained(requester, -int256(uint256(wish.price)), 0);
    }

    function test_the_root_of_one_task_is_the_claim_root(Wish memory wish, bytes32 root) external {
        wish = fixedPrice(wish);
        wish.taskCount = 1;
        IJobMarket.Job memory job = accepted(wish, 0);
        vm.prank(provider);
        market.claim(job, root, "result");
        bytes32[] memory roots = new bytes32[](1);
        roots[0] = root;
        assertCurrent(claimedRecord(job, roots), 0);
    }
}

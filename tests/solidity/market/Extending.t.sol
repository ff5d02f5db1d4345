// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Stages} from "contracts/market/libraries/Stages.sol";
import {IJobMarket, Stage} from "interfaces/IJobMarket.sol";
import {ISignedOrders} from "interfaces/ISignedOrders.sol";
import {MarketFixture} from "tests/solidity/market/MarketFixture.sol";
import {Signed} from "tests/solidity/support/Signed.sol";
import {Wish} from "tests/solidity/support/Terms.sol";
import {vm} from "tests/solidity/support/Vm.sol";

/// @notice SPEC J22: `extend`.
contract ExtendingTest is MarketFixture {
    using Stages for Stage;

    function test_a_job_that_is_not_accepted_is_not_extended(Wish memory wish, bool open, uint40 deadline)
        external
    {
        wish = sound(wish);
        IJobMarket.Job memory job = open ? posted(wish, 0) : claimed(wish, 0, wish.finalRoots());
        vm.prank(requester);
        vm.expectRevert(
            abi.encodeWithSelector(
                IJobMarket.WrongStatus.selector,
                job.id,
                IJobMarket.Status.Accepted,
                open ? IJobMarket.Status.Open : IJobMarket.Status.Claimed
            )
        );
        market.extend(job, deadline, "");
    }

    /// @notice SPEC J3: a job whose deadline was missed stays missed.
    function test_extending_too_late_is_refused(Wish memory wish, uint40 late) external {
        IJobMarket.Job memory job = accepted(sound(wish), 0);
        uint40 deadline = job.stage.deadline();
        bytes memory signature = by(PROVIDER_KEY, job, deadline + 100);
        vm.warp(uint256(deadline) + 1 + late);
        vm.prank(requester);
        vm.expectRevert(abi.encodeWithSelector(IJobMarket.TooLate.selector, deadline));
        market.extend(job, deadline + 100, signature);
    }

    function test_a_stranger_extends_nothing(Wish memory wish, address other) external {
        vm.assume(other != requester && other != provider);
        IJobMarket.Job memory job = accepted(sound(wish), 0);
        bytes memory signature = by(PROVIDER_KEY, job, job.stage.deadline() + 1);
        vm.prank(other);
        vm.expectRevert(abi.encodeWithSelector(ISignedOrders.NotAParty.selector, job.id, other));
        market.extend(job, job.stage.deadline() + 1, signature);
    }

    /// @notice Neither an earlier deadline, nor the same, nor one beyond 30 days from now.
    function test_a_deadline_that_is_no_extension_is_refused(Wish memory wish, uint40 deadline) external {
        IJobMarket.Job memory job = accepted(sound(wish), 0);
        vm.assume(deadline <= job.stage.deadline() || deadline > block.timestamp + 30 days);
        bytes memory signature = by(PROVIDER_KEY, job, deadline);
        vm.prank(requester);
        vm.expectRevert(
            abi.encodeWithSelector(ISignedOrders.NoExtension.selector, job.stage.deadline(), deadline)
        );
        market.extend(job, deadline, signature);
    }

    /// @notice Neither side alone, nor with another's signature, nor with one over another deadline.
    function test_an_extension_that_the_other_side_has_not_signed_is_refused(
        Wish memory wish,
        bool byProvider,
        bool other
    ) external {
        wish.runPeriod %= 20 days;
        IJobMarket.Job memory job = accepted(sound(wish), 0);
        uint40 deadline = job.stage.deadline() + 1;
        uint256 wrong = byProvider ? PROVIDER_KEY : REQUESTER_KEY;
        bytes memory signature = other
            ? by(byProvider ? REQUESTER_KEY : PROVIDER_KEY, job, deadline + 1)
            : by(wrong, job, deadline);
        vm.prank(byProvider ? provider : requester);
        vm.expectPartialRevert(ISignedOrders.BadSignature.selector);
        market.extend(job, deadline, signature);
    }

    /// @notice From the deadline that was signed, once; no money moves.
    function test_both_together_extend(Wish memory wish, bool byProvider, uint40 more) external {
        wish.runPeriod %= 20 days;
        IJobMarket.Job memory job = accepted(sound(wish), 0);
        uint40 deadline = uint40(job.stage.deadline() + 1 + more % 10 days);
        bytes memory signature = by(byProvider ? REQUESTER_KEY : PROVIDER_KEY, job, deadline);
        vm.prank(byProvider ? provider : requester);
        market.extend(job, deadline, signature);

        job.stage = job.stage.advance(IJobMarket.Status.Accepted, deadline, provider);
        assertCurrent(job, 0);
        assertGained(provider, 0, -int256(uint256(wish.bond)));
        vm.warp(deadline);
        vm.prank(provider);
        market.claimBatch(job, wish.finalRoots(), "");
    }

    function by(uint256 key, IJobMarket.Job memory job, uint40 deadline) private view returns (bytes memory) {
        bytes32 structHash = Signed.extension(job.id, job.stage.deadline(), deadline, 0);
        return Signed.by(key, structHash, address(market));
    }
}

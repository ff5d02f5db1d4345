// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Deals} from "contracts/market/libraries/Deals.sol";
import {Deal, IJobMarket} from "interfaces/IJobMarket.sol";
import {ILedger} from "interfaces/ILedger.sol";
import {MarketFixture} from "tests/solidity/market/MarketFixture.sol";
import {HostileGate} from "tests/solidity/support/Gates.sol";
import {ONLY, LISTED, Wish} from "tests/solidity/support/Terms.sol";
import {vm} from "tests/solidity/support/Vm.sol";

/// @notice `accept` and `acceptUnder`.
contract AcceptingTest is MarketFixture {
    using Deals for Deal;

    // --- a fixed price, for anyone ------------------------------------------------------------------------------------------

    /// @notice SPEC J3.
    function test_accepting_a_job_twice_is_refused(Wish memory wish) external {
        IJobMarket.Job memory job = accepted(fixedPrice(wish), 0);
        vm.prank(stranger);
        vm.expectRevert(
            abi.encodeWithSelector(
                IJobMarket.WrongStatus.selector, job.id, IJobMarket.Status.Open, IJobMarket.Status.Accepted
            )
        );
        market.accept(job);
    }

    /// @notice SPEC J3: the last second is in time, the next one is not.
    function test_accepting_after_the_deadline_is_refused(Wish memory wish, uint40 late) external {
        wish = fixedPrice(wish);
        IJobMarket.Job memory job = posted(wish, 0);
        uint256 deadline = block.timestamp + wish.acceptPeriod;
        vm.warp(deadline + 1 + late);
        vm.prank(provider);
        vm.expectRevert(abi.encodeWithSelector(IJobMarket.TooLate.selector, deadline));
        market.accept(job);

        vm.warp(deadline);
        vm.prank(provider);
        market.accept(job);
        assertCurrent(acceptedRecord(job, wish.price, provider), 0);
    }

    /// @notice SPEC L4.
    function test_a_bond_that_is_not_there_is_refused(Wish memory wish, uint96 more) external {
        wish = fixedPrice(wish);
        vm.assume(more > FORTUNE);
        wish.bond = more;
        IJobMarket.Job memory job = posted(wish, 0);
        vm.prank(provider);
        vm.expectRevert(abi.encodeWithSelector(ILedger.StakeTooLow.selector, provider, FORTUNE, more));
        market.accept(job);
    }

    /// @notice SPEC J4, L1: by anyone; the bond is out of the stake, and nothing else is.
    function test_an_acceptance_stores_the_record_and_locks_the_bond(Wish memory wish, uint256 wait)
        external
    {
        wish = fixedPrice(wish);
        IJobMarket.Job memory job = posted(wish, 0);
        vm.warp(block.timestamp + wait % (uint256(wish.acceptPeriod) + 1));
        vm.prank(provider);
        market.accept(job);

        assertCurrent(acceptedRecord(job, wish.price, provider), 0);
        assertGained(provider, 0, -int256(uint256(wish.bond)));
        assertGained(requester, -int256(uint256(wish.price)), 0);
    }

    // --- other terms than were posted ---------------------------------------------------------------------------------------

    /// @notice SPEC J2.
    function test_a_conditional_job_is_not_accepted_without_its_terms(Wish memory wish, bool gated) external {
        wish = sound(wish);
        if (gated || wish.floorPrice == 0) (wish.admission, wish.gate) = (ONLY, provider);
        IJobMarket.Job memory job = posted(wish, 0);
        vm.prank(provider);
        vm.expectRevert(abi.encodeWithSelector(IJobMarket.TermsNeeded.selector, job.id));
        market.accept(job);
    }

    /// @notice SPEC J2.
    function test_other_terms_are_refused(Wish memory wish, uint8 word, bytes32 flip) external {
        vm.assume(flip != 0);
        wish = sound(wish);
        IJobMarket.Job memory job = posted(wish, 0);
        bytes32[5] memory words = abi.decode(abi.encode(wish.terms()), (bytes32[5]));
        words[word % 5] ^= flip;
        vm.prank(provider);
        vm.expectRevert(abi.encodeWithSelector(IJobMarket.TermsMismatch.selector, job.commitment));
        market.acceptUnder(job, abi.decode(abi.encode(words), (IJobMarket.Terms)));
    }

    // --- admission (SPEC J19) -------------------------------------------------------------------------------------------------

    function test_a_job_for_one_is_for_nobody_else(Wish memory wish, address other) external {
        vm.assume(other != provider);
        wish = sound(wish);
        (wish.admission, wish.gate) = (ONLY, provider);
        IJobMarket.Job memory job = posted(wish, 0);
        notAdmitted(job, wish, other);

        vm.prank(provider);
        market.acceptUnder(job, wish.terms());
    }

    /// @notice SPEC J19: whatever the gate does, nobody gets in whom it does not admit, and the job can be cancelled or run out.
    function test_a_gate_that_misbehaves_admits_nobody(Wish memory wish, uint8 mood, bool cancelled)
        external
    {
        HostileGate gate = new HostileGate();
        gate.setMood(mood % 5);
        wish = sound(wish);
        (wish.admission, wish.gate) = (LISTED, address(gate));
        IJobMarket.Job memory job = posted(wish, 0);
        vm.prank(provider);
        (bool success,) =
            address(market).call{gas: 2_000_000}(abi.encodeCall(market.acceptUnder, (job, wish.terms())));
        assert(!success);

        if (cancelled) {
            vm.prank(requester);
            market.cancel(job);
        } else {
            vm.warp(block.timestamp + wish.acceptPeriod + 1);
            market.expire(job);
        }
        assertEnded(job);
        assertGained(requester, 0, 0);
    }

    /// @notice SPEC J19: a gate that calls back is in a static call.
    function test_a_gate_that_calls_back_changes_nothing(Wish memory wish) external {
        HostileGate gate = new HostileGate();
        gate.setMood(5);
        wish = sound(wish);
        (wish.admission, wish.gate) = (LISTED, address(gate));
        IJobMarket.Job memory job = posted(wish, 0);
        gate.setCall(address(market), abi.encodeCall(market.acceptUnder, (job, wish.terms())));
        vm.prank(provider);
        market.acceptUnder(job, wish.terms());
        assertCurrent(acceptedRecord(job, wish.floorPrice == 0 ? wish.price : wish.floorPrice, provider), 0);
    }

    function test_a_gate_admits_whom_it_admits(Wish memory wish, address other) external {
        wish = sound(wish);
        HostileGate gate = new HostileGate();
        (wish.admission, wish.gate) = (LISTED, address(gate));
        IJobMarket.Job memory job = posted(wish, 0);
        gate.setMood(4);
        notAdmitted(job, wish, other);
        gate.setMood(6);
        vm.prank(provider);
        market.acceptUnder(job, wish.terms());
    }

    // --- a rising price (SPEC J20) ---------------------------------------------------------------------------------------------

    function test_the_price_is_that_of_the_moment_and_the_rest_goes_back(Wish memory wish, uint256 wait)
        external
    {
        wish = sound(wish);
        vm.assume(wish.floorPrice > 0);
        IJobMarket.Job memory job = posted(wish, 0);
        wait %= uint256(wish.acceptPeriod) + 1;
        vm.warp(block.timestamp + wait);
        vm.prank(provider);
        market.acceptUnder(job, wish.terms());

        uint256 rise = (uint256(wish.price) - wish.floorPrice) * wait / wish.acceptPeriod;
        uint96 agreed = uint96(wish.floorPrice + rise);
        assertCurrent(acceptedRecord(job, agreed, provider), 0);
        assertGained(requester, -int256(uint256(agreed)), 0);
        assertGained(provider, 0, -int256(uint256(wish.bond)));
    }

    function notAdmitted(IJobMarket.Job memory job, Wish memory wish, address other) private {
        vm.prank(other);
        vm.expectRevert(
            abi.encodeWithSelector(IJobMarket.NotAdmitted.selector, wish.admission, wish.gate, other)
        );
        market.acceptUnder(job, wish.terms());
    }
}

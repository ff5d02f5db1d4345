// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Deals} from "contracts/market/libraries/Deals.sol";
import {JobIds} from "contracts/market/libraries/JobIds.sol";
import {Openings} from "contracts/market/libraries/Openings.sol";
import {Stages} from "contracts/market/libraries/Stages.sol";
import {Works} from "contracts/market/libraries/Works.sol";
import {IJobMarket, Stage, Work} from "interfaces/IJobMarket.sol";
import {ISignedOrders} from "interfaces/ISignedOrders.sol";
import {MarketFixture} from "tests/solidity/market/MarketFixture.sol";
import {Proofs} from "tests/solidity/support/Proofs.sol";
import {Signed} from "tests/solidity/support/Signed.sol";
import {Wish} from "tests/solidity/support/Terms.sol";
import {vm} from "tests/solidity/support/Vm.sol";

/// @notice `takeTickets`, `takeTicketsAndClaim` and `cancelTickets`.
contract TicketsTest is MarketFixture {
    using Stages for Stage;
    using Works for Work;

    // --- tickets that are refused ----------------------------------------------------------------------------------------------

    /// @notice SPEC J3.
    function test_tickets_that_have_expired_are_refused(
        Wish memory wish,
        uint256 mask,
        bool together,
        uint40 late
    ) external {
        ISignedOrders.Tickets memory tickets = signed(ticketsOf(wish, mask), together);
        vm.warp(uint256(tickets.kind.expiry) + 1 + late);
        refused(tickets, abi.encodeWithSelector(IJobMarket.TooLate.selector, tickets.kind.expiry));
    }

    function test_tickets_for_several_tasks_each_are_refused(Wish memory wish, uint256 mask, uint32 count)
        external
    {
        vm.assume(count != 1);
        ISignedOrders.Tickets memory tickets = ticketsOf(wish, mask);
        tickets.kind.work = tickets.kind.work.withTaskCount(count);
        bytes memory reason = abi.encodeWithSelector(
            IJobMarket.MalformedTerms.selector, tickets.kind.work, tickets.kind.opening
        );
        refused(signed(tickets, true), reason);
    }

    /// @notice SPEC S3: each nonce once, in whatever company.
    function test_a_ticket_is_taken_once(Wish memory wish, uint256 mask, uint256 again, bool together)
        external
    {
        wish.price %= 1e20;
        wish.bond %= 1e20;
        ISignedOrders.Tickets memory tickets = signed(ticketsOf(wish, mask), together);
        vm.prank(provider);
        market.takeTickets(tickets);
        ISignedOrders.Tickets memory others = ticketsOf(wish, again);
        others.kind.slot++;
        uint256 both = tickets.mask & others.mask;
        vm.assume(both != 0);
        refused(
            signed(others, together),
            abi.encodeWithSelector(ISignedOrders.TicketsUsed.selector, requester, tickets.word, both)
        );
    }

    /// @notice SPEC S3: no nonce has another name, whose bit could still be free.
    function test_a_word_beyond_all_nonces_is_refused(Wish memory wish, uint256 mask, uint256 word) external {
        ISignedOrders.Tickets memory tickets = signed(ticketsOf(wish, mask), true);
        tickets.word = word | 1 << (248 + word % 8);
        refused(tickets, abi.encodeWithSelector(ISignedOrders.WordOutOfRange.selector, tickets.word));
    }

    /// @notice SPEC S3.
    function test_a_cancelled_ticket_is_refused(Wish memory wish, uint256 mask, uint256 cancelled) external {
        ISignedOrders.Tickets memory tickets = ticketsOf(wish, mask);
        vm.assume(cancelled & tickets.mask != 0);
        vm.prank(requester);
        market.cancelTickets(tickets.word, cancelled);
        assert(market.ticketBitmap(requester, tickets.word) == cancelled);
        bytes memory reason = abi.encodeWithSelector(
            ISignedOrders.TicketsUsed.selector, requester, tickets.word, cancelled & tickets.mask
        );
        refused(signed(tickets, true), reason);
    }

    function test_another_number_of_tickets_than_bits_is_refused(
        Wish memory wish,
        uint256 mask,
        uint8 roots,
        uint8 specIds,
        bool together
    ) external {
        ISignedOrders.Tickets memory tickets = signed(ticketsOf(wish, mask), together);
        uint256 count = tickets.initialRoots.length;
        roots %= 4;
        specIds %= 4;
        vm.assume(roots != count || specIds != count);
        tickets.initialRoots = new bytes32[](roots);
        tickets.specIds = new bytes32[](specIds);
        refusedCount(tickets, count);
    }

    function test_no_tickets_are_refused(Wish memory wish, bool together) external {
        ISignedOrders.Tickets memory tickets = ticketsOf(wish, 1);
        (tickets.mask, tickets.together, tickets.signatures) = (0, together, "");
        (tickets.initialRoots, tickets.specIds) = (new bytes32[](0), new bytes32[](0));
        refusedCount(tickets, 0);
    }

    function test_another_length_of_signatures_is_refused(Wish memory wish, uint256 mask, uint16 length)
        external
    {
        ISignedOrders.Tickets memory tickets = ticketsOf(wish, mask);
        uint256 count = tickets.initialRoots.length;
        vm.assume(length != 65 * count);
        tickets.signatures = new bytes(length);
        refusedCount(tickets, count);
    }

    /// @notice SPEC S1: every one of them is signed.
    function test_one_ticket_that_is_not_signed_spoils_all(
        Wish memory wish,
        uint256 mask,
        uint8 which,
        bytes32 flip,
        bool spec,
        bool together
    ) external {
        vm.assume(flip != 0);
        ISignedOrders.Tickets memory tickets = signed(ticketsOf(wish, mask), together);
        uint256 place = which % tickets.initialRoots.length;
        if (spec) tickets.specIds[place] ^= flip;
        else tickets.initialRoots[place] ^= flip;
        vm.prank(provider);
        vm.expectPartialRevert(ISignedOrders.BadSignature.selector);
        market.takeTickets(tickets);
    }

    /// @notice SPEC S1.
    function test_tickets_of_an_earlier_epoch_are_refused(Wish memory wish, uint256 mask, bool together)
        external
    {
        ISignedOrders.Tickets memory tickets = signed(ticketsOf(wish, mask), together);
        vm.prank(requester);
        market.raiseEpoch();
        vm.prank(provider);
        vm.expectPartialRevert(ISignedOrders.BadSignature.selector);
        market.takeTickets(tickets);
    }

    /// @notice SPEC J8.
    function test_tickets_for_a_slot_in_use_are_refused(Wish memory wish, uint256 mask, bool together)
        external
    {
        ISignedOrders.Tickets memory tickets = signed(ticketsOf(wish, mask), together);
        Wish memory other = fixedPrice(abi.decode(abi.encode(wish), (Wish)));
        (other.price, other.floorPrice) = (0, 0);
        posted(other, tickets.kind.slot);
        refused(tickets, abi.encodeWithSelector(IJobMarket.SlotInUse.selector, requester, tickets.kind.slot));
    }

    /// @notice SPEC J6.
    function test_claiming_tickets_with_another_number_of_roots_is_refused(
        Wish memory wish,
        uint256 mask,
        bytes32[] calldata roots
    ) external {
        ISignedOrders.Tickets memory tickets = signed(ticketsOf(wish, mask), true);
        uint256 count = tickets.initialRoots.length;
        vm.assume(roots.length != count);
        vm.prank(provider);
        vm.expectRevert(abi.encodeWithSelector(IJobMarket.WrongTaskCount.selector, count, roots.length));
        market.takeTicketsAndClaim(tickets, roots, "", new IJobMarket.Job[](0));
    }

    // --- tickets that are taken --------------------------------------------------------------------------------------------------

    /// @notice SPEC S3, S5, L1: price and bond of one, times their number; signed one by one or all together.
    function test_tickets_become_the_tasks_of_a_job(Wish memory wish, uint256 mask, bool together) external {
        ISignedOrders.Tickets memory tickets = signed(ticketsOf(wish, mask), together);
        vm.prank(provider);
        market.takeTickets(tickets);

        IJobMarket.Job memory job = jobOf(tickets, wish);
        assertCurrent(job, 0);
        assert(market.ticketBitmap(requester, tickets.word) == tickets.mask);
        uint256 count = tickets.initialRoots.length;
        assertGained(requester, -int256(priceOfJob(wish, count)), 0);
        assertGained(provider, 0, -int256(uint256(wish.bond) * count));
    }

    /// @notice SPEC J18, S3, L1.
    function test_tickets_are_taken_and_claimed_at_once(
        Wish memory wish,
        uint256 mask,
        bool together,
        bool outdated
    ) external {
        Wish memory first = fixedPrice(abi.decode(abi.encode(wish), (Wish)));
        IJobMarket.Job memory last = claimed(first, 7, first.finalRoots());
        vm.warp(block.timestamp + first.challengePeriod + 1);
        if (outdated) market.finalizeAll(one(last));

        ISignedOrders.Tickets memory tickets = signed(ticketsOf(wish, mask), together);
        bytes32[] memory roots = new bytes32[](tickets.initialRoots.length);
        roots[0] = "root";
        vm.prank(provider);
        market.takeTicketsAndClaim(tickets, roots, "result", one(last));
        assertCurrent(claimedRecord(jobOf(tickets, wish), roots), 0);
        assertEnded(last);
    }

    /// @notice SPEC S1: tickets that are a subtree of all that were signed together.
    function test_some_of_many_tickets_that_were_signed_together(Wish memory wish, uint8 which) external {
        // Signed: tickets 0 to 7; taken: two or four neighbours of them.
        ISignedOrders.Tickets memory all = ticketsOf(wish, 0xff);
        bytes32[] memory hashes = Signed.tickets(all, 0);
        uint256 size = which % 2 == 0 ? 2 : 4;
        uint256 place = (which / 2) % (8 / size);
        Wish memory copy = abi.decode(abi.encode(wish), (Wish));
        ISignedOrders.Tickets memory some = ticketsOf(copy, ((1 << size) - 1) << (place * size));
        (some.kind, some.together) = (all.kind, true);
        bytes32[][] memory levels = Proofs.tree(hashes);
        bytes memory siblings = "";
        for (uint256 level = size / 2; level < 3; level++) {
            siblings = bytes.concat(siblings, levels[level][(place >> (level - size / 2)) ^ 1]);
        }
        bytes memory signature = Signed.by(REQUESTER_KEY, Signed.bulk(levels[3][0]), address(market));
        some.signatures = abi.encodePacked(signature, uint32(place), siblings);
        vm.prank(provider);
        market.takeTickets(some);
        assertCurrent(jobOf(some, wish), 0);
    }

    // --- tickets -------------------------------------------------------------------------------------------------------------------

    /// @dev As many as the mask has bits among some few places.
    function ticketsOf(Wish memory wish, uint256 mask)
        private
        view
        returns (ISignedOrders.Tickets memory tickets)
    {
        mask &= 0x80000000000000000000000000000000_000000000000000000000000000000ff;
        if (mask == 0) mask = 2;
        wish = sound(wish);
        (wish.taskCount, wish.price, wish.bond) = (1, wish.price / 10, MINIMUM_BOND + wish.bond / 10);
        wish.floorPrice /= 10;
        tickets.kind = ISignedOrders.TicketKind({
            requester: requester,
            slot: 2,
            deal: wish.terms().deal,
            work: wish.terms().work,
            opening: wish.terms().opening,
            expiry: uint40(block.timestamp + 1 days)
        });
        (tickets.word, tickets.mask) = (uint256(wish.specId) >> 8, mask);
        uint256 count = 0;
        for (uint256 left = mask; left > 0; left &= left - 1) {
            count++;
        }
        (tickets.initialRoots, tickets.specIds) = (new bytes32[](count), new bytes32[](count));
        for (uint256 i = 0; i < count; i++) {
            // By nonce, so that one ticket says the same in whatever company it is.
            bytes32 contents = keccak256(abi.encode(bitAt(mask, i)));
            (tickets.initialRoots[i], tickets.specIds[i]) = (contents, ~contents);
        }
    }

    function signed(ISignedOrders.Tickets memory tickets, bool together)
        private
        view
        returns (ISignedOrders.Tickets memory)
    {
        bytes32[] memory hashes = Signed.tickets(tickets, 0);
        tickets.together = together;
        if (together) {
            tickets.signatures = Signed.by(REQUESTER_KEY, Signed.bulk(Proofs.root(hashes)), address(market));
            return tickets;
        }
        tickets.signatures = "";
        for (uint256 i = 0; i < hashes.length; i++) {
            bytes memory signature = Signed.by(REQUESTER_KEY, hashes[i], address(market));
            tickets.signatures = bytes.concat(tickets.signatures, signature);
        }
        return tickets;
    }

    /// @dev The record that has to come of it, accepted now.
    function jobOf(ISignedOrders.Tickets memory tickets, Wish memory wish)
        private
        view
        returns (IJobMarket.Job memory job)
    {
        uint96 count = uint96(tickets.initialRoots.length);
        IJobMarket.Terms memory terms = IJobMarket.Terms({
            deal: Deals.pack(wish.price * count, wish.bond * count, wish.runPeriod, wish.challengePeriod),
            work: tickets.kind.work.withTaskCount(uint32(count)),
            opening: Openings.pack(wish.floorPrice * count, wish.gate),
            taskRoot: Proofs.root(tickets.initialRoots),
            specId: keccak256(abi.encodePacked(tickets.specIds))
        });
        job.id = JobIds.pack(requester, tickets.kind.slot, 1);
        job.deal = Deals.pack(
            uint96(priceOfJob(wish, count)), wish.bond * count, wish.runPeriod, wish.challengePeriod
        );
        job.stage = Stages.pack(
            wish.floorPrice > 0 ? 1 : 0,
            uint32(count),
            IJobMarket.Status.Accepted,
            uint40(block.timestamp + wish.runPeriod),
            provider
        );
        job.commitment = keccak256(abi.encode(terms));
    }

    /// @dev A day before the expiry.
    function priceOfJob(Wish memory wish, uint256 count) private pure returns (uint256) {
        if (wish.floorPrice == 0) return wish.price * count;
        uint256 elapsed = wish.acceptPeriod > 1 days ? wish.acceptPeriod - 1 days : 0;
        uint256 rise = (uint256(wish.price) - wish.floorPrice) * count;
        return wish.floorPrice * count + rise * elapsed / wish.acceptPeriod;
    }

    function bitAt(uint256 mask, uint256 i) private pure returns (uint256 bit) {
        for (; bit < 256; bit++) {
            if (mask >> bit & 1 == 0) continue;
            if (i == 0) return bit;
            i--;
        }
    }

    function refusedCount(ISignedOrders.Tickets memory tickets, uint256 bits) private {
        bytes memory reason = abi.encodeWithSelector(
            ISignedOrders.WrongTicketCount.selector,
            bits,
            tickets.initialRoots.length,
            tickets.specIds.length,
            tickets.signatures.length
        );
        refused(tickets, reason);
    }

    function refused(ISignedOrders.Tickets memory tickets, bytes memory reason) private {
        vm.prank(provider);
        vm.expectRevert(reason);
        market.takeTickets(tickets);
    }
}

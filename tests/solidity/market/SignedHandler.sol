// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {JobIds} from "contracts/market/libraries/JobIds.sol";
import {Deals} from "contracts/market/libraries/Deals.sol";
import {Openings} from "contracts/market/libraries/Openings.sol";
import {Stages} from "contracts/market/libraries/Stages.sol";
import {Works} from "contracts/market/libraries/Works.sol";
import {Deal, IJobMarket, JobId, Opening, Stage, Work} from "interfaces/IJobMarket.sol";
import {ISignedOrders} from "interfaces/ISignedOrders.sol";
import {MarketHandler} from "tests/solidity/market/MarketHandler.sol";
import {Typed} from "tests/solidity/support/Typed.sol";
import {vm} from "tests/solidity/support/Vm.sol";

/// @notice The same hostile parties, who sign orders, tickets and offers too, use each other's, use them again, and cancel them.
contract SignedHandler is MarketHandler {
    using JobIds for JobId;
    using Deals for Deal;
    using Works for Work;
    using Openings for Opening;
    using Stages for Stage;

    uint256 private nonces;
    /// @dev How often each ticket was taken (SPEC S3), and each offer's nonce used (SPEC S4).
    mapping(bytes32 ticket => uint256) private taken;
    mapping(bytes32 offer => uint256) private used;

    // --- orders -----------------------------------------------------------------------------------------------------------

    /// @dev A true order, filled by another; and once more, which has to be refused.
    function fill(uint256 by, uint256 from, uint256 seed, uint256 lie, bool atOnce) external honestly {
        ISignedOrders.Order memory order;
        uint256 key = FIRST_KEY + by % VILLAINS;
        Known storage known = prepare(seed);
        order.jobId = nextId(vm.addr(key), seed);
        order.terms = known.terms;
        order.expiry = uint40(block.timestamp + seed % 5_000);
        bytes memory signature = Typed.sign(key, address(market), Typed.order(order, epochOf(vm.addr(key))));
        address provider = villain(from);

        if (atOnce) {
            bytes32[] memory roots = finalRootsOf(known, lie);
            vm.prank(provider);
            market.fillAndClaim(signature, order, roots, "result", dueJobs());
            opened(known, order.jobId, vm.addr(key), order.jobId.slot(), order.expiry);
            accepted(known, provider, 0);
            claimed(known, provider, roots, lie % 2 == 0);
        } else {
            vm.prank(provider);
            market.fill(order, signature);
            opened(known, order.jobId, vm.addr(key), order.jobId.slot(), order.expiry);
            accepted(known, provider, 0);
        }
        vm.prank(provider);
        try market.fill(order, signature) {
            violation = "SPEC S2: an order was filled twice";
        } catch {}
    }

    /// @dev A true order for one task, claimed with whatever its slot holds: that gets paid, or nothing happens.
    function claimNext(uint256 by, uint256 from, uint256 seed, uint256 lie, uint256 other) external honestly {
        uint256 key = FIRST_KEY + by % VILLAINS;
        Known storage known = prepare(seed & ~uint256(3));
        ISignedOrders.Order memory order = nextOrder(vm.addr(key), seed, known.terms);
        Known storage previous = inSlot(order.jobId, other);
        bool due = isDue(previous.job);
        bool held = market.nextGeneration(vm.addr(key), order.jobId.slot()) == 0;
        bytes32[] memory roots = finalRootsOf(known, lie);
        address provider = villain(from);
        sendNext(order, key, provider, roots[0], previous.job);

        if (held && !due) violation = "SPEC J7: a job that was not due was paid";
        if (held) previous.isPaid = true;
        opened(known, order.jobId, vm.addr(key), order.jobId.slot(), order.expiry);
        accepted(known, provider, 0);
        claimed(known, provider, roots, lie % 2 == 0);
    }

    /// @dev An order that was signed for less, or by another: whoever gets it through has stolen.
    function forge(uint256 by, uint256 from, uint256 seed) external honestly {
        ISignedOrders.Order memory order;
        uint256 key = FIRST_KEY + by % VILLAINS;
        Known storage known = prepare(seed);
        order.jobId = nextId(seed % 3 == 0 ? VERIFIER : vm.addr(key), seed);
        order.terms = known.terms;
        order.expiry = uint40(block.timestamp + seed % 5_000);
        bytes32 structHash = Typed.order(order, epochOf(order.jobId.requester()) + (seed % 3 == 1 ? 1 : 0));
        bytes memory signature = Typed.sign(key, seed % 3 == 2 ? address(game) : address(market), structHash);

        vm.prank(villain(from));
        try market.fill(order, signature) {
            violation = "SPEC S1: an order that was not signed was filled";
        } catch {
            jobs.pop();
        }
    }

    function skip(uint256 by, uint48 slot, bool wrong) external honestly {
        address requester = villain(by);
        slot %= 4;
        uint48 next = market.nextGeneration(requester, slot);
        vm.prank(requester);
        market.skipSlot(slot, wrong ? next + 1 : next);
        if (wrong) violation = "SPEC J2: another generation was skipped than was meant";
        generations[keccak256(abi.encode(requester, slot))] = next;
    }

    function raiseEpoch(uint256 by) external honestly {
        vm.prank(villain(by));
        market.raiseEpoch();
    }

    // --- tickets ----------------------------------------------------------------------------------------------------------

    /// @dev One ticket with a nonce that was used or not, in a word that is right or an alias of it.
    function takeTicket(uint256 by, uint256 from, uint256 seed, uint256 again, uint8 alias_)
        external
        honestly
    {
        uint256 key = FIRST_KEY + by % VILLAINS;
        uint256 nonce = again % 3 == 0 && nonces > 0 ? again % nonces : nonces++;
        Known storage known = prepare(seed & ~uint256(3));
        ISignedOrders.Tickets memory tickets;
        tickets.kind = ISignedOrders.TicketKind({
            requester: vm.addr(key),
            slot: uint48(seed >> 4) % 4,
            deal: known.terms.deal,
            work: known.terms.work,
            opening: known.terms.opening,
            expiry: uint40(block.timestamp + 1_000)
        });
        tickets.word = (nonce >> 8) + (alias_ % 4 == 0 ? uint256(alias_) << 248 : 0);
        tickets.mask = 1 << (nonce & 0xff);
        tickets.initialRoots = new bytes32[](1);
        tickets.initialRoots[0] = known.terms.taskRoot;
        tickets.specIds = new bytes32[](1);
        tickets.specIds[0] = bytes32(seed);
        tickets.signatures =
            Typed.sign(key, address(market), Typed.ticket(tickets, nonce, epochOf(vm.addr(key))));
        address provider = villain(from);
        vm.prank(provider);
        JobId id = market.takeTickets(tickets);

        if (++taken[keccak256(abi.encode(vm.addr(key), nonce))] > 1) {
            violation = "SPEC S3: a nonce was used twice";
        }
        known.terms.specId = keccak256(abi.encodePacked(tickets.specIds));
        opened(known, id, vm.addr(key), tickets.kind.slot, tickets.kind.expiry);
        accepted(known, provider, 0);
    }

    function cancelTickets(uint256 by, uint256 mask) external honestly {
        vm.prank(villain(by));
        market.cancelTickets(0, mask);
    }

    // --- offers -----------------------------------------------------------------------------------------------------------

    function hire(uint256 by, uint256 from, uint256 seed, uint64 nonce, uint32 capacity) external honestly {
        uint256 key = FIRST_KEY + from % VILLAINS;
        nonce %= 4;
        Known storage known = prepare(seed);
        ISignedOrders.Offer memory offer = ISignedOrders.Offer({
            provider: vm.addr(key),
            referee: known.terms.work.referee(),
            rounds: known.terms.work.rounds(),
            price: 0,
            bond: known.terms.deal.bond(),
            runPeriod: known.terms.deal.runPeriod(),
            challengePeriod: known.terms.deal.challengePeriod(),
            admission: IJobMarket.Admission.Anyone,
            gate: address(0),
            capacity: capacity % 12,
            nonce: nonce,
            expiry: uint40(block.timestamp)
        });
        bytes memory signature = Typed.sign(key, address(market), Typed.offer(offer, epochOf(vm.addr(key))));
        address requester = villain(by);
        uint48 slot = uint48(seed >> 4) % 4;
        vm.prank(requester);
        JobId id = market.hire(offer, signature, slot, known.terms);

        uint256 tasks = used[keccak256(abi.encode(vm.addr(key), nonce))] += known.terms.work.taskCount();
        if (tasks > offer.capacity) violation = "SPEC S4: an offer was taken beyond its capacity";
        opened(known, id, requester, slot, uint40(block.timestamp + known.terms.work.acceptPeriod()));
        accepted(known, vm.addr(key), Stages.HIRED);
    }

    function cancelOffer(uint256 by, uint64 nonce) external honestly {
        vm.prank(villain(by));
        market.cancelOffer(nonce % 4);
    }

    function decline(uint256 seed) external honestly {
        Known storage known = pickJob(seed, IJobMarket.Status.Accepted);
        vm.prank(known.job.stage.provider());
        market.decline(known.job);
        if (!known.job.stage.has(Stages.HIRED)) {
            violation = "SPEC J17: a provider that was not hired has declined";
        }
    }

    /// @dev Villains agree with each other; the honest provider signs nothing.
    function extend(uint256 seed, uint16 time) external honestly {
        Known storage known = pickJob(seed, IJobMarket.Status.Accepted);
        (address requester, uint40 present) = (known.job.id.requester(), known.job.stage.deadline());
        uint40 deadline = present + time;
        bytes32 structHash = Typed.extension(known.job.id, present, deadline, epochOf(requester));
        bytes memory signature = Typed.sign(keyOf(requester), address(market), structHash);
        vm.prank(known.job.stage.provider());
        market.extend(known.job, deadline, signature);
        known.job.stage =
            known.job.stage.advance(IJobMarket.Status.Accepted, deadline, known.job.stage.provider());
    }

    // --- internals --------------------------------------------------------------------------------------------------------

    function nextId(address requester, uint256 seed) private view returns (JobId) {
        uint48 slot = uint48(seed >> 4) % 4;
        return JobIds.pack(requester, slot, market.nextGeneration(requester, slot));
    }

    function epochOf(address account) private view returns (uint64) {
        return market.accountOf(account).epoch;
    }

    function keyOf(address account) private pure returns (uint256) {
        for (uint256 i = 0; i < VILLAINS; i++) {
            if (vm.addr(FIRST_KEY + i) == account) return FIRST_KEY + i;
        }
        return 1;
    }

    function nextOrder(address requester, uint256 seed, IJobMarket.Terms memory terms)
        private
        view
        returns (ISignedOrders.Order memory)
    {
        uint48 slot = uint48(seed >> 4) % 4;
        uint48 generation = generations[keccak256(abi.encode(requester, slot))] + 1;
        return
            ISignedOrders.Order(
                JobIds.pack(requester, slot, generation), terms, uint40(block.timestamp + 1_000)
            );
    }

    function sendNext(
        ISignedOrders.Order memory order,
        uint256 key,
        address provider,
        bytes32 root,
        IJobMarket.Job memory previous
    ) private {
        bytes32 structHash = Typed.order(order, epochOf(vm.addr(key)));
        (bytes32 r, bytes32 vs) = split(Typed.sign(key, address(market), structHash));
        ISignedOrders.PreviousJob memory record =
            ISignedOrders.PreviousJob(previous.deal, previous.stage, previous.commitment);
        vm.prank(provider);
        market.claimNext(order, r, vs, root, "result", record);
    }

    function isDue(IJobMarket.Job memory job) private view returns (bool) {
        (bool current, uint32 disputes) = market.isCurrent(job);
        return current && disputes == 0 && job.stage.status() == IJobMarket.Status.Claimed
            && block.timestamp > job.stage.deadline();
    }

    /// @dev The last job in the slot of `id`; or any other.
    function inSlot(JobId id, uint256 seed) private view returns (Known storage) {
        for (uint256 i = jobs.length - 1; i > 0; i--) {
            JobId other = jobs[i - 1].job.id;
            if (seed % 8 != 0 && JobId.unwrap(other) >> 48 == JobId.unwrap(id) >> 48) return jobs[i - 1];
        }
        return jobs[seed % jobs.length];
    }

    function split(bytes memory signature) private pure returns (bytes32 r, bytes32 vs) {
        uint8 v = uint8(signature[64]);
        assembly ("memory-safe") {
            r := mload(add(signature, 0x20))
            vs := or(mload(add(signature, 0x40)), shl(255, sub(v, 27)))
        }
    }

    /// @dev Every claim whose time is over, to ride on the next one: those about which no dispute is open get paid.
    function dueJobs() private returns (IJobMarket.Job[] memory due) {
        uint256 count = 0;
        due = new IJobMarket.Job[](jobs.length);
        for (uint256 i = 0; i < jobs.length; i++) {
            Known storage known = jobs[i];
            (bool current, uint32 disputes) = market.isCurrent(known.job);
            if (!current || known.job.stage.status() != IJobMarket.Status.Claimed) continue;
            if (block.timestamp > known.job.stage.deadline() && disputes == 0) known.isPaid = true;
            due[count++] = known.job;
        }
        assembly ("memory-safe") {
            mstore(due, count)
        }
    }
}

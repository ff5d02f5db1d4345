// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Deals} from "contracts/market/libraries/Deals.sol";
import {JobIds} from "contracts/market/libraries/JobIds.sol";
import {MerkleProof} from "contracts/dispute/libraries/MerkleProof.sol";
import {Stages} from "contracts/market/libraries/Stages.sol";
import {Works} from "contracts/market/libraries/Works.sol";
import {ICourier} from "interfaces/ICourier.sol";
import {IDisputeGame} from "interfaces/IDisputeGame.sol";
import {Deal, IJobMarket, JobId, Stage, Work} from "interfaces/IJobMarket.sol";
import {IResultConsumer, RunStatus} from "interfaces/IResultConsumer.sol";
import {HostileConsumer} from "tests/solidity/courier/Consumers.sol";
import {CourierFixture, Run} from "tests/solidity/courier/CourierFixture.sol";
import {Wish} from "tests/solidity/support/Terms.sol";
import {vm} from "tests/solidity/support/Vm.sol";

/// @notice `register` and `deliver`.
contract CourierTest is CourierFixture {
    using Deals for Deal;
    using JobIds for JobId;
    using Stages for Stage;
    using Works for Work;

    // --- claims that cannot be registered ----------------------------------------------------------------------------------------

    /// @notice SPEC C2: nothing has been claimed of it.
    function test_registering_what_is_not_claimed_is_refused(Wish memory wish, bool open) external {
        wish = fixedPrice(wish);
        IJobMarket.Job memory early = open ? posted(wish, SLOT) : accepted(wish, SLOT);
        vm.expectRevert(
            abi.encodeWithSelector(
                IJobMarket.WrongStatus.selector,
                early.id,
                IJobMarket.Status.Claimed,
                open ? IJobMarket.Status.Open : IJobMarket.Status.Accepted
            )
        );
        courier.register(early);
    }

    /// @notice SPEC C2: another record, or one that is over.
    function test_registering_another_record_is_refused(Wish memory wish, uint8 word, bytes32 flip) external {
        vm.assume(flip != 0);
        Run memory run;
        claimOne(wish, run);
        bytes32[4] memory words = abi.decode(abi.encode(job), (bytes32[4]));
        words[word % 4] ^= flip;
        IJobMarket.Job memory other = abi.decode(abi.encode(words), (IJobMarket.Job));
        vm.expectRevert(abi.encodeWithSelector(IJobMarket.RecordMismatch.selector, other.id));
        courier.register(other);

        afterPeriod();
        market.settle(job);
        vm.expectRevert(abi.encodeWithSelector(IJobMarket.RecordMismatch.selector, job.id));
        courier.register(job);
        assert(courier.registered(job.id) == 0);
    }

    // --- results that are not final (SPEC C1) ---------------------------------------------------------------------------------------

    /// @notice SPEC C1: in the last second of the challenge period too, registered or not.
    function test_a_claim_that_can_be_challenged_is_not_delivered(
        Wish memory wish,
        Run memory run,
        uint256 wait,
        bool registers
    ) external {
        claimOne(wish, sound(run));
        if (registers) courier.register(job);
        uint40 deadline = job.stage.deadline();
        vm.warp(block.timestamp + wait % (deadline - block.timestamp + 1));
        refused(abi.encodeWithSelector(IJobMarket.TooEarly.selector, deadline));
        vm.warp(deadline + 1);
        assert(deliver());
        assertTold(1);
    }

    /// @notice SPEC C1.
    function test_a_claim_in_dispute_is_not_delivered(Wish memory wish, Run memory run, bool registers)
        external
    {
        claimOne(wish, sound(run));
        if (registers) courier.register(job);
        challenged();
        vm.warp(uint256(job.stage.deadline()) + 1);
        refused(abi.encodeWithSelector(IJobMarket.DisputesOpen.selector, job.id, 1));
    }

    /// @notice SPEC C1, J23: however long ago it was registered, and when its slot is free again.
    function test_a_claim_that_was_slashed_is_never_delivered(Wish memory wish, Run memory run, bool moot)
        external
    {
        claimOne(wish, sound(run));
        courier.register(job);
        IDisputeGame.Terms memory dispute = challenged();
        IDisputeGame.Terms memory late = dispute;
        if (moot) late = challengedBy(stranger);
        vm.warp(block.timestamp + ALLOWANCE + 1);
        game.timeout(dispute, abi.encode(job));
        refusedAsUnfinalized();
        if (moot) game.timeout(late, "");
        assertEnded(job);
        refusedAsUnfinalized();
        afterPeriod();
        refusedAsUnfinalized();
    }

    /// @notice SPEC C1: it was not claimed in time, or not accepted.
    function test_a_job_that_was_not_claimed_is_not_delivered(Wish memory wish, Run memory run, bool open)
        external
    {
        claimOne(wish, sound(run));
        wish = fixedPrice(wish);
        job = open ? posted(wish, SLOT + 1) : accepted(wish, SLOT + 1);
        refused(notInClaim());
        vm.warp(block.timestamp + 31 days);
        market.expire(job);
        refused(notInClaim());
    }

    /// @notice SPEC C1: what was claimed cannot be known any more.
    function test_what_was_settled_unregistered_is_not_delivered(Wish memory wish, Run memory run) external {
        claimOne(wish, sound(run));
        afterPeriod();
        market.settle(job);
        refused(abi.encodeWithSelector(ICourier.NotRegistered.selector, job.id));
    }

    /// @notice SPEC C1, C5: the next job in its slot, or a place that was skipped, hides how it ended.
    function test_a_result_whose_slot_was_used_again_is_not_delivered(
        Wish memory wish,
        Run memory run,
        bool skipped
    ) external {
        claimOne(wish, sound(run));
        courier.register(job);
        afterPeriod();
        market.settle(job);
        if (skipped) {
            vm.prank(requester);
            market.skipSlot(SLOT, job.id.generation() + 1);
        } else {
            posted(fixedPrice(wish), SLOT);
        }
        refusedAsUnfinalized();
    }

    /// @notice SPEC C1: a place that was skipped is not a job that was finalized, and no record of another job passes for it.
    function test_another_record_is_not_delivered(Wish memory wish, Run memory run, uint8 word, bytes32 flip)
        external
    {
        vm.assume(flip != 0);
        claimOne(wish, sound(run));
        courier.register(job);
        afterPeriod();
        market.settle(job);
        bytes32[4] memory words = abi.decode(abi.encode(job), (bytes32[4]));
        words[word % 3] ^= flip;
        job = abi.decode(abi.encode(words), (IJobMarket.Job));
        refused(abi.encodeWithSelector(ICourier.NotRegistered.selector, job.id));
    }

    // --- outputs that are not in the claim (SPEC C2) -----------------------------------------------------------------------------------

    /// @notice SPEC C2: each bit of what is told, and of what proves it.
    function test_an_output_with_any_bit_changed_is_refused(
        Wish memory wish,
        Run memory run,
        uint8 part,
        uint256 bit
    ) external {
        run = sound(run);
        claimOne(wish, run);
        part %= 9;
        uint8 flip8 = uint8(1 << (bit % 8));
        bytes32 flip = bytes32(1 << (bit % 256));
        if (part == 0) output.status = RunStatus((uint8(output.status) + 1 + bit % 2) % 3);
        if (part == 1) output.exitStatus ^= flip8;
        if (part == 2) {
            vm.assume(output.stdout.length > 0);
            uint256 place = bit / 8 % output.stdout.length;
            output.stdout[place] ^= bytes1(flip8);
        }
        if (part == 3) proof.stderrLength ^= uint32(1 << (bit % 28));
        if (part == 4) proof.stderrNode ^= flip;
        if (part == 5) proof.kernelNode ^= flip;
        if (part == 6) proof.inputNode ^= flip;
        if (part == 7) proof.programNode ^= flip;
        if (part == 8) proof.registers[bit / 8 % 304] ^= bytes1(flip8);
        afterPeriod();
        refused(notInClaim());
        assertTold(0);
    }

    /// @notice SPEC C2: not less, and not more, though the bytes beyond are zero.
    function test_an_output_of_another_length_is_refused(
        Wish memory wish,
        Run memory run,
        uint8 more,
        bool less
    ) external {
        run = sound(run);
        claimOne(wish, run);
        if (less) {
            vm.assume(run.stdout.length > 0);
            output.stdout = cut(run.stdout, more % run.stdout.length);
        } else {
            output.stdout = bytes.concat(run.stdout, new bytes(1 + uint256(more)));
        }
        afterPeriod();
        refused(notInClaim());
    }

    /// @notice SPEC C2: a state of the machine has 336 bytes.
    function test_registers_of_another_length_are_refused(Wish memory wish, Run memory run, uint16 length)
        external
    {
        length %= 400;
        vm.assume(length != 304);
        claimOne(wish, sound(run));
        proof.registers = length < 304
            ? cut(proof.registers, length)
            : bytes.concat(proof.registers, new bytes(length - 304));
        afterPeriod();
        refused(notInClaim());
    }

    /// @notice SPEC C2: no run leaves so much, so whoever looks at the state finds no output in it (docs/machine.md, section 6).
    function test_an_impossible_length_is_no_output(Wish memory wish, Run memory run, uint32 length)
        external
    {
        vm.assume(length > 1 << 28);
        claimOne(wish, sound(run));
        proof.stderrLength = length;
        afterPeriod();
        refused(abi.encodeWithSelector(ICourier.MalformedOutput.selector, length));
    }

    /// @notice SPEC C2: the output of one task is not that of another.
    function test_the_output_of_another_task_is_refused(
        Wish memory wish,
        Run memory run,
        uint32 task,
        uint32 other
    ) external {
        uint32 count = 2 + task % 7;
        task %= count;
        claim(wish, sound(run), task, count);
        afterPeriod();
        proof.task = other % count;
        vm.assume(proof.task != task);
        refused(notInClaim());
        // In the tree, but not in the job; and a place whose path would be the same.
        proof.task = count + other % 8;
        refused(abi.encodeWithSelector(IJobMarket.TaskOutOfRange.selector, count, proof.task));
        proof.task = task + 8;
        refused(abi.encodeWithSelector(IJobMarket.TaskOutOfRange.selector, count, proof.task));
        proof.task = task;
        assert(deliver());
        assertTold(1);
    }

    /// @notice SPEC C2.
    function test_siblings_that_are_not_those_are_refused(
        Wish memory wish,
        Run memory run,
        uint32 count,
        bytes32 flip
    ) external {
        vm.assume(flip != 0);
        count = 2 + count % 7;
        claim(wish, sound(run), 0, count);
        afterPeriod();
        proof.siblings[uint256(flip) % proof.siblings.length] ^= flip;
        refused(notInClaim());
        uint256 depth = proof.siblings.length;
        proof.siblings.push(flip);
        refused(abi.encodeWithSelector(MerkleProof.WrongProofLength.selector, depth, depth + 1));
    }

    /// @notice SPEC C2: the terms are those of the job, so the number of tasks is.
    function test_other_terms_are_refused(Wish memory wish, Run memory run, uint8 word, bytes32 flip)
        external
    {
        vm.assume(flip != 0);
        claimOne(wish, sound(run));
        bytes32[5] memory words = abi.decode(abi.encode(terms), (bytes32[5]));
        // Neither another referee nor another number of tasks: these are other reasons.
        if (word % 5 == 1) flip = bytes32((uint256(flip) >> 192) << 192);
        vm.assume(flip != 0);
        words[word % 5] ^= flip;
        terms = abi.decode(abi.encode(words), (IJobMarket.Terms));
        afterPeriod();
        refused(notInClaim());
    }

    /// @notice SPEC C2: another machine's states mean something else.
    function test_a_job_for_another_machine_is_refused(Wish memory wish, Run memory run, address other)
        external
    {
        vm.assume(other != address(referee));
        claimOne(wish, sound(run));
        Work work = terms.work;
        terms.work = Works.pack(other, 1, work.acceptPeriod(), work.rounds(), IJobMarket.Admission.Anyone);
        afterPeriod();
        refused(abi.encodeWithSelector(ICourier.WrongReferee.selector, address(referee), other));
    }

    // --- results that are delivered -----------------------------------------------------------------------------------------------------

    /// @notice SPEC C1, C2, L1: with the call that settles the job: its provider is paid.
    function test_a_result_is_delivered_with_the_end_of_its_job(
        Wish memory wish,
        Run memory run,
        address anyone
    ) external {
        claimOne(wish, sound(run));
        afterPeriod();
        vm.prank(anyone);
        assert(deliver());
        assertTold(1);
        assertEnded(job);
        assert(market.accountOf(provider).stake == FORTUNE);
        assert(courier.registered(job.id) == 0);
    }

    /// @notice SPEC C5: somebody else was faster with the end. It can be delivered again and again, to any consumer that there is.
    function test_a_result_that_was_registered_is_delivered_after_the_end(
        Wish memory wish,
        Run memory run,
        uint40 wait,
        bool together
    ) external {
        claimOne(wish, sound(run));
        courier.register(job);
        assert(courier.registered(job.id) == keccak256(abi.encode(job)));
        afterPeriod();
        if (together) market.finalizeAll(one(job));
        else market.settle(job);
        vm.warp(block.timestamp + wait);
        assert(deliver());
        assertTold(1);
        assert(deliver());
        assertTold(2);
        assertEnded(job);
    }

    /// @notice SPEC C2: any number of bytes, as the tree over memory has them.
    function test_an_output_of_any_size_is_delivered(Wish memory wish, uint256 seed, uint16 size) external {
        Run memory run;
        (run.status, run.exitStatus, run.seed) = (1, uint8(seed), seed);
        run.stdout = new bytes(size % 13_000);
        for (uint256 i = 0; i < run.stdout.length; i += 5) {
            run.stdout[i] = bytes1(uint8(uint256(keccak256(abi.encode(seed, i)))));
        }
        claimOne(wish, run);
        afterPeriod();
        courier.deliver(job, terms, output, proof, listener, 1_000_000);
        assertTold(1);
    }

    /// @notice SPEC C2: each task of a batch.
    function test_each_task_has_its_own_result(Wish memory wish, Run memory run, uint32 task, uint32 count)
        external
    {
        count = 1 + count % 9;
        claim(wish, sound(run), task % count, count);
        afterPeriod();
        assert(deliver());
        assertTold(1);
    }

    /// @notice The constructor's two addresses.
    function test_a_courier_says_whose_results_it_delivers() external view {
        assert(address(courier.market()) == address(market) && address(courier.referee()) == address(referee));
    }

    // --- consumers ----------------------------------------------------------------------------------------------------------------------

    /// @notice SPEC C4: it reverts, also with much, returns much, or burns all it gets: the job is over all the same, the call goes on, and
    /// its deliverer pays for no more than the gas limit, beside what it pays for any consumer.
    function test_a_hostile_consumer_harms_nobody(Wish memory wish, uint8 mood, uint32 limit) external {
        Run memory run;
        claimOne(wish, run);
        courier.register(job);
        afterPeriod();
        HostileConsumer consumer = new HostileConsumer();
        consumer.setMood(mood % 4);
        bool taken = courier.deliver(job, terms, output, proof, consumer, GAS);
        assert(taken == (mood % 4 == 2));
        assertEnded(job);

        limit = 100_000 + limit % 1_000_000;
        uint256 hostile = gasOf(consumer, limit);
        consumer.setMood(5);
        assert(hostile <= gasOf(consumer, limit) + limit);
    }

    /// @notice SPEC C4, C5: it is told again when it is in a better mood.
    function test_a_consumer_that_has_reverted_is_told_again(Wish memory wish, Run memory run) external {
        claimOne(wish, sound(run));
        courier.register(job);
        afterPeriod();
        HostileConsumer consumer = new HostileConsumer();
        assert(!courier.deliver(job, terms, output, proof, consumer, GAS));
        consumer.setMood(5);
        assert(courier.deliver(job, terms, output, proof, consumer, GAS));
        assert(deliver());
        assertTold(1);
    }

    /// @notice SPEC C4, L1: it settles once more, delivers itself, registers: each is refused, or does no harm.
    function test_a_consumer_that_calls_back_harms_nobody(Wish memory wish, uint8 way) external {
        Run memory run;
        claimOne(wish, run);
        courier.register(job);
        afterPeriod();
        HostileConsumer consumer = new HostileConsumer();
        bytes memory again = abi.encodeCall(courier.deliver, (job, terms, output, proof, consumer, GAS));
        if (way % 4 == 0) consumer.setCall(address(market), abi.encodeCall(market.settle, (job)));
        if (way % 4 == 1) consumer.setCall(address(courier), abi.encodeCall(courier.register, (job)));
        if (way % 4 == 2) consumer.setCall(address(courier), again);
        if (way % 4 == 3) consumer.setCall(address(market), abi.encodeCall(market.finalizeAll, (one(job))));
        uint256 paid = terms.deal.price() - uint256(terms.deal.price()) * FEE_SHARE / 10_000;
        bool taken = courier.deliver(job, terms, output, proof, consumer, 5_000_000);
        assert(taken == (way % 4 == 2));
        assertEnded(job);
        assert(market.accountOf(provider).stake == FORTUNE);
        assertGained(provider, int256(paid), 0);
    }

    /// @notice SPEC C3: whatever gas this is sent with, the consumer has all of the limit, or the call is refused and nothing happens.
    function test_a_consumer_is_not_starved(Wish memory wish, uint32 sent, uint32 limit) external {
        Run memory run;
        claimOne(wish, run);
        afterPeriod();
        limit = 150_000 + limit % 300_000;
        sent = 100_000 + sent % 900_000;
        bytes memory call = abi.encodeCall(courier.deliver, (job, terms, output, proof, listener, limit));
        (bool success,) = address(courier).call{gas: sent}(call);
        if (success) {
            assertTold(1);
            // But for what the call itself and the way to its first line cost.
            assert(listener.gas() + 5_000 >= limit);
        } else {
            assertTold(0);
            assertCurrent(job, 0);
        }
        // With enough, it is told.
        if (!success) assert(deliver());
        assertTold(1);
    }

    /// @notice SPEC C3.
    function test_a_gas_limit_that_cannot_be_kept_is_refused(Wish memory wish) external {
        Run memory run;
        claimOne(wish, run);
        afterPeriod();
        vm.expectPartialRevert(ICourier.GasTooLow.selector);
        courier.deliver{gas: 2_000_000}(job, terms, output, proof, listener, 2_000_000);
        assertCurrent(job, 0);
    }

    /// @notice SPEC C4: nobody would hear it.
    function test_an_account_without_code_is_no_consumer(Wish memory wish, Run memory run) external {
        claimOne(wish, sound(run));
        afterPeriod();
        vm.expectRevert(abi.encodeWithSelector(ICourier.NoConsumer.selector, stranger));
        courier.deliver(job, terms, output, proof, IResultConsumer(stranger), GAS);
    }

    // --- internals ------------------------------------------------------------------------------------------------------------------------

    function gasOf(IResultConsumer consumer, uint32 limit) private returns (uint256) {
        uint256 before = gasleft();
        courier.deliver(job, terms, output, proof, consumer, limit);
        return before - gasleft();
    }

    function refusedAsUnfinalized() private {
        bytes32 word = market.slotWord(requester, SLOT);
        refused(abi.encodeWithSelector(ICourier.NotFinalized.selector, job.id, word));
    }

    function challenged() private returns (IDisputeGame.Terms memory) {
        return challengedBy(VERIFIER);
    }

    /// @dev A dispute about the only task.
    function challengedBy(address challenger) private returns (IDisputeGame.Terms memory dispute) {
        bytes32[] memory none;
        IJobMarket.TaskProof memory about = IJobMarket.TaskProof(0, terms.taskRoot, none, finalRoot, none);
        bytes32[16] memory list;
        list[15] = "where the challenger ends";
        vm.prank(challenger);
        market.challenge(job, terms, finalRoot, about, list);
        dispute = IDisputeGame.Terms({
            market: address(market),
            claim: JobId.unwrap(job.id),
            task: 0,
            referee: address(referee),
            rounds: terms.work.rounds(),
            challenger: challenger,
            defender: provider,
            initialRoot: terms.taskRoot,
            claimedRoot: finalRoot
        });
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Deals} from "contracts/market/libraries/Deals.sol";
import {JobIds} from "contracts/market/libraries/JobIds.sol";
import {AnswerBook} from "contracts/examples/AnswerBook.sol";
import {Deal, IJobMarket, JobId} from "interfaces/IJobMarket.sol";
import {IResultConsumer, RunStatus} from "interfaces/IResultConsumer.sol";
import {CourierFixture, Run} from "tests/solidity/courier/CourierFixture.sol";
import {Wish} from "tests/solidity/support/Terms.sol";
import {vm} from "tests/solidity/support/Vm.sol";

/// @notice The example of a consumer: it has a program run, and keeps what it says.
contract AnswerBookTest is CourierFixture {
    using Deals for Deal;
    using JobIds for JobId;

    AnswerBook private immutable book = new AnswerBook(courier);

    constructor() {
        market.deposit(address(book), FORTUNE);
    }

    /// @notice The whole story: asked, run, claimed, settled by somebody who does not care, and answered.
    function test_a_question_is_answered(Wish memory wish, Run memory run) external {
        asked(wish, sound(run));
        courier.register(job);
        afterPeriod();
        market.settle(job);
        assert(told());

        AnswerBook.Answer memory answer = book.answerOf(job.id);
        assert(answer.status == output.status && answer.exitStatus == output.exitStatus);
        assert(keccak256(answer.output) == keccak256(output.stdout));
        assert(JobId.unwrap(book.awaited(SLOT)) == 0);
    }

    /// @notice SPEC C1: with the end of its job, in one call.
    function test_a_question_is_answered_with_the_end_of_its_job(Wish memory wish, Run memory run) external {
        asked(wish, sound(run));
        afterPeriod();
        assert(told());
        assert(JobId.unwrap(book.awaited(SLOT)) == 0);
    }

    /// @notice SPEC C4: it hears each answer once, though it can be told again and again.
    function test_an_answer_is_taken_once(Wish memory wish, Run memory run) external {
        asked(wish, sound(run));
        courier.register(job);
        afterPeriod();
        assert(told());
        assert(!told());
        // Nor after its next question, in another slot.
        book.ask(SLOT + 1, terms);
        assert(!told());
    }

    /// @notice SPEC C3: too little gas for all of it leaves nothing behind.
    function test_an_answer_that_was_told_with_too_little_gas_is_told_again(Wish memory wish, uint32 gasLimit)
        external
    {
        Run memory run;
        (run.status, run.stdout) = (1, new bytes(200));
        run.stdout[199] = "x";
        asked(wish, run);
        courier.register(job);
        afterPeriod();
        bool taken = courier.deliver(job, terms, output, proof, book, gasLimit % 300_000);
        assert(taken == (JobId.unwrap(book.awaited(SLOT)) == 0));
        assert((book.answerOf(job.id).output.length == 200) == taken);
        if (!taken) assert(told());
    }

    /// @notice What it has not asked for: a job of another requester, with a true result.
    function test_the_answer_to_anothers_question_is_not_taken(Wish memory wish, Run memory run) external {
        claimOne(wish, sound(run));
        afterPeriod();
        assert(!told());
        assertEnded(job);
        assert(book.answerOf(job.id).output.length == 0);
    }

    function test_nobody_but_the_courier_is_believed(Wish memory wish, Run memory run, address liar)
        external
    {
        vm.assume(liar != address(courier));
        asked(wish, sound(run));
        vm.prank(liar);
        vm.expectRevert(abi.encodeWithSelector(AnswerBook.NotTheCourier.selector, liar));
        book.onResult(job.id, 0, RunStatus.Exited, 0, "a lie");
    }

    function test_nobody_but_its_owner_asks_gives_up_or_withdraws(address other) external {
        vm.assume(other != address(this));
        bytes memory reason = abi.encodeWithSelector(AnswerBook.NotTheOwner.selector, other);
        IJobMarket.Terms memory any;
        vm.prank(other);
        vm.expectRevert(reason);
        book.ask(0, any);
        vm.prank(other);
        vm.expectRevert(reason);
        book.giveUp(0);
        vm.prank(other);
        vm.expectRevert(reason);
        book.withdraw(other, 1);
    }

    function test_a_question_of_several_tasks_is_refused(Wish memory wish, uint32 more) external {
        wish = fixedPrice(wish);
        wish.taskCount = 2 + more % 5;
        vm.expectRevert(abi.encodeWithSelector(AnswerBook.NotOneTask.selector, wish.taskCount));
        book.ask(SLOT, wish.terms());
    }

    /// @notice SPEC C5: the slot would forget how its last job ended.
    function test_a_slot_that_waits_for_an_answer_is_not_used_again(Wish memory wish, Run memory run)
        external
    {
        asked(wish, sound(run));
        courier.register(job);
        afterPeriod();
        market.settle(job);
        vm.expectRevert(abi.encodeWithSelector(AnswerBook.StillAwaited.selector, job.id));
        book.ask(SLOT, terms);
        assert(told());
        book.ask(SLOT, terms);
    }

    /// @notice A job that nobody has run is given up; its price comes back.
    function test_a_question_without_an_answer_is_given_up(Wish memory wish) external {
        wish = fixedPrice(wish);
        wish.taskCount = 1;
        JobId jobId = book.ask(SLOT, wish.terms());
        IJobMarket.Job memory open = openRecord(address(book), SLOT, 1, wish, wish.acceptPeriod);
        assert(JobId.unwrap(open.id) == JobId.unwrap(jobId));
        vm.warp(block.timestamp + 31 days);
        market.expire(open);
        book.giveUp(SLOT);
        book.ask(SLOT, wish.terms());
        uint96 left = FORTUNE - wish.price;
        if (left > 0) book.withdraw(stranger, left);
        assert(token.balanceOf(stranger) == left);
    }

    /// @dev A question, and the provider's claim about it.
    function asked(Wish memory wish, Run memory run) private {
        wish = fixedPrice(wish);
        wish.taskCount = 1;
        terms = wish.terms();
        bytes32 root = proved(run);
        book.ask(SLOT, terms);
        job = openRecord(address(book), SLOT, 1, wish, wish.acceptPeriod);
        vm.prank(provider);
        market.accept(job);
        job = acceptedRecord(job, wish.price, provider);
        vm.prank(provider);
        market.claim(job, root, "result");
        bytes32[] memory roots = new bytes32[](1);
        roots[0] = root;
        job = claimedRecord(job, roots);
    }

    function told() private returns (bool) {
        return courier.deliver(job, terms, output, proof, book, 1_000_000);
    }
}

"""What every call costs: the gas of its transaction, calldata included (EIP-7623), against the snapshot in gas.json.

    RECORD_GAS=1 python -m pytest tests/contracts/test_gas.py

records it anew. Amounts have 18 decimals, as those of most tokens; accounts and slots were used before.
"""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from brownie import AnswerBook, AssayToken, CounterReferee, Courier, DisputeGame, JobMarket, history

from assay.chain.records import ZERO_ADDRESS, Job, JobId, Output, OutputProof
from assay.chain.signing import Order
from assay.dispute.game import Side
from assay.dispute.strategy import next_action
from assay.machines import merkle
from assay.machines.base import Outcome, RunStatus
from assay.machines.riscv.image import OUTPUT, STDERR, Region, memory_root, output_pages, region_node
from assay.machines.riscv.state import State
from tests.contracts.signed import FINAL, Desk
from tests.contracts.support import (
    RESULT,
    Lie,
    Parties,
    accept,
    after,
    at,
    challenge,
    claim,
    claim_batch,
    claimed,
    finalize,
    play,
    post,
    proof_of,
    terms_for,
    truth,
)

SNAPSHOT = Path(__file__).with_name("gas.json")
TOKENS = 10**18
SLACK = 48  # a few bytes of a time or a signature that happen not to be zero
LATER = 0x7B1B2C3D  # what is signed expires then, so that the zero bytes of signatures are always the same, too
START = 0x7A1B2C3D  # in 2034: the times of a run are always the same, so their zero bytes are
ROUNDS = 8
STEPS = 16**ROUNDS  # 2^32
HONEST = truth(steps=STEPS)
LIE = Lie(HONEST, 0x12345678, STEPS)
TASKS = 100
LIMITS = {
    "a job: post, accept, claim, finalize": 143_000,
    "a job: signed order and claim, finalize": 92_000,
    "a job: rolling claim": 56_000,
    "a task in a rolling claim of 100": 1_900,
    "a job of 100 tickets, each signed": 9_000,
    "challenge": 140_000,
    "move": 60_000,
    "a dispute over 2^32 steps": 800_000,
}


@pytest.fixture
def parties(surveyor, requester, provider, verifier, stranger, signers):
    """Contracts at addresses that do not depend on the tests that ran before, and jobs that were done before."""
    at(START)
    token = surveyor.deploy(AssayToken)
    game, referee = surveyor.deploy(DisputeGame, 3_600, 60), surveyor.deploy(CounterReferee)
    market = surveyor.deploy(JobMarket, (token, game, TOKENS, TOKENS, 2_000, 600, 0, ZERO_ADDRESS))
    token.approve(market, 2**256 - 1, {"from": surveyor})
    for account in (requester, provider, verifier, surveyor, *signers):
        market.deposit(account, 1_000 * TOKENS, {"from": surveyor})
        market.stake(500 * TOKENS, {"from": account})
    parties = Parties(market, game, referee, requester, provider)
    job = parties.claimed(price=3 * TOKENS, bond=5 * TOKENS)
    after(job.deadline)
    market.finalizeAll([job.abi()], {"from": stranger})
    return parties


def last() -> int:
    """The gas of the last transaction."""
    return int(history[-1].gas_used)


def of_money(parties, surveyor):
    market, provider = parties.market, parties.provider
    market.deposit(provider, 7 * TOKENS, {"from": surveyor})
    yield "deposit", last()
    market.stake(7 * TOKENS, {"from": provider})
    yield "stake", last()
    market.unstake(7 * TOKENS, {"from": provider})
    yield "unstake", last()
    market.withdraw(surveyor, 7 * TOKENS, {"from": provider})
    yield "withdraw", last()


def of_a_job_that_is_paid(parties, terms, stranger):
    job = post(parties.market, parties.requester, terms)
    yield "post", (posting := last())
    job = accept(parties.market, parties.provider, job)
    yield "accept", (accepting := last())
    job = claim(parties.market, parties.provider, job, HONEST.state_root(STEPS))
    yield "claim", (claiming := last())
    after(job.deadline)
    parties.market.settle(job.abi(), {"from": stranger})
    yield "finalize", last()
    yield "a job: post, accept, claim, finalize", posting + accepting + claiming + last()


def of_jobs_that_are_not(parties, terms, stranger):
    market, requester, provider = parties.market, parties.requester, parties.provider
    market.cancel(post(market, requester, terms).abi(), {"from": requester})
    yield "cancel", last()
    job = post(market, requester, terms)
    after(job.deadline)
    market.expire(job.abi(), {"from": stranger})
    yield "expire, not accepted", last()
    for _ in range(2):  # the first one creates the account of burned money
        job = accept(market, provider, post(market, requester, terms))
        after(job.deadline)
        market.expire(job.abi(), {"from": stranger})
    yield "expire, not claimed", last()
    market.sweepBurned({"from": stranger})
    yield "sweepBurned", last()


def of_a_batch(parties, terms, verifier, stranger):
    market, requester, provider = parties.market, parties.requester, parties.provider
    initial = [truth(start=task).state_root(0) for task in range(TASKS)]
    final = [truth(start=task).state_root(STEPS) for task in range(TASKS)]
    batch = replace(terms, task_root=merkle.root(initial), task_count=TASKS)
    calls = len(history)
    job = claim_batch(market, provider, accept(market, provider, post(market, requester, batch)), final)
    yield f"claimBatch of {TASKS} tasks", last()
    after(job.deadline)
    market.finalizeAll([job.abi()], {"from": stranger})
    yield f"a task in a batch of {TASKS}", sum(call.gas_used for call in list(history)[calls:]) // TASKS

    job = claim_batch(market, provider, accept(market, provider, post(market, requester, batch)), final)
    dispute = challenge(parties, verifier, job, LIE, proof_of(77, initial, final))
    yield f"challenge of a task among {TASKS}", last()
    play(dispute, {}, stranger)
    yield "timeout, the provider loses", last()


def of_signatures(parties, terms, signers, stranger):
    requester, provider = signers
    desk = Desk(parties.market, parties.referee, requester, provider, terms)
    finalize(desk.market, stranger, desk.fill_and_claim(desk.order(expiry=LATER)))
    job = desk.fill_and_claim(desk.order(expiry=LATER))
    yield "signed order and claim", (claiming := last())
    finalize(desk.market, stranger, job)
    yield "a job: signed order and claim, finalize", claiming + last()

    initial = [truth(start=task).state_root(0) for task in range(TASKS)]
    final = [truth(start=task).state_root(STEPS) for task in range(TASKS)]
    batch = {"task_root": merkle.root(initial), "task_count": TASKS}
    for changes, roots, name, shares in (
        ({}, [FINAL], "a job: rolling claim", 1),
        (batch, final, f"a task in a rolling claim of {TASKS}", TASKS),
    ):
        job = desk.record(order := desk.order(expiry=LATER, **changes), desk.claim_at_once(order, roots=roots))
        after(job.deadline)
        order = Order(replace(job.job_id, generation=job.generation + 1), order.terms, LATER)
        one = len(roots) == 1
        job = desk.record(order, desk.claim_next(order, job) if one else desk.claim_at_once(order, [job], roots))
        yield name, last() // shares
        finalize(desk.market, stranger, job)

    cheap = {"price": TOKENS // 10, "bond": TOKENS // 10}
    for first in (0, 256):
        calls = len(history)
        tickets = desk.tickets(range(first, first + TASKS), expiry=LATER, **cheap)
        call = desk.market.takeTicketsAndClaim(tickets.abi(), final, RESULT, [], {"from": provider})
        job_id = JobId.from_bytes(bytes(call.events["SignedJobClaimed"]["jobId"]))
        finalize(desk.market, stranger, claimed(Job.posted(job_id, tickets.terms, 0), call, "SignedJobClaimed"))
    yield f"a job of {TASKS} tickets, each signed", sum(call.gas_used for call in list(history)[calls:]) // TASKS


def of_disputes(parties, terms, verifier, stranger, surveyor):
    market, requester, provider = parties.market, parties.requester, parties.provider
    job = accept(market, provider, post(market, requester, terms))
    job = claim(market, provider, job, LIE.state_root(STEPS))
    beside = challenge(parties, surveyor, job, Lie(HONEST, 5, STEPS, shift=77))
    dispute = challenge(parties, verifier, job, HONEST)
    yield "challenge", last()
    assert play(dispute, {Side.CHALLENGER: HONEST, Side.DEFENDER: LIE}, stranger) == Side.CHALLENGER
    yield "move", max(call.gas_used for call in dispute.calls[1:-1])
    yield "step, the provider loses", last()
    yield "a dispute over 2^32 steps", sum(call.gas_used for call in dispute.calls)
    play(beside, {}, stranger)
    yield "timeout, moot", last()

    job = claim(market, provider, accept(market, provider, post(market, requester, terms)))
    dispute = challenge(parties, verifier, job, Lie(HONEST, 5, STEPS))
    dispute.move(next_action(dispute.history, Side.DEFENDER, HONEST), provider)
    dispute.timeout(stranger)
    yield "timeout, the challenger loses", last()


def of_callbacks(parties, terms, surveyor, stranger):
    """A consumer that refuses what it did not ask for, so that next to nothing of the gas is its own."""
    market, requester, provider = parties.market, parties.requester, parties.provider
    courier = surveyor.deploy(Courier, market, parties.referee)
    consumer = surveyor.deploy(AnswerBook, courier)
    nodes = tuple(bytes([number]) * 32 for number in (1, 2, 3))
    for size in (32, 32 + 1024):
        output = Output(RunStatus.EXITED, 0, b"a" * size)
        pages = output_pages(Outcome(RunStatus.EXITED, 0, output.stdout, b""))
        kernel, input_, program = nodes
        memory = memory_root(program, input_, region_node(OUTPUT, pages), kernel)
        state = State.of(memory, list(range(1 << 40, (1 << 40) + 38)))
        stderr = region_node(Region(STDERR, OUTPUT.level - 1), pages)
        proof = OutputProof(0, 0, stderr, *nodes, state.encode()[32:], ())
        job = claim(market, provider, accept(market, provider, post(market, requester, terms, 1)), state.root())
        if size == 32:
            courier.register(job.abi(), {"from": stranger})
            yield "register a claim", last()
        after(job.deadline)
        arguments = (job.abi(), terms.abi(), output.abi(), proof.abi(), consumer, 100_000)
        courier.deliver(*arguments, {"from": stranger})
        yield f"deliver an output of {size} bytes, and finalize", last()


@pytest.fixture
def measured(parties, verifier, surveyor, stranger, signers):
    """Gas by what was done."""
    terms = terms_for(parties.referee, price=3 * TOKENS, bond=5 * TOKENS, rounds=ROUNDS)
    return {
        **dict(of_money(parties, surveyor)),
        **dict(of_a_job_that_is_paid(parties, terms, stranger)),
        **dict(of_jobs_that_are_not(parties, terms, stranger)),
        **dict(of_a_batch(parties, terms, verifier, stranger)),
        **dict(of_signatures(parties, terms, signers, stranger)),
        **dict(of_disputes(parties, terms, verifier, stranger, surveyor)),
        **dict(of_callbacks(parties, terms, surveyor, stranger)),
    }


def test_no_call_costs_more_gas_than_recorded(measured):
    if os.environ.get("RECORD_GAS"):
        SNAPSHOT.write_text(json.dumps(measured, indent=2) + "\n")
    recorded = json.loads(SNAPSHOT.read_text())
    assert measured.keys() == recorded.keys()
    risen = {name: (recorded[name], gas) for name, gas in measured.items() if gas > recorded[name] + SLACK}
    assert not risen, f"before and now: {risen}; if it has to be, record it: see this file's first lines"


@pytest.mark.parametrize("name", LIMITS)
def test_recorded_gas_is_below_the_limits(name):
    assert json.loads(SNAPSHOT.read_text())[name] <= LIMITS[name]

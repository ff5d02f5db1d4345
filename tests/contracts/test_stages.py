"""The stages of a job: which call does what, when, and for whom."""

from dataclasses import dataclass, replace
from typing import Any

import pytest

from assay.chain.records import End, Job, Status
from assay.dispute.strategy import opening
from tests.contracts.support import (
    FUNDS,
    PRICE,
    RESULT,
    ROUNDS,
    STAKE,
    STEPS,
    accept,
    after,
    at,
    claim,
    claim_batch,
    current,
    finalize,
    mine_after,
    money,
    post,
    proof_of,
    refused,
    terms_for,
    truth,
)

ROOT = truth().state_root(STEPS)
OPEN, ACCEPTED, CLAIMED = Status


@pytest.fixture
def at_stage(market, referee, requester, provider):
    """A job of one task that has come as far as asked."""

    def bring(status: Status) -> Job:
        job = post(market, requester, terms_for(referee))
        if status >= ACCEPTED:
            job = accept(market, provider, job)
        return claim(market, provider, job) if status == CLAIMED else job

    return bring


@dataclass(frozen=True)
class Calls:
    """Each call about a job, by whoever may make it unless another sender is given."""

    market: Any
    senders: dict[str, Any]

    def send(self, action: str, job: Job, sender: Any = None) -> Any:
        """Make the call."""
        return getattr(self.market, action)(*self._arguments(action, job), {"from": sender or self.senders[action]})

    def attempt(self, action: str, job: Job, sender: Any = None) -> None:
        """Ask the node what would come of it now."""
        call = getattr(self.market, action).call
        call(*self._arguments(action, job), {"from": sender or self.senders[action]})

    def _arguments(self, action: str, job: Job) -> tuple[Any, ...]:
        match action:
            case "claim":
                return (job.abi(), ROOT, RESULT)
            case "claimBatch":
                return (job.abi(), [ROOT], RESULT)
            case "challenge":
                proof = proof_of(0, [truth().state_root(0)], [job.claim_root])
                return (job.abi(), job.terms.abi(), job.claim_root, proof.abi(), opening(truth(start=6), ROUNDS))
            case "finalizeAll":
                return ([job.abi()],)
        return (job.abi(),)


@pytest.fixture
def calls(market, requester, provider, verifier, stranger):
    senders = {"cancel": requester, "claim": provider, "claimBatch": provider, "challenge": verifier}
    return Calls(market, {**dict.fromkeys(ACTIONS, stranger), **senders, "accept": provider})


ACTIONS = {
    "cancel": {OPEN},
    "accept": {OPEN},
    "claim": {ACCEPTED},
    "claimBatch": {ACCEPTED},
    "challenge": {CLAIMED},
    "settle": {CLAIMED},
    "finalizeAll": {CLAIMED},
    "expire": {OPEN, ACCEPTED},
}
RIGHT = [(action, status) for action, right in ACTIONS.items() for status in Status if status in right]
OVER = {"settle", "finalizeAll", "expire"}  # possible after the deadline; everything else but cancelling until then


# --- what is refused ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", Status)
def test_at_another_stage_a_call_is_refused(at_stage, calls, status):
    """SPEC J3."""
    job = at_stage(status)
    for action, right in ACTIONS.items():
        if status not in right:
            if action in OVER:
                mine_after(job.deadline)  # the last ones of ACTIONS
            with refused("WrongStatus", bytes(job.job_id), max(right).value, status.value):
                calls.attempt(action, job)


@pytest.mark.parametrize(
    ("ending", "status"), [("cancel", OPEN), ("expire", OPEN), ("settle", CLAIMED), ("finalizeAll", CLAIMED)]
)
def test_after_the_end_every_call_is_refused(at_stage, calls, ending, status):
    """SPEC J2, J3: nothing brings a job back, or pays for it twice."""
    job = at_stage(status)
    after(job.deadline)
    calls.send(ending, job)
    for action in ACTIONS:
        with refused("RecordMismatch", bytes(job.job_id)):
            calls.attempt(action, job)


def test_an_outdated_record_is_refused(at_stage, calls):
    """SPEC J2: the job has gone on since."""
    job = at_stage(OPEN)
    calls.send("accept", job)
    for action in ACTIONS:
        with refused("RecordMismatch", bytes(job.job_id)):
            calls.attempt(action, job)


def test_a_forged_record_is_refused(at_stage, calls):
    """SPEC J2: whatever is changed in it."""
    job = at_stage(CLAIMED)
    mine_after(job.deadline)
    for forged in (
        replace(job, requester=job.provider),
        replace(job, slot=1),
        replace(job, generation=2),
        replace(job, terms=replace(job.terms, price=PRICE + 1)),
        replace(job, terms=replace(job.terms, task_count=2)),
        replace(job, terms=replace(job.terms, spec_id=bytes(32))),
        replace(job, status=Status.OPEN),
        replace(job, deadline=job.deadline - 10**6),
        replace(job, provider=job.requester),
        replace(job, claim_root=bytes(32)),
    ):
        with refused("RecordMismatch", bytes(forged.job_id)):
            calls.attempt("settle", forged)
        with refused("RecordMismatch", bytes(forged.job_id)):
            calls.attempt("finalizeAll", forged)
    calls.attempt("settle", job)
    calls.attempt("finalizeAll", job)


def test_another_than_the_requester_cannot_cancel(at_stage, calls, requester, stranger):
    """SPEC J4."""
    with refused("NotTheRequester", requester, stranger):
        calls.attempt("cancel", at_stage(OPEN), stranger)


@pytest.mark.parametrize("action", ["claim", "claimBatch"])
def test_another_than_the_provider_cannot_claim(at_stage, calls, provider, verifier, action):
    """SPEC J4."""
    with refused("NotTheProvider", provider, verifier):
        calls.attempt(action, at_stage(ACCEPTED), verifier)


@pytest.mark.parametrize(("action", "status", "bond"), [("accept", OPEN, 500), ("challenge", CLAIMED, 100)])
def test_without_stake_nobody_accepts_or_challenges(at_stage, calls, stranger, action, status, bond):
    """SPEC J4, L4."""
    with refused("StakeTooLow", stranger, 0, bond):
        calls.attempt(action, at_stage(status), stranger)


@pytest.mark.parametrize(("action", "status"), [(a, s) for a, s in RIGHT if a not in OVER and a != "cancel"])
def test_what_comes_after_the_deadline_is_too_late(at_stage, calls, action, status):
    """SPEC J3."""
    job = at_stage(status)
    at(job.deadline + 1)
    with refused("TooLate", job.deadline):
        calls.send(action, job)


@pytest.mark.parametrize(("action", "status"), [(a, s) for a, s in RIGHT if a in OVER])
def test_what_comes_before_the_deadline_is_over_is_too_early(at_stage, calls, action, status):
    """SPEC J3."""
    job = at_stage(status)
    at(job.deadline)
    with refused("TooEarly", job.deadline):
        calls.send(action, job)


@pytest.mark.parametrize("given", [1, 2, 4])
def test_a_claim_with_too_few_or_too_many_roots_is_refused(market, referee, requester, provider, given):
    """SPEC J6: for three tasks there are three final roots, and all of them are brought."""
    roots = [truth(start=start).state_root(0) for start in range(3)]
    job = accept(market, provider, post(market, requester, terms_for(referee, roots)))
    if given == 1:
        with refused("WrongTaskCount", 3, 1):
            market.claim(job.abi(), ROOT, RESULT, {"from": provider})
    with refused("WrongTaskCount", 3, given):
        market.claimBatch(job.abi(), [ROOT] * given, RESULT, {"from": provider})


# --- what works -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("action", "status"), [(a, s) for a, s in RIGHT if a not in OVER])
def test_in_its_last_second_a_call_is_in_time(at_stage, calls, action, status):
    """SPEC J3."""
    job = at_stage(status)
    at(job.deadline)
    calls.send(action, job)


@pytest.mark.parametrize(("action", "status"), [(a, s) for a, s in RIGHT if a in OVER])
def test_from_the_next_second_on_a_job_can_be_ended(at_stage, calls, action, status):
    """SPEC J3, J4: by anyone."""
    job = at_stage(status)
    at(job.deadline + 1)
    calls.send(action, job)


def test_a_job_can_still_be_cancelled_when_nobody_can_accept_it_any_more(at_stage, calls):
    job = at_stage(OPEN)
    after(job.deadline)
    calls.send("cancel", job)


@pytest.mark.parametrize(("action", "end"), [("cancel", End.CANCELLED), ("expire", End.EXPIRED)])
def test_a_job_that_nobody_accepted_is_refunded(at_stage, calls, market, requester, action, end):
    """SPEC J12."""
    job = at_stage(OPEN)
    if action == "expire":
        after(job.deadline)
    events = calls.send(action, job).events
    assert events["JobEnded"]["end"] == end
    assert "BondSlashed" not in events
    assert money(market, requester) == (FUNDS, STAKE)
    assert current(market, job) == (False, 0)


def test_a_provider_that_does_not_claim_loses_its_bond_to_the_requester(at_stage, calls, market, requester, provider):
    """SPEC J12: four fifths of it; one is burned."""
    job = at_stage(ACCEPTED)
    assert money(market, provider) == (FUNDS, STAKE - 500)
    after(job.deadline)
    events = calls.send("expire", job).events
    assert events["JobEnded"]["end"] == End.MISSED_DEADLINE
    slashed = events["BondSlashed"]
    assert (slashed["beneficiary"], slashed["paid"], slashed["burned"]) == (requester, 400, 100)
    assert money(market, requester) == (FUNDS + 400, STAKE)
    assert money(market, provider) == (FUNDS, STAKE - 500)


def test_a_share_that_is_no_whole_number_is_burned_rounded_up(market, referee, requester, provider, stranger):
    """SPEC J10, J12: a fifth of 501."""
    job = accept(market, provider, post(market, requester, terms_for(referee, bond=501)))
    after(job.deadline)
    event = market.expire(job.abi(), {"from": stranger}).events["BondSlashed"]
    assert (event["paid"], event["burned"]) == (400, 101)


@pytest.mark.parametrize("action", ["settle", "finalizeAll"])
def test_a_claim_that_stood_is_paid(at_stage, calls, market, requester, provider, action):
    """SPEC J7."""
    job = at_stage(CLAIMED)
    after(job.deadline)
    events = calls.send(action, job).events
    assert "JobFinalized" in events
    assert "FeePaid" not in events
    assert money(market, provider) == (FUNDS + PRICE, STAKE)
    assert money(market, requester) == (FUNDS - PRICE, STAKE)


def test_the_final_roots_of_a_batch_are_on_the_chain(market, referee, requester, provider):
    """SPEC J6."""
    traces = [truth(start=start) for start in range(5)]
    job = post(market, requester, terms_for(referee, [trace.state_root(0) for trace in traces]))
    roots = [trace.state_root(STEPS) for trace in traces]
    job = accept(market, provider, job)
    call = market.claimBatch(job.abi(), roots, RESULT, {"from": provider})
    assert [bytes(root) for root in call.events["FinalRootsClaimed"]["finalRoots"]] == roots


def test_a_batch_is_paid_as_one(market, referee, requester, provider, stranger):
    traces = [truth(start=start) for start in range(5)]
    job = post(market, requester, terms_for(referee, [trace.state_root(0) for trace in traces]))
    job = claim_batch(market, provider, accept(market, provider, job), [trace.state_root(STEPS) for trace in traces])
    after(job.deadline)
    market.finalizeAll([job.abi()], {"from": stranger})
    assert money(market, provider) == (FUNDS + PRICE, STAKE)


def test_a_requester_may_accept_its_own_job(market, referee, requester):
    """Nothing is gained by it, so nothing keeps it from doing so."""
    job = claim(market, requester, accept(market, requester, post(market, requester, terms_for(referee))))
    after(job.deadline)
    market.finalizeAll([job.abi()], {"from": requester})
    assert money(market, requester) == (FUNDS, STAKE)


def test_many_jobs_are_finalized_in_one_transaction(market, referee, requester, provider, stranger):
    jobs = [
        claim(market, provider, accept(market, provider, post(market, requester, terms_for(referee), slot)))
        for slot in range(3)
    ]
    finalize(market, stranger, *jobs)
    assert money(market, provider) == (FUNDS + 3 * PRICE, STAKE)

"""Histories: what the events of jobs and disputes add up to, and what cannot be their events."""

from dataclasses import replace

import pytest

from assay.chain.events import (
    BondSlashed,
    ChallengeClosed,
    DeadlineExtended,
    DisputeOpened,
    DisputeResolved,
    Entry,
    Event,
    FeePaid,
    FinalRootsClaimed,
    JobAccepted,
    JobChallenged,
    JobClaimed,
    JobEnded,
    JobPosted,
    Moved,
    OfferTaken,
    PriceAgreed,
    SignedJobClaimed,
    Staked,
    Stepped,
    TicketsTaken,
)
from assay.chain.history import Book
from assay.chain.records import (
    ZERO_ADDRESS,
    ZERO_HASH,
    DisputeTerms,
    End,
    Ending,
    Job,
    JobId,
    Status,
    Terms,
    Verdict,
)
from assay.dispute.game import Side
from assay.errors import IntegrityError
from assay.keccak import keccak256
from assay.machines import merkle


def address(digit: str) -> str:
    return "0x" + 40 * digit


MARKET, REQUESTER, PROVIDER, VERIFIER = address("1"), address("2"), address("3"), address("4")
JOB = JobId(REQUESTER, 0, 1)
ROOTS = tuple(bytes([number]) * 32 for number in range(16))
FINAL = b"\xf1" * 32
TERMS = Terms(address("5"), b"\x01" * 32, 1, 3, 100, 50, 10, 20, 30, b"\x02" * 32)
DISPUTE = DisputeTerms(MARKET, bytes(JOB), 0, address("5"), 3, VERIFIER, PROVIDER, b"\x01" * 32, FINAL)

posted = JobPosted(JOB, TERMS, 1010)
accepted = JobAccepted(JOB, PROVIDER, 1020)
claimed = JobClaimed(JOB, PROVIDER, FINAL, b"\x03" * 32, 1050)
challenged = JobChallenged(JOB, DISPUTE.dispute_id, VERIFIER, 0, 7)
opened = DisputeOpened(DISPUTE.dispute_id, DISPUTE, ROOTS)
answered = Moved(DISPUTE.dispute_id, Side.DEFENDER, 4, ROOTS[3], ROOTS)
countered = Moved(DISPUTE.dispute_id, Side.CHALLENGER, 0, ROOTS[3], ROOTS)
closed = ChallengeClosed(JOB, DISPUTE.dispute_id, VERIFIER, Verdict.LOST, 7)
finalized = JobEnded(JOB, End.FINALIZED)
slashed = JobEnded(JOB, End.SLASHED_BY_STEP)
lost = BondSlashed(JOB, VERIFIER, 40, 10)
at_once = SignedJobClaimed(JOB, TERMS, PROVIDER, FINAL, b"\x03" * 32, 1050)
SPECS = (b"\x07" * 32, b"\x08" * 32)
TICKETED = replace(TERMS, task_count=2, spec_id=keccak256(b"".join(SPECS)))
taken = TicketsTaken(JOB, 0, 3, SPECS)


def entries(*events: Event) -> list[Entry]:
    return [Entry(event, 10 + at, bytes(32), 0, bytes(32)) for at, event in enumerate(events)]


def book(*events: Event) -> Book:
    return Book(MARKET, entries(*events))


@pytest.mark.parametrize(
    "events",
    [
        (accepted,),
        (posted, posted),
        (posted, claimed),
        (posted, accepted, accepted),
        (posted, accepted, challenged),
        (posted, accepted, claimed, finalized, challenged),
        (posted, accepted, claimed, finalized, finalized),
        (closed,),
        (posted, at_once),
        (at_once, posted),
        (posted, FeePaid(JOB, 1)),
        (posted, lost),
        (posted, DeadlineExtended(JOB, 1030)),
        (posted, accepted, PriceAgreed(JOB, 60)),
        (posted, accepted, OfferTaken(JOB, PROVIDER, 1)),
        (posted, taken),
    ],
    ids=lambda events: "-".join(type(event).__name__ for event in events),
)
def test_events_that_do_not_follow_from_each_other_are_refused(events: tuple[Event, ...]) -> None:
    with pytest.raises(IntegrityError):
        book(*events)


@pytest.mark.parametrize(
    "events",
    [
        (opened, opened),
        (opened, countered),
        (opened, answered, answered),
        (opened, answered, countered, answered),
        (opened, DisputeResolved(DISPUTE.dispute_id, Side.CHALLENGER, Ending.TIMEOUT), answered),
    ],
    ids=lambda events: "-".join(type(event).__name__ for event in events),
)
def test_moves_out_of_turn_are_refused(events: tuple[Event, ...]) -> None:
    with pytest.raises(IntegrityError):
        book(*events)


def test_terms_under_another_disputes_id_are_refused() -> None:
    with pytest.raises(IntegrityError, match="do not have its id"):
        book(replace(opened, terms=replace(DISPUTE, task=1)))


def test_final_roots_that_are_not_the_claims_are_refused() -> None:
    terms = replace(TERMS, task_count=2)
    before = (replace(posted, terms=terms), accepted, claimed)
    with pytest.raises(IntegrityError, match="claim's root"):
        book(*before, FinalRootsClaimed(JOB, ROOTS[:2]))


def test_a_dispute_of_another_market_about_a_job_of_the_same_name_is_left_out() -> None:
    foreign = replace(DISPUTE, market=address("9"))
    events = (
        replace(opened, dispute_id=foreign.dispute_id, terms=foreign),
        replace(answered, dispute_id=foreign.dispute_id),
    )
    found = book(posted, accepted, claimed, *events)
    assert found.disputes == {}
    assert found.disputes_of(JOB) == []


def test_a_jobs_record_follows_its_stages() -> None:
    job = Job(REQUESTER, 0, 1, TERMS, Status.OPEN, 1010, ZERO_ADDRESS, ZERO_HASH)
    assert book(posted).jobs[JOB].job == job
    job = replace(job, status=Status.ACCEPTED, deadline=1020, provider=PROVIDER)
    assert book(posted, accepted).jobs[JOB].job == job
    job = replace(job, status=Status.CLAIMED, deadline=1050, claim_root=FINAL)
    history = book(posted, accepted, claimed).jobs[JOB]
    assert history.job == job
    assert history.final_roots == (FINAL,)
    assert history.result_id == b"\x03" * 32
    assert history.ended is None


def test_a_signed_job_is_claimed_from_the_start() -> None:
    history = book(at_once).jobs[JOB]
    assert history.job == Job(REQUESTER, 0, 1, TERMS, Status.CLAIMED, 1050, PROVIDER, FINAL)
    assert (history.final_roots, history.result_id) == ((FINAL,), b"\x03" * 32)


def test_an_agreed_price_is_in_the_record() -> None:
    rising = replace(posted, terms=replace(TERMS, floor_price=40))
    history = book(rising, PriceAgreed(JOB, 60), accepted, claimed).jobs[JOB]
    assert (history.job.price, history.job.terms.price) == (60, 100)
    assert book(replace(at_once, terms=rising.terms), PriceAgreed(JOB, 60)).jobs[JOB].job.price == 60


def test_a_job_of_tickets_has_their_specs() -> None:
    history = book(replace(posted, terms=TICKETED), taken, accepted).jobs[JOB]
    assert history.spec_ids == SPECS
    assert book(posted).jobs[JOB].spec_ids == (TERMS.spec_id,)


def test_a_hired_provider_may_get_more_time() -> None:
    hired = replace(accepted, hired=True)
    job = book(posted, OfferTaken(JOB, PROVIDER, 1), hired, DeadlineExtended(JOB, 1900)).jobs[JOB].job
    assert (job.hired, job.deadline) == (True, 1900)


def test_the_money_of_an_end_is_told() -> None:
    paid = book(posted, accepted, claimed, finalized, FeePaid(JOB, 3)).jobs[JOB]
    assert (paid.earned, paid.refunded, paid.slashed) == (97, 0, None)
    cheated = book(posted, accepted, claimed, challenged, slashed, lost, replace(closed, verdict=Verdict.WON)).jobs[JOB]
    assert (cheated.earned, cheated.refunded, cheated.slashed) == (0, 100, lost)
    assert cheated.open_disputes == ()


def test_a_claim_about_several_tasks_is_known_by_its_leaves() -> None:
    roots = ROOTS[:3]
    several = replace(posted, terms=replace(TERMS, task_count=3))
    history = book(
        several, accepted, replace(claimed, claim_root=merkle.root(roots)), FinalRootsClaimed(JOB, roots)
    ).jobs[JOB]
    assert history.final_roots == roots


def test_a_job_that_has_ended_keeps_its_last_record_and_its_end() -> None:
    history = book(posted, accepted, claimed, finalized).jobs[JOB]
    assert history.ended == finalized
    assert history.job.status == Status.CLAIMED
    assert [entry.block for entry in history.entries] == [10, 11, 12, 13]


def test_a_challenge_is_open_until_it_is_closed() -> None:
    before = (posted, accepted, claimed, opened, challenged)
    assert book(*before).jobs[JOB].open_disputes == (DISPUTE.dispute_id,)
    assert book(*before, closed).jobs[JOB].open_disputes == ()


def test_a_moot_challenge_is_closed_after_its_job_has_ended() -> None:
    history = book(posted, accepted, claimed, challenged, slashed, replace(closed, verdict=Verdict.MOOT)).jobs[JOB]
    assert history.ended == slashed
    assert history.open_disputes == ()


def test_a_dispute_is_played_to_its_end() -> None:
    events = (posted, accepted, claimed, opened, challenged, answered, countered)
    stepped = Stepped(DISPUTE.dispute_id, 2, ROOTS[1], ROOTS[7])
    resolved = DisputeResolved(DISPUTE.dispute_id, Side.CHALLENGER, Ending.STEP)
    (dispute,) = book(*events, stepped, resolved, slashed).disputes_of(JOB)
    assert dispute.play.start == 4 * 16**2
    assert dispute.play.stride == 1
    assert dispute.to_move == Side.DEFENDER
    assert (dispute.stepped, dispute.resolved) == (stepped, resolved)
    assert [type(entry.event) for entry in dispute.entries] == [DisputeOpened, Moved, Moved, Stepped, DisputeResolved]


def test_what_is_about_money_alone_is_left_out() -> None:
    found = book(Staked(PROVIDER, 5))
    assert (found.jobs, found.disputes) == ({}, {})

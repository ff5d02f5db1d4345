"""What events bring and cost, line by line, and what is at risk."""

from dataclasses import replace

import pytest

from assay.chain.events import (
    BondSlashed,
    ChallengeClosed,
    DisputeOpened,
    Entry,
    Event,
    FeePaid,
    JobAccepted,
    JobChallenged,
    JobClaimed,
    JobEnded,
    JobPosted,
)
from assay.chain.history import Book
from assay.chain.records import DisputeTerms, End, JobId, Terms, Verdict
from provider_agent.journal import Journal, Position
from provider_agent.ledger import Item, Kind, Risk, items_of, risk_of

MARKET = "0x" + 40 * "9"
REQUESTER, PROVIDER, VERIFIER, STRANGER = ("0x" + 40 * digit for digit in "1234")
JOB = JobId(REQUESTER, 0, 1)
TERMS = Terms(MARKET, bytes(32), 1, 3, 100, 50, 10, 1000, 30, bytes(32))
DISPUTE = DisputeTerms(MARKET, bytes(JOB), 0, MARKET, 3, VERIFIER, PROVIDER, bytes(32), bytes(32))


def book(*events: Event) -> Book:
    """One that has taken these in, after the job's post."""
    posted = JobPosted(JOB, TERMS, 1000)
    return Book(MARKET, [Entry(event, place, bytes(32), 0, bytes(32)) for place, event in enumerate([posted, *events])])


ACCEPTED = JobAccepted(JOB, PROVIDER, 2000)
CLAIMED = JobClaimed(JOB, PROVIDER, bytes(32), bytes(32), 3000)
CHALLENGED = JobChallenged(JOB, DISPUTE.dispute_id, VERIFIER, 0, 7)
OPENED = DisputeOpened(DISPUTE.dispute_id, DISPUTE, (bytes(32),) * 16)
CLOSED = ChallengeClosed(JOB, DISPUTE.dispute_id, VERIFIER, Verdict.LOST, 7)
PAID = JobEnded(JOB, End.FINALIZED)
SLASHED = [JobEnded(JOB, End.SLASHED_BY_STEP), BondSlashed(JOB, VERIFIER, 30, 20)]
MISSED = JobEnded(JOB, End.MISSED_DEADLINE)


@pytest.mark.parametrize(
    ("events", "account", "items"),
    [
        ([ACCEPTED, CLAIMED, PAID], PROVIDER, [(Kind.PAYMENT, 100)]),
        ([ACCEPTED, CLAIMED, PAID], REQUESTER, []),
        ([ACCEPTED, CLAIMED, PAID, FeePaid(JOB, 3)], PROVIDER, [(Kind.PAYMENT, -3)]),
        ([ACCEPTED, CLAIMED, *SLASHED], PROVIDER, [(Kind.LOST_BOND, -50)]),
        ([ACCEPTED, CLAIMED, *SLASHED], VERIFIER, [(Kind.REWARD, 30)]),
        ([ACCEPTED, CLAIMED, *SLASHED], STRANGER, []),
        ([ACCEPTED, CLAIMED, CHALLENGED, CLOSED], PROVIDER, [(Kind.DEFENCE, 7)]),
        ([ACCEPTED, CLAIMED, CHALLENGED, CLOSED], VERIFIER, [(Kind.LOST_CHALLENGE, -7)]),
        ([ACCEPTED, CLAIMED, CHALLENGED, replace(CLOSED, verdict=Verdict.MOOT)], VERIFIER, []),
        ([ACCEPTED, MISSED, BondSlashed(JOB, STRANGER, 5, 45)], PROVIDER, [(Kind.LOST_BOND, -50)]),
        ([ACCEPTED, MISSED, BondSlashed(JOB, STRANGER, 5, 45)], STRANGER, [(Kind.REWARD, 5)]),
        ([ACCEPTED, MISSED, BondSlashed(JOB, REQUESTER, 5, 45)], REQUESTER, []),
        ([JobEnded(JOB, End.CANCELLED)], REQUESTER, []),
    ],
)
def test_each_end_is_a_line_for_those_that_it_concerns(
    events: list[Event], account: str, items: list[tuple[Kind, int]]
) -> None:
    assert items_of(events[-1], book(*events), account) == [Item(str(JOB), kind, amount) for kind, amount in items]


def test_what_is_at_risk_is_the_bonds_of_what_is_not_over() -> None:
    nothing = Risk(0, 0, 0, 0, 0)
    assert risk_of(book(), PROVIDER) == nothing
    assert risk_of(book(ACCEPTED), PROVIDER) == risk_of(book(ACCEPTED, CLAIMED), PROVIDER) == Risk(1, 50, 100, 0, 0)
    assert risk_of(book(ACCEPTED, CLAIMED, PAID), PROVIDER) == nothing
    disputed = book(ACCEPTED, CLAIMED, CHALLENGED, OPENED)
    assert risk_of(disputed, VERIFIER) == Risk(0, 0, 0, 1, 7)
    assert risk_of(disputed, STRANGER) == nothing


def test_a_line_is_entered_once_and_taken_back_by_a_reorganisation(journal: Journal) -> None:
    journal.advance(Position(1, bytes(32)), [])
    for _ in range(2):
        journal.enter(1, 0, Item("a", Kind.PAYMENT, 10**30))
    journal.enter(2, 0, Item("b", Kind.LOST_BOND, -5))
    assert journal.earnings()[Kind.PAYMENT] == 10**30
    assert journal.earnings()[Kind.LOST_BOND] == -5

    journal.rewind(1)
    assert {kind: amount for kind, amount in journal.earnings().items() if amount} == {Kind.PAYMENT: 10**30}

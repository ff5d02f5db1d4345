"""What each event does to the free money and the stakes in the market: pure functions (ILedger, IJobMarket).

They say again what the contracts do. So what comes of them is compared with the chain (`Indexer`), and not believed.
"""

from dataclasses import dataclass

from assay.chain.events import (
    BondSlashed,
    BurnedSwept,
    ChallengeClosed,
    Deposited,
    Event,
    FeePaid,
    JobAccepted,
    JobChallenged,
    JobEnded,
    JobEvent,
    JobPosted,
    MoneyEvent,
    PriceAgreed,
    SignedJobClaimed,
    Staked,
    Unstaked,
    Withdrawn,
)
from assay.chain.history import Book
from assay.chain.records import End, Verdict

BURNED = "0x000000000000000000000000000000000000dEaD"
"""The account that burned money is credited to."""


@dataclass(frozen=True)
class Change:
    """What one account has more, or less, after an event; base units."""

    account: str
    free: int = 0
    stake: int = 0


def changes_of(event: Event, book: Book, fee_recipient: str) -> list[Change]:
    """What `event`, which `book` has taken in, does to accounts; each account is there once at most."""
    if isinstance(event, MoneyEvent):
        changes = _of_money(event)
    elif isinstance(event, JobEvent):
        changes = _of_job(event, book, fee_recipient)
    else:
        changes = []
    merged: dict[str, Change] = {}
    for change in changes:
        known = merged.get(change.account, Change(change.account))
        merged[change.account] = Change(change.account, known.free + change.free, known.stake + change.stake)
    return [change for change in merged.values() if change.free or change.stake]


def _of_money(event: MoneyEvent) -> list[Change]:
    match event:
        case Deposited():
            return [Change(event.account, event.amount)]
        case Withdrawn():
            return [Change(event.account, -event.amount)]
        case Staked():
            return [Change(event.account, -event.amount, event.amount)]
        case Unstaked():
            return [Change(event.account, event.amount, -event.amount)]
        case BurnedSwept():
            return [Change(BURNED, -event.amount)]


def _of_job(event: JobEvent, book: Book, fee_recipient: str) -> list[Change]:
    job = book.jobs[event.job_id].job
    requester, terms = job.requester, job.terms
    changes: list[Change] = []
    match event:
        case JobPosted():
            changes = [Change(requester, -terms.price)]
        case PriceAgreed():
            changes = [Change(requester, terms.price - event.price)]
        case JobAccepted():
            changes = [Change(event.provider, 0, -terms.bond)]
        case SignedJobClaimed():
            changes = [Change(requester, -terms.price), Change(event.provider, 0, -terms.bond)]
        case JobChallenged():
            changes = [Change(event.challenger, 0, -event.bond)]
        case ChallengeClosed(verdict=Verdict.LOST):
            changes = [Change(job.provider, event.bond)]
        case ChallengeClosed():
            changes = [Change(event.challenger, 0, event.bond)]
        case JobEnded(end=End.FINALIZED):
            changes = [Change(job.provider, job.price, terms.bond)]
        case JobEnded(end=End.DECLINED):
            changes = [Change(requester, job.price), Change(job.provider, 0, terms.bond)]
        case JobEnded():
            changes = [Change(requester, job.price)]
        case FeePaid():
            changes = [Change(job.provider, -event.fee), Change(fee_recipient, event.fee)]
        case BondSlashed():
            changes = [Change(event.beneficiary, event.paid), Change(BURNED, event.burned)]
    return changes

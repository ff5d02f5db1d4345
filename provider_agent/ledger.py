"""What the market's events brought or cost an account: pure functions, so that they can be read like a statement."""

from dataclasses import dataclass
from enum import StrEnum

from assay.chain.events import BondSlashed, ChallengeClosed, Event, FeePaid, JobEnded
from assay.chain.history import Book
from assay.chain.records import End, Status, Verdict


class Kind(StrEnum):
    """Why money came or went."""

    PAYMENT = "payment"
    """For a job; and the market's fee, below zero."""
    REWARD = "reward"
    """For a challenge that was right, or for ending a job that its provider had left."""
    DEFENCE = "defence"
    """The bond of a challenger that was wrong."""
    LOST_BOND = "lost bond"
    """A provider's: slashed, or a deadline missed. An amount below zero."""
    LOST_CHALLENGE = "lost challenge"
    """A challenger's bond. An amount below zero."""


@dataclass(frozen=True)
class Item:
    """One line of the statement."""

    job: str
    kind: Kind
    amount: int
    """Base units; below zero for a loss."""


def items_of(event: Event, book: Book, account: str) -> list[Item]:
    """What an event that `book` has taken in means for `account`; at most one line."""
    match event:
        case JobEnded(end=End.FINALIZED) | FeePaid() | BondSlashed():
            return _of_end(event, book, account)
        case ChallengeClosed(verdict=Verdict.LOST):
            job = str(event.job_id)
            if event.challenger == account:
                return [Item(job, Kind.LOST_CHALLENGE, -event.bond)]
            if book.jobs[event.job_id].job.provider == account:
                return [Item(job, Kind.DEFENCE, event.bond)]
    return []


def _of_end(event: JobEnded | FeePaid | BondSlashed, book: Book, account: str) -> list[Item]:
    job, name = book.jobs[event.job_id].job, str(event.job_id)
    is_provider = job.provider == account
    match event:
        case JobEnded():
            return [Item(name, Kind.PAYMENT, job.price)] if is_provider else []
        case FeePaid():
            return [Item(name, Kind.PAYMENT, -event.fee)] if is_provider else []
    if is_provider:
        return [Item(name, Kind.LOST_BOND, -(event.paid + event.burned))]
    # A requester that is compensated has earned nothing.
    is_reward = event.beneficiary == account != job.job_id.requester and event.paid
    return [Item(name, Kind.REWARD, event.paid)] if is_reward else []


@dataclass(frozen=True)
class Risk:
    """What can be lost at present, base units."""

    jobs: int
    """Accepted or claimed, and not over."""
    bonds: int
    """Of these."""
    due: int
    """What these will pay."""
    challenges: int
    """Own ones that are open."""
    challenge_bonds: int


def risk_of(book: Book, account: str) -> Risk:
    """What `account` has at risk, by the confirmed events."""
    own = [
        history.job
        for history in book.jobs.values()
        if history.ended is None and history.job.provider == account and history.job.status != Status.OPEN
    ]
    running = {dispute.dispute_id for dispute in book.disputes.values() if not dispute.resolved}
    opened = [
        challenge
        for history in book.jobs.values()
        for challenge in history.challenges
        if challenge.challenger == account and challenge.dispute_id in running
    ]
    return Risk(
        jobs=len(own),
        bonds=sum(job.terms.bond for job in own),
        due=sum(job.price for job in own),
        challenges=len(opened),
        challenge_bonds=sum(challenge.bond for challenge in opened),
    )

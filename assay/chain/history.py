"""What became of jobs and disputes, derived from their events by pure functions.

The market stores only the hash of a job's record, and the game only the commitment to the last list: whoever wants to
act rebuilds both from the events. The chain's state has the last word (`Market.is_current`, `Game.state_of`).
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from assay.chain.events import (
    BondSlashed,
    ChallengeClosed,
    DeadlineExtended,
    DisputeEvent,
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
    JobEvent,
    JobPosted,
    Moved,
    OfferTaken,
    PriceAgreed,
    SignedJobClaimed,
    Stepped,
    TicketsTaken,
)
from assay.chain.records import DisputeTerms, End, Job, JobId, Status, words
from assay.dispute.game import Answer, History, Side
from assay.errors import IntegrityError
from assay.keccak import keccak256
from assay.machines import merkle


@dataclass(frozen=True)
class JobHistory:
    """One job, from its post to its last event."""

    job: Job
    """The record now; of a job that has ended, the last one before its end."""
    result_id: bytes | None = None
    """Content id of the result document, once claimed."""
    final_roots: tuple[bytes, ...] = ()
    """The claimed final state root of each task, once claimed."""
    challenges: tuple[JobChallenged, ...] = ()
    closed: tuple[ChallengeClosed, ...] = ()
    ended: JobEnded | None = None
    fee: int = 0
    """What of the price went to the recipient of fees."""
    slashed: BondSlashed | None = None
    tickets: TicketsTaken | None = None
    """Of a job of tickets."""
    entries: tuple[Entry, ...] = ()
    """This job's events, oldest first."""

    @property
    def spec_ids(self) -> tuple[bytes, ...]:
        """Content ids of the documents that say what is run: one for the whole job, or one a ticket."""
        return self.tickets.spec_ids if self.tickets else (self.job.terms.spec_id,)

    @property
    def earned(self) -> int:
        """What the provider of a finalized job was paid; 0 for any other."""
        return self.job.price - self.fee if self.ended and self.ended.end == End.FINALIZED else 0

    @property
    def refunded(self) -> int:
        """What the requester of a job that has ended got back of the price."""
        return self.job.price if self.ended and self.ended.end != End.FINALIZED else 0

    @property
    def open_disputes(self) -> tuple[bytes, ...]:
        """Ids of the disputes that were not closed."""
        closed = {event.dispute_id for event in self.closed}
        return tuple(event.dispute_id for event in self.challenges if event.dispute_id not in closed)


@dataclass(frozen=True)
class DisputeHistory:
    """One dispute: its terms, and everything that was posted in it."""

    dispute_id: bytes
    terms: DisputeTerms
    play: History
    stepped: Stepped | None = None
    resolved: DisputeResolved | None = None
    entries: tuple[Entry, ...] = ()

    @property
    def to_move(self) -> Side:
        """Whose turn it is, or was at the end."""
        return self.play.to_move


def advance_job(history: JobHistory | None, entry: Entry) -> JobHistory:
    """A job's history with one more event, which has to be about the same job and fit the record.

    Raises `IntegrityError` if it does not: then events are missing, or the node does not tell the truth.
    """
    event = entry.event
    if isinstance(event, JobPosted):
        if history is not None:
            raise IntegrityError(f"job {event.job_id} was posted twice")
        return JobHistory(Job.posted(event.job_id, event.terms, event.deadline), entries=(entry,))
    if isinstance(event, SignedJobClaimed):
        if history is not None:
            raise IntegrityError(f"job {event.job_id} was posted twice")
        return _claimed(JobHistory(Job.posted(event.job_id, event.terms, 0), entries=(entry,)), event)
    if history is None or not isinstance(event, JobEvent) or event.job_id != history.job.job_id:
        raise IntegrityError(f"{type(event).__name__} does not belong to a job that was posted before")
    return _advance(replace(history, entries=(*history.entries, entry)), event)


def _advance(history: JobHistory, event: JobEvent) -> JobHistory:
    """The history of a job that was posted, with one more event."""
    job = history.job
    if history.ended and not isinstance(event, ChallengeClosed | FeePaid | BondSlashed):  # these follow a job's end
        raise IntegrityError(f"job {job.job_id} had ended before its {type(event).__name__}")
    match event:
        case PriceAgreed() | TicketsTaken() | OfferTaken() | DeadlineExtended() | JobAccepted():
            return _accepting(history, event)
        case JobClaimed() if job.status == Status.ACCEPTED:
            return _claimed(history, event)
        case FinalRootsClaimed() if job.status == Status.CLAIMED:
            if merkle.root(event.final_roots) != job.claim_root:
                raise IntegrityError(f"the final roots of job {job.job_id} do not have the claim's root")
            return replace(history, final_roots=event.final_roots)
        case JobChallenged() if job.status == Status.CLAIMED:
            return replace(history, challenges=(*history.challenges, event))
        case ChallengeClosed():
            return replace(history, closed=(*history.closed, event))
        case JobEnded() | FeePaid() | BondSlashed():
            return _ending(history, event)
    raise _misplaced(job, event)


def _accepting(
    history: JobHistory, event: PriceAgreed | TicketsTaken | OfferTaken | DeadlineExtended | JobAccepted
) -> JobHistory:
    job = history.job
    match event:
        case PriceAgreed() if job.status != Status.ACCEPTED:
            return replace(history, job=job.priced(event.price))
        case TicketsTaken() if history.tickets is None:
            if keccak256(b"".join(event.spec_ids)) != job.terms.spec_id:
                raise IntegrityError(f"the tickets of job {job.job_id} are not those of its terms")
            return replace(history, tickets=event)
        case OfferTaken() if job.status == Status.OPEN:
            return history
        case JobAccepted() if job.status == Status.OPEN:
            return replace(history, job=job.accepted(event.provider, event.deadline, event.hired))
        case DeadlineExtended() if job.status == Status.ACCEPTED:
            return replace(history, job=job.extended(event.deadline))
    raise _misplaced(job, event)


def _ending(history: JobHistory, event: JobEnded | FeePaid | BondSlashed) -> JobHistory:
    match event:
        case JobEnded():
            return replace(history, ended=event)
        case FeePaid() if history.ended:
            return replace(history, fee=event.fee)
        case BondSlashed() if history.ended:
            return replace(history, slashed=event)
    raise _misplaced(history.job, event)


def _misplaced(job: Job, event: JobEvent) -> IntegrityError:
    return IntegrityError(f"job {job.job_id} was {words(job.status)} at its {type(event).__name__}")


def _claimed(history: JobHistory, event: JobClaimed | SignedJobClaimed) -> JobHistory:
    job = history.job.claimed(event.provider, event.claim_root, event.deadline)
    roots = (event.claim_root,) if job.terms.task_count == 1 else ()
    return replace(history, job=job, result_id=event.result_id, final_roots=roots)


def advance_dispute(history: DisputeHistory | None, entry: Entry) -> DisputeHistory:
    """A dispute's history with one more event. Raises `IntegrityError` if the event does not fit."""
    event = entry.event
    if isinstance(event, DisputeOpened):
        if history is not None:
            raise IntegrityError(f"dispute 0x{event.dispute_id.hex()} was opened twice")
        if event.terms.dispute_id != event.dispute_id:
            raise IntegrityError(f"the terms of dispute 0x{event.dispute_id.hex()} do not have its id")
        play = History(event.terms.rounds, event.terms.initial_root, event.roots)
        return DisputeHistory(event.dispute_id, event.terms, play, entries=(entry,))
    if history is None or not isinstance(event, DisputeEvent) or event.dispute_id != history.dispute_id:
        raise IntegrityError(f"{type(event).__name__} does not belong to a dispute that was opened before")
    history = replace(history, entries=(*history.entries, entry))
    match event:
        case Moved():
            play = history.play
            if event.side != play.to_move or play.remaining == 0 or history.resolved:
                raise IntegrityError(f"dispute 0x{event.dispute_id.hex()} has a move out of turn")
            answer = Answer(event.index, event.agreed, event.roots)
            return replace(history, play=replace(play, answers=(*play.answers, answer)))
        case Stepped():
            return replace(history, stepped=event)
        case DisputeResolved():
            return replace(history, resolved=event)


class Book:
    """The histories of a market's jobs, and of the disputes about them, whose events it was given."""

    def __init__(self, market: str, entries: Iterable[Entry] = ()) -> None:
        self.market = market
        self.jobs: dict[JobId, JobHistory] = {}
        self.disputes: dict[bytes, DisputeHistory] = {}
        for entry in entries:
            self.add(entry)

    def add(self, entry: Entry) -> None:
        """Take in the next event, in the chain's order. Raises `IntegrityError` if it does not fit.

        A game serves any market that asks: disputes of others are none of this book's, whatever job they name.
        """
        event: Event = entry.event
        if isinstance(event, JobEvent):
            self.jobs[event.job_id] = advance_job(self.jobs.get(event.job_id), entry)
        elif isinstance(event, DisputeOpened):
            if event.terms.market == self.market:
                self.disputes[event.dispute_id] = advance_dispute(self.disputes.get(event.dispute_id), entry)
        elif isinstance(event, DisputeEvent) and event.dispute_id in self.disputes:
            self.disputes[event.dispute_id] = advance_dispute(self.disputes[event.dispute_id], entry)

    def disputes_of(self, job_id: JobId) -> list[DisputeHistory]:
        """The disputes about a job, oldest first."""
        return [dispute for dispute in self.disputes.values() if dispute.terms.claim == bytes(job_id)]

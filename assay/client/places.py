"""Places in a requester's slots: whether an order for one can still be signed, and what cancels it.

A slot holds one job after the other, each under the next generation; an order is for one of these places.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from assay.chain.connection import Chain
from assay.chain.history import JobHistory
from assay.chain.node import Call
from assay.chain.records import JobId, Status
from assay.client.jobs import read_book
from assay.errors import InputError

_UNTIL = {Status.OPEN: "accepted", Status.ACCEPTED: "claimed", Status.CLAIMED: "challenged"}
"""What can happen to a job until its deadline."""


@dataclass(frozen=True)
class _Place:
    """A place in a slot, and what is known of the previous job there."""

    job: JobId
    next_generation: int
    """Of the slot; 0 while it is in use."""
    is_taken: bool
    """Whether there was a job in this very place."""
    previous: JobHistory | None
    """None if there has been no such job: its own order was not filled, or the place was skipped."""

    @property
    def previous_job(self) -> JobId:
        return replace(self.job, generation=self.job.generation - 1)

    @property
    def is_over(self) -> bool:
        """Whether no order for this place can be filled any more.

        Not noticed of a place that was skipped like the previous one, while a later job is in the slot.
        """
        if self.is_taken or self.next_generation > self.job.generation:
            return True
        previous = self.previous
        freed = previous is not None and previous.ended is not None and not previous.open_disputes
        return freed and self.next_generation == 0


def place_after(chain: Chain, job: JobId, expiry: int) -> JobId:
    """The place after a job, for an order that expires then, seconds since the epoch.

    Raises `InputError` if that place was used or skipped, or if the order would expire before the job can end.
    """
    place = _look(chain, replace(job, generation=job.generation + 1))
    if place.is_over:
        raise InputError(
            f"the place after {job} was used already, or skipped: sign the order for the place after the last job of "
            "that slot, or for another slot"
        )
    earliest = _earliest_end(place.previous, chain.node.head().timestamp)
    if earliest >= expiry:
        raise InputError(
            f"the order would expire at {_time(expiry)}, and {job} is over after {_time(earliest)} at the earliest: "
            "give the order more time"
        )
    return place.job


def cancelling(chain: Chain, job: JobId) -> list[Call]:
    """The calls that cancel the order for this place, in one transaction, and end the previous job, if that is due.

    Raises `InputError` if nothing has to be cancelled any more, or with what has to happen before, and when.
    """
    place, market = _look(chain, job), chain.market
    if place.is_over:
        raise InputError(f"order {job} was filled or cancelled: there is nothing to cancel")
    skip = market.skip_slot(job.slot, job.generation)
    if place.next_generation == job.generation:
        return [skip]
    all_else = "`assay epoch raise` cancels it now, with all else that you have signed"
    if place.next_generation > 0 or place.previous is None:
        raise InputError(
            f"order {job} waits for a job in place {place.previous_job}, and can be cancelled by itself only after "
            f"the jobs or orders before it: cancel those first. {all_else}"
        )
    history, previous = place.previous, place.previous.job
    if history.open_disputes:
        raise InputError(
            f"{len(history.open_disputes)} disputes about {previous.job_id}, which this order comes after, are not "
            f"over: cancel it after them (`assay watch {previous.job_id}`). {all_else}"
        )
    if chain.node.head().timestamp <= previous.deadline:
        sooner = (
            f", or take that job back first: `assay cancel {previous.job_id}`" if previous.status is Status.OPEN else ""
        )
        raise InputError(
            f"{previous.job_id}, which this order comes after, can be {_UNTIL[previous.status]} until "
            f"{_time(previous.deadline)}: cancel the order after that{sooner}. {all_else}"
        )
    end = market.finalize(previous) if previous.status is Status.CLAIMED else market.expire(previous)
    return [end, skip]


def _look(chain: Chain, job: JobId) -> _Place:
    previous = replace(job, generation=job.generation - 1)
    book = read_book(chain, [bytes(previous), bytes(job)])
    following = chain.market.next_generation(job.requester, job.slot)
    return _Place(job, following, job in book.jobs, book.jobs.get(previous))


def _earliest_end(history: JobHistory | None, now: int) -> int:
    """A moment that has to be over before a job can be: seconds since the epoch, 0 if there is none.

    As long as nobody makes it end otherwise: its requester cancels it, a provider that was hired declines, it is
    slashed.
    """
    if history is None or history.ended:
        return 0
    job = history.job
    if job.status is Status.ACCEPTED and not job.hired:
        return min(job.deadline, now + job.terms.challenge_period)
    return job.deadline if job.status is Status.CLAIMED else 0


def _time(timestamp: int) -> str:
    return f"{datetime.fromtimestamp(timestamp, tz=UTC):%Y-%m-%d %H:%M:%S} UTC"

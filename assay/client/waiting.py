"""What a job waits for, until when, and why nothing happens when nothing does."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from assay.amounts import format_tokens
from assay.chain.connection import Chain
from assay.chain.events import DeadlineExtended, JobAccepted, JobClaimed, JobPosted, SignedJobClaimed
from assay.chain.history import Book, JobHistory
from assay.chain.node import Block
from assay.chain.records import Status, words
from assay.client.follow import News
from assay.client.jobs import read_book
from assay.client.prospects import Candidate, find_candidates
from assay.client.standing import status_of
from assay.dispute.game import Side
from assay.store.base import Store

STALLED = 60
"""Seconds that the newest block may be old before the node, or the chain, is said to stand still."""

USUAL_RUN_PERIOD = 60
"""Seconds: agents take no job that gives them less, unless their owners say so (docs/agent.md)."""

REFRESH = 30.0
"""Seconds after which it is looked again who could take a job: it takes many requests."""

_STAGES = (JobPosted, JobAccepted, JobClaimed, SignedJobClaimed)


@dataclass(frozen=True)
class Clock:
    """The time of a job's stage, by the chain's clock."""

    stage: str
    since: int
    """When the stage began, seconds since the epoch."""
    deadline: int
    """When it is over: seconds since the epoch."""
    now: int
    """The newest block's time."""

    @property
    def waited(self) -> int:
        """Seconds since the stage began."""
        return max(self.now - self.since, 0)

    @property
    def left(self) -> int:
        """Seconds until its time is over; 0 if it is."""
        return max(self.deadline - self.now, 0)


def waiting_for(news: News) -> str:
    """What has to happen next to a job that has not ended, and how long that can take."""
    job = news.history.job
    left = max(job.deadline - news.head.timestamp, 0)
    if news.history.open_disputes:
        return f"{len(news.history.open_disputes)} disputes are open"
    match job.status:
        case Status.OPEN:
            return f"waiting for a provider, {left} s at most"
        case Status.ACCEPTED:
            return f"{job.provider} is running it, {left} s at most"
    return f"claimed; can be challenged for {left} s more"


class Waiting:
    """Says why a job that is followed stands where it does."""

    def __init__(self, chain: Chain, store: Store, now: Callable[[], float] = time.time) -> None:
        self._chain = chain
        self._store = store
        self._now = now
        self._book: Book | None = None
        self._candidates: list[Candidate] = []
        self._asked_at = -REFRESH

    def clock(self, news: News) -> Clock:
        """The time of the job's stage."""
        block = next(entry.block for entry in reversed(news.history.entries) if isinstance(entry.event, _STAGES))
        since = self._chain.node.block(block).timestamp
        return Clock(status_of(news.history), since, news.history.job.deadline, news.head.timestamp)

    def reasons(self, news: News) -> list[str]:
        """Why nothing has happened since: the most telling first. Raises `TransientError`."""
        history = news.history
        if history.ended:
            return []
        found = _stall(news.head, self._now())
        if news.is_overdue and not history.open_disputes:
            return [*found, _overdue(history)]
        if history.open_disputes:
            return [*found, *self._turns(history)]
        match history.job.status:
            case Status.OPEN:
                return [*found, *self._why_open(news)]
            case Status.ACCEPTED:
                return [*found, *self._why_accepted(history)]
        return [*found, "nobody has challenged the claim; anyone can, as long as there is time"]

    def _why_open(self, news: News) -> list[str]:
        terms, history = news.history.job.terms, news.history
        found = []
        if self._now() - self._asked_at >= REFRESH:
            # Who has worked here is read once: that is all of the market's history, and changes little.
            self._book = self._book or read_book(self._chain)
            requester = history.job.requester
            self._candidates = find_candidates(self._chain, self._store, self._book, requester, terms)
            self._asked_at = self._now()
        if terms.floor_price:
            end = f"{datetime.fromtimestamp(history.job.deadline):%H:%M:%S}"
            found.append(f"the price still rises, to {format_tokens(terms.price)} tokens at {end}")
        found.append(why_nobody(self._candidates))
        if terms.run_period < USUAL_RUN_PERIOD:
            found.append(
                f"{terms.run_period} s to run it may be too few: agents ask for {USUAL_RUN_PERIOD} s unless their "
                "owners say otherwise"
            )
        return found

    def _why_accepted(self, history: JobHistory) -> list[str]:
        extended = any(isinstance(entry.event, DeadlineExtended) for entry in history.entries)
        return ["its provider has more time, as both sides want"] if extended else ["its provider has time to run it"]

    def _turns(self, history: JobHistory) -> list[str]:
        """Of each open dispute: whose turn it is, and until when."""
        found = []
        for dispute_id in history.open_disputes:
            state = self._chain.game.state_of(dispute_id)
            if not state.running:
                continue
            mover = "provider" if state.to_move is Side.DEFENDER else f"challenger {state.challenger}"
            what = f"{state.remaining} more lists, then the step" if state.remaining else "the step"
            until = f"{datetime.fromtimestamp(state.deadline):%H:%M:%S}"
            found.append(f"dispute 0x{dispute_id.hex()[:8]}...: the {mover} is to move until {until}; left are {what}")
        return found


def why_nobody(candidates: Sequence[Candidate]) -> str:
    """Why nobody has taken a job, as far as can be known from outside."""
    if not candidates:
        return "no provider is known: nobody is listed in the directory, and nobody has worked on this market yet"
    able = [each.provider for each in candidates if each.is_able]
    if able:
        names = ", ".join(able[:3]) + (", ..." if len(able) > 3 else "")
        return f"{len(able)} of {len(candidates)} known providers could take it, and did not yet: {names}"
    reasons = Counter(each.obstacles[0] for each in candidates)
    told = "; ".join(f"{_count(count)}{reason}" for reason, count in reasons.most_common(3))
    return f"none of {len(candidates)} known providers can take it: {told}"


def _count(count: int) -> str:
    return "one " if count == 1 else f"{count} times: "


def _stall(head: Block, now: float) -> list[str]:
    if now - head.timestamp < STALLED:
        return []
    when = f"{datetime.fromtimestamp(head.timestamp):%H:%M:%S}"
    return [f"the node's newest block is of {when}: the node, or the chain, stands still"]


def _overdue(history: JobHistory) -> str:
    command = "finalize" if history.job.status is Status.CLAIMED else "expire"
    return (
        f"its time as {words(history.job.status)} is over: its provider or requester, or anyone, can end it now: "
        f"`assay {command} {history.job.job_id}`"
    )

"""The stages of one job, as they come."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from assay.chain.connection import Chain
from assay.chain.events import Entry, read_events
from assay.chain.history import Book, JobHistory
from assay.chain.node import Block
from assay.chain.records import JobId
from assay.errors import InputError


@dataclass(frozen=True)
class News:
    """How a job stands: what has happened since the last news, and the block up to which that is known."""

    entries: tuple[Entry, ...]
    history: JobHistory
    book: Book
    """With the job's disputes."""
    head: Block

    @property
    def is_overdue(self) -> bool:
        """Whether the time of this stage is over, so that anyone can end the job (`expire`, or `finalize` a claim)."""
        return self.history.ended is None and self.head.timestamp > self.history.job.deadline


class Follower:
    """One job, followed from block to block. Each look takes a request or two, and no time beside them."""

    def __init__(self, chain: Chain, job_id: JobId) -> None:
        self._chain = chain
        self._job_id = job_id
        self._known: set[Entry] = set()
        self._entries: list[Entry] = []
        self._at: Block | None = None

    def look(self) -> News | None:
        """The news since the last look, the first time all that happened so far; None if there is no new block.

        After a reorganisation of the chain what happened is read again, and what is new in it comes as news. Raises
        `InputError` if there is no such job, and `TransientError`: then the next look goes on where this one began.
        """
        chain, at, entries = self._chain, self._at, self._entries
        head = chain.node.head()
        if at is not None and head.hash == at.hash:
            return None
        if at is not None and (head.number <= at.number or chain.node.block(at.number).hash != at.hash):
            entries, at = [], None
        first = chain.deployment.start_block if at is None else at.number + 1
        entries = entries + _read(chain, self._job_id, entries, first, head.number)
        book = Book(chain.deployment.market, entries)
        if self._job_id not in book.jobs:
            raise InputError(f"there is no job {self._job_id} in this market")
        news = tuple(entry for entry in entries if entry not in self._known)
        self._known.update(news)
        self._entries, self._at = entries, head
        return News(news, book.jobs[self._job_id], book, head)


def follow(
    chain: Chain, job_id: JobId, pause: float = 0.5, sleep: Callable[[float], None] = time.sleep
) -> Iterator[News]:
    """News of a job with every new block, until it has ended. Raises as `Follower.look` does."""
    follower = Follower(chain, job_id)
    while True:
        news = follower.look()
        if news is None:
            sleep(pause)
            continue
        yield news
        if news.history.ended:
            return


def _read(chain: Chain, job_id: JobId, before: list[Entry], first: int, last: int) -> list[Entry]:
    """The events of a job and of its disputes in some blocks. `before` are those of the blocks before."""
    node, deployment = chain.node, chain.deployment
    new = list(read_events(node, deployment, first, last, [bytes(job_id)]))
    job = Book(deployment.market, [*before, *new]).jobs.get(job_id)
    disputes = [challenge.dispute_id for challenge in job.challenges] if job else []
    if disputes:
        new += read_events(node, deployment, first, last, disputes)
    return sorted(new, key=lambda entry: (entry.block, entry.index))

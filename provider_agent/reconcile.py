"""Whether the events that were read are all there are: nodes leave some out, mostly by mistake, and answer anyway.

Two things find that out. The last blocks are read again with each new one, so a log that was missing for a while is
found. And now and then the chain's own state is compared with what the events say of it, whatever was read.
"""

from collections.abc import Collection, Iterable

from assay.chain.connection import Chain
from assay.chain.deployments import Deployment
from assay.chain.events import DisputeEvent, DisputeOpened, JobEvent, decode_logs
from assay.chain.history import Book, JobHistory
from assay.chain.node import Log
from assay.dispute.game import commitment

OVERLAP = 16
"""Blocks that are read again with each new one."""

RECONCILE_EVERY = 60.0
"""Seconds between two comparisons with the chain's state."""

_AT_ONCE = 50
"""Jobs that are asked about in one request."""


def late_logs(logs: Iterable[Log], known: Collection[tuple[int, int]], book: Book, deployment: Deployment) -> list[Log]:
    """Those of `logs`, of blocks that were read before, that the book should have and has not.

    `known` are the block and index of each that was taken in.
    """
    unknown = [log for log in logs if (log.block, log.index) not in known]
    return [log for log in unknown if any(_concerns(entry.event, book) for entry in decode_logs([log], deployment))]


def _concerns(event: object, book: Book) -> bool:
    if isinstance(event, DisputeOpened):
        return event.terms.market == book.market and event.terms.job_id in book.jobs
    return isinstance(event, JobEvent) or (isinstance(event, DisputeEvent) and event.dispute_id in book.disputes)


def contradicted(chain: Chain, book: Book, account: str, block: int) -> list[JobHistory]:
    """The jobs of which the chain, after `block`, says something else than the events up to there.

    All jobs that are not over are looked at, and of the disputes those of `account`.
    """
    running = [history for history in book.jobs.values() if history.ended is None]
    found = []
    for first in range(0, len(running), _AT_ONCE):
        some = running[first : first + _AT_ONCE]
        states = chain.market.are_current([history.job for history in some], block)
        found += [
            history
            for history, (is_current, disputes) in zip(some, states, strict=True)
            if not is_current or disputes != _open_disputes(book, history)
        ]
    others = [history for history in running if history not in found]
    return found + [history for history in others if _is_behind(chain, book, history, account, block)]


def _open_disputes(book: Book, history: JobHistory) -> int:
    return sum(not dispute.resolved for dispute in book.disputes_of(history.job.job_id))


def _is_behind(chain: Chain, book: Book, history: JobHistory, account: str, block: int) -> bool:
    """Whether a move in one of our disputes about a job is unknown."""
    for dispute in book.disputes_of(history.job.job_id):
        if dispute.resolved or account not in (dispute.terms.challenger, dispute.terms.defender):
            continue
        state = chain.game.state_of(dispute.dispute_id, block)
        if not state.running or state.commitment != commitment(dispute.play.agreed, dispute.play.roots):
            return True
    return False

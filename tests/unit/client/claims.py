"""Claimed jobs of the counter, right and wrong, with all that the chain and the store have of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

from assay.chain.deployments import Deployment
from assay.chain.events import Entry, FinalRootsClaimed, JobAccepted, JobClaimed, JobEnded, JobPosted
from assay.chain.history import Book, DisputeHistory, JobHistory
from assay.chain.records import DisputeTerms, End, JobId, Terms
from assay.client.order import order_tasks
from assay.client.recompute import Claim, claim_of
from assay.content import content_id
from assay.dispute.game import Answer, History, Side
from assay.dispute.strategy import Move, next_action, opening
from assay.documents import ResultDocument, write_document
from assay.errors import MissingBlobError
from assay.machines import merkle
from assay.machines.counter.machine import CounterTrace
from assay.machines.counter.state import CounterState

ROUNDS = 3
LIMIT = 16**ROUNDS
MARKET, REQUESTER, PROVIDER, REFEREE = ("0x" + 40 * digit for digit in "1234")
JOB = JobId(REQUESTER, 0, 1)
DEPLOYMENT = Deployment(1, 0, MARKET, MARKET, MARKET, MARKET, MARKET, MARKET, {"counter": REFEREE}, {})
CHAIN: Any = SimpleNamespace(
    deployment=DEPLOYMENT, node=SimpleNamespace(block=lambda number: SimpleNamespace(timestamp=1000 + number))
)


@dataclass(frozen=True)
class Liar:
    """A trace that is the counter's until a step, and then another counter's."""

    honest: CounterTrace
    lies_from: int
    step_limit: int = LIMIT

    def state_root(self, step: int) -> bytes:
        return self.honest.state_root(step) if step < self.lies_from else CounterState(step, 1 << 40).root()


class Blobs(dict[str, bytes]):
    """A store."""

    def put(self, data: bytes) -> str:
        self[content_id(data)] = data
        return content_id(data)

    def get(self, blob_id: str, default: Any = None) -> Any:  # noqa: ARG002
        if blob_id not in self:
            raise MissingBlobError(f"there is no blob {blob_id}")
        return self[blob_id]


@dataclass(frozen=True)
class Claimed:
    """A job that was claimed, and finalized."""

    history: JobHistory
    book: Book
    blobs: Blobs
    traces: Sequence[CounterTrace]

    @property
    def claim(self) -> Claim:
        return claim_of(DEPLOYMENT, self.history)


def claimed(*targets: int, lies: dict[int, int] | None = None, machine: str = "counter") -> Claimed:
    """A job with a task for each target; of the tasks in `lies`, a final state of its own from a step on is claimed."""
    tasks = [{"start": 0, "target": target} for target in targets]
    order = order_tasks("counter", None, tasks, [], ROUNDS)
    blobs = Blobs()
    order.upload(blobs)  # type: ignore[arg-type]
    traces = [CounterTrace(CounterState(0, target), LIMIT) for target in targets]
    document = ResultDocument(assay="result/1", machine=machine, tasks=[trace.result()[0] for trace in traces])
    result_id = bytes.fromhex(blobs.put(write_document(document)))
    roots = [trace.state_root(LIMIT) for trace in traces]
    for task, step in (lies or {}).items():
        roots[task] = Liar(traces[task], step).state_root(LIMIT)
    terms = Terms(REFEREE, order.task_root, len(tasks), ROUNDS, 100, 50, 10, 20, 30, order.spec_id)
    events: list[Any] = [
        JobPosted(JOB, terms, 1010),
        JobAccepted(JOB, PROVIDER, 1020),
        JobClaimed(JOB, PROVIDER, merkle.root(roots), result_id, 1050),
        *([FinalRootsClaimed(JOB, tuple(roots))] if len(tasks) > 1 else []),
        JobEnded(JOB, End.FINALIZED),
    ]
    entries = [
        Entry(event, number, bytes([number]) * 32, 0, bytes([number]) * 32) for number, event in enumerate(events)
    ]
    book = Book(MARKET, entries)
    return Claimed(book.jobs[JOB], book, blobs, traces)


def disputed(job: Claimed, task: int, lies_from: int, moves: int) -> DisputeHistory:
    """A dispute about a task, of which so many moves were made."""
    honest = job.traces[task]
    liar: Any = Liar(honest, lies_from)
    initial, final = honest.state_root(0), liar.state_root(LIMIT)
    terms = DisputeTerms(MARKET, bytes(JOB), task, REFEREE, ROUNDS, REQUESTER, PROVIDER, initial, final)
    play = History(ROUNDS, initial, opening(honest, ROUNDS))
    for _ in range(moves):
        side = play.to_move
        action = next_action(play, side, honest if side is Side.CHALLENGER else liar)
        assert isinstance(action, Move)
        play = replace(play, answers=(*play.answers, Answer(action.pair.index, action.pair.before, action.roots)))
    return DisputeHistory(terms.dispute_id, terms, play)

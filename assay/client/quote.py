"""What a job would come to before it is paid for: who could run it, for how much, how soon; what a dispute costs."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median

from assay.amounts import MAX_AMOUNT
from assay.chain.connection import Chain
from assay.chain.events import JobAccepted, JobPosted
from assay.chain.history import JobHistory
from assay.chain.records import End, Parameters, Terms
from assay.client.costs import DisputeCost, dispute_cost
from assay.client.jobs import read_book
from assay.client.order import Order, rounds_for
from assay.client.prospects import Candidate, find_candidates
from assay.client.requester import Conditions, make_terms
from assay.content import content_id
from assay.documents import JobSpec, read_job_spec
from assay.machines import merkle
from assay.machines.base import FetchBlob, Machine
from assay.machines.registry import machine_named
from assay.store.base import Store

LATEST = 5
"""Jobs of the market that tell how long it takes until one is accepted, and what is paid."""


@dataclass(frozen=True)
class Ran:
    """A job's tasks, run here."""

    steps: int
    """Of the longest task."""
    total_steps: int
    seconds: float


@dataclass(frozen=True)
class Quote:
    """What is known of a job that could be posted."""

    terms: Terms
    """As it would be posted."""
    machine: str
    price_source: str
    """Where the price comes from, in words."""
    parameters: Parameters
    candidates: tuple[Candidate, ...]
    """Those that could take it first."""
    ran: Ran | None
    """If it was run."""
    accepted_after: float | None
    """Seconds until the market's latest jobs were accepted: the median. None if there were none."""
    run_seconds: float | None
    """What the first of the candidates would need, as it says or as its latest jobs took."""
    dispute: DisputeCost
    dispute_seconds: int
    """That a dispute can last at most, by the clocks of both sides."""
    gas_price: int
    """Wei a unit of gas, now."""

    @property
    def able(self) -> list[Candidate]:
        """Those that could take it, as far as is known."""
        return [candidate for candidate in self.candidates if candidate.is_able]


def make_quote(
    chain: Chain,
    store: Store,
    requester: str | None,
    order: Order,
    conditions: Conditions,
    has_price: bool,
    ran: Ran | None = None,
) -> Quote:
    """What `order` would come to. Without a price, it is the least that somebody who could run it is known to ask.

    Raises `InputError` for conditions that cannot be, `TransientError`.
    """
    book = read_book(chain)
    steps = ran.steps if ran else None
    source = "as given"
    if not has_price:
        free = replace(conditions, price=MAX_AMOUNT, bond=0, floor_price=0)
        known = find_candidates(chain, store, book, requester, make_terms(chain, order, free), steps)
        price, source = _price_of(order, known, book.jobs.values(), chain.referee(order.machine).address)
        conditions = replace(conditions, price=price)
    terms = make_terms(chain, order, conditions)
    candidates = find_candidates(chain, store, book, requester, terms, steps)
    first = next((candidate for candidate in candidates if candidate.is_able), None)
    lists = terms.rounds + 1
    game = chain.game
    return Quote(
        terms=terms,
        machine=order.machine,
        price_source=source,
        parameters=chain.market.parameters(),
        candidates=tuple(candidates),
        ran=ran,
        accepted_after=_accepted_after(chain, list(book.jobs.values())),
        run_seconds=_run_seconds(first, ran),
        dispute=dispute_cost(terms.rounds),
        dispute_seconds=2 * game.allowance() + lists * game.minimum_reply(),
        gas_price=chain.node.head().base_fee + chain.node.priority_fee(),
    )


def order_spec(document: bytes, step_limit: int, fetch: FetchBlob, machines: Mapping[str, Machine]) -> Order:
    """The job of a spec document, whose blobs `fetch` gives. Raises `InputError`, `MissingBlobError`."""
    spec: JobSpec = read_job_spec(document)
    rounds, machine = rounds_for(step_limit), machine_named(spec.machine, machines)
    roots = [machine.load(spec.program, task, 16**rounds, fetch).state_root(0) for task in spec.tasks]
    spec_id = bytes.fromhex(content_id(document))
    return Order(spec.machine, merkle.root(roots), len(roots), rounds, spec_id, (document,))


def run_order(order: Order, fetch: FetchBlob, machines: Mapping[str, Machine]) -> Ran:
    """Run the tasks of an order here, one after the other. `fetch` is asked for what the order does not have."""
    own = {content_id(blob): blob for blob in order.blobs}
    spec = read_job_spec(own[order.spec_id.hex()])
    machine, started, steps = machine_named(order.machine, machines), time.monotonic(), []
    for task in spec.tasks:
        trace = machine.load(
            spec.program, task, 16**order.rounds, lambda name: own[name] if name in own else fetch(name)
        )
        steps.append(trace.run())
    return Ran(max(steps), sum(steps), time.monotonic() - started)


def _price_of(order: Order, known: Sequence[Candidate], jobs: Iterable[JobHistory], referee: str) -> tuple[int, str]:
    """A price for all tasks, and where it comes from."""
    floors = [candidate.floor for candidate in known if candidate.is_able and candidate.floor is not None]
    if floors:
        return min(floors) * order.task_count, "the least that a listed provider asks for"
    paid = [
        history.job.price // history.job.terms.task_count
        for history in jobs
        if history.ended and history.ended.end is End.FINALIZED and history.job.terms.referee == referee
    ]
    if paid:
        return int(median(paid[-LATEST:])) * order.task_count, "the median of what the latest jobs have paid for a task"
    return 0, "nobody has told what it costs: give --price"


def _accepted_after(chain: Chain, jobs: Sequence[JobHistory]) -> float | None:
    waits: list[int] = []
    for history in reversed(jobs):
        blocks = {type(entry.event): entry.block for entry in history.entries}
        if JobPosted in blocks and JobAccepted in blocks:
            posted, accepted = (chain.node.block(blocks[kind]).timestamp for kind in (JobPosted, JobAccepted))
            waits.append(accepted - posted)
        if len(waits) == LATEST:
            break
    return median(waits) if waits else None


def _run_seconds(first: Candidate | None, ran: Ran | None) -> float | None:
    if first is None:
        return None
    if ran is not None and first.speed:
        return ran.total_steps / first.speed
    return first.record.seconds

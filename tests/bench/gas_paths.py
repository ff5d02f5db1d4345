"""The ways in which a job is settled, each played after jobs that warmed up its slot and its parties' accounts."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from assay.chain.records import DisputeTerms, Job, JobId, TaskProof, Terms
from assay.chain.signing import Order, Ticket, TicketKind, Tickets, bulk_message
from assay.dispute.game import ARITY, Answer, History, Side
from assay.dispute.strategy import Move, next_action, opening
from assay.keccak import keccak256
from assay.machines import merkle
from assay.machines.counter.machine import CounterTrace
from assay.machines.counter.state import CounterState
from tests.bench.gas_chain import TOKEN, Cost, GasChain

PERIOD = 3_600
ROUNDS = 8
STEPS = ARITY**ROUNDS
TASKS = 100
FINAL, RESULT = keccak256(b"final"), keccak256(b"result document")
INITIALS = [keccak256(b"initial %d" % task) for task in range(TASKS)]
FINALS = [keccak256(b"final %d" % task) for task in range(TASKS)]


@dataclass(frozen=True)
class Path:
    """One way, and how it is divided: a figure is the cost of all its transactions, by job or by task."""

    name: str
    play: Callable[["Desk"], Sequence[Cost]]
    target: int
    """At most so much gas."""
    shares: int = 1


class Desk:
    """One requester's slot 0, in which jobs follow one another."""

    def __init__(self, chain: GasChain) -> None:
        self.chain = chain
        self._nonces = 0
        self.terms = Terms(
            referee=chain.referee,
            task_root=keccak256(b"initial"),
            task_count=1,
            rounds=ROUNDS,
            price=3 * TOKEN,
            bond=5 * TOKEN,
            accept_period=PERIOD,
            run_period=PERIOD,
            challenge_period=PERIOD,
            spec_id=keccak256(b"spec document"),
        )
        self.batch = replace(self.terms, task_root=merkle.root(INITIALS), task_count=TASKS)

    @property
    def next_id(self) -> JobId:
        """The job that comes next."""
        requester = self.chain.requester
        return JobId(requester, 0, self.chain.market.next_generation(requester, 0))

    def _until(self) -> int:
        return self.chain.now + PERIOD

    def plain(self, terms: Terms, finals: Sequence[bytes]) -> tuple[list[Cost], Job]:
        """Post, accept and claim."""
        chain, market, job_id = self.chain, self.chain.market, self.next_id
        costs = [chain.send(chain.requester, market.post(0, terms))]
        job = Job.posted(job_id, terms, self._until())
        costs.append(chain.send(chain.provider, market.accept(job)))
        job = job.accepted(chain.provider, self._until())
        costs.append(chain.send(chain.provider, market.claim(job, finals, RESULT)))
        return costs, job.claimed(chain.provider, merkle.root(finals), self._until())

    def ordered(self, terms: Terms, finals: Sequence[bytes], finished: Sequence[Job] = ()) -> tuple[Cost, Job]:
        """A signed order, filled and claimed in one."""
        chain, after = self.chain, len(finished)
        next_id = replace(finished[0].job_id, generation=finished[0].generation + 1) if after else self.next_id
        order = Order(next_id, terms, chain.now + 10 * PERIOD)
        signature = chain.sign(chain.requester, order.message(chain.domain, 0))
        call = chain.market.fill_and_claim(order, signature, finals, RESULT, finished)
        if after and terms.task_count == 1:
            call = chain.market.claim_next(order, signature, finals[0], RESULT, finished[0])
        cost = chain.send(chain.provider, call)
        claimed = Job.posted(next_id, terms, order.expiry).claimed(chain.provider, merkle.root(finals), self._until())
        return cost, claimed

    def ticketed(self, together: bool) -> tuple[Cost, Job]:
        """A hundred tickets, taken and claimed in one."""
        chain, job_id = self.chain, self.next_id
        one = replace(self.terms, price=TOKEN // 10, bond=TOKEN // 10)
        kind = TicketKind(chain.requester, 0, one, chain.now + 10 * PERIOD)
        first, self._nonces = self._nonces, self._nonces + 128
        specs = [keccak256(b"spec %d" % task) for task in range(TASKS)]
        own = tuple(Ticket(kind, INITIALS[task], specs[task], first + task) for task in range(TASKS))
        messages = [ticket.message(chain.domain, 0) for ticket in own]
        signed = [bulk_message(chain.domain, messages)] if together else messages
        tickets = Tickets(own, tuple(chain.sign(chain.requester, message) for message in signed))
        cost = chain.send(chain.provider, chain.market.take_tickets_and_claim(tickets, FINALS, RESULT))
        job = Job.posted(job_id, tickets.terms, kind.expiry)
        return cost, job.claimed(chain.provider, merkle.root(FINALS), self._until())

    def over(self, job: Job) -> None:
        """The job's challenge period is over."""
        self.chain.at(max(job.deadline, self.chain.now) + 1)

    def finalize(self, job: Job) -> Cost:
        """Pay for a claim after its challenge period."""
        self.over(job)
        return self.chain.send(self.chain.stranger, self.chain.market.finalize(job))


def plain(desk: Desk) -> list[Cost]:
    """Four transactions."""
    costs, job = desk.plain(desk.terms, [FINAL])
    return [*costs, desk.finalize(job)]


def ordered(desk: Desk) -> list[Cost]:
    """Two transactions."""
    cost, job = desk.ordered(desk.terms, [FINAL])
    return [cost, desk.finalize(job)]


def rolling(desk: Desk) -> list[Cost]:
    """One transaction: it finalizes the provider's previous job too."""
    _, job = desk.ordered(desk.terms, [FINAL])
    desk.over(job)
    cost, job = desk.ordered(desk.terms, [FINAL], [job])
    desk.finalize(job)
    return [cost]


def plain_batch(desk: Desk) -> list[Cost]:
    """A hundred tasks in one job, in four transactions."""
    costs, job = desk.plain(desk.batch, FINALS)
    return [*costs, desk.finalize(job)]


def ordered_batch(desk: Desk) -> list[Cost]:
    """A hundred tasks in one job, in two transactions."""
    cost, job = desk.ordered(desk.batch, FINALS)
    return [cost, desk.finalize(job)]


def rolling_batch(desk: Desk) -> list[Cost]:
    """A hundred tasks in one job, in one transaction, which finalizes the hundred before."""
    _, job = desk.ordered(desk.batch, FINALS)
    desk.over(job)
    cost, job = desk.ordered(desk.batch, FINALS, [job])
    desk.finalize(job)
    return [cost]


def ticketed(desk: Desk) -> list[Cost]:
    """A hundred jobs, each signed, in two transactions."""
    cost, job = desk.ticketed(together=False)
    return [cost, desk.finalize(job)]


def ticketed_together(desk: Desk) -> list[Cost]:
    """A hundred jobs under one signature, in two transactions."""
    cost, job = desk.ticketed(together=True)
    return [cost, desk.finalize(job)]


PATHS = (
    Path("post, accept, claim, finalize", plain, 140_000),
    Path("signed order and claim, finalize", ordered, 92_000),
    Path("rolling claim", rolling, 56_000),
    Path("a task of 100 in one job, plain", plain_batch, 1_900, TASKS),
    Path("a task of 100 in one job, signed order", ordered_batch, 1_900, TASKS),
    Path("a task of 100 in one job, rolling claim", rolling_batch, 1_900, TASKS),
    Path("a job of 100, each signed, claimed and finalized together", ticketed, 9_000, TASKS),
    Path("a job of 100 under one signature, claimed and finalized together", ticketed_together, 9_000, TASKS),
)


class Roots(Protocol):
    """What playing a dispute needs of a trace."""

    def state_root(self, step: int) -> bytes:
        """See `assay.machines.base.Trace`."""

    def witness(self, step: int) -> bytes:
        """See `assay.machines.base.Trace`."""


@dataclass(frozen=True)
class _Lie:
    """A run that is right up to a step, and goes on from there as another one."""

    honest: CounterTrace
    at: int

    def _trace(self, step: int) -> CounterTrace:
        return self.honest if step <= self.at else CounterTrace(CounterState(1_000_000, 2**62), STEPS)

    def state_root(self, step: int) -> bytes:
        return self._trace(step).state_root(step)

    def witness(self, step: int) -> bytes:
        return self._trace(step).witness(step)


def dispute(desk: Desk) -> Mapping[str, tuple[int, int]]:
    """Gas and target of a dispute over 2^32 steps of the counter: its opening, its dearest turn, and all of it."""
    chain = desk.chain
    honest = CounterTrace(CounterState(5, 2**62), STEPS)
    traces = {Side.CHALLENGER: honest, Side.DEFENDER: _Lie(honest, 0x12345678)}
    initial, claimed = honest.state_root(0), traces[Side.DEFENDER].state_root(STEPS)
    _, job = desk.plain(replace(desk.terms, task_root=initial), [claimed])
    roots = opening(honest, ROUNDS)
    proof = TaskProof(0, initial, (), claimed, ())
    opened = chain.send(chain.verifier, chain.market.challenge(job, proof, roots)).gas
    terms = DisputeTerms(
        market=chain.market.address,
        claim=bytes(job.job_id),
        task=0,
        referee=chain.referee,
        rounds=ROUNDS,
        challenger=chain.verifier,
        defender=chain.provider,
        initial_root=initial,
        claimed_root=claimed,
    )
    *moves, step = turns(chain, terms, History(ROUNDS, initial, roots), traces, job.encode())
    return {
        "opening a dispute": (opened, 140_000),
        "a turn of it, the dearest": (max(moves), 60_000),
        "the step, and what the market does": (step, 200_000),
        "a whole dispute over 2^32 steps": (opened + sum(moves) + step, 800_000),
    }


def turns(
    chain: GasChain, terms: DisputeTerms, history: History, traces: Mapping[Side, Roots], context: bytes
) -> Iterator[int]:
    """The gas of each move of a dispute, and of the step that ends it."""
    while True:
        side = history.to_move
        action = next_action(history, side, traces[side])
        assert action is not None
        if not isinstance(action, Move):
            step = chain.game.step(terms, action.pair, action.witness, context)
            yield chain.send(chain.stranger, step).gas
            return
        yield chain.send(terms.party(side), chain.game.move(terms.dispute_id, action.pair, action.roots)).gas
        answer = Answer(action.pair.index, action.pair.before, action.roots)
        history = replace(history, answers=(*history.answers, answer))

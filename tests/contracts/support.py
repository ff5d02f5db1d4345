"""What the Brownie tests share: jobs about the counter machine, liars, and disputes played to their end."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from brownie import chain, history, project, web3
from brownie.exceptions import VirtualMachineError

from assay.chain.records import DisputeTerms, Job, JobId, Stage, TaskProof, Terms
from assay.dispute.game import Answer, History, Pair, Roots, Side
from assay.dispute.strategy import Move, Step, next_action, opening
from assay.keccak import keccak256
from assay.machines import merkle
from assay.machines.counter.machine import CounterTrace
from assay.machines.counter.state import CounterState

BOND = 100
"""The challenger's bond, and the least bond of a provider."""
STAKE = 5_000
FUNDS = 20_000
PRICE = 1_000
ROUNDS = 3
STEPS = 16**ROUNDS
PERIOD = 3_600

RESULT = keccak256(b"result document")

BURNED = "0x000000000000000000000000000000000000dEaD"
"""Where burned money is credited, until it is swept."""


# --- the node -------------------------------------------------------------------------------------------------------


def ask_node(method: str, *arguments: Any) -> Any:
    answer = web3.provider.make_request(method, arguments)
    assert "error" not in answer, answer
    return answer["result"]


@contextmanager
def undone() -> Iterator[None]:
    """What happens on the chain in the `with` block did not happen.

    This is `chain.snapshot` and `chain.revert` without the garbage collection that these do each time (0.3 s).
    """
    snapshot = ask_node("evm_snapshot")
    yield
    ask_node("evm_revert", snapshot)
    height = web3.eth.block_number
    history._revert(height)  # Brownie counts its accounts' transactions there
    for container in project.get_loaded_projects()[0].dict().values():
        if len(container):
            container._revert(height)


# --- time -----------------------------------------------------------------------------------------------------------


def at(timestamp: int) -> None:
    """The next transaction happens at this time."""
    ask_node("evm_setNextBlockTimestamp", timestamp)


def after(deadline: int) -> None:
    """The next transaction happens just after `deadline`, or later if it is past."""
    at(max(deadline, chain[-1].timestamp) + 1)


def mine_after(deadline: int) -> None:
    """It is past `deadline` now, also for a node that is only asked."""
    after(deadline)
    chain.mine()


@contextmanager
def refused(error: str, *arguments: Any) -> Iterator[None]:
    """The call reverts with this custom error; with these arguments, if any are given."""
    with pytest.raises(VirtualMachineError) as caught:
        yield
    said = caught.value.revert_msg
    assert said is not None
    name, _, rest = said.partition(":")
    assert name == error, said
    if arguments:
        assert rest.strip().lower() == ", ".join(str(argument) for argument in arguments).lower()


# --- money ----------------------------------------------------------------------------------------------------------


def money(market: Any, account: Any) -> tuple[int, int]:
    """What an account has free, and staked beside its bonds."""
    free, stake, _ = market.accountOf(account)
    return int(free), int(stake)


# --- machines -------------------------------------------------------------------------------------------------------


def truth(start: int = 5, target: int = 2**62, steps: int = STEPS) -> CounterTrace:
    """An honest run of the counter."""
    return CounterTrace(CounterState(start, target), steps)


@dataclass(frozen=True)
class Lie:
    """A run that is right up to step `at`, wrong in that step, and goes on from there as if nothing had happened."""

    honest: CounterTrace
    at: int
    step_limit: int = STEPS
    shift: int = 1_000_000

    def _trace(self, step: int) -> CounterTrace:
        return self.honest if step <= self.at else truth(start=self.shift, steps=self.step_limit)

    def state_root(self, step: int) -> bytes:
        return self._trace(step).state_root(step)

    def witness(self, step: int) -> bytes:
        return self._trace(step).witness(step)


# --- jobs -----------------------------------------------------------------------------------------------------------


def terms_for(referee: Any, initial_roots: list[bytes] | None = None, **changes: Any) -> Terms:
    """The terms of a job about the counter that starts from 5."""
    roots = initial_roots or [truth().state_root(0)]
    terms = Terms(
        referee=referee.address,
        task_root=merkle.root(roots),
        task_count=len(roots),
        rounds=ROUNDS,
        price=PRICE,
        bond=500,
        accept_period=PERIOD,
        run_period=PERIOD,
        challenge_period=PERIOD,
        spec_id=keccak256(b"spec document"),
    )
    return replace(terms, **changes)


def post(market: Any, requester: Any, terms: Terms, slot: int = 0) -> Job:
    event = market.post(slot, terms.abi(), {"from": requester}).events["JobPosted"]
    return Job.posted(JobId.from_bytes(bytes(event["jobId"])), terms, stage_in(event).deadline)


def stage_in(event: Any) -> Stage:
    """How far an event says that a job is."""
    return Stage.from_bytes(bytes(event["stage"]))


def current(market: Any, job: Job) -> tuple[bool, int]:
    """Whether the market holds this record, and how many disputes about it are open."""
    is_current, disputes = market.isCurrent(job.abi())
    return bool(is_current), int(disputes)


def accept(market: Any, provider: Any, job: Job) -> Job:
    event = market.accept(job.abi(), {"from": provider}).events["JobAccepted"]
    stage = stage_in(event)
    return job.accepted(stage.provider, stage.deadline)


def claim(market: Any, provider: Any, job: Job, final_root: bytes | None = None) -> Job:
    """Claim a job of one task: with the true final root, if none is given."""
    root = final_root or truth().state_root(STEPS)
    return claimed(job, market.claim(job.abi(), root, RESULT, {"from": provider}))


def claim_batch(market: Any, provider: Any, job: Job, final_roots: list[bytes]) -> Job:
    return claimed(job, market.claimBatch(job.abi(), final_roots, RESULT, {"from": provider}))


def claimed(job: Job, call: Any, name: str = "JobClaimed") -> Job:
    """The record after a call that claimed the job."""
    event = call.events[name]
    stage = stage_in(event)
    return job.claimed(stage.provider, bytes(event["claimRoot"]), stage.deadline)


def finalize(market: Any, sender: Any, *jobs: Job) -> Any:
    """Pay for claims that stood, after the last one's challenge period."""
    after(max(job.deadline for job in jobs))
    if len(jobs) == 1:
        return market.settle(jobs[0].abi(), {"from": sender})
    return market.finalizeAll([job.abi() for job in jobs], {"from": sender})


@dataclass(frozen=True)
class Parties:
    """The contracts, and who deals with whom."""

    market: Any
    game: Any
    referee: Any
    requester: Any
    provider: Any

    def claimed(self, final_root: bytes | None = None, slot: int = 0, **changes: Any) -> Job:
        """A job of one task that has been claimed: with the true final root, if none is given."""
        job = post(self.market, self.requester, terms_for(self.referee, **changes), slot)
        return claim(self.market, self.provider, accept(self.market, self.provider, job), final_root)


# --- disputes -------------------------------------------------------------------------------------------------------


@dataclass
class Dispute:
    """One dispute on the chain, and all that was posted in it."""

    game: Any
    terms: DisputeTerms
    job: Job
    history: History
    winner: Side | None = None
    calls: list[Any] = field(default_factory=list)

    @property
    def id(self) -> bytes:
        return self.terms.dispute_id

    @property
    def deadline(self) -> int:
        return int(self.game.deadlineOf(self.id))

    @property
    def context(self) -> bytes:
        return self.job.encode()

    def move(self, action: Move, sender: Any) -> Any:
        call = self.game.move(self.id, pair_abi(action.pair), action.roots, {"from": sender})
        answer = Answer(action.pair.index, action.pair.before, action.roots)
        self.history = replace(self.history, answers=(*self.history.answers, answer))
        self.calls.append(call)
        return call

    def step(self, action: Step, sender: Any) -> Any:
        call = self.game.step(self.terms.abi(), pair_abi(action.pair), action.witness, self.context, {"from": sender})
        self.winner = self.history.to_move
        self.calls.append(call)
        return call

    def timeout(self, sender: Any) -> Any:
        """End the dispute just after the deadline of the side to move."""
        after(self.deadline)
        return self.end(sender)

    def end(self, sender: Any) -> Any:
        """End the dispute, whose side to move is out of time."""
        call = self.game.timeout(self.terms.abi(), self.context, {"from": sender})
        self.winner = self.history.to_move.other
        self.calls.append(call)
        return call


def pair_abi(pair: Pair) -> tuple[Any, ...]:
    return (pair.index, pair.agreed, pair.before, pair.disputed, pair.siblings)


def proof_of(task: int, initial_roots: list[bytes], final_roots: list[bytes]) -> TaskProof:
    """Where a task begins, and where the claim says that it ends."""
    return TaskProof(
        task,
        initial_roots[task],
        tuple(merkle.prove(initial_roots, task)),
        final_roots[task],
        tuple(merkle.prove(final_roots, task)),
    )


def challenge(
    parties: Parties, verifier: Any, job: Job, trace: Any, proof: TaskProof | None = None, roots: Roots | None = None
) -> Dispute:
    """Open a dispute: with `trace`'s own list, if none is given."""
    proof = proof or proof_of(0, [truth().state_root(0)], [job.claim_root])
    roots = roots or opening(trace, job.terms.rounds)
    call = parties.market.challenge(job.abi(), job.terms.abi(), job.claim_root, proof.abi(), roots, {"from": verifier})
    terms = DisputeTerms.from_abi(call.events["DisputeOpened"]["terms"])
    assert bytes(call.events["JobChallenged"]["disputeId"]) == terms.dispute_id
    history = History(job.terms.rounds, proof.initial_root, roots)
    return Dispute(parties.game, terms, job, history, calls=[call])


Traces = Mapping[Side, Any]
"""What each side follows; a side without one is silent."""


def play(dispute: Dispute, traces: Traces, helper: Any) -> Side:
    """Both sides follow their traces to the end. Who has nothing left to say runs out of time; returns the winner."""
    return play_all([(dispute, traces)], helper)[0]


def play_all(disputes: Sequence[tuple[Dispute, Traces]], helper: Any) -> list[Side]:
    """Several disputes side by side: time passes only when nobody has anything left to say in any of them.

    `helper` makes the calls that anyone can make: it has the steps executed, and ends what has run out of time.
    """
    while running := [(dispute, traces) for dispute, traces in disputes if dispute.winner is None]:
        if not any([advance(dispute, traces, helper) for dispute, traces in running]):
            min((dispute for dispute, _ in running), key=lambda dispute: dispute.deadline).timeout(helper)
    return [dispute.winner for dispute, _ in disputes if dispute.winner is not None]


def advance(dispute: Dispute, traces: Traces, helper: Any) -> bool:
    """The side to move does what its trace says; False if it has nothing to say."""
    side = dispute.history.to_move
    action = next_action(dispute.history, side, traces[side]) if side in traces else None
    if isinstance(action, Move):
        dispute.move(action, dispute.terms.party(side))
    elif isinstance(action, Step) and is_wrong(action):
        dispute.step(action, helper)
    else:
        return False
    return True


def is_wrong(action: Step) -> bool:
    """Whether the referee will find that the disputed step is wrong."""
    if keccak256(action.witness) != action.pair.before:
        return False
    return CounterState.decode(action.witness).after(1).root() != action.pair.disputed

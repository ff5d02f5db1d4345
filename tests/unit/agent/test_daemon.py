"""The loop on a chain of our own making: what it reads, how it goes back, when it gives up."""

import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from eth_abi.abi import encode

from assay.chain.codec import load_abi
from assay.chain.connection import Chain
from assay.chain.deployments import Deployment
from assay.chain.events import JobAccepted, JobPosted
from assay.chain.history import Book
from assay.chain.node import Block, Log, Node
from assay.chain.records import ZERO_ADDRESS, Job, JobId, Status, Terms
from assay.errors import AssayError, ChainError, TransientError
from provider_agent.batch import Batch
from provider_agent.bench import shipped_machines
from provider_agent.context import Context
from provider_agent.daemon import JOB_FAULT_LIMIT, Daemon
from provider_agent.duty import Deadline, Duty, State
from provider_agent.executor import Executor, JobFaultError
from provider_agent.journal import KEPT_BLOCKS, Journal
from provider_agent.outbox import Outbox
from provider_agent.reconcile import OVERLAP
from provider_agent.settings import Settings
from provider_agent.stop import Stop

MARKET, GAME, TOKEN = ("0x" + 40 * digit for digit in "123")
REQUESTER, PROVIDER = "0x" + 40 * "4", "0x" + 40 * "5"
JOB = JobId(REQUESTER, 0, 1)
TERMS = Terms(PROVIDER, bytes(32), 1, 3, 100, 50, 10, 20, 30, bytes(32))
CONFIRMATIONS = 2


def log(name: str, **values: Any) -> tuple[list[bytes], bytes]:
    """Topics and data of an event of the market."""
    entry = next(entry for entry in load_abi("market").events.values() if entry.name == name)
    indexed = [item for item in entry.inputs if item["indexed"]]
    plain = [place for place, item in enumerate(entry.inputs) if not item["indexed"]]
    topics = [encode([item["type"]], [values[item["name"]]]) for item in indexed]
    data = encode([entry.types[place] for place in plain], [values[entry.inputs[place]["name"]] for place in plain])
    return [entry.signature_hash, *topics], data


def stage(status: int, deadline: int, provider: str = ZERO_ADDRESS) -> bytes:
    """flags | taskCount | status | deadline | provider."""
    return bytes(5) + b"\x01" + bytes([status]) + deadline.to_bytes(5, "big") + bytes.fromhex(provider[2:])


def posted(job_id: JobId = JOB) -> tuple[list[bytes], bytes]:
    return log("JobPosted", jobId=bytes(job_id), terms=TERMS.abi(), stage=stage(0, 110))


def accepted(provider: str = PROVIDER) -> tuple[list[bytes], bytes]:
    return log("JobAccepted", jobId=bytes(JOB), stage=stage(1, 120, provider))


def cancelled() -> tuple[list[bytes], bytes]:
    return log("JobEnded", jobId=bytes(JOB), end=1)


class ScriptedNode:
    """A chain whose blocks have a branch's name and at most one event each."""

    def __init__(self) -> None:
        self.blocks: list[tuple[str, tuple[list[bytes], bytes] | None]] = [("a", None)]
        self.asked: list[tuple[int, int]] = []
        self.hidden: set[int] = set()
        """Blocks whose events it leaves out."""

    def add(self, *events: tuple[list[bytes], bytes] | None, branch: str = "a") -> None:
        self.blocks += [(branch, event) for event in events]

    def replace_from(self, number: int, *events: tuple[list[bytes], bytes] | None) -> None:
        """Reorganise: other blocks from `number` on."""
        del self.blocks[number:]
        self.add(*events, branch="b")

    def head(self) -> Block:
        return self.block(len(self.blocks) - 1)

    def block(self, number: int) -> Block:
        return Block(number, f"{self.blocks[number][0]}{number}".encode().rjust(32), bytes(32), 100 + number, 0)

    def logs(self, _addresses: object, first: int, last: int, _topics: object) -> list[Log]:
        self.asked.append((first, last))
        return [
            Log(MARKET, tuple(event[0]), event[1], number, self.block(number).hash, 0, bytes(32))
            for number, (_, event) in enumerate(self.blocks)
            if event is not None and first <= number <= last and number not in self.hidden
        ]


@dataclass
class RecordingRole:
    """A role that notes what it is told, and does what the test says."""

    journal: Journal
    name: str = "provider"
    told: list[str] = field(default_factory=list)
    due_now: list[str] = field(default_factory=list)
    acting: Callable[[Duty], None] = lambda _: None
    at_risk: bool = False
    ranks: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.on = {JobPosted: self._on, JobAccepted: self._on}
        self.due = {"finalize": lambda deadline: self.due_now.append(deadline.subject)}

    def _on(self, event: JobPosted | JobAccepted) -> None:
        self.told.append(type(event).__name__)
        self.journal.add_duty(self.name, str(event.job_id), "posted", revive=True)

    def act(self, duty: Duty) -> None:
        self.acting(duty)

    def rank(self, duty: Duty) -> bytes:
        return self.ranks.get(duty.job, b"")

    def is_at_risk(self, duty: Duty) -> bool:  # noqa: ARG002
        return self.at_risk


class QuietSender:
    """For an outbox that has nothing to send."""

    node = None


@dataclass
class Agent:
    daemon: Daemon
    context: Context
    role: RecordingRole
    stop: Stop


@pytest.fixture
def node() -> ScriptedNode:
    return ScriptedNode()


@pytest.fixture
def agent(node: ScriptedNode, journal: Journal, tmp_path: Path) -> Iterator[Agent]:
    made = make_agent(node, journal, tmp_path)
    yield made
    made.context.executor.close()


def make_agent(node: ScriptedNode, journal: Journal, folder: Path) -> Agent:
    deployment = Deployment(31337, 0, MARKET, GAME, TOKEN, TOKEN, TOKEN, TOKEN, {"counter": PROVIDER}, {})
    settings = Settings.model_validate(
        {
            "journal": str(folder / "journal.db"),
            "chain": {"rpc": "", "deployment": "d", "confirmations": CONFIRMATIONS},
            "wallet": {"keystore": "k"},
            "store": {"location": "s"},
            "loop": {"poll": 0.001, "retry": 0.001, "retry_limit": 0.002, "fault_limit": 5},
        }
    )
    unused = cast(Any, None)
    outbox = Outbox(journal, cast(Any, QuietSender()), settings.loop, CONFIRMATIONS)
    context = Context(
        settings=settings,
        chain=Chain(cast(Node, node), deployment, *[unused] * 6),
        parameters=unused,
        account=PROVIDER,
        journal=journal,
        outbox=outbox,
        batch=Batch(outbox, unused),
        executor=Executor(shipped_machines, 1),
        book=Book(MARKET),
    )
    role, stop = RecordingRole(journal), Stop()
    return Agent(Daemon(context, [role], stop), context, role, stop)


def job_in(agent: Agent) -> Job:
    return agent.context.book.jobs[JOB].job


# Reading


def test_nothing_is_believed_before_it_is_confirmed(agent: Agent, node: ScriptedNode) -> None:
    node.add(posted(), None)
    agent.daemon.tick()
    assert agent.role.told == []

    node.add(None)
    agent.daemon.tick()
    assert agent.role.told == ["JobPosted"]


def test_each_event_is_taken_in_once_also_by_an_agent_that_was_started_again(
    agent: Agent, node: ScriptedNode, journal: Journal, tmp_path: Path
) -> None:
    node.add(posted(), None, None)
    for _ in range(3):
        agent.daemon.tick()
    again = make_agent(node, journal, tmp_path)
    again.daemon.tick()
    node.add(accepted(), None, None)
    again.daemon.tick()

    assert node.asked == [(0, 1), (0, 4)]  # the last blocks again
    assert again.role.told == ["JobAccepted"]
    assert job_in(again).status is Status.ACCEPTED


def test_only_the_last_blocks_are_read_again(agent: Agent, node: ScriptedNode) -> None:
    node.add(*[None] * 40)
    agent.daemon.tick()
    node.add(None)
    agent.daemon.tick()
    assert node.asked == [(0, 38), (39 - OVERLAP, 39)]


def test_an_event_that_a_node_had_left_out_is_found(agent: Agent, node: ScriptedNode) -> None:
    node.add(posted(), accepted(), None, None)
    node.hidden = {1, 2}
    agent.daemon.tick()
    assert agent.role.told == []

    node.hidden = set()
    node.add(None)
    with pytest.raises(TransientError, match="2 were missing before"):
        agent.daemon.tick()
    agent.daemon.tick()
    assert agent.role.told == ["JobPosted", "JobAccepted"]
    assert job_in(agent).status is Status.ACCEPTED


def test_an_event_that_does_not_fit_has_the_ones_before_it_read_again(agent: Agent, node: ScriptedNode) -> None:
    node.add(posted(), *[None] * 60)
    node.hidden = {1}
    agent.daemon.tick()
    node.add(accepted(), None, None)
    node.hidden = set()
    with pytest.raises(TransientError, match="events were missing"):
        agent.daemon.tick()
    agent.daemon.tick()
    assert agent.role.told == ["JobPosted", "JobAccepted"]
    assert job_in(agent).status is Status.ACCEPTED


def test_what_the_chains_state_contradicts_is_read_again(
    agent: Agent, node: ScriptedNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    node.add(posted(), cancelled(), *[None] * 40)
    node.hidden = {2}
    agent.daemon.tick()
    node.add(None)
    states = SimpleNamespace(are_current=lambda jobs, _: [(False, 0)] * len(jobs))
    agent.context.chain = replace(agent.context.chain, market=cast(Any, states))
    monkeypatch.setattr("provider_agent.daemon.RECONCILE_EVERY", 0.0)
    node.hidden = set()
    with pytest.raises(TransientError, match="the chain says otherwise"):
        agent.daemon.tick()
    assert agent.role.told == ["JobPosted"]
    monkeypatch.setattr("provider_agent.daemon.RECONCILE_EVERY", 60.0)
    agent.daemon.tick()
    ended = agent.context.book.jobs[JOB].ended
    assert ended is not None


def test_a_node_that_cannot_tell_the_state_stops_nothing(
    agent: Agent, node: ScriptedNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise ChainError("missing trie node")

    node.add(posted(), None, None)
    agent.context.chain = replace(agent.context.chain, market=cast(Any, SimpleNamespace(are_current=refuse)))
    monkeypatch.setattr("provider_agent.daemon.RECONCILE_EVERY", 0.0)
    agent.daemon.tick()
    assert agent.role.told == ["JobPosted"]


def test_a_node_that_is_behind_is_waited_for(agent: Agent, node: ScriptedNode) -> None:
    node.add(posted(), None, None, None)
    agent.daemon.tick()
    del node.blocks[-1]

    with pytest.raises(TransientError, match="behind"):
        agent.daemon.tick()


def test_a_handler_that_fails_leaves_nothing_half_done(
    agent: Agent, node: ScriptedNode, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    node.add(posted(), None, None)
    with monkeypatch.context() as failing:
        failing.setitem(agent.role.on, JobPosted, lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            agent.daemon.tick()
    assert journal.position() is None

    agent.daemon.tick()
    assert agent.role.told == ["JobPosted"]
    assert set(agent.context.book.jobs) == {JOB}


def test_a_job_that_is_long_over_is_forgotten(agent: Agent, node: ScriptedNode, journal: Journal) -> None:
    other = JobId(REQUESTER, 1, 1)
    node.add(posted(), cancelled(), posted(other), None, None)
    agent.role.acting = lambda duty: end_if_over(agent, duty)
    agent.daemon.tick()
    assert set(agent.context.book.jobs) == {JOB, other}

    node.add(*[None] * (KEPT_BLOCKS + 2))
    agent.daemon.tick()

    assert set(agent.context.book.jobs) == {other}
    assert len(list(journal.logs())) == 1


def end_if_over(agent: Agent, duty: Duty) -> None:
    if agent.context.history(duty.job).ended:
        agent.context.journal.set_duty(duty, State.ENDED, "over")


# Reorganisations


def test_a_reorganisation_takes_back_what_it_took_back(agent: Agent, node: ScriptedNode) -> None:
    node.add(posted(), accepted(), None, None)
    agent.daemon.tick()
    assert job_in(agent).status is Status.ACCEPTED

    node.replace_from(2, None, accepted("0x" + 40 * "6"), None, None)
    agent.daemon.tick()

    assert job_in(agent).provider == "0x" + 40 * "6"
    assert job_in(agent).status is Status.ACCEPTED


def test_a_job_that_is_gone_is_no_longer_a_duty_until_it_is_back(
    agent: Agent, node: ScriptedNode, journal: Journal
) -> None:
    node.add(posted(), None, None)
    agent.daemon.tick()
    node.replace_from(1, None, None, None, None)
    agent.daemon.tick()
    assert journal.live_duties() == []

    node.add(posted(), None, None)
    agent.daemon.tick()
    assert [duty.job for duty in journal.live_duties()] == [str(JOB)]


def test_a_reorganisation_deeper_than_all_that_is_remembered_has_everything_read_again(
    agent: Agent, node: ScriptedNode
) -> None:
    node.add(None, posted(), None, None)
    agent.daemon.tick()
    node.replace_from(0, None, None, posted(), None, None)
    agent.daemon.tick()

    assert node.asked == [(0, 2), (0, 2)]
    assert job_in(agent).status is Status.OPEN


# Deadlines and faults


def test_a_deadline_is_due_by_the_chains_time(agent: Agent, node: ScriptedNode, journal: Journal) -> None:
    journal.set_deadline(Deadline("provider", "finalize", str(JOB), due_at=102))
    journal.set_deadline(Deadline("verifier", "timeout", "of a role that does not run", due_at=0))
    node.add(None, None)
    agent.daemon.tick()
    assert agent.role.due_now == []

    node.add(None)
    agent.daemon.tick()
    assert agent.role.due_now == [str(JOB)]


@pytest.mark.parametrize(("may_pass", "tries"), [(False, 1), (True, JOB_FAULT_LIMIT)])
def test_a_job_that_cannot_be_computed_is_given_up_if_nothing_is_at_risk(
    agent: Agent, node: ScriptedNode, journal: Journal, may_pass: bool, tries: int
) -> None:
    agent.role.acting = failing(may_pass)
    node.add(posted(), None, None)
    ticks = tick_until(agent, lambda: not journal.live_duties())

    assert ticks == tries
    duty = journal.duty("provider", str(JOB))
    assert duty is not None
    assert (duty.state, duty.reason) == (State.REFUSED, "cannot be computed: the store is empty")


@pytest.mark.parametrize("may_pass", [False, True])
def test_a_job_with_a_bond_at_stake_is_tried_again_and_again(
    agent: Agent, node: ScriptedNode, journal: Journal, may_pass: bool
) -> None:
    agent.role.acting = failing(may_pass)
    agent.role.at_risk = True
    node.add(posted(), None, None)
    tick_until(agent, lambda: journal.live_duties()[0].attempts > JOB_FAULT_LIMIT + 2)

    assert journal.live_duties()[0].reason == "the store is empty"


def test_what_was_begun_comes_first_and_what_is_considered_in_the_roles_own_order(
    agent: Agent, node: ScriptedNode, journal: Journal
) -> None:
    jobs = [JobId(REQUESTER, slot, 1) for slot in range(3)]
    acted: list[str] = []
    agent.role.acting = lambda duty: acted.append(duty.job)
    agent.role.ranks = {str(jobs[0]): b"3", str(jobs[1]): b"2", str(jobs[2]): b"1"}
    node.add(*map(posted, jobs), None, None)
    agent.daemon.tick()
    assert acted == [str(jobs[2]), str(jobs[1]), str(jobs[0])]

    begun = journal.duty("provider", str(jobs[0]))
    assert begun is not None
    journal.set_duty(begun, State.TAKEN, "wanted")
    acted.clear()
    agent.daemon.tick()
    assert acted == [str(jobs[0]), str(jobs[2]), str(jobs[1])]


def failing(may_pass: bool) -> Callable[[Duty], None]:
    def act(_: Duty) -> None:
        raise JobFaultError("the store is empty", may_pass)

    return act


def tick_until(agent: Agent, condition: Callable[[], bool]) -> int:
    """Passes of the loop, those in which the duty waited for its next try not counted."""
    acting, count = agent.role.acting, 0

    def counting(duty: Duty) -> None:
        nonlocal count
        count += 1
        acting(duty)

    agent.role.acting = counting
    for _ in range(2000):
        agent.daemon.tick()
        if condition():
            return count
    raise AssertionError("it did not happen")


def test_faults_of_the_node_are_retried_and_end_the_agent_when_they_do_not_end(
    agent: Agent, node: ScriptedNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def head() -> Block:
        asked.append(1)
        raise TransientError("no node answers")

    monkeypatch.setattr(node, "head", head)

    with pytest.raises(AssayError, match=r"gave up after 5 faults in a row.*no node answers"):
        agent.daemon.run()
    assert len(asked) == 5


def test_faults_that_pass_are_forgotten(agent: Agent, node: ScriptedNode, monkeypatch: pytest.MonkeyPatch) -> None:
    block = node.head()
    count = 0

    def head() -> Block:
        nonlocal count
        count += 1
        if count == 20:
            agent.stop.request("seen enough")
        if count % 5:
            raise TransientError("no node answers")
        return block

    monkeypatch.setattr(node, "head", head)
    agent.daemon.run()

    assert count == 20


def test_what_is_no_passing_fault_stops_the_agent_with_its_cause(agent: Agent, node: ScriptedNode) -> None:
    node.add(accepted(), None, None)

    with pytest.raises(AssayError, match="does not belong to a job that was posted"):
        agent.daemon.run()


# Draining


def test_an_agent_that_drains_begins_nothing_new_and_ends_when_nothing_is_at_risk(
    agent: Agent, node: ScriptedNode
) -> None:
    node.add(posted(), None, None)
    acted: list[str] = []
    agent.role.acting = lambda duty: acted.append(duty.job)
    agent.stop.drain()
    agent.daemon.run()

    assert agent.stop.reason == "drained: nothing is at risk any more"
    assert agent.role.told == ["JobPosted"]
    assert acted == []


def test_an_agent_that_drains_goes_on_with_what_is_at_risk_until_it_is_over(agent: Agent, node: ScriptedNode) -> None:
    agent.role.at_risk = True
    node.add(posted(), accepted(), None, None)
    acted: list[str] = []

    def act(duty: Duty) -> None:
        acted.append(duty.job)
        if len(acted) == 3:  # the job is over, as far as its role is concerned
            agent.role.at_risk = False
            node.add(cancelled(), None, None)

    agent.role.acting = act
    agent.stop.drain()
    agent.daemon.run()

    assert len(acted) == 3
    assert agent.stop.reason == "drained: nothing is at risk any more"


def test_a_signal_drains(agent: Agent) -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)}
    try:
        agent.stop.on_signals()
        os.kill(os.getpid(), signal.SIGUSR1)
        assert agent.stop.draining
        assert not agent.stop.requested
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

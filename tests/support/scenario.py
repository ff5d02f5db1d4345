"""A small market in which every kind of an agent's transactions occurs, played to its end step by step.

One agent, provider and verifier in one, meets a liar. Job 0 it runs, and the liar challenges its claim; job 1 it runs;
job 2 the liar has claimed wrongly. Blocks come when the scenario says so, and the liar decides by the chain's state
alone, so the agent can be killed anywhere and started again: the end has to be the same.
"""

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from assay.chain.connection import chain_at
from assay.chain.events import read_events
from assay.chain.history import Book, DisputeHistory, JobHistory
from assay.chain.node import Node
from assay.chain.records import JobId, Status
from assay.chain.sender import Sender
from assay.dispute.game import Side
from assay.dispute.strategy import Move, Step
from assay.errors import AssayError, ChainError
from assay.machines.base import Machine
from demo.tampering import Lie, tampered_machines
from provider_agent.batch import Batch
from provider_agent.bench import Bench, Workload, shipped_machines
from provider_agent.context import Context
from provider_agent.daemon import Daemon
from provider_agent.executor import Done, JobFaultError
from provider_agent.journal import Identity, Journal
from provider_agent.outbox import Outbox
from provider_agent.questions import Play, Produce, Question, Verify
from provider_agent.roles.provider import Provider
from provider_agent.roles.verifier import Verifier, proof_of
from provider_agent.settings import Settings
from provider_agent.stop import Stop
from tests.support.market import ALLOWANCE, CHALLENGE_PERIOD, TOKEN, LocalMarket

T = TypeVar("T")

ENDLESS = {"start": 0, "target": 10**6}
COUNT = {"start": 7, "target": 100}
LIE = Lie(step=37)
PRICE = 2
TURNS = 400
"""After which a scenario that has not come to its end counts as stuck."""


class InlineExecutor:
    """Computes in this process, at once. The processes that jobs really run in write nothing and send nothing."""

    def __init__(self, machines: Mapping[str, Machine]) -> None:
        self._machines = machines
        self._benches: dict[str, Bench] = {}

    def ask(self, job: str, workload: Workload, question: Question[T], urgent: bool = False) -> Done[T]:  # noqa: ARG002
        """The answer."""
        bench = self._benches.setdefault(job, Bench(workload, self._machines, lambda _: None))
        try:
            return Done(question.answer(bench))
        except AssayError as fault:
            raise JobFaultError(str(fault), may_pass=False) from fault

    def progress(self, job: str) -> None:
        """Nothing is under way."""

    def retain(self, jobs: Collection[str]) -> set[str]:
        """Forget all others."""
        others = set(self._benches) - set(jobs)
        for job in others:
            del self._benches[job]
        return others

    def wait(self, seconds: float, also: int) -> None:
        """There is nothing to wait for."""

    def close(self) -> None:
        """Nothing is held."""


@dataclass(frozen=True)
class Outcome:
    """What a scenario comes to, whatever happened on the way."""

    money: tuple[tuple[str, int, int], ...]
    """By party, base units: free, and stake."""
    ends: tuple[str, ...]
    """Of the jobs."""
    verdicts: tuple[tuple[str, ...], ...]
    """By job, of its challenges."""


class Scenario:
    """The market, up to where the agent comes in."""

    def __init__(self, network: LocalMarket) -> None:
        """Set everything up, and stop the blocks from coming by themselves."""
        self.network = network
        self.chain = network.chain
        self.requester = network.join(free=100 * TOKEN)
        self.agent = network.join(stake=100 * TOKEN)
        self.liar = network.join(stake=100 * TOKEN)
        self.jobs = [
            network.post(self.requester, [task], slot=slot, price=PRICE, rounds=3)
            for slot, task in enumerate((ENDLESS, COUNT, ENDLESS))
        ]
        market, wrong = self.chain.market, self.jobs[2]
        network.call(self.liar, market.accept(self._history(wrong).job))
        result = Produce().answer(self._bench(self._history(wrong)))
        claim = market.claim(self._history(wrong).job, result.final_roots, bytes.fromhex(result.result_id))
        network.call(self.liar, claim)
        network.request("evm_setAutomine", False)
        network.request("evm_setIntervalMining", 0)
        self._snapshot = network.request("evm_snapshot")
        self.started_at = self.chain.node.head().number

    def reconnect(self) -> None:
        """Use connections of one's own, in a forked process, and forget what the liar has sent."""
        self.chain = chain_at(Node(self.network.url), self.chain.deployment)
        self.liar = replace(
            self.liar, sender=Sender(self.chain.node, self.liar.account, self.chain.deployment.chain_id)
        )

    def restart(self) -> None:
        """As it was when the agent came in."""
        self.network.request("evm_revert", self._snapshot)
        self.network.request("anvil_dropAllTransactions")
        self._snapshot = self.network.request("evm_snapshot")
        self.reconnect()  # the liar has sent nothing yet

    def run(
        self, journal: Path, url: str | None = None, prepare: Callable[[Daemon, Context], None] = lambda *_: None
    ) -> None:
        """An agent, from its start until everything is over and nothing of it is pending.

        `url` is its node, if not the network's own; `prepare` can put something in its way.
        """
        with self._daemon(journal, url) as (daemon, context):
            prepare(daemon, context)
            for _ in range(TURNS):
                with suppress(FailedPassError):
                    self._tick(daemon)
                    if self._is_over() and not context.journal.unsettled() and not _live(context):
                        return
                self._turn()
            raise AssertionError(f"not over after {TURNS} turns: {context.journal.live_duties()}")

    def outcome(self) -> Outcome:
        """What it has come to."""
        book = self._book()
        parties = {"requester": self.requester, "agent": self.agent, "liar": self.liar}
        accounts = {name: self.chain.market.account_of(party.address) for name, party in parties.items()}
        histories = [book.jobs[job_id] for job_id in self.jobs]
        return Outcome(
            tuple((name, account.free, account.stake) for name, account in accounts.items()),
            tuple(history.ended.end.name if history.ended else "" for history in histories),
            tuple(tuple(closed.verdict.name for closed in history.closed) for history in histories),
        )

    def sent(self) -> list[tuple[int, bytes, bool]]:
        """Nonce, call and success of each transaction of the agent that a block has."""
        found = []
        for number in range(self.started_at + 1, self.chain.node.head().number + 1):
            for entry in self.network.request("eth_getBlockByNumber", hex(number), True)["transactions"]:
                if entry["from"].lower() == self.agent.address.lower():
                    receipt = self.network.request("eth_getTransactionReceipt", entry["hash"])
                    succeeded = receipt["status"] == "0x1"
                    found.append((int(entry["nonce"], 16), bytes.fromhex(entry["input"][2:]), succeeded))
        return found

    # The agent

    @contextmanager
    def _daemon(self, path: Path, url: str | None) -> Iterator[tuple[Daemon, Context]]:
        """As `provider_agent.agent` puts it together, but for the processes."""
        folder = path.parent
        chain = chain_at(Node(url or self.network.url, timeout=5), self.chain.deployment)
        settings = Settings.model_validate(
            {
                "journal": str(path),
                "chain": {"rpc": url or self.network.url, "deployment": "d", "confirmations": 1},
                "wallet": {"account": self.agent.address},
                "store": {"location": str(self.network.store.folder), "cache": str(folder / "cache")},
                "provider": {"minimum_run_period": 1},
                "loop": {"retry": 0.001, "retry_limit": 0.002},
            }
        )
        journal = Journal(str(path))
        stop, executor = Stop(), InlineExecutor(shipped_machines())
        try:
            deployment = chain.deployment
            first = self.chain.node.block(deployment.start_block).hash
            journal.bind(Identity(deployment.chain_id, deployment.market, self.agent.address, first))
            sender = Sender(chain.node, self.agent.account, deployment.chain_id, journal)
            # Everything that no block has yet is sent again at each pass, as after a long wait.
            clock = iter(range(0, 10**9, 20))
            outbox = Outbox(journal, sender, settings.loop, 1, lambda: float(next(clock)), replace_after=10**9)
            context = Context(
                settings=settings,
                chain=chain,
                parameters=self.chain.market.parameters(),
                account=self.agent.address,
                journal=journal,
                outbox=outbox,
                batch=Batch(outbox, chain.market),
                executor=executor,  # type: ignore[arg-type]
                book=Book(deployment.market),
            )
            yield Daemon(context, [Provider(context), Verifier(context)], stop), context
        finally:
            journal.close()

    def _tick(self, daemon: Daemon) -> None:
        try:
            daemon.tick()
        except AssayError as fault:
            raise FailedPassError from fault

    # The others

    def _turn(self) -> None:
        """The liar's move, if it has one; time, if nobody has anything to do; and a block."""
        book = self._book()
        running = [
            (book.jobs[job_id], dispute)
            for job_id in self.jobs
            for dispute in book.disputes_of(job_id)
            if not dispute.resolved
        ]
        first = book.jobs[self.jobs[0]]
        if first.job.status is Status.CLAIMED and not first.challenges and first.ended is None:
            self._challenge(first)
        waits = [self._answer(history, dispute) for history, dispute in running if not history.ended]
        moot = [dispute for history, dispute in running if history.ended]
        if (running and all(waits) and waits) or (moot and not waits):
            self.network.request("evm_increaseTime", 3 * ALLOWANCE)
        elif not running and self._all_claimed(book) and first.challenges:
            self.network.request("evm_increaseTime", CHALLENGE_PERIOD)
        self.network.request("evm_mine")

    def _all_claimed(self, book: Book) -> bool:
        return all(
            history.ended is not None or history.job.status is Status.CLAIMED
            for history in (book.jobs[job_id] for job_id in self.jobs)
        )

    def _challenge(self, history: JobHistory) -> None:
        objection = Verify(history.final_roots).answer(self._bench(history))
        assert objection is not None
        self._try(self.chain.market.challenge(history.job, proof_of(objection), objection.opening))

    def _answer(self, history: JobHistory, dispute: DisputeHistory) -> bool:
        """Make the liar's move; whether it is the liar's turn, and there is none."""
        side = Side.CHALLENGER if dispute.terms.challenger == self.liar.address else Side.DEFENDER
        state = self.chain.game.state_of(dispute.dispute_id)
        if not state.running or state.to_move is not side:
            return False
        action = Play(dispute.terms.task, dispute.play, side).answer(self._bench(history))
        match action:
            case Move(pair, roots):
                return not self._try(self.chain.game.move(dispute.dispute_id, pair, roots))
            case Step(pair, witness):
                call = self.chain.game.step(dispute.terms, pair, witness, history.job.encode())
                return not self._try(call)
        return True

    def _try(self, call: Any) -> bool:
        """Have the liar send a call; whether the chain would take it."""
        # One that remembers nothing: what it has sent before may be gone with a block.
        sender = Sender(self.chain.node, self.liar.account, self.chain.deployment.chain_id)
        try:
            sender.send(call, f"{time.monotonic_ns()}: {call.purpose}")
        except ChainError:
            return False
        return True

    def _is_over(self) -> bool:
        book = self._book()
        return all(book.jobs[job_id].ended for job_id in self.jobs) and all(
            dispute.resolved for job_id in self.jobs for dispute in book.disputes_of(job_id)
        )

    def _bench(self, history: JobHistory) -> Bench:
        """The liar's."""
        terms = history.job.terms
        workload = Workload(
            machine="counter",
            spec_ids=tuple(spec_id.hex() for spec_id in history.spec_ids),
            task_root=terms.task_root,
            task_count=terms.task_count,
            rounds=terms.rounds,
            store=str(self.network.store.folder),
            cache=self.network.folder / "liar",
            maximum_bytes=1 << 20,
        )
        return Bench(workload, tampered_machines(LIE), lambda _: None)

    def _history(self, job_id: JobId) -> JobHistory:
        return self._book().jobs[job_id]

    def _book(self) -> Book:
        node, deployment = self.chain.node, self.chain.deployment
        entries = read_events(node, deployment, deployment.start_block, node.head().number)
        return Book(deployment.market, entries)


class FailedPassError(Exception):
    """A pass of the agent's loop that has failed, as passes may."""


def _live(context: Context) -> bool:
    return bool(context.journal.live_duties())

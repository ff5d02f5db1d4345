"""An agent that is killed at every write to its journal and at every send ends as one that was not.

`make crash` kills at each of these points; the test, at a sample of them that is another one each time.
"""

import os
import pickle
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine

from assay.chain.node import Node
from provider_agent.database import Database
from tests.support.anvil import anvil
from tests.support.market import LocalMarket
from tests.support.scenario import Outcome, Scenario

SAMPLE = int(os.environ.get("KILLS", "4"))
"""How many points; 0 for all of them."""

READS = ("SELECT", "PRAGMA", "BEGIN", "COMMIT", "ROLLBACK")


@dataclass(frozen=True)
class Seen:
    """What a run came to, as its process tells it."""

    outcome: Outcome
    sent: list[tuple[int, bytes, bool]]
    points: list[str]


class Points:
    """The points of a process at which it may be killed: just before and just after each commit and each send."""

    def __init__(self, kill_at: int | None, others: Node) -> None:
        """`others` is the node of all but the agent."""
        self.reached: list[str] = []
        self._kill_at = kill_at
        self._wrote = ""
        event.listen(Engine, "before_cursor_execute", self._on_statement)
        event.listen(Engine, "commit", self._on_commit)
        self._wrap_database()
        self._wrap_node(others)

    def _reach(self, point: str) -> None:
        self.reached.append(point)
        if len(self.reached) == self._kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def _on_statement(self, _connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.lstrip().upper().startswith(READS):
            self._wrote = " ".join(statement.split()[:3])

    def _on_commit(self, _: Connection) -> None:
        if self._wrote:
            self._reach(f"before the commit of {self._wrote}")

    def _wrap_database(self) -> None:
        original, points = Database.transaction, self

        @contextmanager
        def transaction(database: Database) -> Iterator[Connection]:
            with original(database) as connection:
                yield connection
            if points._wrote and not database._in_transaction:
                wrote, points._wrote = points._wrote, ""
                points._reach(f"after the commit of {wrote}")

        Database.transaction = transaction  # type: ignore[method-assign]

    def _wrap_node(self, others: Node) -> None:
        original, points = Node.broadcast, self

        def broadcast(node: Node, raw: bytes) -> None:
            if node is others:
                original(node, raw)
                return
            points._reach("before a send")
            original(node, raw)
            points._reach("after a send")

        Node.broadcast = broadcast  # type: ignore[method-assign]


def in_a_process(action: Callable[[], None]) -> int:
    """Have a copy of this process do something; the signal that ended it, or 0."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            action()
            status = 0
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return os.WTERMSIG(status)
    assert os.WEXITSTATUS(status) == 0, "the agent's process has failed: see what it said"
    return 0


@pytest.fixture
def scenario(tmp_path: Path) -> Iterator[Scenario]:
    with anvil() as url:
        yield Scenario(LocalMarket(url, tmp_path / "market"))


def play(scenario: Scenario, folder: Path, kill_at: int | None = None) -> Seen | None:
    """Run the agent in a process of its own; None if it was killed."""
    told = folder / "told"

    def action() -> None:
        scenario.reconnect()
        points = Points(kill_at, scenario.chain.node)
        scenario.run(folder / "journal.db")
        told.write_bytes(pickle.dumps(Seen(scenario.outcome(), scenario.sent(), points.reached)))

    folder.mkdir(exist_ok=True)
    if in_a_process(action) == signal.SIGKILL:
        return None
    seen: Seen = pickle.loads(told.read_bytes())
    return seen


def test_killed_at_every_write_and_every_send_it_ends_as_if_it_had_not_been(scenario: Scenario, tmp_path: Path) -> None:
    undisturbed = play(scenario, tmp_path / "undisturbed")
    assert undisturbed is not None
    check(undisturbed)
    assert undisturbed.outcome.ends == ("FINALIZED", "FINALIZED", "SLASHED_BY_TIMEOUT")
    kinds = {point.split(" of ")[0] for point in undisturbed.points}
    assert kinds == {"before the commit", "after the commit", "before a send", "after a send"}

    count = len(undisturbed.points)
    stride = 1 if SAMPLE == 0 else max(count // SAMPLE, 1)
    print(f"\n{count} points, every {stride}")
    point, kills = 1 + time.time_ns() % stride, 0
    while True:
        scenario.restart()
        folder = tmp_path / f"killed-{point}"
        if play(scenario, folder, kill_at=point) is not None:
            break  # it has come to its end before
        what = f"killed at point {point}"
        seen = play(scenario, folder)
        assert seen is not None, what
        check(seen, what)
        assert seen.outcome == undisturbed.outcome, what
        point, kills = point + stride, kills + 1
    assert kills >= count // stride - 2


def check(seen: Seen, what: str = "undisturbed") -> None:
    """No call was made twice, none was in vain, and no nonce was left out."""
    nonces, calls, succeeded = zip(*seen.sent, strict=True)
    assert len(set(calls)) == len(calls), what
    assert all(succeeded), what
    assert sorted(nonces) == list(range(min(nonces), min(nonces) + len(nonces))), what

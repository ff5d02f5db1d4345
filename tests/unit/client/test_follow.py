"""Following a job, on a chain of our own making that can also change its mind."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

import pytest

from assay.chain import events
from assay.chain.connection import Chain
from assay.chain.events import Entry, JobAccepted, JobEnded, JobEvent, JobPosted
from assay.chain.node import Block
from assay.chain.records import End, JobId, Status, Terms
from assay.client import follow as module
from assay.client.follow import News, follow
from assay.errors import InputError

REQUESTER, PROVIDER = "0x" + 40 * "2", "0x" + 40 * "3"
JOB = JobId(REQUESTER, 0, 1)
TERMS = Terms(PROVIDER, bytes(32), 1, 3, 100, 50, 10, 20, 30, bytes(32))
posted = JobPosted(JOB, TERMS, 110)
accepted = JobAccepted(JOB, PROVIDER, 120)
cancelled = JobEnded(JOB, End.CANCELLED)


class ScriptedNode:
    """A chain whose blocks have at most one event each; `fork` names the branch that a block is on."""

    def __init__(self) -> None:
        self.blocks: list[tuple[str, JobEvent | None]] = [("a", None)]

    def head(self) -> Block:
        return self.block(len(self.blocks) - 1)

    def block(self, number: int) -> Block:
        return Block(number, self.hash_of(number), b"", 100 + number, 0)

    def hash_of(self, number: int) -> bytes:
        return f"{self.blocks[number][0]}{number}".encode()

    def entries(self, first: int, last: int) -> list[Entry]:
        return [
            Entry(event, number, self.hash_of(number), 0, b"")
            for number, (_, event) in enumerate(self.blocks)
            if event is not None and first <= number <= last
        ]


@dataclass
class Script:
    """What the chain does while the follower waits for it."""

    node: ScriptedNode
    changes: list[list[tuple[str, JobEvent | None]]]

    def sleep(self, _seconds: float) -> None:
        self.node.blocks = self.changes.pop(0)


@pytest.fixture
def node(monkeypatch: pytest.MonkeyPatch) -> ScriptedNode:
    def read(of: ScriptedNode, _deployment: object, first: int, last: int, _keys: Sequence[bytes]) -> list[Entry]:
        return of.entries(first, last)

    monkeypatch.setattr(module, "read_events", read)
    assert module.read_events is not events.read_events
    return ScriptedNode()


def chain_with(node: ScriptedNode) -> Chain:
    deployment = events.Deployment(1, 0, *[PROVIDER] * 6, {}, {})
    return Chain(cast(module.Chain, node), deployment, *[cast(object, None)] * 6)  # type: ignore[arg-type]


def followed(node: ScriptedNode, *changes: list[tuple[str, JobEvent | None]]) -> list[News]:
    script = Script(node, list(changes))
    return list(follow(chain_with(node), JOB, sleep=script.sleep))


def test_a_job_that_there_is_not_is_an_error(node: ScriptedNode) -> None:
    with pytest.raises(InputError, match="there is no job"):
        followed(node)


def test_news_come_with_each_block_and_end_with_the_job(node: ScriptedNode) -> None:
    start = [("a", None), ("a", posted)]
    node.blocks = start
    news = followed(node, start, [*start, ("a", None)], [*start, ("a", None), ("a", cancelled)])
    assert [[type(entry.event) for entry in item.entries] for item in news] == [[JobPosted], [], [JobEnded]]
    assert news[-1].history.ended == cancelled


def test_a_job_is_overdue_when_the_chain_has_passed_its_deadline(node: ScriptedNode) -> None:
    start = [("a", replace(posted, deadline=101)), ("a", None)]
    node.blocks = start
    later = [*start, ("a", None)]
    news = followed(node, later, [*later, ("a", cancelled)])
    assert [item.is_overdue for item in news] == [False, True, False]


def test_after_a_reorganisation_the_job_is_what_the_new_branch_says(node: ScriptedNode) -> None:
    node.blocks = [("a", None), ("a", posted), ("a", accepted)]
    branch = [("a", None), ("a", posted), ("b", None), ("b", cancelled)]
    first, second = followed(node, branch)
    assert first.history.job.status == Status.ACCEPTED
    assert second.history.job.status == Status.OPEN
    assert [entry.event for entry in second.entries] == [cancelled]
    assert second.history.ended == cancelled

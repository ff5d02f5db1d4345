"""Why nothing happens: what is told about a job that waits."""

from dataclasses import replace
from typing import Any

import pytest

from assay.chain.events import Entry, JobAccepted, JobChallenged, JobClaimed, JobPosted
from assay.chain.history import Book
from assay.chain.node import Block
from assay.chain.records import JobId, Terms
from assay.client import waiting as module
from assay.client.follow import News
from assay.client.prospects import Candidate, Record
from assay.client.waiting import USUAL_RUN_PERIOD, Waiting, why_nobody
from provider_agent.settings import ProviderSettings

MARKET, PROVIDER = "0x" + 40 * "1", "0x" + 40 * "3"
JOB = JobId("0x" + 40 * "2", 0, 1)
TERMS = Terms(PROVIDER, bytes(32), 1, 3, 100, 50, 100, 100, 100, bytes(32))
posted = JobPosted(JOB, TERMS, 1100)
accepted = JobAccepted(JOB, PROVIDER, 1200)
claimed = JobClaimed(JOB, PROVIDER, bytes(32), bytes(32), 1300)
ABLE = Candidate(PROVIDER, True, 1000, 5, 100, Record(), ())
POOR = replace(ABLE, obstacles=("has no stake", "asks for more"))
DEAR = replace(ABLE, obstacles=("asks for more",))


class FakeChain:
    """Block n is of second 1000 + n."""

    node = property(lambda self: self)

    def block(self, number: int) -> Block:
        return Block(number, b"", b"", 1000 + number, 0)


def news_at(second: int, *events: Any) -> News:
    entries = [Entry(event, number, b"", 0, b"") for number, event in enumerate(events)]
    book = Book(MARKET, entries)
    return News(tuple(entries), book.jobs[JOB], book, Block(second - 1000, b"", b"", second, 0))


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> list[Candidate]:
    candidates: list[Candidate] = []
    monkeypatch.setattr(module, "read_book", lambda *_: None)
    monkeypatch.setattr(module, "find_candidates", lambda *_: candidates)
    return candidates


def reasons(second: int, *events: Any, now: float | None = None) -> list[str]:
    chain: Any = FakeChain()
    return Waiting(chain, chain, lambda: second if now is None else now).reasons(news_at(second, *events))


def test_nobody_is_known(known: list[Candidate]) -> None:
    assert reasons(1010, posted) == [why_nobody(known)]
    assert "no provider is known" in why_nobody(known)


def test_the_most_frequent_first_reason_is_told_first(known: list[Candidate]) -> None:
    known += [POOR, DEAR, DEAR]
    (told,) = reasons(1010, posted)
    assert told == "none of 3 known providers can take it: 2 times: asks for more; one has no stake"


def test_those_who_could_are_named(known: list[Candidate]) -> None:
    known += [ABLE, POOR]
    assert reasons(1010, posted) == [f"1 of 2 known providers could take it, and did not yet: {PROVIDER}"]


def test_a_time_that_agents_do_not_take_is_told_and_is_what_agents_do_not_take(known: list[Candidate]) -> None:
    known.append(ABLE)
    assert ProviderSettings().minimum_run_period == USUAL_RUN_PERIOD
    short = replace(posted, terms=replace(TERMS, run_period=USUAL_RUN_PERIOD - 1))
    assert "may be too few" in reasons(1010, short)[-1]
    enough = replace(posted, terms=replace(TERMS, run_period=USUAL_RUN_PERIOD))
    assert len(reasons(1010, enough)) == 1


@pytest.mark.usefixtures("known")
def test_a_node_that_stands_still_is_told_first() -> None:
    assert "stands still" in reasons(1010, posted, now=1010 + module.STALLED)[0]
    assert "stands still" not in reasons(1010, posted, now=1009 + module.STALLED)[0]


@pytest.mark.parametrize(
    ("events", "second", "command"),
    [
        ((posted,), 1101, "expire"),
        ((posted, accepted), 1201, "expire"),
        ((posted, accepted, claimed), 1301, "finalize"),
    ],
)
def test_a_job_whose_time_is_over_can_be_ended_and_how_is_told(events: Any, second: int, command: str) -> None:
    assert f"`assay {command} {JOB}`" in reasons(second, *events)[0]
    if command == "finalize":
        assert "can end it" not in reasons(second - 1, *events)[0]


def test_a_dispute_says_whose_turn_it_is() -> None:
    challenged = JobChallenged(JOB, b"\x05" * 32, MARKET, 0, 7)

    class State:
        running, to_move, challenger, remaining, deadline = True, module.Side.DEFENDER, MARKET, 3, 1250

    chain: Any = FakeChain()
    chain.game = chain
    chain.state_of = lambda _: State
    (told,) = Waiting(chain, chain, lambda: 1210).reasons(news_at(1210, posted, accepted, claimed, challenged))
    assert "the provider is to move until" in told
    assert "3 more lists, then the step" in told


def test_the_clock_of_a_stage_begins_with_it() -> None:
    chain: Any = FakeChain()
    clock = Waiting(chain, chain).clock(news_at(1150, posted, accepted))
    assert (clock.stage, clock.since, clock.deadline, clock.waited, clock.left) == ("accepted", 1001, 1200, 149, 50)

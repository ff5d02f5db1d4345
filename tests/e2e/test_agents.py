"""Agents as processes on a real node: honest ones are paid, liars are slashed, and a killed one goes on."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from assay.chain.events import read_events
from assay.chain.history import Book, JobHistory
from assay.chain.records import End, JobId, Status
from assay.dispute.game import Side
from assay.documents import read_result_document
from assay.machines.registry import machine_named
from tests.support.agents import AGENT, LIAR, Agent, running
from tests.support.anvil import anvil
from tests.support.market import ALLOWANCE, CHALLENGE_PERIOD, TOKEN, LocalMarket, Party

WAIT = 90.0
"""Seconds of real time after which something that should happen counts as not happening."""

COUNT = {"start": 7, "target": 100}


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalMarket]:
    with anvil() as url:
        market = LocalMarket(url, tmp_path_factory.mktemp("market"))
        market.request("evm_setIntervalMining", 1)
        yield market


@pytest.fixture
def requester(market: LocalMarket) -> Party:
    return market.join(free=100 * TOKEN)


@pytest.fixture
def recruit(market: LocalMarket, tmp_path: Path) -> Iterator[Callable[[str], Agent]]:
    """Makes agents that have staked; prints what they said if the test fails."""
    agents: list[Agent] = []

    def make(name: str) -> Agent:
        agents.append(Agent(market, market.join(stake=100 * TOKEN), name, tmp_path))
        return agents[-1]

    yield make
    for agent in agents:
        agent.stop()
        print(f"--- {agent.folder.name} {agent.party.address}\n{agent.said()}")


def book_of(market: LocalMarket) -> Book:
    node, deployment = market.chain.node, market.chain.deployment
    entries = read_events(node, deployment, deployment.start_block, node.head().number)
    return Book(deployment.market, entries)


def wait_until(what: str, condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT
    while not condition():
        assert time.monotonic() < deadline, f"not within {WAIT:g} s: {what}"
        time.sleep(0.3)


def wait_for(market: LocalMarket, job_id: JobId, condition: Callable[[JobHistory], bool]) -> Book:
    wait_until(f"what was expected of job {job_id}", lambda: condition(book_of(market).jobs[job_id]))
    return book_of(market)


def has_ended(history: JobHistory) -> bool:
    return history.ended is not None


def account(market: LocalMarket, agent: Agent) -> tuple[int, int]:
    """Free tokens and stake, in whole tokens."""
    found = market.chain.market.account_of(agent.party.address)
    return found.free // TOKEN, found.stake // TOKEN


def test_an_honest_provider_is_paid_while_a_verifier_looks_on(
    market: LocalMarket, requester: Party, recruit: Callable[[str], Agent]
) -> None:
    provider, verifier = recruit("provider"), recruit("verifier")
    with running(provider, AGENT, "--roles", "provider"), running(verifier, AGENT, "--roles", "verifier"):
        job_id = market.post(requester, [COUNT, {"start": 5, "target": 6}, {"start": 0, "target": 1000}])
        wait_until("the verifier agrees", lambda: "recomputed, and right" in verifier.said())
        market.skip_time(CHALLENGE_PERIOD)
        history = wait_for(market, job_id, has_ended).jobs[job_id]

    assert history.ended is not None
    assert history.ended.end == End.FINALIZED
    assert account(market, provider) == (1, 100)
    assert history.result_id is not None
    document = read_result_document(market.store.get(history.result_id.hex()))
    proved = [machine_named("counter").check_result(entry, market.store.get) for entry in document.tasks]
    assert tuple(root for root, _ in proved) == history.final_roots
    assert proved[0][1].stdout == b"100\n"


@pytest.mark.parametrize("step", [0, 40, 255])
def test_a_lie_about_any_step_is_slashed_by_the_referee(
    market: LocalMarket, requester: Party, recruit: Callable[[str], Agent], step: int
) -> None:
    liar, verifier = recruit("liar"), recruit("verifier")
    with running(liar, LIAR, "--step", str(step)), running(verifier, AGENT, "--roles", "verifier"):
        job_id = market.post(requester, [{"start": 5, "target": 10**6}])
        book = wait_for(market, job_id, has_ended)

    history = book.jobs[job_id]
    assert history.ended is not None
    assert history.ended.end == End.SLASHED_BY_STEP
    (dispute,) = book.disputes_of(job_id)
    assert dispute.play.start + (dispute.stepped.index if dispute.stepped else -1) == step
    assert account(market, liar) == (0, 90)
    assert account(market, verifier) == (5, 100)
    assert market.chain.market.account_of(requester.address).free == 100 * TOKEN


def test_a_liar_that_falls_silent_is_slashed_by_its_clock(
    market: LocalMarket, requester: Party, recruit: Callable[[str], Agent]
) -> None:
    liar, verifier = recruit("liar"), recruit("verifier")
    with running(liar, LIAR, "--step", "3"):
        job_id = market.post(requester, [COUNT])
        wait_for(market, job_id, lambda history: history.job.status is Status.CLAIMED)
        liar.kill()
    with running(verifier, AGENT, "--roles", "verifier"):
        wait_for(market, job_id, lambda history: bool(history.challenges))
        market.skip_time(ALLOWANCE)
        history = wait_for(market, job_id, has_ended).jobs[job_id]

    assert history.ended is not None
    assert history.ended.end == End.SLASHED_BY_TIMEOUT
    assert account(market, verifier) == (5, 100)


def test_an_honest_provider_wins_against_several_lying_challengers_at_once(
    market: LocalMarket, requester: Party, recruit: Callable[[str], Agent]
) -> None:
    provider, first, second = recruit("provider"), recruit("first"), recruit("second")
    with (
        running(provider, AGENT, "--roles", "provider"),
        running(first, LIAR, "--roles", "verifier", "--step", "10"),
        running(second, LIAR, "--roles", "verifier", "--step", "200"),
    ):
        job_id = market.post(requester, [{"start": 0, "target": 10**6}], rounds=3)
        wait_for(market, job_id, lambda history: len(history.closed) == 2)
        market.skip_time(CHALLENGE_PERIOD)
        book = wait_for(market, job_id, has_ended)

    history = book.jobs[job_id]
    assert history.ended is not None
    assert history.ended.end == End.FINALIZED
    assert {dispute.resolved.winner for dispute in book.disputes_of(job_id) if dispute.resolved} == {Side.DEFENDER}
    assert account(market, provider) == (1 + 2 * 5, 100)
    assert account(market, first) == account(market, second) == (0, 95)

"""A node that drops, delays, repeats, reorders, truncates and lies, and a chain that is reorganised: the same end."""

import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from provider_agent.context import Context
from provider_agent.daemon import Daemon
from tests.support.anvil import anvil
from tests.support.market import LocalMarket
from tests.support.proxy import LIES, TROUBLE, Fault, proxy
from tests.support.scenario import Outcome, Scenario

SEED = int(os.environ.get("SEED", time.time_ns() % 10**6))
"""Another one each time; a failure names it."""


@pytest.fixture(scope="module")
def scenario(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenario]:
    with anvil() as url:
        yield Scenario(LocalMarket(url, tmp_path_factory.mktemp("market")))


@pytest.fixture(scope="module")
def undisturbed(scenario: Scenario, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    scenario.run(tmp_path_factory.mktemp("undisturbed") / "journal.db")
    return scenario.outcome()


@pytest.mark.parametrize(("faults", "share"), [(TROUBLE, 0.1), (LIES, 0.3)], ids=["trouble", "lies"])
def test_through_a_faulty_node_it_comes_to_the_same_end(
    scenario: Scenario, undisturbed: Outcome, tmp_path: Path, faults: dict[str, Fault], share: float
) -> None:
    print(f"\nSEED={SEED}")
    scenario.restart()
    with proxy(scenario.network.url, SEED, share, faults) as (url, played):
        scenario.run(tmp_path / "journal.db", url)
    print(dict(played.done))
    assert scenario.outcome() == undisturbed
    calls = [call for _, call, succeeded in scenario.sent() if succeeded]
    assert len(set(calls)) == len(calls)
    assert len(played.done) >= 4


def test_reorganisations_of_several_blocks_come_to_the_same_end(
    scenario: Scenario, undisturbed: Outcome, tmp_path: Path
) -> None:
    """Transactions that a reorganisation drops are in no pool any more: who sent them has to send them again."""
    print(f"\nSEED={SEED}")
    scenario.restart()
    depths = random.Random(SEED)
    passes, reorganised = 0, []

    def reorganise(daemon: Daemon, _: Context) -> None:
        original = daemon.tick

        def tick() -> None:
            nonlocal passes
            passes += 1
            new_blocks = scenario.chain.node.head().number - scenario.started_at
            if passes % 4 == 0 and new_blocks > 1 and len(reorganised) < 5:
                depth = depths.randint(1, min(new_blocks - 1, 7))
                scenario.network.request("anvil_reorg", depth, [])
                reorganised.append(depth)
            original()

        daemon.tick = tick  # type: ignore[method-assign]

    scenario.run(tmp_path / "journal.db", prepare=reorganise)
    print(reorganised)
    assert len(reorganised) >= 3
    assert scenario.outcome() == undisturbed
    # In a block that is built anew, a transaction can come too early and be refused. Then it is made again.
    calls = [call for _, call, succeeded in scenario.sent() if succeeded]
    assert len(set(calls)) == len(calls)

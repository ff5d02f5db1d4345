"""The index of a market: whatever happens while it is filled, it says what the chain says."""

import os
import random
import signal
import time
from collections.abc import Iterator, Sequence
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, insert, select, update

from assay.chain.connection import chain_at
from assay.chain.events import read_events
from assay.chain.history import Book
from assay.chain.node import Log, Node
from assay.errors import AssayError, InputError
from assay.index import schema
from assay.index.database import Database
from assay.index.indexer import Indexer
from provider_agent.context import Context
from provider_agent.daemon import Daemon
from tests.support.anvil import anvil
from tests.support.market import LocalMarket
from tests.support.postgresql import MISSING, postgresql, programs
from tests.support.scenario import Scenario

SEED = int(os.environ.get("SEED", time.time_ns() % 10**6))
"""Another one each time; a failure names it."""

Tables = dict[str, Any]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenario]:
    """A market in which everything has happened: jobs, disputes won and lost, bonds slashed."""
    with anvil() as url:
        scenario = Scenario(LocalMarket(url, tmp_path_factory.mktemp("market")))
        scenario.run(tmp_path_factory.mktemp("agent") / "journal.db")
        yield scenario


def fill(scenario: Scenario, location: str | Path, batch: int = 2_000, node: Node | None = None) -> Database:
    """An index at the head of the chain."""
    database = Database(str(location))
    chain = chain_at(node or Node(scenario.network.url), scenario.chain.deployment)
    catch_up(Indexer(chain, database, batch))
    return database


def catch_up(indexer: Indexer) -> None:
    for _ in range(10_000):
        if not indexer.step():
            return
    raise AssertionError("the index never comes to an end")


def contents(database: Database) -> Tables:
    """All that an index says, but for the commits and the looks that brought it there."""
    volatile = {"revision", "checked_block"}
    tables = [table for table in schema.metadata.sorted_tables if table.name not in ("index_identity", "index_blocks")]
    with database.reading() as connection:
        return {
            table.name: sorted(
                (
                    {name: value for name, value in row._asdict().items() if name not in volatile}
                    for row in connection.execute(select(table))
                ),
                key=str,
            )
            for table in tables
        }


def says_what_the_chain_says(database: Database, scenario: Scenario) -> None:
    """Jobs and disputes as their events tell them, and money as the market has it."""
    chain, tables = scenario.chain, contents(database)
    deployment, head = chain.deployment, chain.node.head().number
    book = Book(deployment.market, read_events(chain.node, deployment, deployment.start_block, head))
    assert [row["job"] for row in tables["index_jobs"]] == sorted(map(str, book.jobs))
    assert len(tables["index_disputes"]) == len(book.disputes)
    for row in tables["index_disputes"]:
        dispute = book.disputes[bytes.fromhex(row["dispute"][2:])]
        winner = dispute.resolved.winner.name.lower() if dispute.resolved else None
        assert row["status"] == ("running" if winner is None else f"won by {winner}")
        assert row["turns"] == 1 + len(dispute.play.answers)
    assert tables["index_accounts"], "an index without accounts proves nothing"
    for row in tables["index_accounts"]:
        account = chain.market.account_of(row["account"])
        assert (row["free"], row["stake"]) == (account.free, account.stake), row["account"]
        assert (row["chain_free"], row["chain_stake"], row["is_stale"]) == (account.free, account.stake, False)


def test_an_index_says_what_the_chain_says(played: Scenario, tmp_path: Path) -> None:
    database = fill(played, tmp_path / "index.db")
    says_what_the_chain_says(database, played)
    tables = contents(database)
    assert {row["status"] for row in tables["index_jobs"]} == {"finalized", "slashed by timeout"}
    record = {row["provider"]: row for row in tables["index_providers"]}[played.liar.address]
    assert (record["accepted"], record["slashed"], record["running"], record["at_risk"]) == (1, 1, 0, 0)
    assert record["lost"] == 10 * 10**18


def test_the_size_of_the_batches_makes_no_difference(played: Scenario, tmp_path: Path) -> None:
    assert contents(fill(played, tmp_path / "small.db", batch=1)) == contents(fill(played, tmp_path / "large.db"))


@pytest.mark.skipif(programs() is None, reason=MISSING)
def test_in_postgresql_it_is_the_same(played: Scenario, tmp_path: Path) -> None:
    with postgresql() as server:
        database = fill(played, server.new_schema(), batch=7)
        assert contents(database) == contents(fill(played, tmp_path / "index.db"))
        database.close()


def test_through_reorganisations_it_comes_to_the_same(played: Scenario, tmp_path: Path) -> None:
    """The index is filled while an agent plays the market and the chain loses blocks below it."""
    print(f"\nSEED={SEED}")
    played.restart()
    database = Database(str(tmp_path / "index.db"))
    indexer = Indexer(chain_at(Node(played.network.url), played.chain.deployment), database, batch=3)
    dice, depths, rewound = random.Random(SEED), [], set()

    def watch(daemon: Daemon, _: Context) -> None:
        original = daemon.tick

        def tick() -> None:
            original()
            catch_up_if_possible(indexer)
            new_blocks = played.chain.node.head().number - played.started_at
            if new_blocks > 2 and len(depths) < 8 and dice.random() < 0.4:
                depths.append(dice.randint(1, min(new_blocks - 1, 9)))
                played.network.request("anvil_reorg", depths[-1], [])
                catch_up_if_possible(indexer)
                with database.reading() as connection:
                    rewound.add(connection.scalar(select(schema.identity.c.rewound)))

        daemon.tick = tick  # type: ignore[method-assign]

    played.run(tmp_path / "journal.db", prepare=watch)
    print(depths)
    catch_up(indexer)
    assert len(depths) >= 3
    assert len(rewound - {0}) >= 2
    says_what_the_chain_says(database, played)
    assert contents(database) == contents(fill(played, tmp_path / "afterwards.db"))


def catch_up_if_possible(indexer: Indexer) -> None:
    """As `Indexer.follow` does: what may pass is left for the next time."""
    for _ in range(100):
        try:
            if not indexer.step():
                return
        except AssayError:
            continue


def run_until_killed(url: str, played: Scenario, path: Path, writes: int) -> None:
    """Fill an index, and die by SIGKILL before the statement with this number."""
    database = Database(str(path))
    count = 0

    @event.listens_for(database._writer, "before_cursor_execute")
    def _count(*_: object) -> None:
        nonlocal count
        count += 1
        if count > writes:
            os.kill(os.getpid(), signal.SIGKILL)

    catch_up(Indexer(chain_at(Node(url), played.chain.deployment), database, batch=4))


def test_killed_at_any_statement_it_goes_on(played: Scenario, tmp_path: Path) -> None:
    print(f"\nSEED={SEED}")
    dice, path, fork = random.Random(SEED), tmp_path / "index.db", get_context("fork")
    killed = 0
    for _ in range(12):
        arguments = (played.network.url, played, path, dice.randint(1, 90))
        process = fork.Process(target=run_until_killed, args=arguments)
        process.start()
        process.join(60)
        killed += process.exitcode == -signal.SIGKILL
    assert killed >= 3
    assert contents(fill(played, path)) == contents(fill(played, tmp_path / "undisturbed.db"))


class ForgetfulNode(Node):
    """Leaves a log out of its answers, as often as it is told to."""

    def __init__(self, url: str, omit: int, times: int) -> None:
        super().__init__(url)
        self.omit, self.times = omit, times

    def logs(self, addresses: Sequence[str], first: int, last: int, topics: Any = ()) -> list[Log]:
        found = super().logs(addresses, first, last, topics)
        if self.times and len(found) > self.omit:
            self.times -= 1
            del found[self.omit]
        return found


@pytest.mark.parametrize("omit", [0, 1, 3, 5])
def test_what_a_node_leaves_out_once_is_found(played: Scenario, tmp_path: Path, omit: int) -> None:
    """A deposit, a stake, a post, a claim: by what does not fit, by reading again, or by the chain's state."""
    node = ForgetfulNode(played.network.url, omit, times=1)
    database = Database(str(tmp_path / "index.db"))
    indexer = Indexer(chain_at(node, played.chain.deployment), database)
    catch_up_if_possible(indexer)
    assert node.times == 0
    says_what_the_chain_says(database, played)


def test_a_balance_that_events_get_wrong_is_the_chains(played: Scenario, tmp_path: Path) -> None:
    """If reading everything again does not help, the account says both, and the index goes on."""
    database = fill(played, tmp_path / "index.db")
    account = played.agent.address
    with database.writing() as connection:
        block = connection.scalar(select(schema.events.c.block).order_by(schema.events.c.block))
        forged = {"block": block, "log_index": 10**6, "account": account, "free": 5, "stake": 0, "job": None}
        connection.execute(insert(schema.changes).values(**forged))
        own = schema.accounts.c.account == account
        connection.execute(update(schema.accounts).where(own).values(free=5, is_stale=True))
    catch_up(Indexer(played.chain, database))
    says_what_the_chain_says(database, played)


def test_an_index_of_another_market_is_refused(played: Scenario, tmp_path: Path) -> None:
    database = fill(played, tmp_path / "index.db")
    with database.writing() as connection:
        connection.execute(update(schema.identity).values(market="0x" + "11" * 20))
    with pytest.raises(InputError, match="name another database"):
        Indexer(played.chain, database)


def test_an_index_of_another_format_is_made_anew(played: Scenario, tmp_path: Path) -> None:
    database = fill(played, tmp_path / "index.db")
    with database.writing() as connection:
        connection.execute(update(schema.identity).values(format=schema.FORMAT + 1))
    database.close()
    again = Database(str(tmp_path / "index.db"))
    assert all(rows == [] for rows in contents(again).values())
    catch_up(Indexer(played.chain, again))
    says_what_the_chain_says(again, played)


@pytest.mark.parametrize("location", ["mysql://somewhere/else", "postgresql://host:port/index", "/proc/no/place.db"])
def test_a_location_that_cannot_be_used_is_refused(location: str) -> None:
    with pytest.raises(InputError):
        Database(location)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "index.db"
    path.write_text("not a database, but a text that is long enough to be taken for one" * 20)
    with pytest.raises(InputError, match="name another database"):
        Database(str(path))


def test_a_chain_that_is_started_afresh_is_read_from_its_start(played: Scenario, tmp_path: Path) -> None:
    """Shorter than the index, as after `assay devnet` is run again. The last test: it takes the story back."""
    database = fill(played, tmp_path / "index.db")
    played.restart()
    played.network.request("evm_increaseTime", 7)
    played.network.request("evm_mine")
    catch_up(Indexer(chain_at(Node(played.network.url), played.chain.deployment), database))
    says_what_the_chain_says(database, played)
    assert {row["status"] for row in contents(database)["index_jobs"]} == {"open", "claimed"}

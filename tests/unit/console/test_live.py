"""What a page is told that was away: everything, or that it has to ask for everything."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert, update

from assay.console.live import Live
from assay.index import schema
from assay.index.database import Database
from assay.index.rows import text_of

MARKET = "0x" + "11" * 20


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """An index at block 7 and revision 5."""
    made = Database(str(tmp_path / "index.db"))
    with made.writing() as connection:
        identity = {"format": schema.FORMAT, "chain_id": 1, "market": MARKET, "revision": 5, "rewound": 0}
        connection.execute(insert(schema.identity).values(**identity))
        block = {"number": 7, "hash": text_of(bytes(32)), "timestamp": 70, "has_events": False}
        connection.execute(insert(schema.blocks).values(**block))
    yield made
    made.close()


def add_accounts(database: Database, count: int, revision: int) -> None:
    with database.writing() as connection:
        for number in range(count):
            values = {"free": 0, "stake": 0, "is_stale": False, "revision": revision}
            connection.execute(insert(schema.accounts).values(account=f"0x{revision:02x}{number:038x}", **values))


def test_what_has_changed_since_a_revision_is_told(database: Database) -> None:
    add_accounts(database, 2, revision=4)
    add_accounts(database, 3, revision=5)
    changes = Live(database).changes(4)
    assert changes is not None
    assert [account[:4] for account in changes.accounts] == ["0x05"] * 3
    assert (changes.revision, changes.block, changes.time, changes.reset) == (5, 7, 70, False)


def test_of_more_than_can_be_named_a_page_asks_for_everything(database: Database) -> None:
    add_accounts(database, 100, revision=5)
    changes = Live(database).changes(4)
    assert changes is not None
    assert changes.reset


def test_what_was_taken_back_makes_a_page_ask_for_everything(database: Database) -> None:
    with database.writing() as connection:
        connection.execute(update(schema.identity).values(rewound=4))
    resets = {}
    for revision in (3, 4, 5):
        changes = Live(database).changes(revision)
        assert changes is not None
        resets[revision] = changes.reset
    assert resets == {3: True, 4: False, 5: False}


def test_a_revision_of_an_index_that_is_gone_makes_a_page_ask_for_everything(database: Database) -> None:
    """As after the database was deleted: its revisions begin anew."""
    changes = Live(database).changes(6)
    assert changes is not None
    assert (changes.reset, changes.revision) == (True, 5)


def test_a_stream_tells_of_new_blocks_and_is_counted_while_it_is_open(database: Database) -> None:
    live = Live(database, poll=0.01)

    async def read() -> list[int]:
        stream = live.follow(None)
        assert (await anext(stream)).startswith("retry:")
        assert live.streams == 1
        blocks = [json.loads((await anext(stream)).split("data: ")[1])["block"]]
        with database.writing() as connection:
            block = {"number": 8, "hash": text_of(bytes(32)), "timestamp": 80, "has_events": False}
            connection.execute(insert(schema.blocks).values(**block))
        blocks.append(json.loads((await anext(stream)).split("data: ")[1])["block"])
        live.stop()
        assert [message async for message in stream] == []
        return blocks

    assert asyncio.run(read()) == [7, 8]
    assert live.streams == 0

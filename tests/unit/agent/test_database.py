"""The journal's database: brought up to date, one agent at a time, and back after it was away. On both kinds."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from eth_account import Account
from eth_account.signers.local import LocalAccount
from sqlalchemy import text

from assay.chain.fees import Fees
from assay.chain.sender import Intent
from assay.errors import InputError, TransientError
from provider_agent import database as module
from provider_agent import schema
from provider_agent.database import VERSION_TABLE, Database, public_name
from provider_agent.duty import State
from provider_agent.journal import Identity, Journal, Position
from tests.support.postgresql import Postgresql

HOLDER = """
import sys
from provider_agent.journal import Journal
journal = Journal(sys.argv[1])
journal.lock_key(31337, "0x1")
print("up", flush=True)
sys.stdin.read()
"""


KEY: LocalAccount = Account.from_key(b"\x01" * 32)
FIELDS = {
    "type": 2,
    "chainId": 31337,
    "to": b"\x33" * 20,
    "value": 0,
    "data": b"call",
    "gas": 50_000,
    "maxFeePerGas": 30,
    "maxPriorityFeePerGas": 2,
}
OLD_TRANSACTIONS = [
    ("accept 1", "done", 7),
    ("claim 1", "signed", None),
    ("finalize 1", "failed", 9),
    ("accept 2", "failed", None),
]


def hexed(value: bytes) -> str:
    return f"0x{value.hex()}"


def hold(location: str) -> "subprocess.Popen[str]":
    """Another process that has the journal, until its standard input ends."""
    command = [sys.executable, "-c", HOLDER, location]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    return process


def end(process: "subprocess.Popen[str]") -> None:
    process.communicate()


# What cannot be used


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    path.write_text("a shopping list, long enough to be looked at by SQLite as a header of something else" * 20)

    with pytest.raises(InputError, match="cannot be used"):
        Journal(str(path))


@pytest.mark.parametrize(
    "url", ["mysql://host/db", "https://host/db", "sqlite:///journal.db", "postgresql://host:port/db"]
)
def test_another_kind_of_url_is_refused(url: str) -> None:
    with pytest.raises(InputError, match=r"postgresql://"):
        Database(url)


def test_a_server_that_does_not_answer_may_pass_and_no_password_is_told() -> None:
    with pytest.raises(TransientError, match="does not answer") as raised:
        Database("postgresql://me:s3cret@127.0.0.1:1/db")
    assert "s3cret" not in str(raised.value)
    assert public_name("postgresql://me:s3cret@host:5433/db") == "postgresql://host:5433/db"


def test_a_wrong_password_is_told_without_it(server: Postgresql) -> None:
    with pytest.raises(TransientError, match="authentication failed") as raised:
        Database(server.url().replace(server.password, "s3cret"))
    assert "s3cret" not in str(raised.value)


# Tables


def test_the_revisions_lead_to_the_tables_of_the_schema(location: str) -> None:
    database = Database(location)
    with database.transaction() as connection:
        options = {"version_table": VERSION_TABLE, "compare_type": True}
        context = MigrationContext.configure(connection, opts=options)
        differences = [str(each) for each in compare_metadata(context, schema.metadata)]
        # Comments are for whoever reads schema.py.
        assert [each for each in differences if "comment" not in each] == []
    database.close()


def test_a_journal_of_a_newer_release_is_refused_and_left_alone(location: str) -> None:
    Database(location).close()
    database = Database(location)
    with database.transaction() as connection:
        connection.execute(text(f"update {VERSION_TABLE} set version_num = '9999'"))
    database.close()

    for writable in (True, False):
        with pytest.raises(InputError, match=r"newer release|has revision 9999"):
            Database(location, writable)


def test_a_revision_that_fails_leaves_the_journal_as_it_was(location: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(connection: object) -> None:
        migrate(connection)  # type: ignore[arg-type]
        raise KeyError

    migrate = module._migrate
    with monkeypatch.context() as broken:
        broken.setattr(module, "_migrate", failing)
        with pytest.raises(KeyError):
            Database(location)

    with pytest.raises(InputError, match="has revision None"):
        Database(location, writable=False)
    Database(location).close()


def test_a_journal_from_before_revisions_is_brought_up_to_date_and_keeps_everything(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with closing(sqlite3.connect(path)) as old:
        old.executescript((Path(__file__).parent / "old_journal.sql").read_text())
        for nonce, (purpose, state, block) in enumerate(OLD_TRANSACTIONS):
            signed = KEY.sign_transaction(FIELDS | {"nonce": nonce})
            values = (purpose, state, "", KEY.address, nonce, hexed(signed.hash), bytes(signed.raw_transaction))
            statement = "insert into transactions values (?, ?, ?, ?, ?, ?, ?, 1000.0, ?, 21000, '147000')"
            old.execute(statement, (*values, block))
        old.commit()

    with pytest.raises(InputError, match="has revision None"):
        Journal(str(path), writable=False)
    journal = Journal(str(path))

    journal.bind(Identity(31337, "0x" + 40 * "2", "0x" + 40 * "1", bytes(32)))
    assert journal.position() == Position(12, b"\x0c" * 32)
    assert [(log.block, log.topics, log.data) for log in journal.logs()] == [(7, (b"\x01", b"\x02"), b"\x02\x03")]
    (duty,) = journal.live_duties()
    assert (duty.state, duty.reason, duty.final_roots) == (State.COMPUTED, "ran 5 steps", (b"\x01", b"\x02"))
    assert [deadline.due_at for deadline in journal.deadlines()] == [5000]
    (pending,) = journal.unsettled()
    raw = bytes(KEY.sign_transaction(FIELDS | {"nonce": 1}).raw_transaction)
    assert pending.intent == Intent("claim 1", KEY.address, 1, "0x" + 40 * "3", b"call", 50_000)
    assert (pending.latest.raw, pending.latest.fees) == (raw, Fees(30, 2))
    found = [journal.find(purpose) is not None for purpose, *_ in OLD_TRANSACTIONS]
    assert found == [True, True, False, False]
    assert journal.next_nonce(KEY.address) == 4
    journal.close()


# One agent at a time


def test_a_second_agent_with_the_journal_is_refused_and_the_first_one_is_not_disturbed(location: str) -> None:
    holder = hold(location)
    try:
        for _ in range(2):
            with pytest.raises(InputError, match=r"the journal .* is in use by another agent \("):
                Journal(location)
    finally:
        end(holder)
    Journal(location).close()


def test_a_second_agent_with_the_key_is_refused_in_the_same_database(server: Postgresql) -> None:
    holder = hold(server.new_schema())
    journal = Journal(server.new_schema())
    try:
        journal.lock_key(31337, "0x2")
        with pytest.raises(InputError, match="the key of 0x1 is in use by another agent"):
            journal.lock_key(31337, "0x1")
    finally:
        end(holder)
    journal.lock_key(31337, "0x1")
    journal.close()


def test_a_killed_agent_leaves_no_lock(location: str) -> None:
    holder = hold(location)
    os.kill(holder.pid, signal.SIGKILL)
    end(holder)
    for _ in range(100):  # a server notices a moment later
        try:
            Journal(location).close()
        except InputError:
            continue
        return
    pytest.fail("the lock is still held")


def test_who_looks_needs_no_lock_and_cannot_write(location: str) -> None:
    journal = Journal(location)
    journal.add_duty("provider", "job", "posted")
    looking = Journal(location, writable=False)

    assert [duty.job for duty in looking.live_duties()] == ["job"]

    looking.close()
    journal.add_duty("provider", "another", "posted")
    journal.close()


# A server that was away


def test_a_lost_connection_may_pass_and_takes_the_locks_again(server: Postgresql) -> None:
    location = server.new_schema()
    journal = Journal(location)
    journal.lock_key(31337, "0x3")
    server.drop_connections()

    with pytest.raises(TransientError, match="does not answer"):
        journal.add_duty("provider", "job", "posted")
    journal.add_duty("provider", "job", "posted")

    assert [duty.job for duty in journal.live_duties()] == ["job"]
    with pytest.raises(InputError, match="in use"):
        Journal(location)
    other = Journal(server.new_schema())
    with pytest.raises(InputError, match="in use"):
        other.lock_key(31337, "0x3")
    other.close()
    journal.close()


def test_an_agent_whose_lock_was_taken_meanwhile_writes_nothing_more(server: Postgresql) -> None:
    location = server.new_schema()
    journal = Journal(location)
    server.drop_connections()
    second = Journal(location)

    with pytest.raises(TransientError):
        journal.add_duty("provider", "job", "posted")
    with pytest.raises(InputError, match="in use by another agent"):
        journal.add_duty("provider", "job", "posted")

    assert second.live_duties() == []
    second.close()
    journal.close()


def test_nothing_of_a_transaction_that_lost_its_connection_is_kept(server: Postgresql) -> None:
    journal = Journal(server.new_schema())
    with pytest.raises(TransientError), journal.transaction():  # noqa: PT012
        journal.add_duty("provider", "one", "posted")
        server.drop_connections()
        journal.add_duty("provider", "two", "posted")

    assert journal.live_duties() == []
    journal.close()


@pytest.mark.parametrize("hostile", ["a zero \0 byte", "half a pair \ud800", "a\nline"])
def test_a_strangers_text_is_no_reason_to_fail(new_location: Callable[[], str], hostile: str) -> None:
    journal = Journal(new_location())
    duty = journal.add_duty("provider", "job", hostile)
    duty = journal.set_duty(duty, duty.state, hostile)
    journal.note(duty, hostile)
    journal.postpone(duty, hostile, 1)

    found = journal.duty("provider", "job")
    assert found is not None
    assert found.reason.startswith(hostile[:5])
    journal.close()

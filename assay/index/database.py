"""The index's database: SQLite in a file, or PostgreSQL by URL. One writes, any number read.

Nobody has to be kept from writing beside another: each batch looks, within its transaction, whether the index is still
where the batch goes on from.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, select
from sqlalchemy.exc import ArgumentError, DatabaseError, InterfaceError, OperationalError

from assay.errors import InputError, TransientError
from assay.index import schema

_CONNECT_TIMEOUT = 10
"""Seconds."""

_BUSY_TIMEOUT = 10_000
"""Milliseconds that a statement waits for others."""


class Database:
    """Connections to one index, for any number of threads: open from the start to `close`."""

    def __init__(self, location: str) -> None:
        """Open `location`: the path of a file, made if it is not there, or the URL of a PostgreSQL database.

        Tables of another format are made anew, and empty. Raises `InputError` if it cannot be used, and
        `TransientError` if it does not answer.
        """
        if "://" in location:
            url = _url(location)
            self.name = f"postgresql://{url.host or ''}/{url.database or ''}"
            self._writer = self._reader = _postgresql(url)
        else:
            self.name = location
            self._writer, self._reader = (_sqlite(Path(location), writable) for writable in (True, False))
        try:
            with self.writing() as connection:
                _prepare(connection)
        except DatabaseError as fault:
            self.close()
            raise InputError(f"the index {self.name} cannot be used: {fault.orig}; name another database") from fault
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close all connections."""
        self._writer.dispose()
        self._reader.dispose()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """All or nothing: what is written in the `with` block. Raises `TransientError` if there is no answer."""
        with self._faults(), self._writer.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One and the same state of the index for all that is read in the `with` block."""
        with self._faults(), self._reader.begin() as connection:
            yield connection

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except (OperationalError, InterfaceError) as fault:
            reason = " ".join(str(fault.orig).split())
            raise TransientError(f"the index {self.name} does not answer: {reason}") from fault


def _prepare(connection: Connection) -> None:
    """Make the tables, unless they are there, in this format."""
    if inspect(connection).has_table(schema.identity.name):
        if connection.scalar(select(schema.identity.c.format)) in (None, schema.FORMAT):
            return
        schema.metadata.drop_all(connection)
    schema.metadata.create_all(connection)


def _url(location: str) -> URL:
    try:
        url = make_url(location)
    except (ArgumentError, ValueError) as malformed:
        raise InputError("the index's URL is malformed: write it like postgresql://user@host/database") from malformed
    if url.get_backend_name() not in ("postgresql", "postgres"):
        raise InputError(
            f"an index is in the file of a path, or at a postgresql:// URL, not at one that begins with {url.drivername}://"
        )
    return url.set(drivername="postgresql+psycopg")


def _sqlite(path: Path, writable: bool) -> Engine:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise InputError(f"there can be no index at {path}: {fault.strerror}") from fault
    engine = create_engine(f"sqlite:///{path}")

    @event.listens_for(engine, "connect")
    def _configure(connection: sqlite3.Connection, _: Any) -> None:
        # Transactions are begun below: by itself, the driver would leave changes of tables out of them.
        connection.isolation_level = None
        # What a crash of the machine takes away is read from the chain again.
        pragmas = ("journal_mode=WAL", "synchronous=NORMAL") if writable else ("query_only=ON",)
        for pragma in (f"busy_timeout={_BUSY_TIMEOUT}", *pragmas):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writable else "BEGIN")

    return engine


def _postgresql(url: URL) -> Engine:
    arguments = {"connect_timeout": _CONNECT_TIMEOUT, "application_name": "assay"}
    given = {name: value for name, value in arguments.items() if name not in url.query}
    try:
        # One state for all that a transaction reads, as in SQLite.
        return create_engine(url, connect_args=given, pool_pre_ping=True, isolation_level="REPEATABLE READ")
    except ImportError as missing:
        raise InputError("an index in PostgreSQL needs its client: pip install 'assay[postgresql]'") from missing

"""The journal's database: SQLite in a file, or PostgreSQL by URL. One agent writes to it at a time.

The writer holds a lock from before its first look to its end. For SQLite it is a lock on a file beside the journal. For
PostgreSQL it is an advisory lock of the very connection that everything is written through: whoever has lost the lock
has lost the connection, and can write nothing any more before it has taken the lock again.
"""

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, DatabaseError, DBAPIError, InterfaceError, OperationalError

from assay.errors import InputError, TransientError
from provider_agent.lock import Lock

VERSION_TABLE = "journal_revision"
FIRST_REVISION = "0001"
"""The schema of the journals that had no revision yet."""

_CONNECT_TIMEOUT = 10
"""Seconds."""

_BUSY_TIMEOUT = 10_000
"""Milliseconds that a write waits for whoever looks at the file."""

_HOLDER = text("""
    select coalesce(host(activity.client_addr), 'this machine') as place, activity.backend_start as since
    from pg_locks as held join pg_stat_activity as activity using (pid)
    where held.locktype = 'advisory' and held.granted and held.objsubid = 1
      and held.database = (select oid from pg_database where datname = current_database())
      and ((held.classid::bigint << 32) | held.objid::bigint) = :key
""")


def is_url(location: str) -> bool:
    """Whether a journal's location is a URL, not the path of a file."""
    return "://" in location


def public_name(location: str) -> str:
    """A journal's location as it can be shown: without a password."""
    if not is_url(location):
        return location
    url = _url(location)
    return f"{url.get_backend_name()}://{url.host or ''}{f':{url.port}' if url.port else ''}/{url.database or ''}"


class OutdatedError(InputError):
    """A journal whose tables are another release's."""


class Database:
    """One journal's database, through one connection: open from the start to `close`."""

    def __init__(self, location: str, writable: bool = True) -> None:
        """Open the database: `location` is the path of a file, made if it is not there, or the URL of a PostgreSQL one.

        The writer brings the tables up to date. Raises `InputError` if it cannot be used, or another agent uses it, and
        `TransientError` if it does not answer.
        """
        self.name = public_name(location)
        self._writable = writable
        self._keys: list[tuple[str, str]] = []
        self._file_lock: Lock | None = None
        self._connection: Connection | None = None
        self._in_transaction = False
        what = f"the journal {self.name}"
        if is_url(location):
            self._engine = _postgresql(_url(location))
            if writable:
                self._keys.append(("journal", what))
        else:
            path = Path(location)
            if writable:
                self._file_lock = Lock(path.with_name(f"{path.name}.lock"), what)
                self._file_lock.acquire()
            self._engine = _sqlite(path, writable)
        try:
            self._prepare()
        except BaseException:
            self.close()
            raise

    def lock(self, name: str, what: str) -> None:
        """Let no other agent of this database hold `name`, from now on. Raises `InputError` if one does.

        A file has one agent at most, so there this is of no effect.
        """
        if self._file_lock is None:
            with self.transaction() as connection:
                _lock(connection, name, what)
            self._keys.append((name, what))

    def close(self) -> None:
        """Close the database, and give the locks up."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self._engine.dispose()
        if self._file_lock is not None:
            self._file_lock.release()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """All or nothing: what is written in the `with` block is committed at its end, and dropped if it fails.

        A block within another one is a part of that. Raises `TransientError` if the database does not answer: whether a
        commit that it did not answer to took place is known to the database alone.
        """
        if self._in_transaction:
            assert self._connection is not None
            yield self._connection
            return
        with self._faults():
            connection = self._connected()
            with connection.begin():
                self._in_transaction = True
                try:
                    yield connection
                finally:
                    self._in_transaction = False

    def _connected(self) -> Connection:
        """The connection, with its locks: a new one if the last was lost."""
        if self._connection is None:
            connection = self._engine.connect()
            try:
                with connection.begin():
                    for name, what in self._keys:
                        _lock(connection, name, what)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    @contextmanager
    def _faults(self) -> Iterator[None]:
        """A database that does not answer is a fault that may pass, and costs the connection."""
        try:
            yield
        except (OperationalError, InterfaceError) as fault:
            self._drop()
            # The driver's own words: SQLAlchemy's hold the statement, and the URL's are none of it.
            reason = " ".join(str(fault.orig).split())
            raise TransientError(f"the journal {self.name} does not answer: {reason}") from fault
        except DBAPIError as fault:
            if fault.connection_invalidated:
                self._drop()
                raise TransientError(f"the journal {self.name} does not answer: the connection was lost") from fault
            raise

    def _drop(self) -> None:
        """Give a connection up that may be of no use any more."""
        if self._connection is not None:
            self._connection.invalidate()
            self._connection.close()
            self._connection = None

    # Revisions

    def _prepare(self) -> None:
        """Bring the tables to this release's revision, all or nothing; or only find out whether they have it."""
        try:
            with self.transaction() as connection:
                if self._writable:
                    _migrate(connection)
                elif (found := _revision(connection)) != (needed := _newest()):
                    raise OutdatedError(
                        f"the journal {self.name} has revision {found}, and this release reads {needed}: the agent "
                        "brings it up to date when it starts, if it is no older release"
                    )
        except CommandError as unknown:
            raise InputError(
                f"the journal {self.name} is of a newer release, or no journal ({unknown}): use that release"
            ) from unknown
        except DatabaseError as fault:
            raise InputError(
                f"the journal {self.name} cannot be used: {fault.orig}; name another, or remove it"
            ) from fault


def _url(location: str) -> URL:
    try:
        url = make_url(location)
    except (ArgumentError, ValueError) as malformed:
        raise InputError("the journal's URL is malformed: write it like postgresql://user@host/database") from malformed
    if url.get_backend_name() not in ("postgresql", "postgres"):
        raise InputError(
            f"a journal is in the file of a path, or at a postgresql:// URL, not at one that begins with "
            f"{url.drivername}://"
        )
    return url.set(drivername="postgresql+psycopg")


def _sqlite(path: Path, writable: bool) -> Engine:
    path.parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(f"sqlite:///{path}")

    @event.listens_for(engine, "connect")
    def _configure(connection: sqlite3.Connection, _: Any) -> None:
        # Transactions are begun below: by itself, the driver would leave changes of tables out of them.
        connection.isolation_level = None
        # A commit survives a crash of the machine, and who looks (`provider-agent status`) does not block the agent.
        pragmas = ("journal_mode=WAL", "synchronous=FULL") if writable else ("query_only=ON",)
        for pragma in (f"busy_timeout={_BUSY_TIMEOUT}", *pragmas):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writable else "BEGIN")

    return engine


def _postgresql(url: URL) -> Engine:
    arguments = {"connect_timeout": _CONNECT_TIMEOUT, "application_name": "provider-agent"}
    given = {name: value for name, value in arguments.items() if name not in url.query}
    try:
        engine = create_engine(url, connect_args=given, pool_pre_ping=False)
    except ImportError as missing:
        raise InputError("a journal in PostgreSQL needs its client: pip install 'assay[postgresql]'") from missing

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _: Any) -> None:
        # Whatever the server's default: what was committed survives its crash.
        connection.execute("SET synchronous_commit = on")
        connection.commit()

    return engine


def _lock(connection: Connection, name: str, what: str) -> None:
    """Take an advisory lock for as long as the connection lasts. Raises `InputError` if somebody has it."""
    schema = connection.scalar(text("select current_schema()")) if name == "journal" else ""
    digest = hashlib.sha256(f"assay {schema} {name}".encode()).digest()
    key = int.from_bytes(digest[:8], "big", signed=True)
    if connection.scalar(text("select pg_try_advisory_lock(:key)"), {"key": key}):
        return
    holder = connection.execute(_HOLDER, {"key": key}).first()
    told = f" (connected from {holder.place} since {holder.since:%Y-%m-%d %H:%M:%S})" if holder else ""
    raise InputError(
        f"{what} is in use by another agent{told}, and two on it would sign against each other: stop that one first, "
        "or give this one its own"
    )


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", "provider_agent:migrations")
    config.attributes["connection"] = connection
    return config


def _newest() -> str | None:
    return ScriptDirectory.from_config(_config()).get_current_head()


def _revision(connection: Connection) -> str | None:
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    return context.get_current_revision()


def _migrate(connection: Connection) -> None:
    """Bring the tables up to date, within the connection's transaction."""
    tables = set(inspect(connection).get_table_names())
    if "identity" in tables and VERSION_TABLE not in tables:
        command.stamp(_config(connection), FIRST_REVISION)
    command.upgrade(_config(connection), "head")

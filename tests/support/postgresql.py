"""A PostgreSQL server for tests: a cluster of its own in a temporary folder, on a free port, thrown away at the end."""

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from urllib.parse import quote

import psycopg

MISSING = "PostgreSQL is not installed: `bash tools/install_oracles.sh` installs it from Debian"
START_TIMEOUT = 60.0
"""Seconds."""

_schemas = count()


def programs() -> Path | None:
    """The folder of PostgreSQL's programs, if they are here: Debian keeps them off the PATH."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    found = shutil.which("initdb")
    candidates = [*folders, *([Path(found).parent] if found else [])]
    return next((folder for folder in candidates if (folder / "initdb").exists()), None)


@dataclass(frozen=True)
class Postgresql:
    """A server that runs."""

    port: int
    password: str
    folder: Path
    process: subprocess.Popen[bytes]

    def url(self, schema: str | None = None) -> str:
        """Of its database, with a password; with the tables in `schema`, if one is named."""
        options = "" if schema is None else f"?options={quote(f'-csearch_path={schema}')}"
        return f"postgresql://tester:{self.password}@127.0.0.1:{self.port}/postgres{options}"

    def new_schema(self) -> str:
        """The URL of a place for tables that nobody has used yet."""
        name = f"journal_{next(_schemas)}"
        self.execute(f"create schema {name}")
        return self.url(name)

    def execute(self, statement: str) -> None:
        """Run a statement as the server's owner."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[call-overload]

    def drop_connections(self) -> None:
        """End everybody's connections, as a restart of the server does."""
        self.execute("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'provider-agent'")


@contextmanager
def postgresql() -> Iterator[Postgresql]:
    """Run a fresh server as long as the `with` block lasts."""
    found = programs()
    assert found is not None, MISSING
    home = Path(tempfile.mkdtemp(prefix="pg-"))
    password = secrets.token_hex(8)
    (home / "password").write_text(password)
    # It refuses to run as root.
    user = _ordinary_user()
    # Root may have a search path without the commands that are root's.
    runuser = shutil.which("runuser", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") or "runuser"
    as_user = [runuser, "-u", user, "--"] if user else []
    if user:
        for path in (home, home / "password"):
            shutil.chown(path, user)
    data = home / "data"
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    _run([*as_user, str(found / "initdb"), "-D", str(data), "-U", "tester", "-A", "scram-sha-256",
          "--pwfile", str(home / "password"), "-E", "UTF8", "--locale=C", "-N"])  # fmt: skip
    settings = {"port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off"}
    options = [option for name, value in settings.items() for option in ("-c", f"{name}={value}")]
    with (home / "log").open("wb") as log:
        server = [*as_user, str(found / "postgres"), "-D", str(data), *options]
        process = subprocess.Popen(server, cwd="/", stdout=log, stderr=log)
    running = Postgresql(port, password, home, process)
    try:
        _await(running)
        yield running
    finally:
        # By its own tool: the process that was started here may be the one that changed the user.
        _run([*as_user, str(found / "pg_ctl"), "-D", str(data), "-m", "immediate", "-w", "stop"])
        process.wait(20)
        shutil.rmtree(home, ignore_errors=True)


def _ordinary_user() -> str | None:
    """Whom to run as; None for the present user."""
    if os.getuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, cwd="/", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def _await(server: Postgresql) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while True:
        try:
            psycopg.connect(server.url()).close()
        except psycopg.OperationalError:
            log = (server.folder / "log").read_text()
            assert server.process.poll() is None, log
            assert time.monotonic() < deadline, log
            time.sleep(0.05)
        else:
            return

"""Nothing in these tests talks to a node or a store over a network. Every journal is tried on both databases."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytest_socket import disable_socket, enable_socket

from provider_agent.journal import Journal
from tests.support.postgresql import MISSING, Postgresql, postgresql, programs

DATABASES = ["sqlite", "postgresql"]


@pytest.fixture(autouse=True)
def _no_sockets() -> Iterator[None]:
    disable_socket(allow_unix_socket=True)  # pipes to worker processes
    yield
    enable_socket()


@pytest.fixture(scope="session")
def server() -> Iterator[Postgresql]:
    """A PostgreSQL server, for all tests that need one."""
    if programs() is None:
        pytest.skip(MISSING)
    enable_socket()  # to find a free port; from then on libpq does the talking
    with postgresql() as running:
        disable_socket(allow_unix_socket=True)
        yield running


@pytest.fixture(params=DATABASES)
def new_location(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], str]:
    """Makes locations for journals that are not there yet."""
    if request.param == "postgresql":
        server: Postgresql = request.getfixturevalue("server")
        return server.new_schema
    names = iter(range(100))
    return lambda: str(tmp_path / f"journal-{next(names)}.db")


@pytest.fixture
def location(new_location: Callable[[], str]) -> str:
    """Where a journal can be made."""
    return new_location()


@pytest.fixture
def journal(location: str) -> Iterator[Journal]:
    opened = Journal(location)
    yield opened
    opened.close()

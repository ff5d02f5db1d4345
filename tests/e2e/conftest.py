"""One network for all tests that can share it: starting one takes some seconds."""

from collections.abc import Iterator

import pytest

from tests.e2e.market import Market, running_market


@pytest.fixture(scope="session")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    """A running network with the wallets alice (requester), bob (provider), dave and a stranger."""
    with running_market(tmp_path_factory.mktemp("home"), "alice", "bob", "dave", "stranger") as running:
        yield running

"""The node and the referee of these tests."""

from collections.abc import Iterator

import pytest

from tests.differential.referee import Referee
from tests.support.anvil import anvil


@pytest.fixture(scope="session")
def node() -> Iterator[str]:
    """The URL of a local node."""
    with anvil("--hardfork", "prague") as url:
        yield url


@pytest.fixture(scope="session")
def referee(node: str) -> Referee:
    """The referee, deployed there."""
    return Referee(node)

"""A local EVM node for tests.

In a fixture:

    @pytest.fixture(scope="session")
    def node() -> Iterator[str]:
        with anvil() as url:
            yield url
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from assay.anvil import CHECKOUT
from assay.anvil import anvil as run_anvil

__all__ = ["CHECKOUT", "anvil"]


@contextmanager
def anvil(*arguments: str) -> Iterator[str]:
    """Run a fresh node on a port of its own as long as the `with` block lasts: yields its URL.

    `arguments` are passed on to it. Any number can run side by side.
    """
    with tempfile.TemporaryDirectory() as folder, run_anvil(Path(folder) / "anvil.log", *arguments) as node:
        yield node.url

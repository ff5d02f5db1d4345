"""A local EVM node for tests: anvil on a port of its own.

In a fixture:

    @pytest.fixture(scope="session")
    def node() -> Iterator[str]:
        with anvil() as url:
            yield url
"""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent.parent
START_TIMEOUT = 30.0  # seconds; it takes 0.1 on an idle machine
STOP_TIMEOUT = 5.0


@contextmanager
def anvil(*arguments: str) -> Iterator[str]:
    """Run a fresh anvil as long as the `with` block lasts: yields its URL.

    `arguments` are passed on to it. The node takes a free port itself (`--port 0`), so that any number can run side by
    side. Raises `RuntimeError` with the node's own words if it does not start.
    """
    with tempfile.TemporaryFile("w+") as log:
        # In a session of its own: npm's anvil is a script that starts the real one, and both have to go.
        process = subprocess.Popen(
            [_executable(), "--port", "0", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield _url(process, log.fileno())
        finally:
            _stop(process)


def _executable() -> str:
    """The `anvil` of PATH, or else the one that npm has installed in this checkout."""
    found = shutil.which("anvil") or shutil.which("anvil", path=str(CHECKOUT / "node_modules" / ".bin"))
    if found is None:
        raise RuntimeError("anvil is not installed: run `make setup`.")
    return found


def _url(process: subprocess.Popen[bytes], log: int) -> str:
    """Wait until the node says where it listens."""
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline:
        said = os.pread(log, 1 << 20, 0).decode(errors="replace")
        if listening := re.search(r"Listening on (\S+:\d+)", said):
            return f"http://{listening[1]}"
        if process.poll() is not None:
            break
        time.sleep(0.02)
    raise RuntimeError(f"anvil did not start:\n{os.pread(log, 1 << 20, 0).decode(errors='replace')}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_TIMEOUT)
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()

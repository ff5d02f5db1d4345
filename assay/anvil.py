"""A local chain: anvil as a process, as long as a `with` block lasts."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from assay.errors import AssayError, InputError

CHECKOUT = Path(__file__).resolve().parent.parent
TOOL_FOLDERS = (Path(sys.executable).parent, CHECKOUT / "node_modules" / ".bin")
"""Where this environment and the checkout have their executables."""

START_TIMEOUT = 30.0
"""Seconds; it takes 0.1 on an idle machine."""

STOP_TIMEOUT = 5.0
"""Seconds."""


@dataclass(frozen=True)
class Anvil:
    """A chain that runs."""

    process: subprocess.Popen[bytes]
    url: str


@contextmanager
def anvil(log: Path, *arguments: str, port: int = 0) -> Iterator[Anvil]:
    """Run a fresh chain on `port` (0: any free one). It writes to `log`, and gets `arguments` on its command line.

    Raises `InputError` if anvil is not installed, and `AssayError` with its own words if it does not start.
    """
    command = [find_tool("anvil"), "--host", "127.0.0.1", "--port", str(port), *arguments]
    with log.open("wb") as output:
        # A session of its own: npm's anvil may be a script that starts the real one. Both have to go, and Ctrl-C must
        # not reach them before us.
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        yield Anvil(process, _url_of(process, log))
    finally:
        _stop(process)


def find_tool(name: str) -> str:
    """The path of an executable of this environment, of the checkout, or of PATH. Raises `InputError`."""
    found = shutil.which(name, path=os.pathsep.join(map(str, TOOL_FOLDERS))) or shutil.which(name)
    if found is None:
        raise InputError(f"{name} is not installed: run `make setup` in the checkout")
    return found


def _url_of(process: subprocess.Popen[bytes], log: Path) -> str:
    """Wait until the chain says where it listens."""
    deadline = time.monotonic() + START_TIMEOUT
    while True:
        ended = process.poll() is not None or time.monotonic() > deadline
        said = log.read_text(encoding="utf-8", errors="replace")
        if listening := re.search(r"Listening on (\S+:\d+)", said):
            return f"http://{listening[1]}"
        if ended:
            raise AssayError(f"anvil did not start, its log is {log}: {' '.join(said.split()[-50:])}")
        time.sleep(0.02)


def _stop(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_TIMEOUT)
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()

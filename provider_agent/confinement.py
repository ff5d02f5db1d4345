"""What a worker process may take of the machine, and what becomes of one that takes more.

A worker gives up what it can of its own rights when it starts (`confine`). Memory and time are the agent's to watch
(`Warden`): an engine reserves far more addresses than it ever touches, so no limit of the system tells what is used.
"""

import ctypes
import os
import resource
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from assay.store.base import MAX_BLOB

WATCH_EVERY = 0.1
"""Seconds between two looks at the workers."""

_LARGEST_FILE = MAX_BLOB + (1 << 20)
"""Bytes: nothing that a worker writes, a blob or native code, is larger."""

_MOST_FILES = 256
"""Files and sockets that a worker has open at once."""

_FIRST_TO_GO = 800
"""Of 1000: if the machine runs out of memory, the system ends workers, and not the agent."""

_NICENESS = 5
"""So that the loop, which answers in disputes, is never behind what it has jobs computed."""

_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38


@dataclass(frozen=True)
class Limits:
    """What one job's process may take."""

    memory: int = 8 << 30
    """Bytes in use, whatever is reserved."""
    check_time: float = 120.0
    """Seconds to read a job's documents, before anything is decided."""
    run_time: float = 86_400.0
    """Seconds for any other answer that no dispute waits for."""


def confine() -> None:
    """Give up, in a worker, whatever no job needs."""
    os.nice(_NICENESS)
    with suppress(OSError):
        os.setsid()  # a group of its own, so that it goes with all that it may have started
    for kind, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, _LARGEST_FILE),
        (resource.RLIMIT_NOFILE, _MOST_FILES),
    ):
        _, hard = resource.getrlimit(kind)
        limit = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (limit, limit))
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(str(_FIRST_TO_GO))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    # The process that forks workers ends with the agent, however that ends; so does, then, a run that reports nothing.
    libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)


def memory_of(process: int) -> int:
    """Bytes of memory that a process has in use, and in swap; 0 if it is gone."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0
    used = 0
    for line in status.splitlines():
        # What is mapped from files, the programs' own code, can be had again, so it does not count.
        if line.startswith(("RssAnon:", "RssShmem:", "VmSwap:")):
            used += int(line.split()[1]) << 10
    return used


def kill_group(process: int) -> None:
    """End a worker that is alive, and all that it has started."""
    try:
        os.killpg(process, signal.SIGKILL)
    except ProcessLookupError:  # it has not got as far as to have a group
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


def describe_exit(exit_code: int | None) -> str:
    """How a worker ended that nobody told to, in words."""
    if exit_code is None or exit_code >= 0:
        return f"the worker ended with exit code {exit_code}"
    names = {
        signal.SIGKILL: "killed, by somebody or for want of memory",
        signal.SIGXFSZ: f"it wrote a file of more than {_LARGEST_FILE >> 20} MiB",
        signal.SIGSEGV: "it touched memory that is not its own",
    }
    number = signal.Signals(-exit_code) if -exit_code in set(signal.Signals) else None
    told = f": {names[number]}" if number in names else ""
    return f"the worker was ended by {number.name if number else f'signal {-exit_code}'}{told}"


@dataclass
class Ward:
    """One worker, as the warden sees it. The loop and the warden's thread share it under the warden's lock."""

    process: int
    is_alive: Callable[[], bool]
    until: float | None = None
    """When the time is over for what it does now, of the monotonic clock; None while it has time."""
    seconds: float = 0.0
    """How long that was."""
    setting: str = ""
    """Who says so."""
    peak: int = 0
    """The most memory that it was seen with, bytes."""
    stopped: str | None = None
    """Why it was stopped, once it was."""


class Warden:
    """Stops workers that take more than they may, from a thread: no loop that is busy, or waits, is in its way."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._lock = threading.Lock()
        self._wards: list[Ward] = []
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    def watch(self, ward: Ward) -> None:
        """Look after a worker from now on."""
        with self._lock:
            self._wards.append(ward)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="warden", daemon=True)
            self._thread.start()

    def leave(self, ward: Ward) -> None:
        """The worker is gone, or about to be ended."""
        with self._lock:
            if ward in self._wards:
                self._wards.remove(ward)

    def give_time(self, ward: Ward, seconds: float | None, setting: str = "") -> None:
        """From now on a worker has so long; None: as long as it takes."""
        with self._lock:
            ward.until = None if seconds is None else time.monotonic() + seconds
            ward.seconds, ward.setting = seconds or 0.0, setting

    def close(self) -> None:
        """End the thread."""
        self._closed.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._closed.wait(WATCH_EVERY):
            with self._lock:
                for ward in self._wards:
                    if ward.stopped is None and ward.is_alive():
                        self._look_at(ward)

    def _look_at(self, ward: Ward) -> None:
        used = memory_of(ward.process)
        ward.peak = max(ward.peak, used)
        if used > self._limits.memory:
            ward.stopped = (
                f"it had {used >> 20} MiB of memory in use, more than the {self._limits.memory >> 20} of "
                "execution.worker_memory"
            )
        elif ward.until is not None and time.monotonic() > ward.until:
            ward.stopped = f"it was not done after the {ward.seconds:g} s of {ward.setting}"
        if ward.stopped is not None:
            kill_group(ward.process)

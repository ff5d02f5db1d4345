"""Where a job's process is: on this machine, or (`cluster.py`) on another one."""

import multiprocessing
from collections.abc import Iterator
from typing import Any, Protocol

from provider_agent.bench import MachineFactory, Workload
from provider_agent.confinement import Ward, Warden, describe_exit, kill_group
from provider_agent.wire import Inbox, socket_of
from provider_agent.worker import work

# A process that has imported what a worker needs, and nothing else, forks them: a fresh interpreter for each job would
# take a second of CPU.
_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(["provider_agent.worker"])

_ENDING = 5.0
"""Seconds that a worker has to go when it is told to."""


class Seat(Protocol):
    """One job's process, as the executor deals with it."""

    holds_place: bool
    """Whether others may have to wait for its place, even while it is idle."""

    def fileno(self) -> int:
        """Readable when it has said something, or is gone."""

    def send(self, question: Any) -> None:
        """Ask it something. Raises `OSError` if it is gone."""

    def messages(self) -> Iterator[Any]:
        """What it has said. Raises `EOFError` or `OSError` when it is gone, `IntegrityError` for what is no answer."""

    def give_time(self, seconds: float | None, setting: str = "") -> None:
        """Stop it unless it is asked something else, or told again, within so long; None: as long as it takes."""

    def stop(self, reason: str) -> None:
        """It is of no use any more, and this is why."""

    def farewell(self) -> tuple[str, bool, int]:
        """Why it is gone, whether another one may fare better, and the most memory that it was seen with, bytes."""

    def end(self) -> None:
        """End it, whatever it is doing."""


class LocalSeat:
    """A process on this machine."""

    holds_place = False

    def __init__(self, job: str, workload: Workload, machines: MachineFactory, warden: Warden) -> None:
        ours, theirs = _PROCESSES.Pipe()  # a pair of sockets, in the form that can be handed to another process
        self._process = _PROCESSES.Process(
            target=work, args=(theirs, workload, machines), name=f"assay-worker-{job}", daemon=True
        )
        self._process.start()
        theirs.close()
        assert self._process.pid is not None
        self._inbox = Inbox(socket_of(ours))
        self._warden = warden
        self._ward = Ward(self._process.pid, self._process.is_alive)
        warden.watch(self._ward)

    def fileno(self) -> int:
        """Readable when it has said something, or is gone."""
        return self._inbox.fileno()

    def send(self, question: Any) -> None:
        """Ask it something."""
        self._inbox.send(question)

    def messages(self) -> Iterator[Any]:
        """What it has said."""
        return self._inbox.messages()

    def give_time(self, seconds: float | None, setting: str = "") -> None:
        """Stop it after so long."""
        self._warden.give_time(self._ward, seconds, setting)

    def stop(self, reason: str) -> None:
        """End it for a reason."""
        self._ward.stopped = reason
        if self._process.is_alive():
            kill_group(self._ward.process)

    def farewell(self) -> tuple[str, bool, int]:
        """Why it is gone. A limit that was met once is met again."""
        self._warden.leave(self._ward)
        self._process.join(_ENDING)
        stopped = self._ward.stopped
        if stopped is not None:
            return f"it was stopped: {stopped}", False, self._ward.peak
        return describe_exit(self._process.exitcode), True, self._ward.peak

    def end(self) -> None:
        """End it, and whatever it has started."""
        self._warden.leave(self._ward)
        self._inbox.close()
        if self._process.is_alive():
            kill_group(self._ward.process)
        self._process.join(_ENDING)

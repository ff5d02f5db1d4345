"""Jobs on a Ray cluster: the same code path, with an actor on some node in place of a process on this machine.

The agent's machine reads each job's documents first, as it does without a cluster, and keeps them; the actor is given
what was kept. So a node that dies, and a requester that takes its blobs away, cost a run and nothing else. The cluster
is the operator's own and is believed: whoever can reach it can run code on it.
"""

import os
import socket
import tempfile
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

from assay.errors import InputError
from assay.store.local import LocalStore
from provider_agent.bench import Bench, MachineFactory, Workload
from provider_agent.confinement import Limits, Ward, Warden
from provider_agent.worker import answer

_REACH_TIMEOUT = 5.0
"""Seconds."""

_CPUS = 0.95
"""Of a node's processors, for each job: one a processor, with something left over."""

_URGENT_CPUS = 0.001
"""For what a dispute waits for: it fits onto any node, however busy."""


class Cluster:
    """A connection to a cluster, from the start to `close`."""

    def __init__(self, address: str, limits: Limits) -> None:
        """`address` is the head's `host:port`, or `auto`. Raises `InputError` if it cannot be used."""
        try:
            # Imported here because few need it, and it takes a second.
            ray: Any = import_module("ray")
        except ImportError as missing:
            raise InputError("execution.cluster needs Ray: pip install 'assay[ray]'") from missing
        self._ray = ray
        self._limits = limits
        _check_reachable(address)
        try:
            ray.init(address=address, log_to_driver=False, configure_logging=False)
        except (ConnectionError, RuntimeError, ValueError) as fault:
            raise InputError(f"execution.cluster: no Ray cluster answers at {address!r}: {fault}") from fault
        # Its place comes back by itself: the executor starts another one, on another node, from the beginning.
        self._desk = ray.remote(max_restarts=0)(_Desk)

    def seat(self, job: str, workload: Workload, machines: MachineFactory, urgent: bool) -> "ClusterSeat":
        """An actor for a job, on whatever node has room; an urgent one on any node, even if all are full."""
        blobs = self._ray.put(_kept(workload.cache))
        cpus = _URGENT_CPUS if urgent else _CPUS
        named = self._desk.options(name=f"{job}-{time.time_ns()}", namespace="assay", num_cpus=cpus)
        return ClusterSeat(self._ray, named.remote(workload, machines, self._limits, blobs), holds_place=not urgent)

    def nodes(self) -> int:
        """How many nodes are there."""
        return sum(bool(node["Alive"]) for node in self._ray.nodes())

    def close(self) -> None:
        """Leave the cluster."""
        self._ray.shutdown()


def _check_reachable(address: str) -> None:
    """Raise `InputError` at once, where Ray itself would try for minutes."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal():
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_REACH_TIMEOUT).close()
    except (OSError, OverflowError) as fault:
        raise InputError(f"execution.cluster: nobody answers at {address}: {fault}") from fault


def _kept(cache: Path) -> Mapping[str, bytes]:
    """The blobs of a job that this machine has kept."""
    return {path.name: path.read_bytes() for path in cache.glob("??/*") if not path.name.startswith(".")}


class _Desk:
    """The actor: a bench on another node."""

    def __init__(
        self, workload: Workload, machines: MachineFactory, limits: Limits, blobs: Mapping[str, bytes]
    ) -> None:
        # It goes with the actor: what counts is kept by the agent.
        self._folder = tempfile.TemporaryDirectory(prefix="assay-")
        cache = LocalStore(Path(self._folder.name))
        for blob in blobs.values():
            cache.put(blob)
        Warden(limits).watch(Ward(os.getpid(), lambda: True))
        self._bench = Bench(replace(workload, cache=cache.folder), machines(), lambda _: None)

    def answer(self, question: Any) -> Any:
        """What `worker.work` answers."""
        return answer(question, self._bench)


class ClusterSeat:
    """One actor, as the executor deals with it."""

    def __init__(self, ray: Any, actor: Any, holds_place: bool) -> None:
        """`holds_place`: it has a processor of its node to itself until it ends."""
        self.holds_place = holds_place
        self._ray = ray
        self._actor = actor
        self._asked: deque[Any] = deque()
        self._read, self._write = os.pipe()
        os.set_blocking(self._read, False)
        os.set_blocking(self._write, False)
        self._until: float | None = None
        self._told = ""
        self._stopped: str | None = None
        self._gone = "the node, or the actor, is gone"

    def fileno(self) -> int:
        """Readable when it has said something, or is gone."""
        return self._read

    def send(self, question: Any) -> None:
        """Ask it something."""
        reply = self._actor.answer.remote(question)
        self._asked.append(reply)
        reply.future().add_done_callback(self._wake)

    def messages(self) -> Iterator[Any]:
        """What it has said. Its time is looked at here: the loop asks at every pass."""
        with suppress(BlockingIOError):
            os.read(self._read, 1 << 12)
        while self._asked:
            ready, _ = self._ray.wait([self._asked[0]], timeout=0)
            if not ready:
                break
            try:
                message = self._ray.get(self._asked.popleft())
            except self._ray.exceptions.RayError as lost:
                self._gone = f"the cluster has lost it: {type(lost).__name__}"
                raise EOFError from lost
            yield message
        if self._until is not None and time.monotonic() > self._until:
            self.stop(self._told)
            raise EOFError

    def give_time(self, seconds: float | None, setting: str = "") -> None:
        """Stop it after so long."""
        self._until = None if seconds is None else time.monotonic() + seconds
        self._told = f"it was not done after the {seconds:g} s of {setting}" if seconds else ""

    def stop(self, reason: str) -> None:
        """End it for a reason."""
        self._stopped = reason
        self._kill()

    def farewell(self) -> tuple[str, bool, int]:
        """Why it is gone."""
        if self._stopped is not None:
            return f"it was stopped: {self._stopped}", False, 0
        return self._gone, True, 0

    def end(self) -> None:
        """End it."""
        self._kill()
        read, write, self._read, self._write = self._read, self._write, -1, -1
        for end in (read, write):
            with suppress(OSError):
                os.close(end)

    def _kill(self) -> None:
        with suppress(Exception):  # it may be gone, and the cluster with it
            self._ray.kill(self._actor)

    def _wake(self, _: object) -> None:
        with suppress(OSError):
            os.write(self._write, b"x")

"""What runs in a worker process: one job's documents, traces and answers.

Everything that a stranger wrote, the spec, the program, the input, is read and run here and not in the daemon. What
goes wrong here is that job's misfortune: it is told to the loop as a failure, and the loop goes on.
"""

import signal
import time
import traceback
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, Protocol

from assay.errors import AssayError, TransientError
from provider_agent.bench import Bench, MachineFactory, Workload
from provider_agent.confinement import confine
from provider_agent.questions import Question
from provider_agent.wire import Outlet, socket_of

_REPORT_EVERY = 0.5
"""Seconds between two reports of progress."""

_LONGEST_REASON = 1000
_LONGEST = 10_000
"""Characters of what a stranger's document may have had a hand in."""


@dataclass(frozen=True)
class Running:
    """The worker's report: so many steps of the current task."""

    steps: int


@dataclass(frozen=True)
class Finished:
    """The worker's answer."""

    value: Any


@dataclass(frozen=True)
class Failed:
    """The worker's answer when there is none, and why."""

    reason: str
    may_pass: bool = False
    """Whether asking again may help: a store that did not answer, a worker that was lost."""
    details: str = ""
    """A traceback, if it was not foreseen."""


def work(end: Connection, workload: Workload, machines: MachineFactory) -> None:
    """Answer questions until the other end of the socket is closed, be it because the agent was killed."""
    # Ctrl-C goes to the whole group of processes; when to end is the agent's to say.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    confine()
    outlet = Outlet(socket_of(end))
    bench = Bench(workload, machines(), Reporter(outlet))
    with suppress(EOFError, OSError):
        while True:
            question = outlet.receive()
            reply = answer(question, bench)
            outlet.send(reply)


def answer(question: Question[Any], bench: Bench) -> Finished | Failed:
    """A question's answer, or why there is none. Raises `AgentGoneError` if nobody waits for it any more."""
    try:
        return Finished(question.answer(bench))
    except AssayError as refused:
        return Failed(str(refused), may_pass=isinstance(refused, TransientError))
    except AgentGoneError:
        raise
    # Whatever a job's documents can provoke in a machine ends here, and is that job's alone.
    except Exception as fault:  # noqa: BLE001
        return Failed(f"computing it failed: {fault!r}"[:_LONGEST_REASON], details=traceback.format_exc()[-_LONGEST:])


class AgentGoneError(ConnectionError):
    """Nobody waits for the answer any more."""


class Sink(Protocol):
    """Where reports go."""

    def send(self, message: Any, /) -> None:
        """Raises `OSError` if nobody is there."""


class Reporter:
    """Tells the agent now and then how far a task is. Fails when the agent is gone, which ends the worker."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._last = 0.0

    def __call__(self, steps: int) -> None:
        if (now := time.monotonic()) - self._last >= _REPORT_EVERY:
            self._last = now
            try:
                self._sink.send(Running(steps))
            except OSError as gone:
                raise AgentGoneError from gone

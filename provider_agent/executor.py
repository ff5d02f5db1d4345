"""Where jobs run: a process of its own for each, so that the daemon's loop never waits for a computation.

The loop *asks* each time it passes: the first time starts the work, and a later one picks up the answer when it is
there. So the loop needs no callbacks, and after a restart the same question starts the same work again. A job's process
keeps its traces as long as the job is retained, for the disputes that may follow. What a dispute waits for starts at
once; other work waits for one of the slots.
"""

import logging
import multiprocessing
import time
from collections.abc import Collection
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any, Generic, TypeVar

from assay.errors import AssayError
from provider_agent.bench import MachineFactory, Workload
from provider_agent.logs import about
from provider_agent.questions import Question
from provider_agent.worker import Failed, Finished, Running, work

log = logging.getLogger(__name__)

T = TypeVar("T")

# A process that has imported what a worker needs, and nothing else, forks them: a fresh interpreter for each job would
# take a second of CPU.
_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(["provider_agent.worker"])

_ENDING = 5.0
"""Seconds that a worker has to go when it is told to, before it is killed."""


class JobFaultError(AssayError):
    """A job could not be computed. `may_pass`: asking again may help."""

    def __init__(self, reason: str, may_pass: bool) -> None:
        super().__init__(reason)
        self.may_pass = may_pass


@dataclass(frozen=True)
class Done(Generic[T]):
    """An answer that is there."""

    value: T


class Executor:
    """The worker processes, by job."""

    def __init__(self, machines: MachineFactory, slots: int) -> None:
        """At most `slots` jobs are computed at once, disputes not counted. `machines` is called in each worker."""
        self._machines = machines
        self._slots = slots
        self._workers: dict[str, _Worker] = {}

    def ask(self, job: str, workload: Workload, question: Question[T], urgent: bool = False) -> Done[T] | None:
        """The answer to `question` about `job`; None while it is not there. Raises `JobFaultError` if there is none.

        An answer is given once: whoever asks again has it worked out again.
        """
        worker = self._workers.get(job)
        if worker is not None and question in worker.asked:
            return worker.answer(question)
        if not urgent and self._busy() >= self._slots:
            return None
        if worker is None or not worker.alive:
            self.release(job)
            worker = self._workers[job] = _Worker(job, workload, self._machines)
        worker.ask(question, urgent)
        return None

    def progress(self, job: str) -> int | None:
        """Steps of the current task run so far, as last heard."""
        worker = self._workers.get(job)
        return None if worker is None else worker.steps

    def wait(self, seconds: float, also: int) -> None:
        """Sleep for `seconds`, or until a worker has an answer, or the file descriptor `also` becomes readable."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            listening = {worker.connection: worker for worker in self._workers.values() if worker.alive}
            ready = wait([*listening, also], left)
            answered = [listening[connection].hear() for connection in ready if isinstance(connection, Connection)]
            if also in ready or any(answered):
                return

    def retain(self, jobs: Collection[str]) -> set[str]:
        """End the workers of all other jobs; the jobs whose workers were ended."""
        others = set(self._workers) - set(jobs)
        for job in others:
            self.release(job)
        return others

    def release(self, job: str) -> None:
        """End the worker of `job`, whatever it is doing."""
        if (worker := self._workers.pop(job, None)) is not None:
            worker.end()

    def close(self) -> None:
        """End all workers."""
        self.retain(())

    def _busy(self) -> int:
        return sum(worker.occupies_slot for worker in self._workers.values())


class _Worker:
    """One process, seen from the loop."""

    def __init__(self, job: str, workload: Workload, machines: MachineFactory) -> None:
        self.connection, theirs = _PROCESSES.Pipe()
        self._process = _PROCESSES.Process(
            target=work, args=(theirs, workload, machines), name=f"assay-worker-{job}", daemon=True
        )
        self._process.start()
        theirs.close()
        self._job = job
        self._urgent: set[Question[Any]] = set()
        self._answers: dict[Question[Any], Finished | Failed] = {}
        self.asked: list[Question[Any]] = []
        self.alive = True
        self.steps: int | None = None

    @property
    def occupies_slot(self) -> bool:
        """Whether it is computing something that no dispute waits for."""
        return any(question not in self._answers and question not in self._urgent for question in self.asked)

    def ask(self, question: Question[Any], urgent: bool) -> None:
        """Send a question; the worker answers in the order of asking."""
        self.asked.append(question)
        if urgent:
            self._urgent.add(question)
        try:
            self.connection.send(question)
        except OSError:
            self._lose()

    def answer(self, question: Question[T]) -> Done[T] | None:
        """The answer, once; raises the failure."""
        self.hear()
        answer = self._answers.pop(question, None)
        if answer is None:
            return None
        self._urgent.discard(question)
        self.asked.remove(question)
        if isinstance(answer, Failed):
            if answer.details:
                log.error("worker fault", extra=about(job=self._job, details=answer.details))
            raise JobFaultError(answer.reason, answer.may_pass)
        return Done(answer.value)

    def hear(self) -> bool:
        """Take in what the worker has said; whether an answer was among it."""
        before = len(self._answers)
        try:
            while self.alive and self.connection.poll():
                match self.connection.recv():
                    case Running(steps):
                        self.steps = steps
                    case Finished() | Failed() as answer:
                        oldest = next(question for question in self.asked if question not in self._answers)
                        self._answers[oldest] = answer
        except (EOFError, OSError):
            self._lose()
        return len(self._answers) > before

    def end(self) -> None:
        """End the process."""
        self.alive = False
        self.connection.close()
        self._process.terminate()
        self._process.join(_ENDING)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()

    def _lose(self) -> None:
        """The process is gone: everything that was asked fails."""
        self.alive = False
        self._process.join(_ENDING)
        lost = f"the worker ended with exit code {self._process.exitcode}: was it killed, or memory short?"
        for question in self.asked:
            self._answers.setdefault(question, Failed(lost, may_pass=True))

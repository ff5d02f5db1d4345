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
from multiprocessing.connection import wait
from typing import Any, Generic, TypeVar

from assay.errors import AssayError, IntegrityError
from provider_agent.bench import MachineFactory, Workload
from provider_agent.confinement import Limits, Ward, Warden, describe_exit, kill_group
from provider_agent.logs import about
from provider_agent.questions import Check, Question
from provider_agent.wire import Inbox, socket_of
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

    def __init__(self, machines: MachineFactory, slots: int, limits: Limits | None = None) -> None:
        """At most `slots` jobs are computed at once, disputes not counted. `machines` is called in each worker."""
        self._machines = machines
        self._slots = slots
        self._limits = limits or Limits()
        self._warden = Warden(self._limits)
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
            worker = self._workers[job] = _Worker(job, workload, self._machines, self._limits, self._warden)
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
            listening = {worker.fileno(): worker for worker in self._workers.values() if worker.alive}
            ready = wait([*listening, also], left)
            answered = [listening[end].hear() for end in ready if end in listening]
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
        self._warden.close()

    def _busy(self) -> int:
        return sum(worker.occupies_slot for worker in self._workers.values())


class _Worker:
    """One process, seen from the loop."""

    def __init__(self, job: str, workload: Workload, machines: MachineFactory, limits: Limits, warden: Warden) -> None:
        ours, theirs = _PROCESSES.Pipe()  # a pair of sockets, in the form that can be handed to another process
        self._process = _PROCESSES.Process(
            target=work, args=(theirs, workload, machines), name=f"assay-worker-{job}", daemon=True
        )
        self._process.start()
        theirs.close()
        assert self._process.pid is not None
        self._inbox = Inbox(socket_of(ours))
        self._job = job
        self._limits = limits
        self._warden = warden
        self._ward = Ward(self._process.pid, self._process.is_alive)
        warden.watch(self._ward)
        self._urgent: set[Question[Any]] = set()
        self._answers: dict[Question[Any], Finished | Failed] = {}
        self._timed: Question[Any] | None = None
        self.asked: list[Question[Any]] = []
        self.alive = True
        self.steps: int | None = None

    def fileno(self) -> int:
        """Readable when it has said something."""
        return self._inbox.fileno()

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
            self._inbox.send(question)
        except OSError:
            self._lose()
        self._time()

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
            for message in self._inbox.messages() if self.alive else ():
                match message:
                    case Running(int(steps)):
                        self.steps = steps
                    case Finished() | Failed() if (oldest := self._oldest()) is not None:
                        self._answers[oldest] = message
                    case _:
                        raise IntegrityError("a worker has said what nobody asked it")
        except (EOFError, OSError):
            self._lose()
        except IntegrityError as lie:
            log.error("worker fault", extra=about(job=self._job, details=lie))
            self._ward.stopped = str(lie)
            self._lose()
        self._time()
        return len(self._answers) > before

    def end(self) -> None:
        """End the process, and whatever it has started."""
        self.alive = False
        self._warden.leave(self._ward)
        self._inbox.close()
        if self._process.is_alive():
            kill_group(self._ward.process)
        self._process.join(_ENDING)

    def _oldest(self) -> Question[Any] | None:
        """What it is at work on."""
        return next((question for question in self.asked if question not in self._answers), None)

    def _time(self) -> None:
        """Let the clock run for what it is at work on."""
        question = self._oldest()
        if question is self._timed:
            return
        self._timed = question
        if question is None or question in self._urgent:
            self._warden.give_time(self._ward, None)
        elif isinstance(question, Check):
            self._warden.give_time(self._ward, self._limits.check_time, "execution.check_time")
        else:
            self._warden.give_time(self._ward, self._limits.run_time, "execution.run_time")

    def _lose(self) -> None:
        """The process is gone, or of no use any more: everything that was asked fails."""
        self.alive = False
        self._warden.leave(self._ward)
        if self._ward.stopped is not None and self._process.is_alive():
            kill_group(self._ward.process)
        self._process.join(_ENDING)
        stopped = self._ward.stopped
        reason = f"it was stopped: {stopped}" if stopped else describe_exit(self._process.exitcode)
        about_it = about(job=self._job, reason=reason, memory=f"{self._ward.peak >> 20} MiB")
        log.warning("worker ended", extra=about_it)
        for question in self.asked:
            # A limit that was met once is met again.
            self._answers.setdefault(question, Failed(reason, may_pass=stopped is None))

"""Where jobs run: a process of its own for each, so that the daemon's loop never waits for a computation.

The loop *asks* each time it passes: the first time starts the work, and a later one picks up the answer when it is
there. So the loop needs no callbacks, and after a restart the same question starts the same work again. A job's process
keeps its traces for the disputes that may follow, as far as there is room: there may be far more claims that can be
challenged than processes that a machine can hold. What a dispute waits for starts at once; other work waits for one of
the slots.
"""

import logging
import time
from collections.abc import Collection
from dataclasses import dataclass
from multiprocessing.connection import wait
from typing import Any, Generic, TypeVar

from assay.errors import AssayError, IntegrityError
from provider_agent.bench import MachineFactory, Workload
from provider_agent.cluster import Cluster
from provider_agent.confinement import Limits, Warden
from provider_agent.logs import about
from provider_agent.questions import Check, Question
from provider_agent.seats import LocalSeat, Seat
from provider_agent.worker import Failed, Finished, Running

log = logging.getLogger(__name__)

T = TypeVar("T")


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
    """The jobs' processes, by job: on this machine, or on a cluster, and then one here that reads the documents."""

    def __init__(
        self,
        machines: MachineFactory,
        slots: int,
        limits: Limits | None = None,
        cluster: Cluster | None = None,
        kept: int = 16,
    ) -> None:
        """At most `slots` jobs are computed at once, disputes not counted; at most `kept` processes are idle.

        `machines` is called in each worker.
        """
        self._machines = machines
        self._slots = slots
        self._limits = limits or Limits()
        self._warden = Warden(self._limits)
        self._cluster = cluster
        self._most_idle = kept
        self._workers: dict[str, _Worker] = {}
        self._readers: dict[str, _Worker] = {}
        """With a cluster only: the processes here."""
        self._read: set[str] = set()
        """With a cluster only: the jobs whose documents are kept here."""

    def ask(self, job: str, workload: Workload, question: Question[T], urgent: bool = False) -> Done[T] | None:
        """The answer to `question` about `job`; None while it is not there. Raises `JobFaultError` if there is none.

        An answer is given once: whoever asks again has it worked out again.
        """
        if self._cluster is None:
            return self._ask(self._workers, job, workload, question, urgent)
        if isinstance(question, Check):
            reply = self._ask(self._readers, job, workload, question, urgent)
            if reply is not None:
                self._keep(job)
            return reply
        if job not in self._read:
            if self._ask(self._readers, job, workload, Check(), urgent) is None:
                return None
            self._keep(job)
        return self._ask(self._workers, job, workload, question, urgent)

    def _keep(self, job: str) -> None:
        """The documents of a job are here: nobody has to read them any more."""
        self._read.add(job)
        self._readers.pop(job).end()

    def _ask(
        self, workers: "dict[str, _Worker]", job: str, workload: Workload, question: Question[T], urgent: bool
    ) -> Done[T] | None:
        worker = workers.get(job)
        if worker is not None and question in worker.asked:
            return worker.answer(question)
        if not urgent and self._busy() >= self._slots:
            return None
        if worker is None or not worker.alive:
            if worker is not None:
                worker.end()
            worker = workers[job] = _Worker(job, self._seat(workers, job, workload, urgent), self._limits)
        worker.ask(question, urgent)
        return None

    def _seat(self, workers: "dict[str, _Worker]", job: str, workload: Workload, urgent: bool) -> Seat:
        if self._cluster is not None and workers is self._workers:
            return self._cluster.seat(job, workload, self._machines, urgent)
        return LocalSeat(job, workload, self._machines, self._warden)

    def progress(self, job: str) -> int | None:
        """Steps of the current task run so far, as last heard."""
        worker = self._workers.get(job)
        return None if worker is None else worker.steps

    def wait(self, seconds: float, also: int) -> None:
        """Sleep for `seconds`, or until a worker has an answer, or the file descriptor `also` becomes readable."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            listening = {worker.fileno(): worker for worker in self._all() if worker.alive}
            ready = wait([*listening, also], left)
            answered = [listening[end].hear() for end in ready if end in listening]
            if also in ready or any(answered):
                return

    def retain(self, jobs: Collection[str]) -> set[str]:
        """End the workers of all other jobs, and idle ones for which there is no room; the jobs not retained."""
        others = (set(self._workers) | set(self._readers) | self._read) - set(jobs)
        for job in others:
            self.release(job)
        self._make_room()
        return others

    def _make_room(self) -> None:
        """End idle workers. What they know is worked out again if it is needed: what takes least goes first."""
        idle = {job: worker for job, worker in self._workers.items() if not worker.asked}
        surplus = {job for job, worker in idle.items() if worker.blocks_others or not worker.alive}
        rest = sorted(idle.keys() - surplus, key=lambda job: idle[job].seconds)
        surplus.update(rest[: max(len(rest) - self._most_idle, 0)])
        for job in surplus:
            self._workers.pop(job).end()

    def release(self, job: str) -> None:
        """End the workers of `job`, whatever they are doing."""
        self._read.discard(job)
        for workers in (self._workers, self._readers):
            if (worker := workers.pop(job, None)) is not None:
                worker.end()

    def close(self) -> None:
        """End all workers."""
        self.retain(())
        self._warden.close()
        if self._cluster is not None:
            self._cluster.close()

    def _all(self) -> "list[_Worker]":
        return [*self._workers.values(), *self._readers.values()]

    def _busy(self) -> int:
        return sum(worker.occupies_slot for worker in self._all())


class _Worker:
    """One process, seen from the loop: what it was asked, and what it has answered."""

    def __init__(self, job: str, seat: Seat, limits: Limits) -> None:
        self._job = job
        self._seat = seat
        self._limits = limits
        self._urgent: set[Question[Any]] = set()
        self._answers: dict[Question[Any], Finished | Failed] = {}
        self._timed: Question[Any] | None = None
        self._since = 0.0
        self.seconds = 0.0
        """How long it has worked so far."""
        self.asked: list[Question[Any]] = []
        self.alive = True
        self.steps: int | None = None

    def fileno(self) -> int:
        """Readable when it has said something."""
        return self._seat.fileno()

    @property
    def blocks_others(self) -> bool:
        """Whether another job may not get a place as long as this one has its own."""
        return self._seat.holds_place

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
            self._seat.send(question)
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
            for message in self._seat.messages() if self.alive else ():
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
            self._seat.stop(str(lie))
            self._lose()
        self._time()
        return len(self._answers) > before

    def end(self) -> None:
        """End the process."""
        self.alive = False
        self._seat.end()

    def _oldest(self) -> Question[Any] | None:
        """What it is at work on."""
        return next((question for question in self.asked if question not in self._answers), None)

    def _time(self) -> None:
        """Let the clock run for what it is at work on."""
        question = self._oldest()
        if question is self._timed:
            return
        now = time.monotonic()
        if self._timed is not None:
            self.seconds += now - self._since
        self._timed, self._since = question, now
        if question is None or question in self._urgent:
            self._seat.give_time(None)
        elif isinstance(question, Check):
            self._seat.give_time(self._limits.check_time, "execution.check_time")
        else:
            self._seat.give_time(self._limits.run_time, "execution.run_time")

    def _lose(self) -> None:
        """The process is gone, or of no use any more: everything that was asked fails."""
        self.alive = False
        reason, may_pass, peak = self._seat.farewell()
        log.warning("worker ended", extra=about(job=self._job, reason=reason, memory=f"{peak >> 20} MiB"))
        for question in self.asked:
            self._answers.setdefault(question, Failed(reason, may_pass))

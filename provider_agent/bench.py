"""One job on the workbench: its documents, its traces, and what was computed of them. Lives in a worker process."""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assay.dispute.game import ARITY, Roots
from assay.documents import ResultDocument, read_job_spec, write_document
from assay.errors import InputError, IntegrityError, ResourceError
from assay.machines import merkle
from assay.machines.base import Machine, Progress, Trace
from assay.machines.registry import DEFAULT, Execution, machines_for
from assay.store.base import MAX_BLOB
from assay.store.location import open_store

MachineFactory = Callable[[], Mapping[str, Machine]]
"""Makes the machines, by name, in the worker: a function at the top of a module, so that it can be sent there."""


def shipped_machines(execution: Execution = DEFAULT) -> Mapping[str, Machine]:
    """The machines of this release, with programs run as `execution` says."""
    return machines_for(execution)


KEPT_TRACES = 4
"""Traces in memory at once; of a job with more tasks, the others are run again when they are needed."""


@dataclass(frozen=True)
class Workload:
    """What there is to know of a job in order to compute it."""

    machine: str
    """The machine that the job's referee executes."""
    spec_ids: tuple[str, ...]
    """The documents that say what is run: one for the whole job, or one a task."""
    task_root: bytes
    task_count: int
    rounds: int
    store: str
    """Where the blobs are: a URL or a path."""
    cache: Path
    """Folder that keeps what the job needs, so that a requester cannot take it away in a dispute."""
    maximum_bytes: int
    """Of all blobs of the job together."""
    maximum_output: int = MAX_BLOB
    """Of all that its tasks leave behind, bytes."""

    @property
    def step_limit(self) -> int:
        """Steps for which a task is run at most."""
        return int(ARITY**self.rounds)


@dataclass(frozen=True)
class Task:
    """One task of a job, as its spec has it."""

    program: str | None
    task: Mapping[str, Any]


@dataclass(frozen=True)
class Computed:
    """A task that was run to its end."""

    final_root: bytes
    steps: int
    entry: dict[str, Any]
    """In the result document."""
    blobs: tuple[bytes, ...]


class Bench:
    """Computes one job, each thing once. Raises `InputError` and `IntegrityError` for one that is not what it says."""

    def __init__(self, workload: Workload, machines: Mapping[str, Machine], progress: Progress) -> None:
        self.workload = workload
        self._machine = machines[workload.machine]
        self._progress = progress
        self._store = open_store(workload.store, workload.cache)
        self._sizes: dict[str, int] = {}
        self._tasks: list[Task] | None = None
        self._traces: OrderedDict[int, Trace] = OrderedDict()
        self._initial_roots: Roots | None = None
        self._computed: dict[int, Computed] = {}

    def fetch(self, blob_id: str) -> bytes:
        """A blob, verified, if all that the job names stays within its limit."""
        others = sum(size for name, size in self._sizes.items() if name != blob_id)
        blob = self._store.get(blob_id, max(self.workload.maximum_bytes - others, 0))
        self._sizes[blob_id] = len(blob)
        return blob

    @property
    def size(self) -> int:
        """Of all blobs that were fetched, bytes."""
        return sum(self._sizes.values())

    @property
    def tasks(self) -> list[Task]:
        """What the job's specs say, which fit its terms."""
        if self._tasks is None:
            specs = [read_job_spec(self.fetch(spec_id)) for spec_id in self.workload.spec_ids]
            for spec in specs:
                if spec.machine != (executes := self.workload.machine):
                    raise InputError(f"its spec is for {spec.machine!r}, and its referee executes {executes!r}")
            tasks = [Task(spec.program, task) for spec in specs for task in spec.tasks]
            if len(tasks) != self.workload.task_count:
                raise InputError(f"its spec has {len(tasks)} tasks, and its terms say {self.workload.task_count}")
            self._tasks = tasks
        return self._tasks

    def initial_roots(self) -> Roots:
        """By task; they lead to the job's task root."""
        if self._initial_roots is None:
            roots = tuple(self.trace(task).state_root(0) for task in range(self.workload.task_count))
            if merkle.root(roots) != self.workload.task_root:
                raise IntegrityError("its tasks do not lead to its task root: its spec is another job's")
            self._initial_roots = roots
        return self._initial_roots

    def trace(self, task: int) -> Trace:
        """The trace of a task."""
        if task not in self._traces:
            what = self.tasks[task]
            self._traces[task] = self._machine.load(what.program, what.task, self.workload.step_limit, self.fetch)
            if len(self._traces) > KEPT_TRACES:
                self._traces.popitem(last=False)
        self._traces.move_to_end(task)
        return self._traces[task]

    def compute(self, task: int) -> Computed:
        """Run a task to its end."""
        if task not in self._computed:
            trace = self.trace(task)
            steps = trace.run(self._progress)
            entry, blobs = trace.result()
            self._check_output(blobs)
            final_root = trace.state_root(self.workload.step_limit)
            self._computed[task] = Computed(final_root, steps, entry, tuple(blobs))
        return self._computed[task]

    def _check_output(self, blobs: Sequence[bytes]) -> None:
        """Raise `ResourceError` if these blobs, and those of the tasks before, are more than the job may leave."""
        before = sum(len(blob) for computed in self._computed.values() for blob in computed.blobs)
        if before + sum(len(blob) for blob in blobs) > self.workload.maximum_output:
            raise ResourceError(
                f"its tasks leave more than {self.workload.maximum_output} bytes of output (execution.maximum_output)"
            )

    def final_roots(self) -> Roots:
        """Of all tasks, each run to its end, whose beginnings were checked."""
        self.initial_roots()
        return tuple(self.compute(task).final_root for task in range(self.workload.task_count))

    def publish(self) -> str:
        """Put the outputs and the result document into the store; the document's content id."""
        tasks = [self.compute(task) for task in range(self.workload.task_count)]
        for blob in (blob for task in tasks for blob in task.blobs):
            self._store.put(blob)
        entries = [task.entry for task in tasks]
        document = ResultDocument(assay="result/1", machine=self.workload.machine, tasks=entries)
        return self._store.put(write_document(document))

"""The disputed step, computed anew from a job's files, in a process that may take only so long.

`python -m assay.console.replay` reads a `Question` as JSON on standard input, and writes the step as JSON, or why
there is none. What strangers wrote, spec, program and input, is read and run there and not in the server.
"""

import json
import os
import resource
import subprocess
import sys
import threading
from collections import OrderedDict
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from assay.chain.history import DisputeHistory, JobHistory
from assay.documents import MAX_DOCUMENT, read_job_spec
from assay.errors import AssayError, InputError, ResourceError, TransientError
from assay.machines.registry import Execution, machine_named, machines_for
from assay.machines.riscv.disassembly import disassemble
from assay.machines.riscv.witness import fetched_word, replay_states
from assay.store.base import Store
from assay.store.location import open_store

TIME_LIMIT = 120.0
"""Seconds that a step may take to compute."""

_NICENESS = 10
_LARGEST_FILE = 1 << 30
_KEPT = 64
"""Steps that are remembered."""

NAMES = ("pc", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1", *(f"a{n}" for n in range(8)),
         *(f"s{n}" for n in range(2, 12)), "t3", "t4", "t5", "t6",
         "reservation", "mtvec", "mepc", "mcause", "mtval", "mscratch")  # fmt: skip
"""Of the numbers of a state, in their order."""


@dataclass(frozen=True)
class Question:
    """A step of a task, and where the job's files are."""

    machine: str
    specs: tuple[str, ...]
    task: int
    task_root: str
    task_count: int
    step_limit: int
    step: int
    store: str
    cache: str
    native: str | None


class Replayer:
    """Computes disputed steps, one at a time, and remembers the last ones."""

    def __init__(self, store: str, cache: str, execution: Execution, time_limit: float = TIME_LIMIT) -> None:
        self._store, self._cache = store, cache
        self._native = str(execution.cache) if execution.cache else None
        self._time_limit = time_limit
        self._known: OrderedDict[tuple[bytes, bytes], dict[str, Any]] = OrderedDict()
        self._busy = threading.Lock()

    def step(self, machine: str, job: JobHistory, dispute: DisputeHistory) -> dict[str, Any]:
        """What `models.Step` has, of the step that the referee executed in a dispute.

        Raises `InputError` if none was, or the job's files do not give it, `ResourceError` if it takes too long, and
        `TransientError` while another one is computed.
        """
        stepped = dispute.stepped
        if stepped is None:
            raise InputError("no step was executed in this dispute")
        key = (dispute.dispute_id, stepped.prestate)
        if key not in self._known:
            if not self._busy.acquire(blocking=False):
                raise TransientError("another step is being computed: try again in a moment")
            try:
                terms = job.job.terms
                question = Question(
                    machine=machine,
                    specs=tuple(spec.hex() for spec in job.spec_ids),
                    task=dispute.terms.task,
                    task_root=terms.task_root.hex(),
                    task_count=terms.task_count,
                    step_limit=terms.step_limit,
                    step=dispute.play.start + stepped.index,
                    store=self._store,
                    cache=self._cache,
                    native=self._native,
                )
                self._known[key] = self._ask(question)
                while len(self._known) > _KEPT:
                    self._known.popitem(last=False)
            finally:
                self._busy.release()
        found = self._known[key]
        agrees = (found["prestate"], found["poststate"]) == (
            f"0x{stepped.prestate.hex()}",
            f"0x{stepped.poststate.hex()}",
        )
        return {**found, "agrees": agrees}

    def _ask(self, question: Question) -> dict[str, Any]:
        command = [sys.executable, "-m", "assay.console.replay"]
        try:
            done = subprocess.run(
                command,
                input=json.dumps(asdict(question)).encode(),
                capture_output=True,
                timeout=self._time_limit,
                check=False,
            )
        except subprocess.TimeoutExpired as late:
            raise ResourceError(
                f"the step takes more than {self._time_limit:.0f} s to compute: it is left out"
            ) from late
        try:
            answer: dict[str, Any] = json.loads(done.stdout)
        except ValueError as fault:
            raise ResourceError("the step cannot be computed here: its process was stopped") from fault
        if "refused" in answer:
            raise InputError(f"the step cannot be computed here: {answer['refused']}")
        return answer


def compute(question: Question) -> dict[str, Any]:
    """The step that a question is about; raises `AssayError`."""
    store = open_store(question.store, _path(question.cache))
    execution = Execution(cache=_path(question.native))
    machine = machine_named(question.machine, machines_for(execution))
    program, task = _task(question, store)
    trace = machine.load(program, task, question.step_limit, store.get)
    if question.task_count == 1 and trace.state_root(0) != bytes.fromhex(question.task_root):
        raise InputError("the job's files are not those that its terms name: the task begins in another state")
    before, after = trace.state_root(question.step), trace.state_root(question.step + 1)
    witness = trace.witness(question.step)
    found: dict[str, Any] = {
        "step": str(question.step),
        "machine": question.machine,
        "witness_bytes": len(witness),
        "prestate": f"0x{before.hex()}",
        "poststate": f"0x{after.hex()}",
        "pc": None,
        "instruction": None,
        "registers": [],
        "memory": [],
    }
    return {**found, **_explain(before, witness)} if question.machine == "riscv" else found


def _task(question: Question, store: Store) -> tuple[str | None, dict[str, Any]]:
    """A task's program and its entry in a spec: of the job's only one, or, of tickets, of its own."""
    whole = len(question.specs) == 1
    spec_id, place = (question.specs[0], question.task) if whole else (question.specs[question.task], 0)
    spec = read_job_spec(store.get(spec_id, MAX_DOCUMENT))
    if spec.machine != question.machine or place >= len(spec.tasks):
        raise InputError("the job's spec is not about such tasks")
    return spec.program, spec.tasks[place]


def _explain(prestate: bytes, witness: bytes) -> dict[str, Any]:
    """A step of a program, as people read it."""
    replayed = replay_states(prestate, witness)
    pc, word = fetched_word(witness)
    pairs = zip(NAMES, replayed.before.numbers, replayed.after.numbers, strict=True)
    return {
        "pc": _number(pc),
        "instruction": None if word is None else disassemble(word, pc),
        "registers": [{"name": name, "before": _number(old), "after": _number(new)} for name, old, new in pairs],
        "memory": [
            {
                "address": f"0x{leaf.address:08x}",
                "role": "data" if place else "instruction",
                "before": f"0x{leaf.before.hex()}",
                "after": f"0x{leaf.after.hex()}",
            }
            for place, leaf in enumerate(replayed.touched)
        ],
    }


def _number(value: int) -> str:
    return f"0x{value:016x}"


def _path(text: str | None) -> Path | None:
    return None if text is None else Path(text)


def main() -> None:
    """Answer one question."""
    os.nice(_NICENESS)
    for kind, most in ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, _LARGEST_FILE)):
        with suppress(ValueError, OSError):
            resource.setrlimit(kind, (most, most))
    fields = json.load(sys.stdin)
    try:
        answer = compute(Question(**{**fields, "specs": tuple(fields["specs"])}))
    except AssayError as refused:
        answer = {"refused": str(refused)[:1000]}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()

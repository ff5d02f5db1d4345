"""The seam between a machine and everything else: what jobs, disputes and agents know of it.

A machine is a deterministic function from a state to the next state. A *trace* is one run of it on one task:
`state_root(i)` is the 32-byte commitment to the state after `i` steps. A machine that has ended steps to itself, so a
trace goes on for ever.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Protocol

Progress = Callable[[int], None]
"""Told the number of steps run so far, now and then."""

FetchBlob = Callable[[str], bytes]
"""Content id to verified bytes; raises `IntegrityError`, `InputError` or `TransientError`."""


class RunStatus(IntEnum):
    """How a task's run stands at the end of its trace (docs/machine.md, section 6)."""

    OUT_OF_STEPS = 0
    EXITED = 1
    FAULTED = 2


@dataclass(frozen=True)
class Outcome:
    """What a run leaves behind."""

    status: RunStatus
    exit_status: int
    stdout: bytes
    stderr: bytes


class Trace(Protocol):
    """One run of one task. Runs as far as it is asked to, and remembers enough to go back cheaply."""

    @property
    def step_limit(self) -> int:
        """The number of steps that count: the trace is compared up to here."""

    def run(self, progress: Progress | None = None) -> int:
        """Run to the fixed point, or to the step limit; the number of steps until then."""

    def state_root(self, step: int) -> bytes:
        """The state root after `step` steps, 0 to `step_limit`."""

    def witness(self, step: int) -> bytes:
        """The witness of the step from state `step` to state `step + 1`, for the machine's referee."""

    def outcome(self) -> Outcome:
        """What the run leaves behind at the step limit."""

    def result(self) -> tuple[dict[str, Any], list[bytes]]:
        """The task's entry in a result document (docs/documents.md), and the blobs that it names."""


class Machine(Protocol):
    """A deterministic model of execution."""

    @property
    def name(self) -> str:
        """As job specs name it."""

    def load(self, program: str | None, task: Mapping[str, Any], step_limit: int, fetch: FetchBlob) -> Trace:
        """A trace of one task of a job spec, at its initial state.

        `program` and `task` are a job spec's (docs/documents.md). Raises `InputError` if they cannot be run on this
        machine.
        """

    def check_result(self, entry: Mapping[str, Any], fetch: FetchBlob) -> tuple[bytes, Outcome]:
        """The final state root that a result document's entry proves, and the outcome that it shows.

        Nothing in `entry` is believed: it is checked against itself, and the caller compares the root with the claim.
        Raises `IntegrityError` if the entry contradicts itself or is malformed.
        """

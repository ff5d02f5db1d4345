"""What a trace of this machine is asked: the reference and the engine differ in how they go to a step, and no more."""

from abc import ABC, abstractmethod
from typing import Any, Generic, TypeVar

from assay.machines.base import Outcome, Progress
from assay.machines.riscv.hart import Hart
from assay.machines.riscv.memory import Pages, ReadableMemory
from assay.machines.riscv.memory_tree import NodeAccess
from assay.machines.riscv.result import outcome_in, result_entry
from assay.machines.riscv.state import State
from assay.machines.riscv.witness import record

M = TypeVar("M", bound=ReadableMemory)


class SeekingTrace(ABC, Generic[M]):
    """One run. See `assay.machines.base.Trace`."""

    _memory: M

    def __init__(self, step_limit: int) -> None:
        self._step_limit = step_limit
        self._end: int | None = None  # where the fixed point begins, once it is known

    @property
    def step_limit(self) -> int:
        """The number of steps that count."""
        return self._step_limit

    def run(self, progress: Progress | None = None) -> int:
        """Run to the fixed point or the step limit; the number of steps until then."""
        if self._end is None:
            self._seek(self._step_limit, progress)
        return self._step_limit if self._end is None else self._end

    def state_root(self, step: int) -> bytes:
        """The state root after `step` steps."""
        return self.state(step).root()

    def state(self, step: int) -> State:
        """The state after `step` steps."""
        hart, tree = self._look(step)
        return hart.state(tree.root())

    def witness(self, step: int) -> bytes:
        """The witness of the step from state `step` to state `step + 1` (docs/machine.md, section 5)."""
        return record(*self._look(step))

    def word(self, step: int) -> tuple[int, int | None]:
        """pc after `step` steps, and the word there; None if it cannot be fetched."""
        self._seek(step)
        hart = self._now()
        return hart.pc, None if hart.pc & 3 or hart.pc >> 32 else hart.memory.read(hart.pc, 4)

    def outcome(self) -> Outcome:
        """What the run leaves in the output region."""
        self._seek(self._step_limit)
        return outcome_in(self._memory)

    def result(self) -> tuple[dict[str, Any], list[bytes]]:
        """The task's entry in a result document, and the blobs that it names."""
        outcome = self.outcome()
        hart, tree = self._look(self._step_limit)
        return result_entry(hart.state(tree.root()), tree, outcome), [outcome.stdout, outcome.stderr]

    @abstractmethod
    def contents(self, step: int) -> tuple[Hart, Pages]:
        """The registers and the memory after `step` steps: what a trace that goes on from there starts with."""

    @abstractmethod
    def _now(self) -> Hart:
        """The registers at the present step, over the memory."""

    @abstractmethod
    def _look(self, step: int) -> tuple[Hart, NodeAccess]:
        """Go to `step`, where somebody looks closer: the registers there, and the tree of its memory."""

    @abstractmethod
    def _seek(self, step: int, progress: Progress | None = None) -> None:
        """Bring the machine to the state after `step` steps, or to the fixed point if that comes first."""

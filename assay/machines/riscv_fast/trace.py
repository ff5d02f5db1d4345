"""A run on the engine, remembered well enough to go back to any step of it. Equal to the reference's at every step."""

import weakref
from typing import Any

from assay.machines.base import Outcome, Progress
from assay.machines.riscv.hart import Hart
from assay.machines.riscv.memory import Pages
from assay.machines.riscv.result import outcome_in, result_entry
from assay.machines.riscv.state import State
from assay.machines.riscv.witness import record
from assay.machines.riscv_fast.core import Core, Registers
from assay.machines.riscv_fast.guest import GuestMemory
from assay.machines.riscv_fast.layout import PAGES
from assay.machines.riscv_fast.timeline import Snapshot, Timeline
from assay.machines.riscv_fast.translator import Translator
from assay.machines.riscv_fast.tree import LiveTree
from assay.native.cache import DiskCache

REPORT_EVERY = 1 << 24
"""Steps between two reports of the progress: hundredths of a second."""


class FastTrace:
    """One run. See `assay.machines.base.Trace`; it has all that the reference's `RiscvTrace` has, and starts as that.

    What it takes of the host goes with the last reference to it.
    """

    def __init__(
        self, hart: Hart, pages: Pages, step_limit: int, max_pages: int = PAGES, cache: DiskCache | None = None
    ) -> None:
        """Native code is kept in `cache`. Raises `NativeError` if the host cannot make or hold what it takes.

        The run may write to `max_pages` pages beyond those that are given: all calls that run the machine further than
        that raise `ResourceError`.
        """
        self._step_limit = step_limit
        self._memory = GuestMemory()
        self._memory.load(pages)
        self._tree = LiveTree(self._memory.address, cache)
        self._unhashed = set(pages)
        self._core = Core(self._memory, max_pages=max_pages, cache=cache)
        self._core.set_hart(hart)
        self._timeline: Timeline[Registers] = Timeline(self._memory, self._core.registers)
        self._core.capture = self._timeline.capture
        translator = Translator(self._core, cache)
        self._step = 0
        self._end: int | None = None  # where the fixed point begins, once it is known
        weakref.finalize(self, _release, self._core, translator).atexit = False

    @property
    def step_limit(self) -> int:
        """The number of steps that count."""
        return self._step_limit

    @property
    def steps_run(self) -> int:
        """Steps that the machine has taken altogether, those that it took again included."""
        return self._core.steps

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
        self._look(step)
        return self._core.hart().state(self._tree.root())

    def witness(self, step: int) -> bytes:
        """The witness of the step from state `step` to state `step + 1` (docs/machine.md, section 5)."""
        self._look(step)
        return record(self._core.hart(), self._tree)

    def word(self, step: int) -> tuple[int, int | None]:
        """pc after `step` steps, and the word there; None if it cannot be fetched."""
        self._seek(step)
        pc = self._core.pc
        return pc, None if pc & 3 or pc >> 32 else self._memory.read(pc, 4)

    def outcome(self) -> Outcome:
        """What the run leaves in the output region."""
        self._seek(self._step_limit)
        return outcome_in(self._memory)

    def result(self) -> tuple[dict[str, Any], list[bytes]]:
        """The task's entry in a result document, and the blobs that it names."""
        outcome = self.outcome()
        state = self.state(self._step_limit)
        return result_entry(state, self._tree, outcome), [outcome.stdout, outcome.stderr]

    def contents(self, step: int) -> tuple[Hart, Pages]:
        """The registers and the memory after `step` steps: what a trace that goes on from there starts with."""
        self._look(step)
        return self._core.hart(), {page: self._memory.read_page(page) for page in self._memory.touched()}

    def _look(self, step: int) -> None:
        """Go to `step`, where somebody looks closer: bring the tree up to date, and be fast in coming here again."""
        self._seek(step)
        self._core.drain()
        self._unhashed |= self._timeline.take_changed()
        self._tree.update(self._unhashed)
        self._unhashed.clear()
        if not self._timeline.at_last or self._step in (self._end, self._step_limit):
            self._timeline.remember(self._step, self._core.registers)

    def _seek(self, step: int, progress: Progress | None = None) -> None:
        """Bring the machine to the state after `step` steps, from where it is or from the best snapshot."""
        if step < 0:
            raise ValueError(f"there is no state {step}")
        if self._end is not None:
            step = min(step, self._end)
        nearest = self._timeline.nearest(step)
        if nearest is not self._timeline.base or step < self._step:
            self._restore(nearest)
        while self._step < step and self._step != self._end:
            following = self._timeline.next_step(self._step)
            self._advance(min(step, following, (self._step // REPORT_EVERY + 1) * REPORT_EVERY))
            if self._step == following:
                self._core.drain()
                self._timeline.remember(self._step, self._core.registers)
            if progress is not None:
                progress(self._step)

    def _advance(self, step: int) -> None:
        """Run to `step`, or to the fixed point."""
        before = self._core.steps
        try:
            ended = self._core.run(step - self._step)[1]
        finally:
            self._step += self._core.steps - before
        if ended:
            self._end = self._step

    def _restore(self, snapshot: Snapshot[Registers]) -> None:
        self._core.drain()
        self._core.replaced(self._timeline.seek(snapshot))
        self._core.registers = snapshot.registers
        self._step = snapshot.step


def _release(core: Core, translator: Translator) -> None:
    """Part the two, which know each other: so nobody has to wait for a collection of garbage."""
    core.between, core.forgotten = _nothing, _nothing
    del translator  # what it is at in its thread, it finishes


def _nothing(*_: object) -> None:
    pass

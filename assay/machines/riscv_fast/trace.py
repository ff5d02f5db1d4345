"""A run on the engine, remembered well enough to go back to any step of it. Equal to the reference's at every step."""

import weakref

from assay.machines.base import Progress
from assay.machines.riscv.hart import Hart
from assay.machines.riscv.memory import Pages
from assay.machines.riscv.memory_tree import NodeAccess
from assay.machines.riscv.seeking import SeekingTrace
from assay.machines.riscv_fast.core import Core, Registers
from assay.machines.riscv_fast.guest import GuestMemory
from assay.machines.riscv_fast.layout import PAGES
from assay.machines.riscv_fast.timeline import Snapshot, Timeline
from assay.machines.riscv_fast.translator import Translator
from assay.machines.riscv_fast.tree import LiveTree
from assay.native.cache import DiskCache

REPORT_EVERY = 1 << 24
"""Steps between two reports of the progress: hundredths of a second."""


class FastTrace(SeekingTrace[GuestMemory]):
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
        super().__init__(step_limit)
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
        weakref.finalize(self, _release, self._core, translator).atexit = False

    @property
    def steps_run(self) -> int:
        """Steps that the machine has taken altogether, those that it took again included."""
        return self._core.steps

    def contents(self, step: int) -> tuple[Hart, Pages]:
        """The registers and the memory after `step` steps: what a trace that goes on from there starts with."""
        hart, _ = self._look(step)
        return hart, {page: self._memory.read_page(page) for page in self._memory.touched()}

    def _now(self) -> Hart:
        return self._core.hart()

    def _look(self, step: int) -> tuple[Hart, NodeAccess]:
        """As ever; and be fast in coming here again."""
        self._seek(step)
        self._core.drain()
        self._unhashed |= self._timeline.take_changed()
        self._tree.update(self._unhashed)
        self._unhashed.clear()
        if not self._timeline.at_last or self._step in (self._end, self._step_limit):
            self._timeline.remember(self._step, self._core.registers)
        return self._now(), self._tree

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
    core.between, core.forgotten, core.added = _nothing, _nothing, _nothing
    del translator  # what it is at in its thread, it finishes


def _nothing(*_: object) -> None:
    pass

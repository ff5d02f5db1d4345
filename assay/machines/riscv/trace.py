"""A run of the reference, remembered well enough to go back to any step of it."""

from dataclasses import dataclass, replace
from itertools import pairwise

from assay.machines.base import Progress
from assay.machines.riscv.hart import Hart
from assay.machines.riscv.interpreter import run
from assay.machines.riscv.memory import Memory, Pages
from assay.machines.riscv.memory_tree import MemoryTree, NodeAccess
from assay.machines.riscv.seeking import SeekingTrace
from assay.machines.riscv.witness import RecordingAccess

STRIDE = 1 << 16
"""Steps between two reports of the progress, and between the first snapshots."""
MAX_SNAPSHOTS = 64
MAX_SNAPSHOT_PAGES = 1 << 16
"""256 MiB: what snapshots may hold beside the memory of the machine itself."""


@dataclass(frozen=True)
class Snapshot:
    """The machine after `step` steps. Its hart never runs: copies of it do."""

    step: int
    hart: Hart
    pages: Pages
    pages_apart: int = 0
    """Pages that the snapshot before it does not have."""

    def after(self, other: "Snapshot") -> "Snapshot":
        """This snapshot, as one that follows `other`."""
        return replace(self, pages_apart=sum(other.pages.get(index) is not page for index, page in self.pages.items()))


class RiscvTrace(SeekingTrace[Memory]):
    """One run. See `assay.machines.base.Trace`.

    It starts from any state: the registers of `hart`, over memory that holds `pages` (not the hart's own). So bare code
    runs as well as a task does: `RiscvTrace(Hart(Memory(), pc=0x1000), pages, step_limit)`.
    """

    def __init__(self, hart: Hart, pages: Pages, step_limit: int) -> None:
        super().__init__(step_limit)
        self._snapshots = [Snapshot(0, hart.on(Memory()), dict(pages))]
        self._interval = STRIDE
        self._tree = MemoryTree()
        self._step = 0
        self._restore(self._snapshots[0])

    def contents(self, step: int) -> tuple[Hart, Pages]:
        """The registers and the memory after `step` steps: what a trace that goes on from there starts with."""
        self._seek(step)
        return self._hart, self._memory.pages()

    def _now(self) -> Hart:
        return self._hart

    def _look(self, step: int) -> tuple[Hart, NodeAccess]:
        self._seek(step)
        self._tree.follow(self._memory.pages())
        return self._hart, self._tree

    def _seek(self, step: int, progress: Progress | None = None) -> None:
        """Bring the hart to the state after `step` steps, from where it is or from the best snapshot."""
        if step < 0:
            raise ValueError(f"there is no state {step}")
        if self._end is not None:
            step = min(step, self._end)
        nearest = max((s for s in self._snapshots if s.step <= step), key=lambda snapshot: snapshot.step)
        if not nearest.step <= self._step <= step:
            self._restore(nearest)
        while self._step < step and self._step != self._end:
            self._advance(min(step, (self._step // STRIDE + 1) * STRIDE))
            if progress is not None:
                progress(self._step)

    def _advance(self, step: int) -> None:
        """Run to `step`, or to a step that may have led to the fixed point."""
        before = self._snapshot()
        taken = run(self._hart, step - self._step)
        self._step += taken
        if self._end is None and at_rest(self._hart):
            self._settle(before, taken)
        elif self._step % self._interval == 0 and self._step > self._snapshots[-1].step:
            self._remember()

    def _settle(self, before: Snapshot, taken: int) -> None:
        """The machine is at its fixed point, which it may have reached with the last step or with the one before."""
        memory = Memory(before.pages)
        previous = before.hart.on(memory)
        run(previous, taken - 1)
        self._end = self._step = self._step - int(_same_registers(previous, self._hart))

    def _snapshot(self) -> Snapshot:
        return Snapshot(self._step, self._hart.on(self._memory), self._memory.pages())

    def _restore(self, snapshot: Snapshot) -> None:
        self._memory = Memory(snapshot.pages)
        self._hart = snapshot.hart.on(self._memory)
        self._step = snapshot.step

    def _remember(self) -> None:
        """Keep a snapshot of this state. When they are too many or too large, every other one goes."""
        self._snapshots.append(self._snapshot().after(self._snapshots[-1]))
        while len(self._snapshots) > MAX_SNAPSHOTS or sum(s.pages_apart for s in self._snapshots) > MAX_SNAPSHOT_PAGES:
            first, *others = self._snapshots[::2]
            self._snapshots = [first, *(later.after(earlier) for earlier, later in pairwise([first, *others]))]
            self._interval *= 2


def at_rest(hart: Hart) -> bool:
    """Whether the hart's state steps to itself. A step that stores never does: it moves pc."""
    stepped = hart.on(RecordingAccess(hart.memory))
    run(stepped, 1)
    return _same_registers(stepped, hart)


def _same_registers(a: Hart, b: Hart) -> bool:
    return a.state(memory_root=b"") == b.state(memory_root=b"")

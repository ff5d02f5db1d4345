"""Snapshots of a run whose memory exists once: between them is kept what it takes to go from one to the next.

    snapshots     s0 ---------- s1 ---------- s2 ----- present          s3 ---------- s4
    gaps               undo          undo        working log    redo          redo

A gap's log holds whole pages. In the past it says what they held at the snapshot before it (undo), in the future what
they hold at the one after it (redo). To move the present across a gap, the contents of the log and of the memory change
places, and an undo log has become a redo log. Since the present runs on from a snapshot, the working log takes what
pages hold before they are first written to: the way back. A log in the future stays right whatever is undone and run
again, because the machine is deterministic.

Snapshots and bytes are bounded. A run that goes on is remembered at multiples of an interval, which doubles when there
are too many; else the snapshot goes whose two gaps make the smallest one together.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from math import inf
from typing import Generic, Protocol, TypeVar

from assay.machines.riscv.memory import PAGE

MAX_SNAPSHOTS = 64
MAX_BYTES = 200 << 20
"""Of the pages in all logs."""
FIRST_INTERVAL = 1 << 24
"""Steps between the snapshots of a run, at first: some hundredths of a second."""
STEPS_A_PAGE = 1 << 17
"""Steps to run for each page kept for the snapshot before. To keep one takes some 5 us, these 100 us and more."""

ZERO_PAGE = bytes(PAGE)

Content = bytes | None
"""What a page holds; None if it is all zero."""

Registers = TypeVar("Registers")


class PagedMemory(Protocol):
    """What a timeline knows of the memory. Whoever writes to it otherwise captures what a page held before."""

    def read_page(self, index: int) -> bytes:
        """A page's content."""

    def write_page(self, index: int, content: bytes) -> None:
        """Replace a page's content, without capturing anything."""

    def protect(self, pages: Iterable[int]) -> None:
        """Have each of these pages captured again before it is written to."""


@dataclass(frozen=True)
class Snapshot(Generic[Registers]):
    """A state that a timeline can go to at once."""

    step: int
    registers: Registers
    """All of the state that is not memory."""


class Timeline(Generic[Registers]):
    """The snapshots of one run. The present is at a snapshot, or has run on from one."""

    def __init__(
        self,
        memory: PagedMemory,
        registers: Registers,
        max_snapshots: int = MAX_SNAPSHOTS,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        """A timeline whose first snapshot, which stays, is the present, at step 0.

        `max_bytes` can be exceeded by the way back to step 0 alone: by pages that are not zero there.
        """
        self._memory = memory
        self._max_snapshots = max_snapshots
        self._max_pages = max_bytes // PAGE
        self._snapshots = [Snapshot(0, registers)]
        self._gaps: list[_Log] = []  # the first between the snapshots 0 and 1
        self._place = 0  # of the snapshot that the present has run on from
        self._working = _Log()
        self._in_gaps = 0  # the sizes of the gaps' logs together
        self._open: set[int] = set()  # pages that can be written to and nobody hears of it
        self._changed: set[int] = set()
        self._interval = FIRST_INTERVAL

    @property
    def snapshots(self) -> list[Snapshot[Registers]]:
        """All snapshots, by step."""
        return self._snapshots.copy()

    @property
    def base(self) -> Snapshot[Registers]:
        """The snapshot that the present is at, or has run on from."""
        return self._snapshots[self._place]

    @property
    def at_last(self) -> bool:
        """Whether the present is at the last snapshot, or has run on from there: nothing lies ahead."""
        return self._place == len(self._gaps)

    @property
    def kept(self) -> int:
        """Bytes of the pages in all logs."""
        return PAGE * (self._working.size + self._in_gaps)

    def next_step(self, step: int) -> int:
        """The step at which a run that goes on from `step` should be remembered next."""
        return (step // self._interval + 1) * self._interval

    def nearest(self, step: int) -> Snapshot[Registers]:
        """The last snapshot that is not after `step`."""
        return self._snapshots[bisect_right(self._snapshots, step, key=lambda snapshot: snapshot.step) - 1]

    def capture(self, page: int, content: Content) -> None:
        """Take note of what a page holds, before it is written to: at the latest before any of the calls below."""
        self._open.add(page)
        self._working.keep(page, content)
        if self._working.size + self._in_gaps > self._max_pages:
            self._thin()

    def remember(self, step: int, registers: Registers) -> None:
        """Make the present, which is at `step`, a snapshot."""
        following = self._snapshots[self._place + 1].step if self._place < len(self._gaps) else None
        if step == self.base.step:
            return
        if step < self.base.step or (following is not None and step > following):
            raise ValueError(f"step {step} is not between the snapshots that the present is between")
        if step == following:
            self._gaps[self._place] = self._working
        else:
            self._snapshots.insert(self._place + 1, Snapshot(step, registers))
            self._gaps.insert(self._place, self._working)
        if following is None:
            while self._working.size * STEPS_A_PAGE > self._interval:
                self._interval *= 2
        self._place += 1
        self._leave()
        if following is None and len(self._snapshots) > self._max_snapshots:
            self._interval *= 2
            for place in reversed(range(1, self._place)):
                if self._snapshots[place].step % self._interval:
                    self._drop(place)
        self._thin()

    def seek(self, snapshot: Snapshot[Registers]) -> set[int]:
        """Make `snapshot` the present; the pages whose content was replaced. The registers are the caller's to set."""
        place = self._snapshots.index(snapshot)
        replaced = self._working.swap(self._memory)
        while self._place > place:
            self._place -= 1
            replaced |= self._gaps[self._place].swap(self._memory)
        while self._place < place:
            replaced |= self._gaps[self._place].swap(self._memory)
            self._place += 1
        self._leave()
        self._changed |= replaced
        self._thin()  # what is ahead may take more room than the way back
        return replaced

    def take_changed(self) -> set[int]:
        """The pages that may have changed since this was last asked, which can be at any step."""
        changed, self._changed = self._changed | self._open, set()
        return changed

    def _leave(self) -> None:
        """Begin a new working log, at a snapshot."""
        self._working = _Log()
        self._in_gaps = sum(gap.size for gap in self._gaps)
        self._memory.protect(self._open)
        self._changed |= self._open
        self._open = set()

    def _thin(self) -> None:
        """Let go of snapshots until there are no more than there may be, nor bytes."""
        while len(self._snapshots) > self._max_snapshots or self._working.size + self._in_gaps > self._max_pages:
            droppable = [place for place in range(1, len(self._snapshots)) if self._can_go(place)]
            if not droppable:
                return
            self._drop(min(droppable, key=self._gap_without))

    def _can_go(self, place: int) -> bool:
        """What lies ahead begins at the present's snapshot, which can go only if nothing does."""
        return place != self._place or place == len(self._gaps)

    def _gap_without(self, place: int) -> float:
        """How many steps apart the neighbours of a snapshot are. The last one goes last."""
        if place == len(self._gaps):
            return inf
        return self._snapshots[place + 1].step - self._snapshots[place - 1].step

    def _drop(self, place: int) -> None:
        before = self._gaps[place - 1]
        if place == self._place:
            self._working = before.over(self._working)
            del self._gaps[place - 1]
        elif place == len(self._gaps):
            del self._gaps[place - 1]
        else:
            after = self._gaps[place]
            self._gaps[place - 1 : place + 1] = [before.over(after) if place < self._place else after.over(before)]
        del self._snapshots[place]
        self._place -= place <= self._place
        self._in_gaps = sum(gap.size for gap in self._gaps)


class _Log:
    """What pages hold at one end of a gap."""

    def __init__(self, pages: dict[int, Content] | None = None) -> None:
        self.pages = pages or {}
        self.size = sum(content is not None for content in self.pages.values())
        """How many of them are not all zero: only those take room."""

    def keep(self, page: int, content: Content) -> None:
        """Put a page in, unless it is there: what it held first is what counts."""
        if page in self.pages:
            return
        self.pages[page] = content = _packed(content)
        self.size += content is not None

    def swap(self, memory: PagedMemory) -> set[int]:
        """Exchange the contents in the log with those in memory; the pages where they differed."""
        changed = set()
        for page, content in self.pages.items():
            held = _packed(memory.read_page(page))
            if held != content:
                memory.write_page(page, ZERO_PAGE if content is None else content)
                self.pages[page] = held
                changed.add(page)
        self.size = sum(content is not None for content in self.pages.values())
        return changed

    def over(self, other: "_Log") -> "_Log":
        """Both logs as one, this one's contents where a page is in both."""
        return _Log(other.pages | self.pages)


def _packed(content: Content) -> Content:
    return None if content == ZERO_PAGE else content

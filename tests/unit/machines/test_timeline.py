"""Snapshots: wherever a timeline goes, memory is what it was there, whatever was forgotten, undone and run again."""

import random
from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from assay.machines.riscv.memory import PAGE
from assay.machines.riscv_fast.timeline import FIRST_INTERVAL, STEPS_A_PAGE, ZERO_PAGE, Content, Timeline

PAGES = 12
END = 400
"""Where the run of the model ends."""


def filled(value: int) -> bytes:
    return bytes([value]) * PAGE


class Model:
    """A machine that writes a page or two in each step, and memory that captures what it has to."""

    def __init__(self, seed: int, **limits: int) -> None:
        self.pages = [filled(page % 3) for page in range(PAGES)]
        self.step = 0
        self.writable: set[int] = set()
        self.changes = plan(seed)
        self.writes = 0  # by the timeline
        self.timeline: Timeline[str] = Timeline(self, "after 0", **limits)

    def read_page(self, index: int) -> bytes:
        return self.pages[index]

    def write_page(self, index: int, content: bytes) -> None:
        self.pages[index] = content
        self.writes += 1

    def protect(self, pages: Iterable[int]) -> None:
        self.writable -= set(pages)

    def run_to(self, step: int) -> None:
        """Run on from the present."""
        assert step >= self.step
        while self.step < step:
            for page, content in self.changes[self.step].items():
                if page not in self.writable:
                    before: Content = self.pages[page]
                    self.timeline.capture(page, before)
                    self.writable.add(page)
                self.pages[page] = content
            self.step += 1

    def go_to(self, step: int) -> None:
        """As a trace does: from the nearest snapshot, unless the present has run on from there and is on the way."""
        snapshot = self.timeline.nearest(step)
        if snapshot is not self.timeline.base or step < self.step:
            self.seek(snapshot.step)
        self.run_to(step)

    def seek(self, step: int) -> set[int]:
        snapshot = self.timeline.nearest(step)
        assert snapshot.registers == f"after {snapshot.step}"
        self.step = snapshot.step
        return self.timeline.seek(snapshot)

    def remember(self) -> None:
        self.timeline.remember(self.step, f"after {self.step}")


def plan(seed: int) -> list[dict[int, bytes]]:
    """What each step writes: mostly to few pages, sometimes zeros, sometimes what is there."""
    dice = random.Random(seed)
    return [
        {
            dice.randrange(1 + dice.randrange(PAGES)): filled(dice.choice((0, 0, 1, 2, 3)))
            for _ in range(dice.choice((0, 1, 2)))
        }
        for _ in range(END)
    ]


def contents_by_step(changes: list[dict[int, bytes]]) -> list[list[bytes]]:
    """Full copies, which is what a timeline saves."""
    pages = [filled(page % 3) for page in range(PAGES)]
    copies = [pages.copy()]
    for written in changes:
        for page, content in written.items():
            pages[page] = content
        copies.append(pages.copy())
    return copies


class Journeys(RuleBasedStateMachine):
    """Any sequence of runs, seeks and snapshots, compared with full copies at every point."""

    @initialize(seed=st.integers(0, 30), snapshots=st.integers(2, 8), pages=st.integers(4, 40))
    def start(self, seed: int, snapshots: int, pages: int) -> None:
        self.limits = (snapshots, pages)
        self.model = Model(seed, max_snapshots=snapshots, max_bytes=pages * PAGE)
        self.copies = contents_by_step(self.model.changes)
        self.looked = self.copies[0]

    @rule(steps=st.integers(0, 60))
    def run(self, steps: int) -> None:
        following = [each.step for each in self.model.timeline.snapshots if each.step > self.model.timeline.base.step]
        self.model.run_to(min(self.model.step + steps, *following[:1], END))

    @rule()
    def remember(self) -> None:
        self.model.remember()
        assert not self.model.writable
        assert self.model.timeline.base.step <= self.model.step

    @rule(steps=st.integers(1, 60), times=st.integers(1, 12))
    def run_and_remember(self, steps: int, times: int) -> None:
        for _ in range(times):
            self.run(steps)
            self.remember()

    @rule(step=st.integers(0, END))
    def go_to(self, step: int) -> None:
        self.model.go_to(step)

    @rule(step=st.integers(0, END))
    def seek(self, step: int) -> None:
        before = self.model.pages.copy()
        replaced = self.model.seek(step)
        assert replaced >= {page for page in range(PAGES) if before[page] != self.model.pages[page]}
        assert not self.model.writable

    @rule()
    def look(self) -> None:
        now = self.copies[self.model.step]
        differing = {page for page in range(PAGES) if now[page] != self.looked[page]}
        assert differing <= self.model.timeline.take_changed()
        self.looked = now

    @precondition(lambda self: hasattr(self, "model"))
    @invariant()
    def memory_is_what_it_was(self) -> None:
        assert self.model.pages == self.copies[self.model.step]

    @precondition(lambda self: hasattr(self, "model"))
    @invariant()
    def snapshots_are_in_order_and_bounded(self) -> None:
        steps = [snapshot.step for snapshot in self.model.timeline.snapshots]
        assert steps == sorted(set(steps))
        assert steps[0] == 0
        base = self.model.timeline.base.step
        # A present that has arrived at a snapshot by running still counts as before it.
        assert base == self.model.timeline.nearest(self.model.step).step or self.model.step in steps
        snapshots, pages = self.limits
        assert len(steps) <= snapshots
        assert self.model.timeline.kept <= pages * PAGE or steps == [0]


Journeys.TestCase.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
TestJourneys = Journeys.TestCase


def test_a_snapshot_beyond_the_next_one_is_refused() -> None:
    model = Model(1)
    model.run_to(10)
    model.remember()
    model.seek(0)
    model.run_to(11)
    with pytest.raises(ValueError, match="step 11 is not between"):
        model.remember()


def test_every_step_can_be_visited_backwards() -> None:
    model = Model(2)
    for step in range(0, END, 20):
        model.run_to(step)
        model.remember()
    copies = contents_by_step(model.changes)
    for step in reversed(range(END)):
        model.go_to(step)
        assert model.pages == copies[step]


def test_pages_that_were_zero_take_no_room() -> None:
    model = Model(1)
    model.timeline.capture(3, None)
    model.timeline.capture(4, ZERO_PAGE)
    assert model.timeline.kept == 0
    model.timeline.capture(5, filled(1))
    assert model.timeline.kept == PAGE


def test_what_a_page_held_first_counts() -> None:
    model = Model(1)
    before = model.pages[0]
    model.timeline.capture(0, before)
    model.pages[0] = filled(7)
    model.timeline.capture(0, filled(7))  # as when code in it has been run meanwhile
    model.pages[0] = filled(8)
    model.seek(0)
    assert model.pages[0] == before


def test_pages_that_hold_the_right_content_are_left_alone() -> None:
    model = Model(1)
    model.timeline.capture(0, model.pages[0])
    model.timeline.capture(1, model.pages[1])
    model.pages[1] = filled(9)
    assert model.seek(0) == {1}
    assert model.writes == 1


def test_pages_that_stay_open_count_as_changed_again_and_again() -> None:
    model = Model(1)
    model.timeline.capture(4, model.pages[4])
    assert [model.timeline.take_changed() for _ in range(2)] == [{4}, {4}]
    model.step = 1
    model.remember()
    assert [model.timeline.take_changed() for _ in range(2)] == [{4}, set()]


def test_a_run_is_remembered_at_round_steps_ever_farther_apart() -> None:
    model = Model(1, max_snapshots=8)
    for _ in range(100):
        model.step = model.timeline.next_step(model.step)
        model.remember()
    steps = [snapshot.step for snapshot in model.timeline.snapshots]
    assert 4 <= len(steps) <= 8
    distances = {later - earlier for earlier, later in pairwise(steps)}
    assert len(distances) == 1
    assert (distances.pop() // FIRST_INTERVAL).bit_count() == 1


def test_a_run_that_writes_much_is_remembered_less_often() -> None:
    model = Model(1)
    before = model.timeline.next_step(0)
    for page in range(FIRST_INTERVAL // STEPS_A_PAGE + 1):
        model.timeline.capture(page, filled(1))
    model.step = before
    model.remember()
    assert model.timeline.next_step(before) == 2 * before
    assert model.timeline.next_step(2 * before) == 4 * before


def test_a_finer_search_does_not_drive_out_the_snapshots_of_the_run() -> None:
    model = Model(3, max_snapshots=9)
    run = list(range(0, 351, 50))
    for step in run[1:]:
        model.run_to(step)
        model.remember()
    for step in range(101, 120):
        model.go_to(step)
        model.remember()
    assert [snapshot.step for snapshot in model.timeline.snapshots] == sorted([*run, 119])

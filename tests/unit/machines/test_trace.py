"""Traces: where a run ends, and that going back and forth through it always finds the same states."""

import random
from itertools import pairwise

import pytest

from assay.machines.riscv import trace as trace_module
from assay.machines.riscv.hart import Hart
from assay.machines.riscv.interpreter import run
from assay.machines.riscv.memory import Memory, Pages
from assay.machines.riscv.memory_tree import MemoryTree
from assay.machines.riscv.trace import RiscvTrace
from assay.machines.riscv_fast.trace import FastTrace
from tests.unit.machines.assembler import (
    A0,
    A1,
    ECALL,
    MRET,
    RA,
    SP,
    START,
    T0,
    WFI,
    ZERO,
    add,
    addi,
    b_type,
    bne,
    jal,
    jalr,
    lui,
    program,
    sd,
)

FOREVER = [lui(SP, 0x10), addi(A0, A0, 1), sd(A0, SP, 0), addi(SP, SP, 256), jal(ZERO, -12)]
"""Writes to another page every 16 rounds; 4 steps a round."""


Implementation = type[RiscvTrace] | type[FastTrace]

implementations = pytest.mark.parametrize("trace_type", [RiscvTrace, FastTrace], ids=["reference", "engine"])


def trace_of(
    words: list[int], step_limit: int = 16**3, trace_type: Implementation = RiscvTrace, **registers: int
) -> RiscvTrace | FastTrace:
    return trace_type(Hart(Memory(), **{"pc": START, **registers}), program(words), step_limit)


def roots_one_by_one(pages: Pages, steps: int) -> list[bytes]:
    """The state roots without a trace: each from a new tree over the memory."""
    memory = Memory(pages)
    hart = Hart(memory, pc=START)
    roots = []
    for _ in range(steps + 1):
        roots.append(hart.state(MemoryTree(memory.pages()).root()).root())
        run(hart, 1)
    return roots


@implementations
@pytest.mark.parametrize("step", [-1, -5])
def test_there_is_no_state_before_the_first(trace_type: Implementation, step: int) -> None:
    with pytest.raises(ValueError, match="no state"):
        trace_of([WFI], trace_type=trace_type).state_root(step)


@implementations
@pytest.mark.parametrize(
    ("words", "registers", "steps"),
    [
        ([WFI], {}, 0),
        ([addi(A0, A0, 1), WFI], {}, 1),
        ([jal(ZERO, 0)], {}, 0),
        ([jal(RA, 0)], {}, 1),  # the link is written first
        ([jalr(RA, A0, 0)], {}, 2),  # to address 0, and its trap
        ([b_type(0, ZERO, ZERO, 0)], {}, 0),
        ([MRET], {"mepc": START}, 0),
        ([ECALL], {"mtvec": START}, 1),
        ([ECALL], {}, 2),  # no handler: an illegal word at 0, over and over
        ([addi(ZERO, ZERO, 0), ECALL], {"mtvec": 1}, 3),  # a misaligned handler
        ([ECALL], {"mtvec": START, "mepc": START, "mcause": 11}, 0),
        ([WFI], {"pc": 1 << 40, "mtvec": 1 << 40}, 1),
    ],
)
def test_a_run_ends_at_the_first_state_that_steps_to_itself(
    trace_type: Implementation, words: list[int], registers: dict[str, int], steps: int
) -> None:
    trace = trace_of(words, trace_type=trace_type, **registers)
    assert trace.run() == steps
    roots = [trace_of(words, trace_type=trace_type, **registers).state_root(step) for step in range(steps + 3)]
    assert len(set(roots)) == steps + 1
    assert [trace.state_root(step) for step in range(steps + 3)] == roots
    assert trace.state_root(16**3) == roots[-1]


@implementations
def test_a_step_to_the_same_pc_that_changes_something_is_no_end(trace_type: Implementation) -> None:
    words = [addi(A0, A0, 1), jalr(RA, RA, 0), addi(A1, A1, 1), WFI]  # jumps to itself once, then past itself
    hart = Hart(Memory(), pc=START)
    hart.x[RA] = START + 4
    trace = trace_type(hart, program(words), 16**2)
    assert trace.run() == 4
    assert trace.state(4).x[A1 - 1] == 1


@implementations
def test_a_run_that_does_not_end_stops_at_the_limit(trace_type: Implementation) -> None:
    trace = trace_of(FOREVER, step_limit=1000, trace_type=trace_type)
    assert trace.run() == 1000
    assert trace.state_root(1000) == trace_of(FOREVER, step_limit=5000).state_root(1000)


@implementations
def test_an_end_at_the_very_limit_is_found(trace_type: Implementation) -> None:
    assert trace_of([addi(A0, A0, 1)] * 16 + [WFI], step_limit=16, trace_type=trace_type).run() == 16
    assert trace_of([addi(A0, A0, 1)] * 17 + [WFI], step_limit=16, trace_type=trace_type).run() == 16


def test_progress_is_told_every_65536_steps_and_at_the_end() -> None:
    told: list[int] = []
    words = [lui(T0, 16), addi(T0, T0, -1), bne(T0, ZERO, -4), WFI]
    assert trace_of(words, step_limit=16**6).run(told.append) == 1 + 2 * 65536
    assert told == [65536, 131072, 131073]


@pytest.mark.parametrize(("snapshots", "pages"), [(64, 1 << 16), (3, 1 << 16), (64, 5), (1, 1)])
def test_states_are_the_same_in_any_order_and_with_any_number_of_snapshots(
    monkeypatch: pytest.MonkeyPatch, snapshots: int, pages: int
) -> None:
    monkeypatch.setattr(trace_module, "STRIDE", 16)
    monkeypatch.setattr(trace_module, "MAX_SNAPSHOTS", snapshots)
    monkeypatch.setattr(trace_module, "MAX_SNAPSHOT_PAGES", pages)
    expected = roots_one_by_one(program(FOREVER), 200)
    trace = trace_of(FOREVER, step_limit=200)
    trace.run()
    steps = list(range(201))
    random.Random(1).shuffle(steps)
    for step in steps:
        assert trace.state_root(step) == expected[step]
    assert len(trace._snapshots) <= snapshots


def test_snapshots_are_spread_over_the_whole_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trace_module, "STRIDE", 16)
    monkeypatch.setattr(trace_module, "MAX_SNAPSHOTS", 8)
    trace = trace_of(FOREVER, step_limit=16 * 100)
    trace.run()
    kept = [snapshot.step for snapshot in trace._snapshots]
    assert 4 <= len(kept) <= 8
    assert {later - earlier for earlier, later in pairwise(kept)} == {256}


def test_snapshots_hold_no_more_pages_than_they_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trace_module, "STRIDE", 64)
    monkeypatch.setattr(trace_module, "MAX_SNAPSHOT_PAGES", 10)
    words = [lui(SP, 0x10), addi(A0, A0, 1), sd(A0, SP, 0), jal(ZERO, -8)]  # one page, written all the time
    trace = trace_of(words, step_limit=64 * 100)
    trace.run()
    pages = {id(page) for snapshot in trace._snapshots for page in snapshot.pages.values()}
    assert 5 <= len(pages) <= 10 + 1


@implementations
def test_a_program_that_writes_its_own_code_runs_what_it_wrote(trace_type: Implementation) -> None:
    words = [
        lui(T0, 1),
        lui(A1, 0x00150),  # addi a0, a0, 1, but for its lowest bits
        addi(A1, A1, 0x513),
        addi(RA, ZERO, 5),
        addi(A0, A0, 100),  # the second time round: addi a0, a0, 1
        0x00B2A823,  # sw a1, 16(t0)
        addi(RA, RA, -1),
        bne(RA, ZERO, -12),
        WFI,
    ]
    trace = trace_of(words, trace_type=trace_type)
    trace.run()
    assert trace.state(16**3).x[A0 - 1] == 100 + 4


def test_no_more_instructions_are_kept_than_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assay.machines.riscv.interpreter.MAX_CODE", 3)
    hart = Hart(Memory(program([addi(A0, A0, 1)] * 10 + [jal(ZERO, -40)])), pc=START)
    assert run(hart, 33) == 33
    assert hart.x[A0] == 30
    assert 0 < len(hart.code) <= 3


@implementations
def test_code_in_the_page_that_it_writes_to_runs_right(trace_type: Implementation) -> None:
    words = [lui(T0, 1), addi(A0, A0, 1), sd(A0, T0, 256), add(A1, A1, A0), jal(ZERO, -12)]
    trace = trace_of(words, step_limit=200, trace_type=trace_type)
    expected = roots_one_by_one(program(words), 200)
    assert trace.state_root(200) == expected[200]

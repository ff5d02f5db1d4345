"""What only the engine's traces have: how they live on the host. What they find, other tests compare."""

import gc
import random
from pathlib import Path

import pytest

from assay.errors import NativeError, ResourceError
from assay.machines.registry import Execution, machines_for
from assay.machines.riscv.hart import Hart
from assay.machines.riscv.memory import Memory
from assay.machines.riscv.trace import RiscvTrace
from assay.machines.riscv.witness import replay
from assay.machines.riscv_fast import timeline
from assay.machines.riscv_fast.machine import fast_machine
from assay.machines.riscv_fast.trace import REPORT_EVERY, FastTrace
from tests.unit.machines.assembler import SP, START, T0, WFI, ZERO, addi, bne, jal, lui, program, sd
from tests.unit.machines.test_riscv import COPY, Blobs
from tests.unit.machines.test_riscv import program as elf
from tests.unit.machines.test_trace import FOREVER, roots_one_by_one

FILL = [lui(SP, 0x10), lui(T0, 1), sd(T0, SP, 0), addi(SP, SP, 1024), jal(ZERO, -8)]
"""Writes to page after page for ever, 4 times each."""
COUNT = [lui(T0, 0x2000), addi(T0, T0, -1), bne(T0, ZERO, -4), WFI]
"""2^25 rounds of 2 steps."""


def engine_trace(words: list[int], step_limit: int = 16**3, max_pages: int = 1 << 20) -> FastTrace:
    return FastTrace(Hart(Memory(), pc=START), program(words), step_limit, max_pages)


def reserved() -> int:
    """MiB of the address space."""
    return int(Path("/proc/self/statm").read_text().split()[0]) >> 8


def test_a_program_that_wants_more_memory_than_it_may_have_is_stopped_where_that_happens() -> None:
    trace = engine_trace(FILL, max_pages=10)
    for _ in range(2):
        with pytest.raises(ResourceError, match="MiB of memory beyond"):
            trace.run()
    reference = RiscvTrace(Hart(Memory(), pc=START), program(FILL), 16**3)
    last = 2 + 3 * 4 * 10
    assert trace.state_root(last) == reference.state_root(last)
    assert trace.state_root(7) == reference.state_root(7)
    with pytest.raises(ResourceError, match="MiB of memory beyond"):
        trace.state_root(last + 1)


def test_pages_that_were_only_executed_count_when_they_are_written_to() -> None:
    words = [
        lui(SP, 0x10),
        lui(T0, 1),
        addi(T0, T0, 24),
        0x30529073,  # csrrw x0, mtvec, t0
        0x00010067,  # jalr x0, 0(sp): to a page that is all zero
        WFI,
        sd(T0, SP, 0),  # the handler
        WFI,
    ]
    with pytest.raises(ResourceError, match="MiB of memory beyond"):
        engine_trace(words, max_pages=0).run()
    assert engine_trace(words, max_pages=1).run() == 7


def test_what_a_trace_takes_of_the_host_goes_with_it() -> None:
    engine_trace(FOREVER).run()
    gc.disable()
    try:
        before = reserved()
        for _ in range(20):
            trace = engine_trace(FOREVER)
            trace.run()
            trace.state_root(100)
        assert reserved() > before + 4096
        del trace
        assert reserved() < before + 1024
    finally:
        gc.enable()


def test_a_host_without_room_is_told_and_the_reference_takes_over(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(size: int) -> None:
        raise NativeError(f"the host gives no {size >> 20} MiB of address space")

    monkeypatch.setattr("assay.machines.riscv_fast.guest.reserve", refuse)
    blobs = Blobs()
    machine = fast_machine(1 << 32)
    trace = machine.load(blobs.put(elf(COPY)), {"arguments": ["a"], "stdin": None}, 16**5, blobs.fetch)
    assert isinstance(trace, RiscvTrace)
    assert "no 4096 MiB of address space" in caplog.text


def test_where_no_native_code_runs_the_reference_takes_over(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("assay.machines.riscv_fast.machine.supported", lambda: False)
    blobs = Blobs()
    machine = fast_machine(1 << 32)
    trace = machine.load(blobs.put(elf(COPY)), {"arguments": ["a"], "stdin": None}, 16**5, blobs.fetch)
    assert isinstance(trace, RiscvTrace)
    assert "64-bit Linux" in caplog.text


@pytest.mark.parametrize("reference", [False, True])
def test_programs_are_run_by_what_was_asked_for(reference: bool, tmp_path: Path) -> None:
    blobs = Blobs()
    machine = machines_for(Execution(reference=reference, cache=tmp_path))["riscv"]
    trace = machine.load(blobs.put(elf(COPY)), {"arguments": ["a"], "stdin": None}, 16**5, blobs.fetch)
    assert isinstance(trace, RiscvTrace if reference else FastTrace)


def test_progress_is_told_every_so_often_and_at_the_end() -> None:
    told: list[int] = []
    assert engine_trace(COUNT, 16**8).run(told.append) == 1 + (1 << 26)
    assert told == [*range(REPORT_EVERY, (1 << 26) + 1, REPORT_EVERY), (1 << 26) + 1]


@pytest.mark.parametrize("interval", [7, 64])
def test_states_are_the_same_in_any_order(monkeypatch: pytest.MonkeyPatch, interval: int) -> None:
    monkeypatch.setattr(timeline, "FIRST_INTERVAL", interval)
    monkeypatch.setattr(timeline, "STEPS_A_PAGE", 1)
    expected = roots_one_by_one(program(FOREVER), 300)
    trace = engine_trace(FOREVER, step_limit=300)
    trace.run()
    steps = list(range(300))
    random.Random(1).shuffle(steps)
    for step in steps:
        assert trace.state_root(step) == expected[step]
        if step % 7 == 0:
            assert replay(expected[step], trace.witness(step)) == expected[step + 1]


def test_to_look_at_every_step_of_a_run_costs_its_steps_once() -> None:
    trace = engine_trace(FOREVER, step_limit=500)
    for step in range(501):
        trace.state_root(step)
    assert trace.steps_run == 500


def test_a_run_that_is_over_is_not_run_again_for_what_it_left() -> None:
    trace = engine_trace(COUNT, 16**8)
    steps = trace.run()
    trace.result()
    trace.state_root(0)
    trace.state_root(16**8)
    assert trace.steps_run == steps

"""What the machine cannot do: the kernel does it for the program, or ends the run as Linux would."""

import re
from pathlib import Path

import pytest

from assay.machines.base import Outcome, RunStatus
from assay.machines.riscv.trace import RiscvTrace
from assay.machines.riscv_fast.trace import FastTrace
from tests.support.programs import run

FAULTS = Path(__file__).parent / "programs" / "faults.c"


def faults(action: str, step_limit: int = 16**5, trace_type: type[FastTrace] | type[RiscvTrace] = FastTrace) -> Outcome:
    return run(FAULTS, [action], step_limit=step_limit, trace_type=trace_type)


@pytest.mark.parametrize("trace_type", [FastTrace, RiscvTrace])
@pytest.mark.parametrize(
    ("action", "signal", "message"),
    [
        ("load", 11, "Segmentation fault at pc 0x[0-9a-f]+, address 0x100000000"),
        ("store", 11, "Segmentation fault at pc 0x[0-9a-f]+, address 0xffffffffffffffff"),
        ("load across the end", 11, "Segmentation fault at pc 0x[0-9a-f]+, address 0xfffffffc"),
        ("null function", 11, "Segmentation fault at pc 0x0, address 0x0"),
        ("far jump", 11, "Segmentation fault at pc 0x100000000, address 0x100000000"),
        ("misaligned jump", 7, "Bus error at pc 0x[0-9a-f]+, address 0x[0-9a-f]+[26ae]"),
        ("misaligned atomic", 7, "Bus error at pc 0x[0-9a-f]+, address 0x[0-9a-f]+"),
        ("misaligned reserve", 7, "Bus error at pc 0x[0-9a-f]+, address 0x[0-9a-f]+"),
        ("trap", 4, "Illegal instruction at pc 0x[0-9a-f]+, instruction 0xc0001073"),
        ("compressed", 4, "Illegal instruction at pc 0x[0-9a-f]+, instruction 0x10001"),
        ("breakpoint", 5, "Trace/breakpoint trap at pc 0x[0-9a-f]+, address 0x[0-9a-f]+"),
    ],
)
def test_a_fault_ends_the_run_with_its_signal_and_a_line_on_standard_error(
    trace_type: type[FastTrace] | type[RiscvTrace], action: str, signal: int, message: str
) -> None:
    outcome = faults(action, trace_type=trace_type)
    assert outcome.status is RunStatus.FAULTED
    assert outcome.exit_status == 128 + signal
    assert outcome.stdout == b"before\n"
    assert re.fullmatch(message + "\n", outcome.stderr.decode())


def test_a_program_that_overwrites_the_kernel_is_out_of_steps() -> None:
    assert faults("kernel") == Outcome(RunStatus.OUT_OF_STEPS, 0, b"before\n", b"")


def test_a_fault_of_the_kernel_itself_ends_the_run() -> None:
    assert faults("calls") == Outcome(RunStatus.FAULTED, 128 + 11, b"before\n", b"")


def test_a_program_that_stops_the_machine_itself_counts_as_out_of_steps() -> None:
    assert faults("stop") == Outcome(RunStatus.OUT_OF_STEPS, 0, b"before\n", b"")


def test_misaligned_loads_and_stores_are_carried_out() -> None:
    memory = bytes((0x7A + 3 * i) & 0xFF for i in range(32))
    expected = []
    for offset in range(8, 16):
        values = []
        for size in (2, 4, 8):
            chunk = memory[offset : offset + size]
            values.append(int.from_bytes(chunk, "little", signed=True) & (1 << 64) - 1)
            if size < 8:
                values.append(int.from_bytes(chunk, "little"))
        expected.append(" ".join(f"{value:x}" for value in values))
    value = 0x1122334455667788.to_bytes(8, "little")
    for offset in range(8):
        stored = bytearray(32)
        for start, size in ((0, 2), (8, 4), (16, 8)):
            stored[start + offset : start + offset + size] = value[:size]
        expected.append(stored.hex())
    outcome = faults("misaligned")
    assert outcome.status is RunStatus.EXITED
    assert outcome.stdout.decode().splitlines() == ["before", *expected, "zero: 0", "after"]


def test_calls_and_misaligned_accesses_keep_all_registers() -> None:
    assert faults("registers").stdout == b"before\n1 1\nafter\n"

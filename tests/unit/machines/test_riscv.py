"""The RISC-V machine through the seam that every machine has: a task is loaded, runs, and its result proves itself.

The program is written by hand, so that these tests need no compiler: it copies 64 bytes of its standard input to its
standard output, says "done" on standard error, and exits with the number of its arguments.
"""

from collections.abc import Callable
from copy import deepcopy
from functools import cache
from typing import Any

import pytest

from assay.content import content_id
from assay.errors import InputError, IntegrityError
from assay.machines.base import Outcome, RunStatus, Trace
from assay.machines.registry import MACHINES, Execution, machine_named, machines_for
from assay.machines.riscv.machine import RiscvMachine
from assay.machines.riscv.witness import replay
from tests.unit.machines.assembler import A0, A1, A2, A7, ECALL, SP, ZERO, add, addi, jal, ld, lui, sd
from tests.unit.machines.elves import Part, elf_file

READ, WRITE, EXIT = 63, 64, 94
CODE, DATA = 0x10000, 0x20000
LIMIT = 16**5


def call(number: int, a0: int, address: int, length: int) -> list[int]:
    """a0 to a2 and a7, for a system call about memory. `address` is a multiple of 4096, and so is DATA."""
    return [addi(A0, ZERO, a0), lui(A1, address >> 12), addi(A2, ZERO, length), addi(A7, ZERO, number), ECALL]


COPY = [
    *call(READ, 0, DATA, 64),
    addi(8, A0, 0),
    *call(WRITE, 1, DATA, 0)[:2],
    addi(A2, 8, 0),
    addi(A7, ZERO, WRITE),
    ECALL,
    *call(WRITE, 2, DATA + 0x1000, 5),
    ld(A0, SP, 0),
    addi(A7, ZERO, EXIT),
    ECALL,
]
LOOP = [*call(WRITE, 1, DATA + 0x1000, 5), jal(ZERO, 0)]
FAULT = [*call(WRITE, 1, DATA + 0x1000, 5), ld(A0, ZERO, 1)]
SPOIL = [lui(A0, 0x60000), add(A0, A0, A0), addi(A1, ZERO, 9)]
"""The address of the output region in a0, and a number that is no status in a1."""


def program(words: list[int]) -> bytes:
    code = b"".join(word.to_bytes(4, "little") for word in words)
    return elf_file([Part(CODE, code), Part(DATA, b"", size=0x1000), Part(DATA + 0x1000, b"done\n")], CODE)


class Blobs(dict[str, bytes]):
    """A store in memory."""

    def put(self, data: bytes) -> str:
        self[content_id(data)] = data
        return content_id(data)

    def fetch(self, name: str) -> bytes:
        if name not in self:
            raise InputError(f"no blob {name}")
        return self[name]


MACHINE_OF = {name: machines_for(Execution(reference=name == "reference"))["riscv"] for name in ("reference", "engine")}

both = pytest.mark.parametrize("by", MACHINE_OF)


def load(words: list[int], stdin: bytes | None = b"", limit: int = LIMIT, by: str = "engine") -> Trace:
    blobs = Blobs()
    task = {"arguments": ["copy", "b", "c"], "stdin": None if stdin is None else blobs.put(stdin)}
    return MACHINE_OF[by].load(blobs.put(program(words)), task, limit, blobs.fetch)


@cache
def finished(by: str = "engine") -> tuple[Trace, dict[str, Any], Blobs]:
    """A run of the copying program, its result entry, and the blobs of that."""
    trace, blobs = load(COPY, b"standard input", by=by), Blobs()
    entry, outputs = trace.result()
    for output in outputs:
        blobs.put(output)
    return trace, entry, blobs


def test_the_registry_knows_the_machine_and_refuses_others() -> None:
    assert machine_named("riscv") is MACHINES["riscv"]
    assert {name: machine.name for name, machine in MACHINES.items()} == {name: name for name in MACHINES}
    with pytest.raises(InputError, match=r"no machine 'x86'; there are counter, riscv, tensor"):
        machine_named("x86")


@pytest.mark.parametrize(
    "task",
    [
        {},
        {"arguments": ["a"]},
        {"arguments": [], "stdin": None},
        {"arguments": "a", "stdin": None},
        {"arguments": [5], "stdin": None},
        {"arguments": ["a"], "stdin": "abc"},
        {"arguments": ["a"], "stdin": None, "extra": 1},
    ],
)
def test_task_of_another_form_is_refused(task: dict[str, Any]) -> None:
    blobs = Blobs()
    with pytest.raises(InputError, match="not a task for the RISC-V machine"):
        RiscvMachine().load(blobs.put(program(COPY)), task, LIMIT, blobs.fetch)


def test_job_without_a_program_is_refused() -> None:
    with pytest.raises(InputError, match="no program"):
        RiscvMachine().load(None, {"arguments": ["a"], "stdin": None}, LIMIT, Blobs().fetch)


def test_program_that_is_no_elf_file_is_refused() -> None:
    blobs = Blobs()
    with pytest.raises(InputError, match="not an ELF file"):
        RiscvMachine().load(blobs.put(b"#!/bin/sh"), {"arguments": ["a"], "stdin": None}, LIMIT, blobs.fetch)


def test_missing_blobs_are_the_stores_to_report() -> None:
    with pytest.raises(InputError, match="no blob"):
        RiscvMachine().load("ab" * 32, {"arguments": ["a"], "stdin": None}, LIMIT, Blobs().fetch)


@both
def test_a_program_reads_writes_and_exits(by: str) -> None:
    assert finished(by)[0].outcome() == Outcome(RunStatus.EXITED, 3, b"standard input", b"done\n")
    assert load(COPY, None, by=by).outcome() == Outcome(RunStatus.EXITED, 3, b"", b"done\n")


@both
def test_a_program_that_loops_runs_out_of_steps(by: str) -> None:
    assert load(LOOP, limit=16**4, by=by).outcome() == Outcome(RunStatus.OUT_OF_STEPS, 0, b"done\n", b"")


@both
def test_a_program_that_faults_is_ended(by: str) -> None:
    trace = load(FAULT, by=by)
    assert trace.run() < LIMIT
    assert trace.outcome().status is RunStatus.FAULTED
    assert trace.outcome().stdout == b"done\n"


@both
def test_steps_of_a_task_replay(by: str) -> None:
    trace = finished(by)[0]
    for step in range(0, trace.run() + 1, 97):
        assert replay(trace.state_root(step), trace.witness(step)) == trace.state_root(step + 1)


def test_both_implementations_come_to_the_same_result() -> None:
    assert finished("engine")[1:] == finished("reference")[1:]


@both
def test_a_result_proves_the_final_root_and_the_outcome(by: str) -> None:
    trace, entry, blobs = finished(by)
    assert RiscvMachine().check_result(entry, blobs.fetch) == (trace.state_root(LIMIT), trace.outcome())


@pytest.mark.parametrize("words", [LOOP, FAULT])
def test_the_results_of_runs_that_do_not_exit_prove_themselves_too(words: list[int]) -> None:
    trace, blobs = load(words, limit=16**4), Blobs()
    entry, outputs = trace.result()
    for output in outputs:
        blobs.put(output)
    assert RiscvMachine().check_result(entry, blobs.fetch) == (trace.state_root(16**4), trace.outcome())


@pytest.mark.parametrize(
    ("offset", "outcome"),
    [
        (0, Outcome(RunStatus.FAULTED, 0, b"", b"")),  # the status
        (8, Outcome(RunStatus.OUT_OF_STEPS, 9, b"", b"")),  # an exit status, which is there only after an exit
        (2040, Outcome(RunStatus.OUT_OF_STEPS, 0, b"", b"")),
    ],
)
def test_a_program_that_writes_into_the_output_region_can_be_claimed(offset: int, outcome: Outcome) -> None:
    trace, blobs = load([*SPOIL, sd(A1, A0, offset), jal(ZERO, 0)], limit=16**4), Blobs()
    assert trace.outcome() == outcome
    entry, outputs = trace.result()
    for output in outputs:
        blobs.put(output)
    if offset == 8:
        assert RiscvMachine().check_result(entry, blobs.fetch) == (trace.state_root(16**4), outcome)
    else:
        with pytest.raises(IntegrityError, match="not those of its final state"):
            RiscvMachine().check_result(entry, blobs.fetch)


def test_a_run_that_is_cut_off_anywhere_proves_its_result() -> None:
    """Also in the middle of a write: its length is there before its bytes (docs/machine.md, section 6)."""
    stdin = b"x" * 63
    middle = 0
    for limit in range(0, load(COPY, stdin).run() + 5, 5):
        trace, blobs = load(COPY, stdin, limit), Blobs()
        entry, outputs = trace.result()
        for output in outputs:
            blobs.put(output)
        assert RiscvMachine().check_result(entry, blobs.fetch) == (trace.state_root(limit), trace.outcome())
        middle += b"\0" in trace.outcome().stdout
    assert middle > 0


def flip(text: str) -> str:
    return ("1" if text[0] == "0" else "0") + text[1:]


def at_least_once(change: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    entry = deepcopy(finished()[1])
    change(entry)
    assert entry != finished()[1]
    return entry


@pytest.mark.parametrize("name", ["program", "input", "kernel"])
def test_a_result_with_another_node_is_refused(name: str) -> None:
    entry = at_least_once(lambda entry: entry.update({name: flip(entry[name])}))
    with pytest.raises(IntegrityError, match="not those of its final state"):
        RiscvMachine().check_result(entry, finished()[2].fetch)


@pytest.mark.parametrize(("name", "value"), [("status", 0), ("status", 2), ("exit_status", 4)])
def test_a_result_with_another_status_is_refused(name: str, value: int) -> None:
    entry = at_least_once(lambda entry: entry.update({name: value}))
    with pytest.raises(IntegrityError, match="not those of its final state"):
        RiscvMachine().check_result(entry, finished()[2].fetch)


@pytest.mark.parametrize("name", ["stdout", "stderr"])
@pytest.mark.parametrize("output", [b"", b"another output", b"standard input\0", b"done\n\0", bytes(5000)])
def test_a_result_with_another_output_is_refused(name: str, output: bytes) -> None:
    blobs = Blobs(finished()[2])
    entry = at_least_once(lambda entry: entry.update({name: {"id": blobs.put(output), "size": len(output)}}))
    with pytest.raises(IntegrityError, match="not those of its final state"):
        RiscvMachine().check_result(entry, blobs.fetch)


def test_a_result_with_a_wrong_size_is_refused() -> None:
    entry = at_least_once(lambda entry: entry["stdout"].update({"size": 13}))
    with pytest.raises(IntegrityError, match="has 14 bytes; the result says 13"):
        RiscvMachine().check_result(entry, finished()[2].fetch)


def test_a_result_with_another_memory_root_in_its_state_is_refused() -> None:
    entry = at_least_once(lambda entry: entry.update({"state": flip(entry["state"])}))
    with pytest.raises(IntegrityError, match="not those of its final state"):
        RiscvMachine().check_result(entry, finished()[2].fetch)


def test_a_result_with_another_register_in_its_state_has_another_root() -> None:
    entry = at_least_once(lambda entry: entry.update({"state": entry["state"][:64] + flip(entry["state"][64:])}))
    assert RiscvMachine().check_result(entry, finished()[2].fetch)[0] != finished()[0].state_root(LIMIT)


@pytest.mark.parametrize(
    "change",
    [
        {"state": "00"},
        {"state": None},
        {"program": "00" * 31},
        {"program": "0x" + "00" * 31},
        {"input": "AB" * 32},
        {"status": 3},
        {"status": True},
        {"status": "1"},
        {"exit_status": 256},
        {"exit_status": -1},
        {"stdout": None},
        {"stdout": {"id": "ab" * 32}},
        {"stdout": {"id": "ab" * 31, "size": 1}},
        {"stdout": {"id": "ab" * 32, "size": -1}},
        {"stdout": {"id": "ab" * 32, "size": 1 << 28}},
        {"stderr": {"id": "ab" * 32, "size": (1 << 28) + 1}},
        {"extra": 1},
    ],
)
def test_a_malformed_result_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError, match="not a result of the RISC-V machine"):
        RiscvMachine().check_result(finished()[1] | change, finished()[2].fetch)


@pytest.mark.parametrize("name", ["state", "program", "input", "kernel", "status", "exit_status", "stdout", "stderr"])
def test_a_result_that_lacks_a_member_is_refused(name: str) -> None:
    entry = {key: value for key, value in finished()[1].items() if key != name}
    with pytest.raises(IntegrityError, match=name):
        RiscvMachine().check_result(entry, finished()[2].fetch)

"""Where everything is at the start of a task, and the roots that follow from it (docs/machine.md, section 6)."""

import struct

import pytest

from assay.errors import InputError
from assay.machines.base import Outcome, RunStatus
from assay.machines.riscv.elf import Executable, Segment, parse_elf
from assay.machines.riscv.hart import Hart
from assay.machines.riscv.image import (
    INPUT,
    KERNEL,
    MAX_TEXT,
    OUTPUT,
    PROGRAM,
    initial_root,
    input_pages,
    kernel_pages,
    memory_root,
    output_pages,
    program_pages,
    region_node,
)
from assay.machines.riscv.machine import trace_of
from assay.machines.riscv.memory import Memory
from assay.machines.riscv.memory_tree import MemoryTree
from tests.unit.machines.elves import Part, elf_file

PROGRAM_FILE = parse_elf(elf_file([Part(0x10000, b"code"), Part(0x1FFFE, b"across", size=100)], 0x10000))


def test_the_regions_are_the_subtrees_of_the_specification() -> None:
    assert [(region.level, region.index) for region in (PROGRAM, INPUT, OUTPUT, KERNEL)] == [
        (26, 0),
        (25, 2),
        (24, 6),
        (24, 7),
    ]


def test_the_program_is_at_its_addresses_and_the_info_page_above_it() -> None:
    memory = Memory(program_pages(PROGRAM_FILE))
    assert memory.bytes_at(0x10000, 8) == b"code\0\0\0\0"
    assert memory.bytes_at(0x1FFFD, 8) == b"\0across\0"
    assert struct.unpack("<5Q", memory.bytes_at(0x7FFFF000, 40)) == (0x10000, 0, 56, 2, 0x21000)


def test_the_info_page_tells_where_the_program_headers_are() -> None:
    program = Executable(0x10004, [Segment(0x10000, bytes(300), 300)], 0x10040, 56, 3)
    memory = Memory(program_pages(program))
    assert struct.unpack("<5Q", memory.bytes_at(0x7FFFF000, 40)) == (0x10004, 0x10040, 56, 3, 0x11000)


def test_the_input_is_at_its_addresses() -> None:
    memory = Memory(input_pages(["name", "", "é"], b"standard input"))
    assert struct.unpack("<4Q", memory.bytes_at(0x80000000, 32)) == (3, 9, 14, 0)
    assert memory.bytes_at(0x80001000, 10) == b"name\0\0\xc3\xa9\0\0"
    assert memory.bytes_at(0x80100000, 15) == b"standard input\0"


def test_the_environment_is_behind_the_arguments() -> None:
    memory = Memory(input_pages(["name"], b"", ["A=1", "B="]))
    assert struct.unpack("<4Q", memory.bytes_at(0x80000000, 32)) == (1, 12, 0, 2)
    assert memory.bytes_at(0x80001000, 13) == b"name\0A=1\0B=\0\0"


def test_an_argument_or_a_variable_with_a_zero_byte_is_refused() -> None:
    with pytest.raises(InputError, match="zero byte"):
        input_pages(["name", "a\0b"], b"")
    with pytest.raises(InputError, match="zero byte"):
        input_pages(["name"], b"", ["A=\0"])


def test_an_argument_or_a_variable_that_is_no_text_is_refused() -> None:
    with pytest.raises(InputError, match="not text"):
        input_pages(["name", "\udcff"], b"")
    with pytest.raises(InputError, match="not text"):
        input_pages(["name"], b"", ["A=\udcff"])


@pytest.mark.parametrize("variable", ["", "A", "=1", "=A=1"])
def test_a_variable_without_a_name_or_a_value_is_refused(variable: str) -> None:
    with pytest.raises(InputError, match="NAME=VALUE"):
        input_pages(["name"], b"", [variable])


def test_arguments_that_do_not_fit_are_refused() -> None:
    input_pages(["x" * (MAX_TEXT - 1)], b"")
    with pytest.raises(InputError, match="at most 1044480 fit"):
        input_pages(["x" * MAX_TEXT], b"")
    with pytest.raises(InputError, match="at most 1044480 fit"):
        input_pages([""] * (MAX_TEXT + 1), b"")
    with pytest.raises(InputError, match="at most 1044480 fit"):
        input_pages(["x"], b"", ["A=" + "x" * (MAX_TEXT - 4)])


def test_standard_input_that_does_not_fit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assay.machines.riscv.image.MAX_STDIN", 5)
    input_pages(["x"], bytes(5))
    with pytest.raises(InputError, match="at most 5 fit"):
        input_pages(["x"], bytes(6))


def test_the_output_is_at_its_addresses() -> None:
    memory = Memory(output_pages(Outcome(RunStatus.EXITED, 7, b"out", b"error")))
    assert struct.unpack("<4Q", memory.bytes_at(0xC0000000, 32)) == (1, 7, 3, 5)
    assert memory.bytes_at(0xC0001000, 4) == b"out\0"
    assert memory.bytes_at(0xD0000000, 6) == b"error\0"


def test_the_output_is_zero_at_the_start() -> None:
    assert output_pages(Outcome(RunStatus.OUT_OF_STEPS, 0, b"", b"")).keys() == {0xC0000}
    empty = output_pages(Outcome(RunStatus.OUT_OF_STEPS, 0, b"", b""))
    assert region_node(OUTPUT, empty) == region_node(OUTPUT, {})


def test_the_memory_root_follows_from_the_nodes_of_the_regions() -> None:
    outcome = Outcome(RunStatus.FAULTED, 1, b"out", b"error")
    parts = [program_pages(PROGRAM_FILE), input_pages(["a"], b"b"), output_pages(outcome), kernel_pages()]
    nodes = [region_node(region, pages) for region, pages in zip((PROGRAM, INPUT, OUTPUT, KERNEL), parts, strict=True)]
    together = {index: page for pages in parts for index, page in pages.items()}
    assert memory_root(*nodes) == MemoryTree(together).root()


def test_the_initial_root_follows_from_the_nodes_of_program_and_input() -> None:
    trace = trace_of(PROGRAM_FILE, ["a", "b"], b"input", 16)
    program, input_ = program_pages(PROGRAM_FILE), input_pages(["a", "b"], b"input")
    assert trace.state_root(0) == initial_root(region_node(PROGRAM, program), region_node(INPUT, input_))


def test_a_task_starts_at_the_kernel_with_empty_registers() -> None:
    state = trace_of(PROGRAM_FILE, ["a"], b"", 16).state(0)
    assert state == Hart(Memory()).state(state.memory_root)
    assert (state.pc, state.reservation, set(state.x)) == (0xE0000000, (1 << 64) - 1, {0})
    assert (state.mtvec, state.mepc, state.mcause, state.mtval, state.mscratch) == (0, 0, 0, 0, 0)

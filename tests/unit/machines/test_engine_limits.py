"""What a hostile program can make the engine take: bounded, whatever the program does (docs/engine.md)."""

import pytest

from assay.errors import ResourceError
from assay.machines.riscv.hart import Hart
from assay.machines.riscv.memory import PAGE
from assay.machines.riscv_fast.code import MAX_PAGES
from assay.machines.riscv_fast.core import Core
from assay.machines.riscv_fast.guest import GuestMemory
from assay.machines.riscv_fast.layout import PAGES
from assay.machines.riscv_fast.translator import Translator
from tests.unit.machines.assembler import (
    A0,
    A1,
    MTVEC,
    RA,
    SP,
    START,
    T0,
    T1,
    WFI,
    ZERO,
    add,
    addi,
    b_type,
    csrrw,
    jal,
    jalr,
    ld,
    lui,
    program,
    sd,
)

FIRST = 0x10


def core_of(words: list[int], max_pages: int = PAGES) -> Core:
    guest = GuestMemory()
    guest.load(program(words))
    core = Core(guest, lambda *_: None, max_pages)
    core.set_hart(Hart(guest, START))
    return core


def walk_through_pages(write: bool) -> list[int]:
    """Jump into page after page, all zero, so that each traps at once; and write to it then, or not."""
    handler = START + 4 * 4
    return [
        lui(T0, FIRST),
        lui(T1, START >> 12),
        addi(T1, T1, handler - START),
        csrrw(ZERO, MTVEC, T1),
        sd(T0, T0, 0) if write else addi(ZERO, ZERO, 0),
        lui(A0, 1),
        add(T0, T0, A0),
        jalr(ZERO, T0, 0),
    ]


def test_pages_that_were_executed_first_count_against_the_limit_of_memory_when_they_are_written_to() -> None:
    limit = 100
    core = core_of(walk_through_pages(write=True), limit)
    with pytest.raises(ResourceError):
        core.run(1 << 20)
    assert core.registers[T0] == (FIRST + limit) * PAGE


def test_slots_are_kept_of_so_many_pages_only() -> None:
    core = core_of(walk_through_pages(write=False))
    core.run(6 * (MAX_PAGES + 500))
    assert core.registers[T0] > MAX_PAGES * PAGE
    assert sum(core.code.has(page) for page in range(PAGES)) == MAX_PAGES


def test_a_deep_recursion_takes_none_of_the_hosts_stack() -> None:
    depth = 300_000  # of 16 bytes and a return address: more than the host's stack has, if it took any
    core = core_of(
        [
            lui(SP, 0x40000),
            lui(A0, depth >> 12),
            jal(RA, 8),
            WFI,
            addi(SP, SP, -16),
            sd(RA, SP, 0),
            addi(A0, A0, -1),
            b_type(0, A0, ZERO, 8),
            jal(RA, -16),
            addi(A1, A1, 1),
            ld(RA, SP, 0),
            addi(SP, SP, 16),
            jalr(ZERO, RA, 0),
        ]
    )
    translator = Translator(core, background=False)
    ended = False
    while not ended:
        _, ended = core.run(1 << 16)
        translator.poll()
    assert translator.placed
    assert core.registers[A1] == depth >> 12 << 12

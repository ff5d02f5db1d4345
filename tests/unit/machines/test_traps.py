"""Traps: which instructions end in one, its cause and mtval, and that nothing else changes (docs/machine.md, 3)."""

import pytest

from assay.machines.riscv.traps import Cause
from tests.unit.machines.assembler import (
    A0,
    A1,
    EBREAK,
    ECALL,
    LOAD,
    MRET,
    RA,
    START,
    ZERO,
    amo,
    b_type,
    i_type,
    jal,
    jalr,
    s_type,
)
from tests.unit.machines.harts import changes, hart_at

HANDLER = 0x8000
TOP = 1 << 32
MAX = (1 << 64) - 1
ILLEGAL = 0xFFFFFFFF


def trap(cause: Cause, value: int, pc: int = START) -> dict[str, int]:
    """All that a trap changes."""
    return {"pc": HANDLER, "mepc": pc, "mcause": cause, "mtval": value}


def after(word: int, x: dict[int, int] | None = None, pc: int = START) -> dict[str, int]:
    return changes(hart_at(word, x, pc, mtvec=HANDLER, mcause=99, mtval=98, reservation=0x40))


def test_the_causes_are_those_of_the_privileged_manual() -> None:
    assert [cause.value for cause in Cause] == [0, 1, 2, 3, 4, 5, 6, 7, 11]


@pytest.mark.parametrize("pc", [START + 1, START + 2, START + 3, TOP + 2, MAX])
def test_fetch_at_a_misaligned_pc_traps_before_its_range_is_looked_at(pc: int) -> None:
    hart = hart_at(ECALL, pc=START, mtvec=HANDLER, mcause=99, mtval=98)
    hart.pc = pc
    assert changes(hart) == trap(Cause.INSTRUCTION_MISALIGNED, pc, pc)


@pytest.mark.parametrize("pc", [TOP, TOP + START, MAX - 3])
def test_fetch_beyond_memory_traps(pc: int) -> None:
    assert after(ECALL, pc=pc) == trap(Cause.INSTRUCTION_FAULT, pc, pc)


def test_the_last_word_of_memory_executes_and_the_one_after_it_faults() -> None:
    assert after(0x00000013, pc=TOP - 4) == {"pc": TOP}


@pytest.mark.parametrize("word", [0, ILLEGAL, 0x00000001, 0x10200073, 0x30200073 | 1 << 7])
def test_illegal_word_traps_with_the_word(word: int) -> None:
    assert after(word) == trap(Cause.ILLEGAL_INSTRUCTION, word)


def test_ecall_and_ebreak_trap() -> None:
    assert after(ECALL) == trap(Cause.ECALL, 0)
    assert after(EBREAK) == trap(Cause.BREAKPOINT, START)


@pytest.mark.parametrize(("funct3", "size"), [(0, 1), (1, 2), (2, 4), (3, 8), (4, 1), (5, 2), (6, 4)])
def test_loads_fault_by_alignment_first_and_range_second(funct3: int, size: int) -> None:
    word = i_type(LOAD, funct3, A0, A1, -8)
    for misaligned in range(1, size):
        for base in (0x2000, TOP, MAX - 7):
            address = base + misaligned
            assert after(word, {A1: address + 8 & MAX}) == trap(Cause.LOAD_MISALIGNED, address)
    for address in (TOP, TOP + 8, MAX - 7):
        assert after(word, {A1: address + 8 & MAX}) == trap(Cause.LOAD_FAULT, address)
    assert after(word, {A1: TOP - size + 8, A0: 7}) == {"pc": START + 4, f"x{A0}": 0}


@pytest.mark.parametrize(("funct3", "size"), [(0, 1), (1, 2), (2, 4), (3, 8)])
def test_stores_fault_by_alignment_first_and_range_second(funct3: int, size: int) -> None:
    word = s_type(funct3, rs1=A1, rs2=A0, immediate=8)
    for misaligned in range(1, size):
        for base in (0x2000, TOP, MAX - 7):
            address = base + misaligned
            assert after(word, {A1: address - 8}) == trap(Cause.STORE_MISALIGNED, address)
    for address in (TOP, TOP + 8, MAX - 7):
        assert after(word, {A1: address - 8}) == trap(Cause.STORE_FAULT, address)
    assert after(word, {A1: TOP - size - 8}) == {"pc": START + 4}


def test_a_load_to_x0_faults_too() -> None:
    assert after(i_type(LOAD, 3, ZERO, A1, 0), {A1: 4}) == trap(Cause.LOAD_MISALIGNED, 4)


@pytest.mark.parametrize(("funct3", "size"), [(2, 4), (3, 8)])
@pytest.mark.parametrize(
    ("funct5", "misaligned", "fault"),
    [(0b00010, Cause.LOAD_MISALIGNED, Cause.LOAD_FAULT)]
    + [
        (funct5, Cause.STORE_MISALIGNED, Cause.STORE_FAULT)
        for funct5 in (0b00011, 0b00001, 0b00000, 0b00100, 0b01100, 0b01000, 0b10000, 0b10100, 0b11000, 0b11100)
    ],
)
def test_atomics_fault_as_loads_or_stores(funct3: int, size: int, funct5: int, misaligned: Cause, fault: Cause) -> None:
    word = amo(funct5, funct3, A0, A1, 0)
    assert after(word, {A1: TOP + size // 2}) == trap(misaligned, TOP + size // 2)
    assert after(word, {A1: 0x2000 + size // 2}) == trap(misaligned, 0x2000 + size // 2)
    assert after(word, {A1: TOP}) == trap(fault, TOP)


@pytest.mark.parametrize("offset", [2, -2, 0x7FE])
def test_a_jump_to_a_misaligned_target_traps_and_writes_no_link(offset: int) -> None:
    target = START + offset & MAX
    assert after(jal(RA, offset)) == trap(Cause.INSTRUCTION_MISALIGNED, target)
    assert after(jalr(RA, A1, offset), {A1: START + 1}) == trap(Cause.INSTRUCTION_MISALIGNED, target)


def test_jalr_clears_the_lowest_bit_of_its_target() -> None:
    assert after(jalr(RA, A1, 4), {A1: START + 5}) == {"pc": START + 8, "x1": START + 4}


def test_jalr_reads_its_base_before_it_writes_the_link() -> None:
    assert after(jalr(A1, A1, 0), {A1: 0x4000}) == {"pc": 0x4000, f"x{A1}": START + 4}


@pytest.mark.parametrize("funct3", [0, 1, 4, 5, 6, 7])
def test_a_branch_to_a_misaligned_target_traps_only_if_it_is_taken(funct3: int) -> None:
    word = b_type(funct3, A0, A1, 6)
    taken = {0: (5, 5), 1: (5, 6), 4: (5, 6), 5: (6, 5), 6: (5, 6), 7: (6, 5)}[funct3]
    not_taken = {0: (5, 6), 1: (5, 5), 4: (6, 5), 5: (5, 6), 6: (6, 5), 7: (5, 6)}[funct3]
    assert after(word, dict(zip((A0, A1), taken, strict=True))) == trap(Cause.INSTRUCTION_MISALIGNED, START + 6)
    assert after(word, dict(zip((A0, A1), not_taken, strict=True))) == {"pc": START + 4}


def test_a_jump_beyond_memory_is_made_and_faults_at_the_fetch() -> None:
    assert after(jal(RA, -0x2000)) == {"pc": MAX - 0xFFF, "x1": START + 4}
    assert after(jalr(ZERO, A1, 0), {A1: TOP}) == {"pc": TOP}
    assert after(jalr(ZERO, A1, 8), {A1: MAX - 7}) == {"pc": 0}


def test_mret_goes_back_to_mepc_whatever_it_is() -> None:
    assert changes(hart_at(MRET, mepc=0x2002)) == {"pc": 0x2002}


def test_a_trap_goes_to_mtvec_whatever_it_is() -> None:
    assert changes(hart_at(ECALL, mtvec=MAX, mcause=1))["pc"] == MAX

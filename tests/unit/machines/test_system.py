"""CSRs and the instructions that work on them (docs/machine.md, 4)."""

import pytest

from assay.machines.riscv.traps import Cause
from tests.unit.machines.assembler import A0, A1, MCAUSE, MEPC, MSCRATCH, MTVAL, MTVEC, START, SYSTEM, ZERO, i_type
from tests.unit.machines.harts import changes, hart_at

RW, RS, RC, RWI, RSI, RCI = 1, 2, 3, 5, 6, 7
KEPT = {"mtvec": MTVEC, "mscratch": MSCRATCH, "mepc": MEPC, "mcause": MCAUSE, "mtval": MTVAL}
MAX = (1 << 64) - 1
MSTATUS, MISA, MHARTID, CYCLE, FCSR, SATP = 0x300, 0x301, 0xF14, 0xC00, 0x003, 0x180


def csr(funct3: int, rd: int, number: int, source: int) -> int:
    return i_type(SYSTEM, funct3, rd, source, number)


def next_pc(**changed: int) -> dict[str, int]:
    return {"pc": START + 4, **changed}


@pytest.mark.parametrize("name", KEPT)
@pytest.mark.parametrize(
    ("funct3", "source", "expected"),
    [
        (RW, 0xF0F3, 0xF0F3),
        (RS, 0xF0F3, 0xFFFF),
        (RC, 0xF0F3, 0x0F0C),
        (RC, MAX, 0),
        (RS, MAX, MAX),
    ],
)
def test_a_kept_csr_holds_what_is_written_to_it(name: str, funct3: int, source: int, expected: int) -> None:
    if name in ("mtvec", "mepc"):
        expected &= MAX - 3
    hart = hart_at(csr(funct3, A0, KEPT[name], A1), {A1: source}, **{name: 0x0FFF})
    assert changes(hart) == next_pc(**{f"x{A0}": 0x0FFF, name: expected})


@pytest.mark.parametrize(("funct3", "expected"), [(RWI, 0x15), (RSI, 0xFF5), (RCI, 0xFE0)])
def test_the_immediate_forms_take_the_field_itself(funct3: int, expected: int) -> None:
    hart = hart_at(csr(funct3, A0, MSCRATCH, 0x15), mscratch=0xFF0 if funct3 != RCI else 0xFF5)
    old = hart.mscratch
    assert changes(hart) == next_pc(**{f"x{A0}": old, "mscratch": expected})


def test_source_and_destination_may_be_one_register() -> None:
    assert changes(hart_at(csr(RW, A0, MSCRATCH, A0), {A0: 5}, mscratch=6)) == next_pc(x10=6, mscratch=5)
    assert changes(hart_at(csr(RC, A0, MSCRATCH, A0), {A0: 5}, mscratch=7)) == next_pc(x10=7, mscratch=2)


def test_a_write_with_x0_as_destination_and_source_writes_zero() -> None:
    assert changes(hart_at(csr(RW, ZERO, MSCRATCH, ZERO), mscratch=6)) == next_pc(mscratch=0)
    assert changes(hart_at(csr(RWI, ZERO, MSCRATCH, 0), mscratch=6)) == next_pc(mscratch=0)


@pytest.mark.parametrize("funct3", [RS, RC, RSI, RCI])
def test_set_and_clear_of_nothing_do_not_write(funct3: int) -> None:
    hart = hart_at(csr(funct3, A0, MEPC, 0), mepc=7)
    assert changes(hart) == next_pc(x10=7)  # a write would have cleared the lowest bits


@pytest.mark.parametrize("number", [MSTATUS, MISA, FCSR, SATP, 0x306, 0x344, 0x3A0, 0xBFF, 0x000])
def test_every_other_csr_reads_as_zero_and_ignores_writes(number: int) -> None:
    for funct3 in (RW, RS, RC, RWI, RSI, RCI):
        assert changes(hart_at(csr(funct3, A0, number, A1))) == next_pc(x10=0)


@pytest.mark.parametrize("number", [MHARTID, CYCLE, 0xC01, 0xFFF])
def test_a_read_only_csr_is_read_but_not_written(number: int) -> None:
    for funct3 in (RS, RC, RSI, RCI):
        assert changes(hart_at(csr(funct3, A0, number, 0))) == next_pc(x10=0)
    for funct3, source in ((RW, 0), (RWI, 0), (RS, A1), (RC, A1), (RSI, 1), (RCI, 1)):
        word = csr(funct3, A0, number, source)
        trapped = changes(hart_at(word, {A1: 0}, mtvec=0x8000))
        assert trapped == {"pc": 0x8000, "mepc": START, "mcause": Cause.ILLEGAL_INSTRUCTION, "mtval": word}

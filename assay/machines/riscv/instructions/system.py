"""Calls, traps and CSRs (unprivileged 2.8 and 7.1; privileged 3.3.2 and 3.3.3)."""

from typing import Never

from assay.machines.riscv.bits import M64
from assay.machines.riscv.hart import Hart
from assay.machines.riscv.instruction import Instruction
from assay.machines.riscv.traps import Cause, Trap

KEPT = {0x305: "mtvec", 0x340: "mscratch", 0x341: "mepc", 0x342: "mcause", 0x343: "mtval"}
"""The CSRs that hold what is written to them; every other one is 0."""


def illegal(hart: Hart, i: Instruction) -> Never:  # noqa: ARG001
    raise Trap(Cause.ILLEGAL_INSTRUCTION, i.word)


def ecall(hart: Hart, i: Instruction) -> Never:  # noqa: ARG001
    raise Trap(Cause.ECALL, 0)


def ebreak(hart: Hart, i: Instruction) -> Never:  # noqa: ARG001
    raise Trap(Cause.BREAKPOINT, hart.pc)


def mret(hart: Hart, i: Instruction) -> int:  # noqa: ARG001
    return hart.mepc


def wfi(hart: Hart, i: Instruction) -> int:  # noqa: ARG001
    """Wait for an interrupt: for ever."""
    return hart.pc


def read_csr(hart: Hart, number: int) -> int:
    value: int = getattr(hart, KEPT[number]) if number in KEPT else 0
    return value


def write_csr(hart: Hart, i: Instruction, value: int) -> None:
    number = i.immediate
    if number >> 10 == 3:  # read-only (privileged 2.1)
        illegal(hart, i)
    if number in KEPT:
        holds_an_address = KEPT[number] in ("mtvec", "mepc")
        setattr(hart, KEPT[number], value & M64 - 3 if holds_an_address else value)


def csrrw(hart: Hart, i: Instruction) -> None:
    old = read_csr(hart, i.immediate)
    write_csr(hart, i, hart.x[i.rs1])
    hart.x[i.rd] = old


def csrrs(hart: Hart, i: Instruction) -> None:
    old = read_csr(hart, i.immediate)
    if i.rs1 != 0:
        write_csr(hart, i, old | hart.x[i.rs1])
    hart.x[i.rd] = old


def csrrc(hart: Hart, i: Instruction) -> None:
    old = read_csr(hart, i.immediate)
    if i.rs1 != 0:
        write_csr(hart, i, old & ~hart.x[i.rs1])
    hart.x[i.rd] = old


def csrrwi(hart: Hart, i: Instruction) -> None:
    """Here and below, the field of rs1 is the operand itself."""
    old = read_csr(hart, i.immediate)
    write_csr(hart, i, i.rs1)
    hart.x[i.rd] = old


def csrrsi(hart: Hart, i: Instruction) -> None:
    old = read_csr(hart, i.immediate)
    if i.rs1 != 0:
        write_csr(hart, i, old | i.rs1)
    hart.x[i.rd] = old


def csrrci(hart: Hart, i: Instruction) -> None:
    old = read_csr(hart, i.immediate)
    if i.rs1 != 0:
        write_csr(hart, i, old & ~i.rs1)
    hart.x[i.rd] = old

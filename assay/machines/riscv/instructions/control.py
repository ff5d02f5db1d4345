"""Jumps and branches (unprivileged 2.5). They return where to go; a misaligned target traps, if it is gone to."""

from assay.machines.riscv.bits import M64, SIGN64
from assay.machines.riscv.hart import Hart
from assay.machines.riscv.instruction import Instruction
from assay.machines.riscv.traps import Cause, Trap


def branch(hart: Hart, i: Instruction) -> int:
    """The target of a branch that is taken."""
    target = hart.pc + i.immediate & M64
    if target & 3:
        raise Trap(Cause.INSTRUCTION_MISALIGNED, target)
    return target


def jal(hart: Hart, i: Instruction) -> int:
    target = branch(hart, i)
    hart.x[i.rd] = hart.pc + 4
    return target


def jalr(hart: Hart, i: Instruction) -> int:
    target = hart.x[i.rs1] + i.immediate & M64 - 1
    if target & 3:
        raise Trap(Cause.INSTRUCTION_MISALIGNED, target)
    hart.x[i.rd] = hart.pc + 4
    return target


def beq(hart: Hart, i: Instruction) -> int | None:
    return branch(hart, i) if hart.x[i.rs1] == hart.x[i.rs2] else None


def bne(hart: Hart, i: Instruction) -> int | None:
    return branch(hart, i) if hart.x[i.rs1] != hart.x[i.rs2] else None


def blt(hart: Hart, i: Instruction) -> int | None:
    return branch(hart, i) if hart.x[i.rs1] ^ SIGN64 < hart.x[i.rs2] ^ SIGN64 else None


def bge(hart: Hart, i: Instruction) -> int | None:
    return branch(hart, i) if hart.x[i.rs1] ^ SIGN64 >= hart.x[i.rs2] ^ SIGN64 else None


def bltu(hart: Hart, i: Instruction) -> int | None:
    return branch(hart, i) if hart.x[i.rs1] < hart.x[i.rs2] else None


def bgeu(hart: Hart, i: Instruction) -> int | None:
    return branch(hart, i) if hart.x[i.rs1] >= hart.x[i.rs2] else None

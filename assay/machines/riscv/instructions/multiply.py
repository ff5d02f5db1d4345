"""Multiplication and division (unprivileged 13.1 and 13.2). Nothing here traps."""

from assay.machines.riscv.bits import M32, M64, extend, signed
from assay.machines.riscv.hart import Hart
from assay.machines.riscv.instruction import Instruction


def quotient(a: int, b: int) -> int:
    """a / b, rounded towards zero; -1 if b is 0. Signed overflow wraps around when the result is cut to its size."""
    if b == 0:
        return -1
    magnitude = abs(a) // abs(b)
    return magnitude if (a < 0) == (b < 0) else -magnitude


def remainder(a: int, b: int) -> int:
    """a - b * (a / b), of the sign of a; a if b is 0."""
    return a if b == 0 else a - b * quotient(a, b)


def signed32(value: int) -> int:
    """The number that the low 32 bits mean in two's complement."""
    return signed(extend(value, 32))


def mul(hart: Hart, i: Instruction) -> None:
    hart.x[i.rd] = hart.x[i.rs1] * hart.x[i.rs2] & M64


def mulh(hart: Hart, i: Instruction) -> None:
    hart.x[i.rd] = signed(hart.x[i.rs1]) * signed(hart.x[i.rs2]) >> 64 & M64


def mulhsu(hart: Hart, i: Instruction) -> None:
    hart.x[i.rd] = signed(hart.x[i.rs1]) * hart.x[i.rs2] >> 64 & M64


def mulhu(hart: Hart, i: Instruction) -> None:
    hart.x[i.rd] = hart.x[i.rs1] * hart.x[i.rs2] >> 64


def div(hart: Hart, i: Instruction) -> None:
    hart.x[i.rd] = quotient(signed(hart.x[i.rs1]), signed(hart.x[i.rs2])) & M64


def divu(hart: Hart, i: Instruction) -> None:
    hart.x[i.rd] = quotient(hart.x[i.rs1], hart.x[i.rs2]) & M64


def rem(hart: Hart, i: Instruction) -> None:
    hart.x[i.rd] = remainder(signed(hart.x[i.rs1]), signed(hart.x[i.rs2])) & M64


def remu(hart: Hart, i: Instruction) -> None:
    hart.x[i.rd] = remainder(hart.x[i.rs1], hart.x[i.rs2])


def mulw(hart: Hart, i: Instruction) -> None:
    hart.x[i.rd] = extend(hart.x[i.rs1] * hart.x[i.rs2], 32)


def divw(hart: Hart, i: Instruction) -> None:
    hart.x[i.rd] = extend(quotient(signed32(hart.x[i.rs1]), signed32(hart.x[i.rs2])), 32)


def divuw(hart: Hart, i: Instruction) -> None:
    hart.x[i.rd] = extend(quotient(hart.x[i.rs1] & M32, hart.x[i.rs2] & M32), 32)


def remw(hart: Hart, i: Instruction) -> None:
    hart.x[i.rd] = extend(remainder(signed32(hart.x[i.rs1]), signed32(hart.x[i.rs2])), 32)


def remuw(hart: Hart, i: Instruction) -> None:
    hart.x[i.rd] = extend(remainder(hart.x[i.rs1] & M32, hart.x[i.rs2] & M32), 32)

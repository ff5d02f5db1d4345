"""Loads and stores (unprivileged 2.6 and 4.3)."""

from assay.machines.riscv.bits import M64, extend
from assay.machines.riscv.hart import Hart
from assay.machines.riscv.instruction import Instruction
from assay.machines.riscv.traps import Cause, Trap


def check_load(address: int, size: int) -> None:
    """Trap if `size` bytes cannot be read at `address`: it has to be aligned, and below 2^32."""
    if address & size - 1:
        raise Trap(Cause.LOAD_MISALIGNED, address)
    if address >> 32:
        raise Trap(Cause.LOAD_FAULT, address)


def check_store(address: int, size: int) -> None:
    """Trap if `size` bytes cannot be written at `address`."""
    if address & size - 1:
        raise Trap(Cause.STORE_MISALIGNED, address)
    if address >> 32:
        raise Trap(Cause.STORE_FAULT, address)


def load(hart: Hart, i: Instruction, size: int) -> int:
    """The number in the `size` bytes that the instruction loads."""
    address = hart.x[i.rs1] + i.immediate & M64
    check_load(address, size)
    return hart.memory.read(address, size)


def store(hart: Hart, i: Instruction, size: int) -> None:
    """Put the low `size` bytes of rs2 where the instruction stores."""
    address = hart.x[i.rs1] + i.immediate & M64
    check_store(address, size)
    hart.memory.write(address, size, hart.x[i.rs2] & (1 << 8 * size) - 1)


def lb(hart: Hart, i: Instruction) -> None:
    hart.x[i.rd] = extend(load(hart, i, 1), 8)


def lh(hart: Hart, i: Instruction) -> None:
    hart.x[i.rd] = extend(load(hart, i, 2), 16)


def lw(hart: Hart, i: Instruction) -> None:
    hart.x[i.rd] = extend(load(hart, i, 4), 32)


def ld(hart: Hart, i: Instruction) -> None:
    hart.x[i.rd] = load(hart, i, 8)


def lbu(hart: Hart, i: Instruction) -> None:
    hart.x[i.rd] = load(hart, i, 1)


def lhu(hart: Hart, i: Instruction) -> None:
    hart.x[i.rd] = load(hart, i, 2)


def lwu(hart: Hart, i: Instruction) -> None:
    hart.x[i.rd] = load(hart, i, 4)


def sb(hart: Hart, i: Instruction) -> None:
    store(hart, i, 1)


def sh(hart: Hart, i: Instruction) -> None:
    store(hart, i, 2)


def sw(hart: Hart, i: Instruction) -> None:
    store(hart, i, 4)


def sd(hart: Hart, i: Instruction) -> None:
    store(hart, i, 8)

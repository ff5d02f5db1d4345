"""Loads and stores (unprivileged 2.6 and 4.3)."""

from assay.machines.riscv.bits import M64, extend
from assay.machines.riscv.hart import Hart
from assay.machines.riscv.instruction import Instruction
from assay.machines.riscv.traps import Cause, Trap


def load_trap(address: int, size: int) -> Trap:
    """Why `size` bytes cannot be read at `address`, which is misaligned or beyond 2^32."""
    return Trap(Cause.LOAD_MISALIGNED if address & size - 1 else Cause.LOAD_FAULT, address)


def store_trap(address: int, size: int) -> Trap:
    """Why `size` bytes cannot be written at `address`."""
    return Trap(Cause.STORE_MISALIGNED if address & size - 1 else Cause.STORE_FAULT, address)


def load(hart: Hart, i: Instruction, size: int) -> int:
    """The number in the `size` bytes that the instruction loads."""
    address = hart.x[i.rs1] + i.immediate & M64
    if address & size - 1 or address >> 32:
        raise load_trap(address, size)
    return hart.memory.read(address, size)


def store(hart: Hart, i: Instruction, size: int) -> None:
    """Put the low `size` bytes of rs2 where the instruction stores."""
    address = hart.x[i.rs1] + i.immediate & M64
    if address & size - 1 or address >> 32:
        raise store_trap(address, size)
    hart.store(address, size, hart.x[i.rs2])


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

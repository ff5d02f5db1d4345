"""Atomics (unprivileged 14.2 and 14.4). With one hart, all that is left of them is the reservation."""

from collections.abc import Callable

from assay.machines.riscv.bits import SIGN64, extend
from assay.machines.riscv.hart import Hart
from assay.machines.riscv.instruction import Instruction
from assay.machines.riscv.instructions.memory import load_trap, store_trap
from assay.machines.riscv.state import NO_RESERVATION


def load_reserved(hart: Hart, i: Instruction, size: int) -> None:
    address = hart.x[i.rs1]
    if address & size - 1 or address >> 32:
        raise load_trap(address, size)
    hart.x[i.rd] = extend(hart.memory.read(address, size), 8 * size)
    hart.reservation = address


def store_conditional(hart: Hart, i: Instruction, size: int) -> None:
    address = hart.x[i.rs1]
    if address & size - 1 or address >> 32:
        raise store_trap(address, size)
    succeeds = hart.reservation == address
    if succeeds:
        hart.store(address, size, hart.x[i.rs2])
    hart.x[i.rd] = int(not succeeds)
    hart.reservation = NO_RESERVATION


def amo(hart: Hart, i: Instruction, size: int, combine: Callable[[int, int], int]) -> None:
    """Combine memory with rs2. `combine` sees both sign-extended to 64 bits, which keeps unsigned ones in order."""
    address = hart.x[i.rs1]
    if address & size - 1 or address >> 32:
        raise store_trap(address, size)
    old = extend(hart.memory.read(address, size), 8 * size)
    new = combine(old, extend(hart.x[i.rs2], 8 * size))
    hart.store(address, size, new)
    hart.x[i.rd] = old


def swap(_: int, b: int) -> int:
    return b


def add(a: int, b: int) -> int:
    return a + b


def xor(a: int, b: int) -> int:
    return a ^ b


def and_(a: int, b: int) -> int:
    return a & b


def or_(a: int, b: int) -> int:
    return a | b


def minimum(a: int, b: int) -> int:
    return a if a ^ SIGN64 < b ^ SIGN64 else b


def maximum(a: int, b: int) -> int:
    return b if a ^ SIGN64 < b ^ SIGN64 else a


def lr_w(hart: Hart, i: Instruction) -> None:
    load_reserved(hart, i, 4)


def lr_d(hart: Hart, i: Instruction) -> None:
    load_reserved(hart, i, 8)


def sc_w(hart: Hart, i: Instruction) -> None:
    store_conditional(hart, i, 4)


def sc_d(hart: Hart, i: Instruction) -> None:
    store_conditional(hart, i, 8)


def amoswap_w(hart: Hart, i: Instruction) -> None:
    amo(hart, i, 4, swap)


def amoswap_d(hart: Hart, i: Instruction) -> None:
    amo(hart, i, 8, swap)


def amoadd_w(hart: Hart, i: Instruction) -> None:
    amo(hart, i, 4, add)


def amoadd_d(hart: Hart, i: Instruction) -> None:
    amo(hart, i, 8, add)


def amoxor_w(hart: Hart, i: Instruction) -> None:
    amo(hart, i, 4, xor)


def amoxor_d(hart: Hart, i: Instruction) -> None:
    amo(hart, i, 8, xor)


def amoand_w(hart: Hart, i: Instruction) -> None:
    amo(hart, i, 4, and_)


def amoand_d(hart: Hart, i: Instruction) -> None:
    amo(hart, i, 8, and_)


def amoor_w(hart: Hart, i: Instruction) -> None:
    amo(hart, i, 4, or_)


def amoor_d(hart: Hart, i: Instruction) -> None:
    amo(hart, i, 8, or_)


def amomin_w(hart: Hart, i: Instruction) -> None:
    amo(hart, i, 4, minimum)


def amomin_d(hart: Hart, i: Instruction) -> None:
    amo(hart, i, 8, minimum)


def amomax_w(hart: Hart, i: Instruction) -> None:
    amo(hart, i, 4, maximum)


def amomax_d(hart: Hart, i: Instruction) -> None:
    amo(hart, i, 8, maximum)


def amominu_w(hart: Hart, i: Instruction) -> None:
    amo(hart, i, 4, min)


def amominu_d(hart: Hart, i: Instruction) -> None:
    amo(hart, i, 8, min)


def amomaxu_w(hart: Hart, i: Instruction) -> None:
    amo(hart, i, 4, max)


def amomaxu_d(hart: Hart, i: Instruction) -> None:
    amo(hart, i, 8, max)

"""Every instruction at the edges of its operands, addresses and encodings: what random states might miss."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product

from assay.machines.riscv.bits import M64
from assay.machines.riscv.state import NO_RESERVATION
from tests.differential.cases import CSRS, ENVIRONMENT, GROUPS, MEMORY_END, OTHER_CSRS, Case, executing
from tests.unit.machines.assembler import (
    AMO,
    BRANCH,
    JALR,
    LOAD,
    OP,
    OP_32,
    OP_IMM,
    SYSTEM,
    WFI,
    addi,
    amo,
    b_type,
    i_type,
    jal,
    jalr,
    ld,
    r_type,
    s_type,
    sd,
)

Cases = Iterator[tuple[str, Case]]

MIN64, MAX64, MIN32, MAX32 = 1 << 63, (1 << 63) - 1, M64 ^ 0x7FFFFFFF, 0x7FFFFFFF
OPERANDS = (0, 1, 2, 31, 32, 63, 64, MAX32, 1 << 31, 0xFFFFFFFF, 1 << 32, MIN32, MAX64, MIN64, MIN64 + 1, M64 - 1, M64)
IMMEDIATES = (0, 1, 31, 32, 63, 64, 0x7FF, -0x800, -1, 0x400, 0x41F)
PC = 0x1000
FETCHED, NEIGHBOUR, FAR = PC & ~31, PC ^ 32, 0xFFFFFFE0
DATA = bytes(range(0x70, 0x90))  # bytes with and without a sign
PAIRS = list(product(OPERANDS, OPERANDS))


def named(group: Cases) -> Cases:
    for number, (name, case) in enumerate(group):
        yield f"{name} #{number}", case


def computations(opcode: int, funct7: int, funct3: int) -> Cases:
    for a, b in PAIRS:
        yield f"{opcode:#x}/{funct7}/{funct3}", executing(r_type(opcode, funct3, funct7, 3, 1, 2), x1=a, x2=b, x3=7)


def immediates(opcode: int) -> Cases:
    for funct3, immediate, a in product(range(8), IMMEDIATES, OPERANDS[::2]):
        yield f"{opcode:#x}/{funct3} {immediate}", executing(i_type(opcode, funct3, 3, 1, immediate), x1=a)


def leaves() -> dict[int, bytes]:
    return {FETCHED: DATA, NEIGHBOUR: DATA, FAR: DATA, 0: DATA}


def locations() -> Iterator[int]:
    """Every byte of the fetched leaf, of its neighbour and of the last one of memory; and around 2^32 and 2^64."""
    for leaf in (FETCHED, NEIGHBOUR, FAR):
        yield from range(leaf, leaf + 32)
    yield from (0, 4, MEMORY_END, MEMORY_END + 1, MEMORY_END + 4, MEMORY_END + 8, 1 << 63, M64 - 7, M64 - 3, M64)


def loads() -> Cases:
    for funct3, location, offset in product(range(8), locations(), (0, -8)):
        word = i_type(LOAD, funct3, 3, 1, offset)
        yield f"load/{funct3} {location:#x}", executing(word, memory=leaves(), x1=location - offset & M64, x3=7)


def stores() -> Cases:
    for funct3, location, offset in product(range(8), locations(), (0, 0x7F8)):
        word = s_type(funct3, 1, 2, offset)
        x1 = location - offset & M64
        yield f"store/{funct3} {location:#x}", executing(word, memory=leaves(), x1=x1, x2=0xF1E2D3C4B5A69788)


def atomics() -> Cases:
    for funct5, funct3, location in product(range(32), range(8), (*range(NEIGHBOUR, NEIGHBOUR + 9), FETCHED + 16)):
        for reservation in (location, location + 8, NO_RESERVATION) if funct5 in (2, 3) else (location,):
            word = amo(funct5, funct3, 3, 1, 2 * (funct5 != 2))
            case = executing(word, memory=leaves(), x1=location, x2=0x8899AABBCCDDEEFF, reservation=reservation)
            yield f"atomic {funct5}/{funct3} {location:#x}", case


def atomic_arithmetic() -> Cases:
    numbers = (0, 1, MAX32, 1 << 31, 0xFFFFFFFF, MIN32, MAX64, MIN64, M64)
    for funct5, funct3, old, operand in product((0, 1, 4, 8, 12, 16, 20, 24, 28), (2, 3), numbers, numbers):
        memory = {NEIGHBOUR: old.to_bytes(8, "little")}
        word = amo(funct5, funct3, 3, 1, 2)
        yield f"amo {funct5}/{funct3}", executing(word, memory=memory, x1=NEIGHBOUR, x2=operand)


def atomics_out_of_reach() -> Cases:
    for funct5, funct3, location in product((0, 1, 2, 3, 28), (2, 3), (MEMORY_END, MEMORY_END - 4, M64 - 7, M64, 1)):
        word = amo(funct5, funct3, 3, 1, 0)
        yield f"atomic {funct5}/{funct3} {location:#x}", executing(word, x1=location, reservation=location)
    for funct3, rs2, aq_rl in product((2, 3), (0, 1, 31), range(4)):
        yield f"lr with rs2 {rs2}", executing(amo(2, funct3, 3, 1, rs2) | aq_rl << 25, x1=NEIGHBOUR)


def branches() -> Cases:
    numbers = (0, 1, MAX64, MIN64, M64)
    for funct3, a, b, offset in product(range(8), numbers, numbers, (8, 6, -8, -4096)):
        yield f"branch/{funct3} {offset}", executing(b_type(funct3, 1, 2, offset), x1=a, x2=b)


def jumps() -> Cases:
    for pc, offset, rd in product((0, 4, PC, MEMORY_END - 4), (0, 2, 4, -4, -2, 0xFFFFE, -0x100000), (0, 5)):
        yield f"jal {offset}", executing(jal(rd, offset), pc=pc)
    for base, offset, rd in product((0, 1, 2, 3, PC, MAX64, M64), (0, 1, 2, -1, -2, 0x7FF), (0, 1, 5)):
        yield f"jalr {base:#x} {offset}", executing(jalr(rd, 1, offset), x1=base)
    for funct3 in range(8):
        yield f"jalr/{funct3}", executing(i_type(JALR, funct3, 5, 1, 0), x1=PC)


def fetches() -> Cases:
    """Where an instruction is fetched from, and where not; with handlers in reach and out of it."""
    places = (0, 1, 2, 3, 28, 32, MEMORY_END - 4, MEMORY_END - 2, MEMORY_END, MEMORY_END + 4, MAX64, M64 - 3, M64)
    words = (addi(1, 1, 1), WFI, jal(1, 8), b_type(0, 0, 0, 4), 0)
    for pc, word, mtvec in product(places, words, (0, 0x2000, 0x2002, MEMORY_END, M64)):
        case = Case(pc, {pc: word.to_bytes(4, "little")} if pc % 4 == 0 and pc < MEMORY_END else {}, mtvec=mtvec)
        yield f"pc {pc:#x}", case


def registers_of_control() -> Cases:
    for number, funct3, rs1, rd in product((*CSRS, *OTHER_CSRS), range(8), (0, 1, 31), (0, 1, 5)):
        case = executing(i_type(SYSTEM, funct3, rd, rs1, number), x1=0xFFFF0000FFFF0003, x5=7)
        case = replace(case, mtvec=0x1002, mepc=0x2003, mcause=MIN64 + 3, mtval=M64, mscratch=0x5555)
        yield f"csr {number:#x}/{funct3}", case


def environment() -> Cases:
    """The instructions that are one word each, and the words that are one bit off."""
    for word, mepc in product(ENVIRONMENT, (0, PC, 0x2002, MEMORY_END, M64)):
        yield f"{word:#x}", executing(word, mtvec=0x2000, mepc=mepc)
        for bit in range(32):
            yield f"{word:#x} ^ 1 << {bit}", executing(word ^ 1 << bit, mtvec=0x2000, mepc=mepc)


def encodings() -> Cases:
    """All opcodes, and all funct3 and some funct7 of those that are used."""
    for opcode, rest in product(range(128), (0, 0x00208180, 0xFFFFFF80)):
        yield f"opcode {opcode:#x}", executing(opcode | rest, memory=leaves(), x1=NEIGHBOUR, x2=5)
    for opcode, funct3, funct7 in product(GROUPS, range(8), (0, 1, 2, 4, 8, 16, 31, 32, 33, 34, 48, 64, 127)):
        word = r_type(opcode, funct3, funct7, 3, 1, 2)
        yield f"{opcode:#x}/{funct3}/{funct7:#x}", executing(word, memory=leaves(), x1=NEIGHBOUR, x2=5)


def writes_to_x0() -> Cases:
    """x0 stays 0 whatever writes to it, and what else the instruction does is done."""
    for opcode, funct3 in product(GROUPS, range(8)):
        word = r_type(opcode, funct3, 0, 0, 1, 0)
        yield f"{opcode:#x}/{funct3} to x0", executing(word, memory=leaves(), x1=NEIGHBOUR, mscratch=9)
    for opcode, funct3 in product((OP, OP_32, LOAD, OP_IMM, AMO, BRANCH), range(8)):
        yield f"{opcode:#x}/{funct3} of x0", executing(r_type(opcode, funct3, 0, 3, 0, 0), memory=leaves(), x3=7)


def every_register() -> Cases:
    numbers = {i: 0x0101010101010101 * i for i in range(1, 32)}
    for rd, rs1 in product(range(32), (0, 1, 30, 31)):
        yield f"x{rd} = x{rs1} + x{rd}", replace(executing(r_type(OP, 0, 0, rd, rs1, rd)), x=numbers)


def self_modification() -> Cases:
    """Stores to the word that stores, to its neighbours, and the steps that follow."""
    nop_twice = addi(0, 0, 0) << 32 | addi(0, 0, 0)
    for offset in range(-24, 33, 8):
        word = sd(2, 1, offset)
        following = {PC + 4: addi(5, 5, 1).to_bytes(4, "little"), PC + 8: jal(0, -8).to_bytes(4, "little")}
        yield f"store at {offset}", executing(word, memory=following, x1=PC, x2=nop_twice)


def handlers() -> Cases:
    """A trap, a handler that skips the instruction and comes back, and what is behind it."""
    skip = (
        i_type(SYSTEM, 2, 6, 0, 0x341),  # csrr t1, mepc
        addi(6, 6, 4),
        i_type(SYSTEM, 1, 0, 6, 0x341),  # csrw mepc, t1
        0x30200073,  # mret
    )
    handler = {0x2000: b"".join(word.to_bytes(4, "little") for word in skip)}
    for word in (*ENVIRONMENT, 0, 0xFFFFFFFF, ld(3, 1, 1), ld(3, 2, 0), sd(3, 1, 1), sd(3, 2, 0), jal(0, 2)):
        for mtvec in (0x2000, 0, PC):
            memory = handler | {PC + 4: addi(5, 5, 1).to_bytes(4, "little")}
            yield f"trap at {word:#x}", executing(word, memory=memory, mtvec=mtvec, x1=NEIGHBOUR, x2=MEMORY_END)


COMPUTATIONS = (
    *((OP, funct7, funct3) for funct7, funct3 in product((0, 1), range(8))),
    *((OP, 0x20, funct3) for funct3 in (0, 5)),
    *((OP_32, 0, funct3) for funct3 in (0, 1, 5)),
    *((OP_32, 1, funct3) for funct3 in (0, 4, 5, 6, 7)),
    *((OP_32, 0x20, funct3) for funct3 in (0, 5)),
)
"""Opcode, funct7 and funct3 of those that depend on two registers."""
SINGLE_STEPS: tuple[Callable[[], Cases], ...] = (
    loads,
    stores,
    atomics,
    atomic_arithmetic,
    atomics_out_of_reach,
    branches,
    jumps,
    fetches,
    registers_of_control,
    environment,
    encodings,
    writes_to_x0,
    every_register,
)
WALKS: tuple[Callable[[], Cases], ...] = (self_modification, handlers, fetches)
"""What follows these cases is worth a look, too."""

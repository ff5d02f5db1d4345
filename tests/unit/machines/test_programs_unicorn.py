"""Random programs, step by step, against an independent implementation: QEMU's, as Unicorn packs it.

What a single instruction does is compared in test_instructions_unicorn.py, from a fresh machine each time. Here one
leads to the next: results become operands, what is stored is loaded, and LR and SC belong together.
"""

import random
from collections.abc import Iterator

import pytest
import unicorn
from unicorn import riscv_const

from assay.machines.riscv.decode import TABLE
from assay.machines.riscv.hart import Hart
from assay.machines.riscv.instruction import Execute
from assay.machines.riscv.instructions import atomic, control, integer, memory, multiply
from assay.machines.riscv.interpreter import run
from assay.machines.riscv.memory import Memory
from tests.unit.machines.assembler import amo

CODE, DATA, SIZE = 0x0010_0000, 0x0020_0000, 0x1000
POINTERS = (8, 9)
"""These registers always hold addresses of data, multiples of 8; no instruction writes to them."""
LENGTH = 400
REGISTERS = [riscv_const.UC_RISCV_REG_X0 + number for number in range(1, 32)]
LR, SC = 2, 3  # funct5

PATTERNS: dict[Execute, str] = {execute: pattern.replace(" ", "") for pattern, _, execute in TABLE}
RESERVING = {atomic.lr_w, atomic.lr_d, atomic.sc_w, atomic.sc_d}
OPERATIONS = [
    execute
    for execute in PATTERNS
    if execute.__module__ in (integer.__name__, multiply.__name__, memory.__name__, atomic.__name__)
    and execute not in RESERVING
]
FORWARD = [execute for execute in PATTERNS if execute.__module__ == control.__name__ and execute is not control.jalr]


def with_field(word: int, low: int, width: int, value: int) -> int:
    mask = (1 << width) - 1
    return word & ~(mask << low) | (value & mask) << low


def any_of(execute: Execute, chance: random.Random) -> int:
    """The instruction with any operands, but for a result in a pointer."""
    word = int("".join(chance.choice("01") if bit == "." else bit for bit in PATTERNS[execute]), 2)
    if (execute in FORWARD and execute is not control.jal) or word & 0x7F == 0x23:
        return word  # in the place of rd there is a part of the immediate
    return with_field(word, 7, 5, chance.choice([register for register in range(32) if register not in POINTERS]))


def operation(chance: random.Random) -> int:
    """An instruction that goes on to the next one."""
    execute = chance.choice(OPERATIONS)
    word = any_of(execute, chance)
    if execute.__module__ in (memory.__name__, atomic.__name__):
        word = with_field(word, 15, 5, chance.choice(POINTERS))
    if execute.__module__ == memory.__name__:
        size = 1 << (word >> 12 & 3)
        offset = chance.randrange(-SIZE // 4, SIZE // 4) // size * size
        word = with_field(word, 25, 7, offset >> 5)
        word = with_field(word, 7 if word & 0x7F == 0x23 else 20, 5, offset)
    return word


def forward(chance: random.Random) -> int:
    """A jump or branch that skips up to 6 instructions."""
    execute = chance.choice(FORWARD)
    word = any_of(execute, chance)
    offset = 4 * chance.randrange(1, 8)
    if execute is control.jal:
        return with_field(with_field(word, 12, 20, 0), 21, 10, offset >> 1)
    return with_field(with_field(word, 25, 7, offset >> 5), 7, 5, offset & 0x1E)


def reserving(chance: random.Random) -> Iterator[int]:
    """An LR and one SC or two, of one size and mostly of one address, with nothing between them that stores."""
    funct3, pointer = chance.choice((2, 3)), chance.choice(POINTERS)
    yield amo(LR, funct3, chance.choice((0, 5, 6)), pointer, 0) | chance.getrandbits(2) << 25
    yield any_of(chance.choice((integer.addi, integer.xor, multiply.mul)), chance)
    for _ in range(chance.choice((1, 1, 2))):
        base = chance.choice((pointer, pointer, *POINTERS))
        yield amo(SC, funct3, chance.choice((0, 5, 6)), base, chance.randrange(32)) | chance.getrandbits(2) << 25


def random_words(chance: random.Random) -> list[int]:
    words: list[int] = []
    while len(words) < LENGTH:
        kind = chance.random()
        words += list(reserving(chance)) if kind < 0.05 else [forward(chance) if kind < 0.15 else operation(chance)]
    return words


@pytest.mark.parametrize("seed", range(16))
def test_a_random_program_runs_as_it_does_in_qemu(seed: int) -> None:
    chance = random.Random(seed)
    words, data = random_words(chance), chance.randbytes(SIZE)
    x = [0, *(chance.getrandbits(chance.choice((8, 32, 64))) for _ in range(31))]
    for pointer in POINTERS:
        x[pointer] = DATA + SIZE // 2 + 8 * chance.randrange(16)
    program = b"".join(word.to_bytes(4, "little") for word in words)

    contents = Memory()
    contents.load(CODE, program)
    contents.load(DATA, data)
    hart = Hart(contents, pc=CODE, x=[*x, 0])
    uc = unicorn.Uc(unicorn.UC_ARCH_RISCV, unicorn.UC_MODE_RISCV64)
    uc.mem_map(CODE, SIZE)
    uc.mem_map(DATA, SIZE)
    uc.mem_write(CODE, program)
    uc.mem_write(DATA, data)
    for register, value in zip(REGISTERS, x[1:], strict=True):
        uc.reg_write(register, value)

    steps = 0
    while hart.pc < CODE + len(program):
        word = contents.read(hart.pc, 4)
        uc.emu_start(hart.pc, 0, count=1)
        run(hart, 1)
        assert hart.pc == uc.reg_read(riscv_const.UC_RISCV_REG_PC), f"{word:#010x} after {steps} steps"
        assert hart.x[1:32] == [uc.reg_read(register) for register in REGISTERS], f"{word:#010x} after {steps} steps"
        steps += 1
    assert steps > LENGTH / 3
    assert contents.bytes_at(DATA, SIZE) == bytes(uc.mem_read(DATA, SIZE))

"""Every unprivileged instruction against an independent implementation: QEMU's, as Unicorn packs it."""

import random

import pytest
import unicorn
from unicorn import riscv_const

from assay.machines.riscv.decode import TABLE, Immediate, decode, none
from assay.machines.riscv.hart import Hart
from assay.machines.riscv.instruction import Execute
from assay.machines.riscv.instructions import atomic, control, integer, memory, multiply
from assay.machines.riscv.interpreter import run
from assay.machines.riscv.memory import Memory

CASES = 40
CODE, DATA, END = 0x0020_0000, 0x0040_0000, 0x0041_0000  # a jump from CODE ends below END
REGISTERS = [riscv_const.UC_RISCV_REG_X0 + number for number in range(1, 32)]
EDGES = [0, 1, 2, 3, 31, 32, 63, 64, 0x7FF, 0x800, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0x1_0000_0000]
EDGES += [
    (1 << 63) - 1,
    1 << 63,
    (1 << 63) + 1,
    (1 << 64) - 2,
    (1 << 64) - 1,
    0xFFFF_FFFF_8000_0000,
    0x5555_5555_5555_5555,
]

JUMPS = {control.jal, control.jalr}
# The reservation is tested by hand (test_atomic.py), traps and CSRs too.
BY_HAND = {atomic.lr_w, atomic.lr_d, atomic.sc_w, atomic.sc_d, integer.fence}
MEMORY_MODULES = (memory.__name__, atomic.__name__)
MODULES = (integer.__name__, multiply.__name__, control.__name__, *MEMORY_MODULES)
ROWS = [row for row in TABLE if row[2].__module__ in MODULES and row[2] not in BY_HAND]


def number(chance: random.Random) -> int:
    return chance.choice(EDGES) if chance.random() < 0.6 else chance.getrandbits(64)


def emulate(word: int, x: list[int], data: bytes) -> tuple[int, list[int], bytes]:
    """pc, x1 to x31 and the data after one step of the oracle."""
    uc = unicorn.Uc(unicorn.UC_ARCH_RISCV, unicorn.UC_MODE_RISCV64)
    uc.mem_map(0, END)
    uc.mem_write(CODE, word.to_bytes(4, "little"))
    uc.mem_write(DATA, data)
    for register, value in zip(REGISTERS, x[1:32], strict=True):
        uc.reg_write(register, value)
    uc.emu_start(CODE, 0, count=1)
    registers = [uc.reg_read(register) for register in REGISTERS]
    return uc.reg_read(riscv_const.UC_RISCV_REG_PC), registers, bytes(uc.mem_read(DATA, len(data)))


def interpret(word: int, x: list[int], data: bytes) -> tuple[int, list[int], bytes]:
    """The same of the reference."""
    contents = Memory()
    contents.load(CODE, word.to_bytes(4, "little"))
    contents.load(DATA, data)
    hart = Hart(contents, pc=CODE, x=[*x, 0])
    run(hart, 1)
    assert hart.state(b"").mepc == 0, "the reference trapped"
    return hart.pc, hart.x[1:32], contents.bytes_at(DATA, len(data))


def random_word(pattern: str, chance: random.Random) -> int:
    return int("".join(chance.choice("01") if bit == "." else bit for bit in pattern.replace(" ", "")), 2)


def executable(word: int, execute: Execute) -> bool:
    """Whether the case says something about the instruction: its target is aligned, its base is no x0."""
    i = decode(word)
    if execute.__module__ == control.__name__ and execute is not control.jalr:
        return i.immediate & 3 == 0
    return i.rs1 != 0 or not (execute.__module__ in MEMORY_MODULES or execute in JUMPS)


@pytest.mark.parametrize(("pattern", "immediate", "execute"), ROWS, ids=[row[2].__name__ for row in ROWS])
def test_an_instruction_does_what_it_does_in_qemu(pattern: str, immediate: Immediate, execute: Execute) -> None:
    chance = random.Random(pattern)
    done = 0
    while done < CASES:
        word = random_word(pattern, chance)
        if not executable(word, execute):
            continue
        i = decode(word)
        x = [0, *(number(chance) for _ in range(31))]
        if execute.__module__ in MEMORY_MODULES:
            offset = 0 if immediate is none else i.immediate
            x[i.rs1] = DATA + 8 * chance.randrange(8) - offset & (1 << 64) - 1
        elif execute is control.jalr:
            x[i.rs1] = CODE + 4 * chance.randrange(1 << 16) + chance.randrange(2) - i.immediate & ~2 & (1 << 64) - 1
            if x[i.rs1] + i.immediate & 2:
                continue
        elif chance.random() < 0.2:
            x[i.rs2] = x[i.rs1]  # branches and divisions of equal numbers
        x[0] = 0
        data = b"".join(number(chance).to_bytes(8, "little") for _ in range(9))

        assert interpret(word, x, data) == emulate(word, x, data), f"{word:#010x}"
        done += 1

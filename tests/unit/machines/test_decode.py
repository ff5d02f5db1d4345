"""Which words are instructions: the table against the manual, said in another way, and against QEMU.

Implementations that passed every official test have disagreed here: about reserved encodings.
"""

import random
from itertools import combinations, product

import pytest
import unicorn
from unicorn import riscv_const

from assay.machines.riscv.decode import TABLE, b_type, decode, i_type, j_type, s_type, u_type
from assay.machines.riscv.instructions import control, integer, memory, system
from tests.unit.machines import assembler

OPCODES = sorted({0x03, 0x0F, 0x13, 0x17, 0x1B, 0x23, 0x2F, 0x33, 0x37, 0x3B, 0x63, 0x67, 0x6F, 0x73})
EXACT = {0x00000073, 0x00100073, 0x30200073, 0x10500073}


def is_legal(word: int) -> bool:  # noqa: PLR0911, PLR0912 - a line for each opcode
    """The list in docs/machine.md, section 4, by opcode, funct3 and funct7."""
    opcode, funct3, funct7, rs2 = word & 0x7F, word >> 12 & 7, word >> 25, word >> 20 & 31
    match opcode:
        case 0x37 | 0x17 | 0x6F:
            return True
        case 0x67:
            return funct3 == 0
        case 0x63:
            return funct3 not in (2, 3)
        case 0x03:
            return funct3 != 7
        case 0x23:
            return funct3 <= 3
        case 0x13:
            return {1: funct7 >> 1 == 0, 5: funct7 >> 1 in (0, 0b010000)}.get(funct3, True)
        case 0x1B:
            return {0: True, 1: funct7 == 0, 5: funct7 in (0, 0b0100000)}.get(funct3, False)
        case 0x33:
            return funct7 in (0, 1) or (funct7 == 0b0100000 and funct3 in (0, 5))
        case 0x3B:
            return (
                (funct7 == 0 and funct3 in (0, 1, 5))
                or (funct7 == 1 and funct3 in (0, 4, 5, 6, 7))
                or (funct7 == 0b0100000 and funct3 in (0, 5))
            )
        case 0x2F:
            funct5 = funct7 >> 2
            known = funct5 in (0, 1, 2, 3, 4, 8, 12, 16, 20, 24, 28)
            return known and funct3 in (2, 3) and (funct5 != 2 or rs2 == 0)
        case 0x0F:
            return funct3 in (0, 1)
        case 0x73:
            return word in EXACT if funct3 == 0 else funct3 != 4
        case _:
            return False


def is_decoded(word: int) -> bool:
    return decode(word).execute is not system.illegal


def test_every_combination_of_opcode_and_functions() -> None:
    chance = random.Random(1)
    for opcode, funct3, funct7 in product(range(128), range(8), range(128)):
        rd, rs1 = chance.getrandbits(5), chance.getrandbits(5)
        for rs2 in (0, chance.getrandbits(5)) if opcode in (0x2F, 0x73) else (chance.getrandbits(5),):
            word = assembler.r_type(opcode, funct3, funct7, rd, rs1, rs2)
            assert is_decoded(word) == is_legal(word), f"{word:#010x}"


def test_random_words() -> None:
    chance = random.Random(2)
    for _ in range(50_000):
        word = chance.getrandbits(32) if chance.random() < 0.3 else chance.getrandbits(25) << 7 | chance.choice(OPCODES)
        assert is_decoded(word) == is_legal(word), f"{word:#010x}"


def test_words_one_or_two_bits_off_the_exact_ones() -> None:
    for word in EXACT:
        assert is_decoded(word)
        for flips in [*combinations(range(32), 1), *combinations(range(32), 2)]:
            near = word ^ sum(1 << bit for bit in flips)
            assert is_decoded(near) == is_legal(near), f"{near:#010x}"


def test_no_word_fits_two_patterns() -> None:
    for (a, _, _), (b, _, _) in combinations(TABLE, 2):
        drawn = zip(a.replace(" ", ""), b.replace(" ", ""), strict=True)
        assert any({x, y} == {"0", "1"} for x, y in drawn), f"{a} and {b}"


@pytest.mark.parametrize("opcode", [0x03, 0x13, 0x1B, 0x23, 0x2F, 0x33, 0x3B, 0x63, 0x67])
def test_qemu_finds_the_same_encodings_legal(opcode: int) -> None:
    uc = unicorn.Uc(unicorn.UC_ARCH_RISCV, unicorn.UC_MODE_RISCV64)
    code, data = 0x10000, 0x80000
    uc.mem_map(0, 0x100000)
    has_funct7 = opcode in (0x13, 0x1B, 0x2F, 0x33, 0x3B)
    for place, (funct3, funct7) in enumerate(product(range(8), range(128) if has_funct7 else (0, 1))):
        word = assembler.r_type(opcode, funct3, funct7, rd=5, rs1=6, rs2=0)
        address = code + 8 * place  # each at its own: the emulator keeps what it has translated
        uc.mem_write(address, word.to_bytes(4, "little"))
        uc.reg_write(riscv_const.UC_RISCV_REG_X6, data)
        try:
            uc.emu_start(address, 0, count=1)
            legal = True
        except unicorn.UcError:
            legal = False
        assert is_decoded(word) == legal, f"{word:#010x}"


@pytest.mark.parametrize("value", [0, 1, -1, 2046, -2048, 2047])
def test_immediates_of_the_i_and_s_formats(value: int) -> None:
    unsigned = value & (1 << 64) - 1
    assert i_type(assembler.i_type(0x13, 7, 31, 31, value)) == unsigned
    assert s_type(assembler.s_type(7, 31, 31, value)) == unsigned


@pytest.mark.parametrize("value", [0, 2, -2, 4094, -4096, 2048, -2048, 0x554, -0xAAA])
def test_immediates_of_the_b_format(value: int) -> None:
    assert b_type(assembler.b_type(7, 31, 31, value)) == value & (1 << 64) - 1


@pytest.mark.parametrize("value", [0, 2, -2, 0xFFFFE, -0x100000, 0x800, -0x800, 0x55554, -0xAAAAA & ~1])
def test_immediates_of_the_j_format(value: int) -> None:
    assert j_type(assembler.jal(31, value)) == value & (1 << 64) - 1


def test_immediates_of_the_u_format_are_sign_extended() -> None:
    assert u_type(assembler.lui(31, 0x7FFFF)) == 0x7FFFF000
    assert u_type(assembler.lui(31, 0x80000)) == 0xFFFFFFFF80000000


def test_the_operands_are_where_the_manual_has_them() -> None:
    i = decode(assembler.r_type(0x33, 0, 0, rd=17, rs1=21, rs2=26))
    assert (i.execute, i.rd, i.rs1, i.rs2) == (integer.add, 17, 21, 26)
    assert decode(assembler.i_type(0x13, 1, 1, 1, 63)).immediate == 63
    assert decode(assembler.sd(9, 8, -8)).execute is memory.sd
    assert decode(assembler.bne(9, 8, -8)).execute is control.bne

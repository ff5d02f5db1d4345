"""States whose next few steps belong together: atomics in every order, code that overwrites itself, and traps."""

from collections.abc import Sequence
from random import Random

from assay.machines.riscv.state import NO_RESERVATION
from tests.differential.cases import (
    CSRS,
    EDGES,
    ENVIRONMENT,
    FUNCT5,
    LEAF,
    LR,
    MEMORY_END,
    SC,
    Case,
    random_leaf,
    random_number,
    random_pc,
    random_word,
)
from tests.unit.machines.assembler import MEPC, MRET, SYSTEM, addi, amo, i_type, s_type

LONGEST = 8
BASE, OTHER, VALUE, RESULT = 10, 11, 12, 13  # registers


def random_walk(random: Random) -> Case:
    """One of the three kinds; to be followed for `LONGEST` steps."""
    return random.choice((atomics, rewriting, trapping))(random)


def atomics(random: Random) -> Case:
    """LR, SC and AMOs of both sizes on two addresses, in any order, with a plain store between them now and then."""
    words = []
    for _ in range(LONGEST):
        funct5 = random.choice((LR, SC, SC, random.choice(FUNCT5)))
        base, funct3 = random.choice((BASE, BASE, OTHER)), random.choice((2, 3))
        word = amo(funct5, funct3, random.choice((0, RESULT, VALUE)), base, 0 if funct5 == LR else VALUE)
        if random.random() < 0.1:
            word = s_type(funct3, base, VALUE, 0)
        words.append(word | random.getrandbits(2) << 25 if word & 0x7F != s_type(0, 0, 0, 0) else word)
    pc = code_address(random)
    base = random.choice((pc + 4 * LONGEST, random.getrandbits(32), MEMORY_END - 8)) & ~7
    other = random.choice((base ^ 4, base ^ 8, base ^ 1 << random.randrange(3, 32)))
    x = {BASE: base, OTHER: other, VALUE: random.choice(EDGES)}
    reservation = random.choice((NO_RESERVATION, base, other))
    return Case(pc, code(pc, words) | leaf_at(random, base, pc), x, reservation, mtvec=code_address(random))


def rewriting(random: Random) -> Case:
    """Stores to the words that come next, or have been executed, of words that mostly are instructions."""
    pc = code_address(random)
    words = [random_word(random) for _ in range(LONGEST)]
    for place in range(0, LONGEST, 2):
        offset = 4 * random.randrange(LONGEST)
        funct3 = random.choice((0, 1, 2, 3)) if offset % 8 == 0 else random.choice((0, 1, 2))
        word = amo(random.choice((1, 4)), 2, RESULT, BASE, VALUE)
        words[place] = random.choice((s_type(funct3, BASE, VALUE, offset), s_type(funct3, BASE, VALUE, offset), word))
    x = {i: random_number(random, pc) for i in range(1, 32)} | {BASE: pc + 4 * random.randrange(3) & ~7}
    x[VALUE] = random_word(random) << 32 | random_word(random)
    return Case(pc, code(pc, words), x, mtvec=random_pc(random))


def trapping(random: Random) -> Case:
    """A trap, and a handler that looks at a CSR and goes on behind the instruction; or none; or the code itself."""
    pc, handler = code_address(random), code_address(random)
    skip = (
        i_type(SYSTEM, 2, 6, 0, random.choice(CSRS)),
        i_type(SYSTEM, 2, 5, 0, MEPC),
        addi(5, 5, 4),
        i_type(SYSTEM, 1, random.choice((0, 7)), 5, MEPC),
        MRET,
    )
    first = random.choice((*ENVIRONMENT[:2], random.getrandbits(32), amo(LR, 3, 0, BASE, 0), s_type(3, BASE, VALUE, 0)))
    far = random.choice((MEMORY_END, MEMORY_END - 4, 1, (1 << 64) - 8))
    mtvec = random.choice((handler, handler, handler, 0, pc, MEMORY_END))
    memory = code(handler, skip) | code(pc, [first, random_word(random)])
    return Case(pc, memory, {BASE: far, VALUE: random.choice(EDGES)}, mtvec=mtvec)


def code_address(random: Random) -> int:
    """Where code can be: at a leaf's start, or so that it runs into the next leaf."""
    return random.randrange(0, MEMORY_END - 4096, LEAF) + random.choice((0, 0, 20, 28))


def code(address: int, words: Sequence[int]) -> dict[int, bytes]:
    """Memory with these words from `address` on."""
    return {address + 4 * place: word.to_bytes(4, "little") for place, word in enumerate(words)}


def leaf_at(random: Random, address: int, pc: int) -> dict[int, bytes]:
    """Something at `address`, unless it is where the code is."""
    leaf = address // LEAF * LEAF
    return {} if leaf <= pc + 4 * LONGEST and pc < leaf + LEAF else {leaf: random_leaf(random)}

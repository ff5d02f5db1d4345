"""States to compare the reference and the referee on: made by hand, or at random with an eye for edges."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random

from assay.machines.riscv.bits import M64
from assay.machines.riscv.hart import Hart
from assay.machines.riscv.memory import Memory
from assay.machines.riscv.state import NO_RESERVATION
from tests.unit.machines.assembler import (
    AMO,
    AUIPC,
    BRANCH,
    EBREAK,
    ECALL,
    FENCE,
    JAL,
    JALR,
    LOAD,
    LUI,
    MCAUSE,
    MEPC,
    MRET,
    MSCRATCH,
    MTVAL,
    MTVEC,
    OP,
    OP_32,
    OP_IMM,
    OP_IMM_32,
    STORE,
    SYSTEM,
    WFI,
)

LEAF = 32
DEPTH = 27
MEMORY_END = 1 << 32


@dataclass(frozen=True)
class Case:
    """A state about to step. What `memory` (bytes by address) and `x` (by number) do not give is zero."""

    pc: int
    memory: Mapping[int, bytes]
    x: Mapping[int, int] = field(default_factory=dict)
    reservation: int = NO_RESERVATION
    mtvec: int = 0
    mepc: int = 0
    mcause: int = 0
    mtval: int = 0
    mscratch: int = 0

    def machine(self) -> tuple[Hart, Memory]:
        """The reference's machine in this state, and its memory."""
        memory = Memory()
        for address, data in self.memory.items():
            memory.load(address, data)
        x = [self.x.get(i, 0) if i else 0 for i in range(33)]
        hart = Hart(memory, self.pc, x, self.reservation, self.mtvec, self.mepc, self.mcause, self.mtval, self.mscratch)
        return hart, memory


def executing(word: int, pc: int = 0x1000, memory: Mapping[int, bytes] | None = None, **state: int) -> Case:
    """The case of `word` at `pc`. Registers are named x1 to x31, the other parts of the state as in `Case`."""
    x = {int(name[1:]): value for name, value in state.items() if name[0] == "x"}
    rest = {name: value for name, value in state.items() if name[0] != "x"}
    return Case(pc, {**(memory or {}), pc: word.to_bytes(4, "little")}, x, **rest)


# ---------------------------------------------------------------- at random

EDGES = sorted(
    {
        (sign * (1 << bit) + delta) & M64
        for bit in (0, 5, 6, 7, 8, 15, 16, 31, 32, 62, 63)
        for sign in (1, -1)
        for delta in (-1, 0, 1)
    }
    | {0, 0x5555555555555555, 0xAAAAAAAAAAAAAAAA}
)

ANY = tuple(range(8))
FUNCT5 = (0, 1, 2, 3, 4, 8, 12, 16, 20, 24, 28)

# By opcode: how often it comes, which funct3 are listed, and which upper seven bits (empty: any).
GROUPS: dict[int, tuple[int, tuple[int, ...], tuple[int, ...]]] = {
    LUI: (1, ANY, ()),
    AUIPC: (1, ANY, ()),
    JAL: (2, ANY, ()),
    JALR: (2, (0,), ()),
    BRANCH: (3, (0, 1, 4, 5, 6, 7), ()),
    LOAD: (5, (0, 1, 2, 3, 4, 5, 6), ()),
    STORE: (5, (0, 1, 2, 3), ()),
    OP_IMM: (4, ANY, (0x00, 0x01, 0x20, 0x21)),
    OP_IMM_32: (3, (0, 1, 5), (0x00, 0x20)),
    OP: (6, ANY, (0x00, 0x01, 0x01, 0x20)),
    OP_32: (5, (0, 1, 4, 5, 6, 7), (0x00, 0x01, 0x01, 0x20)),
    AMO: (8, (2, 3), tuple(funct5 << 2 | aq_rl for funct5 in FUNCT5 for aq_rl in range(4))),
    FENCE: (1, (0, 1), ()),
    SYSTEM: (4, (1, 2, 3, 5, 6, 7), ()),
}
WEIGHTS = [weight for weight, _, _ in GROUPS.values()]
LR, SC = 2, 3  # funct5
ENVIRONMENT = (ECALL, EBREAK, MRET, WFI)
CSRS = (MTVEC, MSCRATCH, MEPC, MCAUSE, MTVAL)
OTHER_CSRS = (0x300, 0x301, 0x304, 0x306, 0x33F, 0x344, 0x3FF, 0x400, 0xBFF, 0xC00, 0xC01, 0xF11, 0xF14, 0xFFF, 0x000)


def random_case(random: Random) -> Case:
    """A state with a word that is likely to be an instruction, and operands that are likely to be at an edge of it."""
    word = random_word(random)
    pc = random_pc(random)
    x = {i: random_number(random, pc) for i in range(1, 32)}
    if random.random() < 0.2:
        x[word >> 20 & 31 or 1] = x[word >> 15 & 31 or 1]  # equal operands, for branches
    location = aim(random, word, pc, x)
    reservation = random.choice((location, location, NO_RESERVATION, random_number(random, pc)))
    mtvec = random_pc(random)

    memory: dict[int, bytes] = {}
    for address, populated in ((mtvec, 0.5), (location, 0.9), (pc, 1.0)):
        if address < MEMORY_END and random.random() < populated:
            memory |= random_memory(random, address)
    if pc < MEMORY_END and pc % 4 == 0:
        memory[pc] = word.to_bytes(4, "little")
    return Case(pc, memory, x, reservation, mtvec, *(random_number(random, pc) for _ in range(4)))


def random_word(random: Random) -> int:
    """A word: mostly listed, or off by a field or a bit; now and then any 32 bits."""
    word = random.getrandbits(32)
    if random.random() < 0.05:
        return word
    opcode = random.choices(tuple(GROUPS), WEIGHTS)[0]
    _, funct3, upper = GROUPS[opcode]
    word = word & ~0x7F | opcode
    reserved = [number for number in ANY if number not in funct3]
    chosen = random.choice(reserved if reserved and random.random() < 0.06 else funct3)
    word = word & ~0x7000 | chosen << 12
    if upper and random.random() < 0.92:
        word = word & 0x01FFFFFF | random.choice(upper) << 25
    if opcode == AMO and word >> 27 == LR and random.random() < 0.9:
        word &= ~(31 << 20)
    if opcode == SYSTEM:
        word = random_system_word(random, word)
    if random.random() < 0.05:
        word &= ~(31 << 7)  # the result goes to x0
    if random.random() < 0.04:
        word ^= 1 << random.randrange(32)
    return word


def random_system_word(random: Random, word: int) -> int:
    """A system instruction of the same registers as `word`."""
    if random.random() < 0.2:
        return random.choice(ENVIRONMENT)
    number = random.choice((random.choice(CSRS), random.choice(OTHER_CSRS), word >> 20))
    word = word & 0xFFFFF | number << 20
    if random.random() < 0.2:
        word &= ~(31 << 15)  # reads only, for most of them
    return word


def random_pc(random: Random) -> int:
    """An address to execute at: nearly always one where there can be an instruction."""
    kind = random.random()
    if kind < 0.02:
        return random.getrandbits(64)
    if kind < 0.04:
        return MEMORY_END + random.choice((-8, -4, -2, -1, 0, 4)) & M64
    if kind < 0.06:
        return random.choice((0, 2, 4, M64, M64 - 3))
    address = random.choice((0x1000, 0x10000, 0x7FFFF000, 0x80000000, 0xE0000000, MEMORY_END - 0x1000, 0))
    if random.random() < 0.3:
        address = random.getrandbits(32)
    page_offset = random.getrandbits(12) & ~3
    return (address & ~0xFFF | page_offset) + (random.choice((1, 2, 3)) if kind < 0.07 else 0)


def random_number(random: Random, pc: int) -> int:
    """A number of 64 bits: an edge, a small or a large one, one of 32 bits, or an address."""
    kind = random.randrange(8)
    if kind < 3:
        return random.choice(EDGES)
    if kind == 3:
        return random.choice((0, random.getrandbits(6)))
    if kind == 4:
        return random.getrandbits(32)
    if kind == 5:
        return random.getrandbits(31) | M64 ^ 0x7FFFFFFF
    if kind == 6:
        return pc + random.randrange(-64, 64) & M64
    return random.getrandbits(64)


def random_memory(random: Random, address: int) -> dict[int, bytes]:
    """The leaf at `address`, and leaves below some of the siblings of its path."""
    leaf = address // LEAF
    density = random.choice((0.0, 0.0, 0.1, 0.3))
    siblings = [leaf ^ 1 << level for level in range(DEPTH) if random.random() < density]
    memory = {sibling * LEAF: random.randbytes(LEAF) for sibling in siblings}
    return memory | {leaf * LEAF: random_leaf(random)}


def random_leaf(random: Random) -> bytes:
    """Eight words that may be instructions, or four numbers."""
    if random.random() < 0.5:
        return b"".join(random_word(random).to_bytes(4, "little") for _ in range(8))
    return b"".join(random_number(random, 0).to_bytes(8, "little") for _ in range(4))


def aim(random: Random, word: int, pc: int, x: dict[int, int]) -> int:
    """Let the access of `word`, if it is one, go to an interesting address: where it goes then."""
    opcode, rs1 = word & 0x7F, word >> 15 & 31
    offset = 0
    if opcode == LOAD:
        offset = (word >> 20 ^ 0x800) - 0x800
    elif opcode == STORE:
        offset = (word >> 20 & 0xFE0 | word >> 7 & 31 ^ 0x800) - 0x800
    if rs1 != 0:
        x[rs1] = random_location(random, word, pc) - offset & M64
    return x.get(rs1, 0) + offset & M64


def random_location(random: Random, word: int, pc: int) -> int:
    """An address to access, mostly aligned for `word`: in the fetched leaf, next to it, nearby, far away, at an end."""
    kind, size = random.randrange(17), 1 << (word >> 12 & 3)
    if kind < 4:
        location = pc & ~31 | random.getrandbits(5)
    elif kind < 7:
        location = (pc ^ 32 & ~31) | random.getrandbits(5)
    elif kind < 10:
        location = pc ^ random.getrandbits(random.randrange(6, 33))
    elif kind < 12:
        location = random.getrandbits(32)
    elif kind in (12, 16):
        location = MEMORY_END + random.choice((-size, -size, 0, random.randrange(-40, 8)))
    elif kind == 13:
        location = random.choice(
            (random.getrandbits(6), MEMORY_END | random.getrandbits(32), M64 - random.getrandbits(5))
        )
    elif kind == 14:
        location = random.getrandbits(64)
    else:
        location = random.choice(EDGES)
    return location if random.random() < 0.1 else location & -size & M64

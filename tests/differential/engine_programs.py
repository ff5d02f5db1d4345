"""Random programs that an engine has a hard time with: made of the shapes that translations are made of, and of what
breaks them. Most run for thousands of steps; all are deterministic, given the random numbers.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from assay.machines.riscv.bits import M64
from assay.machines.riscv.decode import TABLE
from assay.machines.riscv.hart import Hart
from assay.machines.riscv.memory import PAGE, Memory
from tests.unit.machines.assembler import (
    A0,
    AUIPC,
    EBREAK,
    ECALL,
    FENCE,
    JALR,
    LOAD,
    MCAUSE,
    MEPC,
    MRET,
    MSCRATCH,
    MTVAL,
    MTVEC,
    NOP,
    OP_IMM,
    OP_IMM_32,
    RA,
    SP,
    SYSTEM,
    T0,
    WFI,
    addi,
    amo,
    b_type,
    i_type,
    jal,
    jalr,
    ld,
    lui,
    s_type,
    sd,
    u_type,
)

MEMORY_END = 1 << 32
DATA, FAR, ODD, FUEL, HERE, WORD = 3, 4, 8, 24, 30, 31
"""Registers: where data are; an address that is out of range or at an edge; a misaligned one; jumps that may still be
taken; an address of code; a word of code."""
COUNTERS = range(18, 24)
"""Of loops, by depth."""
FREE = (*range(A0, A0 + 8), *range(25, 30))
"""Registers that anything may be written to."""
SCRATCH = (5, 6, 7)
"""For the moment."""
POINTER = 9
"""Where a few accesses are made together."""

_PLAIN = [
    pattern.replace(" ", "")
    for pattern, _, _ in TABLE
    if pattern.replace(" ", "")[-7:] in ("0110011", "0111011", "0010011", "0011011", "0110111", "0010111")
]
_PATTERNS = [pattern.replace(" ", "") for pattern, _, _ in TABLE]
_CSRS = (MTVEC, MSCRATCH, MEPC, MCAUSE, MTVAL, 0x300, 0xC00, 0xF14)

Word = int | Callable[[int, Callable[[str], int]], int]
"""An instruction; or what makes it, given its address and the addresses of labels."""


@dataclass(frozen=True)
class Program:
    """A state to start from."""

    hart: Hart
    memory: Memory

    def start(self) -> Hart:
        """The machine at the start, on a memory of its own."""
        return self.hart.on(Memory(self.memory.pages()))


def random_program(random: Random) -> Program:
    """One program of any kind."""
    if random.random() < 0.05:
        return _noise(random)
    return _Writer(random).program()


def _noise(random: Random) -> Program:
    """Words of any kind, and registers that point at them."""
    start = random.choice((0x1000, 0x1E00, MEMORY_END - 0x200))
    memory = Memory()
    memory.load(start, b"".join(_any_word(random).to_bytes(4, "little") for _ in range(128)))
    addresses = [start + 8 * random.randrange(64), random.randrange(MEMORY_END) & ~7, random.getrandbits(64)]
    x = [0, *(random.choice(addresses) for _ in range(31)), 0]
    mtvec = start + 4 * random.randrange(128)
    return Program(Hart(memory, start, x, random.choice(addresses), mtvec), memory)


def _drawn(random: Random, pattern: str) -> int:
    return int("".join(random.choice("01") if bit == "." else bit for bit in pattern), 2)


def _any_word(random: Random) -> int:
    return random.getrandbits(32) if random.random() < 0.03 else _drawn(random, random.choice(_PATTERNS))


@dataclass
class _Writer:
    """Writes one program: words one after the other, labels that are resolved at the end."""

    random: Random
    words: list[Word] = field(default_factory=list)
    labels: dict[str, int] = field(default_factory=dict)
    functions: list[str] = field(default_factory=list)
    depth: int = 0
    budget: int = 120

    def program(self) -> Program:
        random = self.random
        self.budget = random.choice((40, 100, 200))
        self.functions = [f"f{i}" for i in range(random.randrange(4))]
        for _ in range(random.randrange(2, 6)):
            self.statement()
        if random.random() < 0.7:  # once more from the start: everything that is hot is entered anew
            self.fueled(lambda: self.jump("start"))
        self.end()
        for function in self.functions:
            self.function(function)
        self.handler()
        return self.laid_out()

    def laid_out(self) -> Program:
        random = self.random
        size = 4 * len(self.words)
        start = random.choice((0x1000, 0x1000, 0x3000 - size // 2 & ~3, 0x7FFC, MEMORY_END - size, MEMORY_END - PAGE))
        start = min(start, MEMORY_END - size)
        addresses = {"start": start} | {name: start + 4 * place for name, place in self.labels.items()}
        memory = Memory()
        for place, word in enumerate(self.words):
            pc = start + 4 * place
            made = word if isinstance(word, int) else word(pc, lambda name: addresses[name] if name else start)
            memory.load(pc, (made & 0xFFFFFFFF).to_bytes(4, "little"))
        middle = start + size // 2 & ~7
        data = random.choice((0x10000, 0x10000, 0x20800, MEMORY_END - 0x800, start + size + 64 & ~7, middle))
        data = min(data, MEMORY_END - 0x800)
        if random.random() < 0.7 and not start - 256 < data < start + size:
            memory.load(data, random.randbytes(256))
        x = [0] * 33
        for number in FREE:
            x[number] = random.choice((random.getrandbits(64), random.getrandbits(8), -random.getrandbits(8) & M64))
        x[SP] = random.choice((0x40000, 0x10400, 0x30000))
        x[DATA] = data
        x[FAR] = random.choice((MEMORY_END - 8, MEMORY_END, MEMORY_END + 8, 1 << 63, M64 - 7, M64, 0, data + (1 << 32)))
        x[ODD] = data + random.choice((1, 2, 4, 7))
        x[FUEL] = random.choice((20, 100, 500))
        handler = addresses["handler"]
        elsewhere = random.choice((0, MEMORY_END, start + size // 2 & ~3, 1 << 40 | 2))
        mtvec = handler if random.random() < 0.9 else elsewhere
        reservation = random.choice((data, M64))
        return Program(Hart(memory, start, x, reservation, mtvec, mepc=random.choice((0, start))), memory)

    # ---------------------------------------------------------------- pieces

    def put(self, *words: Word) -> None:
        self.words += words
        self.budget -= len(words)

    def label(self) -> str:
        """A label that is placed later."""
        return f"l{len(self.labels)}_{len(self.words)}_{self.random.getrandbits(40)}"

    def place(self, name: str) -> None:
        self.labels[name] = len(self.words)

    def anywhere(self) -> str:
        """A place that exists already."""
        return self.random.choice(list(self.labels) or ["start"])

    def jump(self, target: str, link: int = 0) -> None:
        self.put(lambda pc, at: jal(link, at(target) - pc))

    def branch(self, funct3: int, rs1: int, rs2: int, target: str) -> None:
        self.put(lambda pc, at: b_type(funct3, rs1, rs2, at(target) - pc))

    def address_of(self, register: int, target: str, offset: int = 0) -> None:
        """auipc and addi."""
        self.put(
            lambda pc, at: u_type(AUIPC, register, at(target) + offset - pc + 0x800 >> 12),
            lambda pc, at: addi(register, register, at(target) + offset - (pc - 4)),
        )

    def load_word(self, register: int, word: int) -> None:
        """A constant of 32 bits."""
        self.put(lui(register, word + 0x800 >> 12), i_type(OP_IMM_32, 0, register, register, word))

    def fueled(self, emit: Callable[[], None]) -> None:
        """What is done only while there is fuel, so that most programs end."""
        past = self.label()
        self.put(addi(FUEL, FUEL, -1))
        self.branch(4, FUEL, 0, past)
        emit()
        self.place(past)

    def plain(self) -> int:
        """An instruction without a way to trap."""
        random = self.random
        word = _drawn(random, random.choice(_PLAIN))
        rd = random.choice(FREE) if random.random() < 0.95 else 0
        rs1 = random.choice((*FREE, *FREE, random.randrange(32)))
        if word & 0x7F not in (0x37, 0x17):
            word = word & ~(31 << 15) | rs1 << 15
        return word & ~(31 << 7) | rd << 7

    def base(self) -> tuple[int, int]:
        """A register to address by, and an offset."""
        random = self.random
        kind = random.random()
        if kind < 0.04:
            return FAR, random.choice((0, 0, 8, -8, 7, 2047, -2048))
        if kind < 0.07:
            return ODD, random.choice((0, 1, -1, 4))
        if kind < 0.1:
            return random.choice(FREE), 0
        return DATA, random.choice(
            (random.randrange(0, 256, 8), random.randrange(0, 256, 8), random.randrange(-64, 256))
        )

    # ---------------------------------------------------------------- statements

    def statement(self) -> None:
        random = self.random
        if random.random() < 0.4:
            self.labels[self.label()] = len(self.words)
        kinds: list[tuple[float, Callable[[], None]]] = [
            (10, self.straight),
            (8, self.memory),
            (3, self.walk),
            (2, self.frame),
            (2, self.chase),
            (2, self.atomic),
            (1, self.conditional_store),
            (6, self.loop),
            (5, self.choice),
            (3, self.call),
            (2, self.recursion),
            (2, self.computed_jump),
            (2, self.jump_into_the_middle),
            (1, self.constant_jump),
            (1, self.trap),
            (1, self.csr),
            (2, self.patch),
            (0.5, self.odd_jump),
            (0.15, self.stand_still),
            (0.2, lambda: self.put(_any_word(random))),
        ]
        if self.budget <= 0:
            kinds = kinds[:2]
        random.choices([emit for _, emit in kinds], [weight for weight, _ in kinds])[0]()

    def straight(self) -> None:
        self.put(*(self.plain() for _ in range(self.random.randrange(1, 6))))

    def memory(self) -> None:
        random = self.random
        for _ in range(random.randrange(1, 4)):
            register, offset = self.base()
            size = random.randrange(4)
            if register == DATA and random.random() < 0.97:
                offset &= -1 << size
            if random.random() < 0.5:
                self.put(s_type(size, register, random.randrange(32), offset))
            else:
                funct3 = size | (random.choice((0, 4)) if size < 3 else 0)
                self.put(i_type(LOAD, funct3, random.choice((*FREE, 0)), register, offset))

    def access(self, register: int, low: int, high: int, aligned: float = 0.98) -> None:
        """A load or a store between two offsets."""
        random = self.random
        size = random.randrange(4)
        offset = random.randrange(low, high)
        if random.random() < aligned:
            offset &= -1 << size
        if random.random() < 0.5:
            self.put(s_type(size, register, random.choice((*FREE, 0)), offset))
        else:
            self.put(
                i_type(LOAD, size | (random.choice((0, 4)) if size < 3 else 0), random.choice(FREE), register, offset)
            )

    def point(self) -> None:
        """Have the pointer point to data, to the edge of a page, to code, or to the end of memory."""
        random = self.random
        kind = random.random()
        if kind < 0.4:
            self.put(addi(POINTER, DATA, random.randrange(0, 256, 8)))
        elif kind < 0.8:
            self.put(lui(POINTER, random.choice((0x10, 0x11, 0x12, 0x20, 0x21))))
            self.put(addi(POINTER, POINTER, random.randrange(-128, 128, 8)))
            if random.random() < 0.5:  # the page before the edge has been written to already
                self.put(i_type(OP_IMM, 7, 7, POINTER, -8), sd(random.choice(FREE), 7, -128))
        elif kind < 0.9:
            self.address_of(POINTER, self.anywhere())
            self.put(i_type(OP_IMM, 7, POINTER, POINTER, -8))
        else:
            self.put(addi(POINTER, FAR, random.randrange(-64, 64, 8)))

    def walk(self) -> None:
        """A loop of one block, whose accesses move on by the same distance in each round."""
        random = self.random
        _, stride, counter = SCRATCH
        again = self.label()
        self.point()
        distance = random.choice((8, 8, -8, 4, 1, 16, 264, 1024, -2048, 0))
        if random.random() < 0.5:
            self.put(addi(stride, 0, distance))
        self.put(addi(counter, 0, random.choice((1, 3, 8, 17, 40))))
        self.place(again)
        for _ in range(random.randrange(1, 4)):
            self.access(POINTER, -16, 24)
            if random.random() < 0.4:
                self.put(self.plain())
        if random.random() < 0.15:
            self.branch(random.choice((0, 1)), random.choice(FREE), random.choice(FREE), again + "out")
        self.put(POINTER << 15 | stride << 20 | POINTER << 7 | 0x33)
        if random.random() < 0.5:
            self.put(addi(POINTER, POINTER, distance))
        self.put(addi(counter, counter, -1))
        self.branch(1, counter, 0, again)
        self.place(again + "out")

    def frame(self) -> None:
        """Accesses at a base that stays, or moves by a constant."""
        random = self.random
        self.point()
        for _ in range(random.randrange(2, 7)):
            self.access(POINTER, -64, 64)
            if random.random() < 0.2:
                self.put(addi(POINTER, POINTER, random.choice((-32, 32, 8))))

    def chase(self) -> None:
        """Accesses at an address that has just been loaded or computed, before and after others."""
        random = self.random
        _, address, _ = SCRATCH
        self.point()
        self.put(sd(POINTER, DATA, 0), self.plain())
        if random.random() < 0.5:
            self.access(DATA, 8, 64)
        if random.random() < 0.5:  # what must not be done twice
            count = random.choice(FREE)
            self.put(ld(count, DATA, 72), addi(count, count, 1), sd(count, DATA, 72))
        self.put(ld(address, DATA, 0))
        for _ in range(random.randrange(1, 4)):
            self.access(address, -24, 24)
            if random.random() < 0.3:
                self.put(self.plain())

    def atomic(self) -> None:
        random = self.random
        address = random.choice((DATA, DATA, DATA, DATA, DATA, DATA, FAR, ODD))
        operation = random.choice((0, 1, 2, 3, 4, 8, 12, 16, 20, 24, 28))
        rs2 = 0 if operation == 2 else random.choice(FREE)
        self.put(amo(operation, random.choice((2, 3)), random.choice((*FREE, 0)), address, rs2))

    def conditional_store(self) -> None:
        """An atomic increment, as compilers write it."""
        a, b, _ = SCRATCH
        again = self.label()
        self.place(again)
        self.put(amo(2, 3, a, DATA, 0), addi(a, a, 1))
        if self.random.random() < 0.2:
            self.put(sd(a, DATA, 0))
        self.put(amo(3, 3, b, DATA, a))
        self.fueled(lambda: self.branch(1, b, 0, again))

    def loop(self) -> None:
        random = self.random
        if self.depth >= 3:
            self.straight()
            return
        counter = COUNTERS[self.depth]
        again, out = self.label(), self.label()
        self.put(addi(counter, 0, random.choice((1, 2, 3, 5, 9, 17, 40)) if self.depth else random.choice((5, 20, 60))))
        if random.random() < 0.3:
            self.jump(out + "test")
        self.place(again)
        self.depth += 1
        for _ in range(random.randrange(1, 4)):
            self.statement()
            if random.random() < 0.15:
                self.branch(random.choice((0, 1, 4, 5, 6, 7)), random.choice(FREE), random.choice(FREE), out)
            if random.random() < 0.05:
                self.branch(1, random.choice(FREE), 0, again)
        self.depth -= 1
        self.place(out + "test")
        self.put(addi(counter, counter, -1))
        self.branch(random.choice((1, 5)) if self.depth else 1, counter, 0, again)
        self.place(out)

    def choice(self) -> None:
        random = self.random
        other, end = self.label(), self.label()
        self.branch(random.choice((0, 1, 4, 5, 6, 7)), random.choice(FREE), random.randrange(32), other)
        self.statement()
        if random.random() < 0.5:
            self.jump(end)
        self.place(other)
        self.statement()
        self.place(end)

    def call(self) -> None:
        random = self.random
        if not self.functions:
            self.straight()
            return
        function = random.choice(self.functions)
        kind = random.random()
        if kind < 0.5:
            self.jump(function, RA)
        elif kind < 0.8:
            self.address_of(RA, function)
            self.put(jalr(RA, RA, 0))
        else:
            self.address_of(6, function)
            self.put(NOP, jalr(random.choice((RA, T0)), 6, 1))

    def recursion(self) -> None:
        """Calls itself as often as a register says."""
        body, out = self.label(), self.label()
        self.put(addi(A0, 0, self.random.choice((1, 5, 20))))
        self.jump(body, RA)
        self.jump(out)
        self.place(body)
        last = self.label()
        self.put(addi(SP, SP, -16), sd(RA, SP, 0), addi(A0, A0, -1))
        self.branch(self.random.choice((0, 4)), A0, 0, last)
        self.jump(body, RA)
        self.put(self.plain())
        self.place(last)
        self.put(ld(RA, SP, 0), addi(SP, SP, 16), jalr(0, RA, 0))
        self.place(out)

    def computed_jump(self) -> None:
        """To one of the next few words, or between two of them."""
        random = self.random
        a, b, _ = SCRATCH
        base = self.label()
        self.address_of(a, base, random.choice((0, 0, 0, 0, 0, 2, 1)))
        self.put(i_type(OP_IMM, 7, b, random.choice(FREE), 3), i_type(OP_IMM, 1, b, b, 2))
        self.put(a << 15 | b << 20 | a << 7 | 0x33)
        self.put(jalr(random.choice((0, 0, RA, T0)), a, 0))
        self.place(base)
        self.put(*(self.plain() for _ in range(4)))

    def jump_into_the_middle(self) -> None:
        """To a place that exists already, or just after it."""
        target = self.anywhere()
        offset = 4 * self.random.choice((0, 0, 1, 2))

        def emit() -> None:
            if self.random.random() < 0.5:
                self.put(lambda pc, at: jal(0, at(target) + offset - pc))
            else:
                self.address_of(7, target, offset)
                self.put(jalr(0, 7, 0))

        self.fueled(emit)

    def constant_jump(self) -> None:
        """A jump by a register that is plain where control comes from above, and another where it comes by a jump."""
        a, b, c = SCRATCH
        here, one, two = self.label(), self.label(), self.label()
        self.address_of(a, two)
        self.put(self.plain())
        self.branch(self.random.choice((0, 1, 4, 5)), self.random.choice(FREE), self.random.choice(FREE), here)
        self.address_of(a, one)
        self.place(here)
        self.put(jalr(self.random.choice((0, 0, b, c)), a, 0))
        self.place(one)
        self.statement()
        self.place(two)

    def trap(self) -> None:
        self.put(self.random.choice((ECALL, ECALL, EBREAK, 0, 0xFFFFFFFF)))

    def csr(self) -> None:
        random = self.random
        number = random.choice(_CSRS)
        funct3 = random.choice((1, 2, 3, 5, 6, 7))
        rs1 = 0 if number in (MTVEC, 0xC00, 0xF14) and random.random() < 0.95 else random.choice((*FREE, 0))
        if number == MTVEC and funct3 in (1, 5) and random.random() < 0.95:
            funct3 = 2
        self.put(i_type(SYSTEM, funct3, random.choice((*FREE, 0)), rs1, number))

    def patch(self) -> None:
        """Overwrite code: the next instruction, or some other."""
        random = self.random
        target = self.label() if random.random() < 0.5 else self.anywhere()
        self.address_of(HERE, target)
        kind = random.random()
        if kind < 0.6:
            self.load_word(WORD, self.plain())
        else:
            self.put(i_type(LOAD, 2, WORD, HERE, 0))
            if kind < 0.8:  # another register or function, mostly
                self.put(i_type(OP_IMM, 4, WORD, WORD, 1 << random.choice((7, 8, 9))))
        self.put(s_type(2, HERE, WORD, 0))
        if random.random() < 0.2:
            self.put(FENCE | 1 << 12)
        if target not in self.labels:
            self.put(*(self.plain() for _ in range(random.randrange(3))))
            self.place(target)
            self.put(self.plain())

    def odd_jump(self) -> None:
        """To a target that is misaligned, or out of range."""
        random = self.random
        kind = random.randrange(4)
        if kind == 0:
            self.put(jal(random.choice((0, RA)), 6))
        elif kind == 1:
            self.put(b_type(random.randrange(2), random.choice(FREE), 0, 6))
        elif kind == 2:
            self.put(i_type(JALR, 0, random.choice((0, RA)), random.choice((FAR, ODD)), random.choice((0, 2, 4))))
        else:
            self.put(b_type(random.randrange(2), random.choice(FREE), 0, -4096))

    def stand_still(self) -> None:
        """A fixed point, if control comes there."""
        random = self.random
        past = self.label()
        self.branch(random.choice((0, 1)), random.choice(FREE), random.choice((*FREE, 0)), past)
        kind = random.randrange(5)
        if kind == 0:
            self.put(WFI)
        elif kind == 1:
            self.put(jal(random.choice((0, RA)), 0))
        elif kind == 2:
            self.put(b_type(random.choice((0, 5, 7)), 10, 10, 0))
        elif kind == 3:
            self.put(u_type(AUIPC, 5, 0), jalr(random.choice((0, 5, RA)), 5, 4))
        else:
            self.put(u_type(AUIPC, 5, 0), addi(5, 5, 12), i_type(SYSTEM, 1, 0, 5, MEPC), MRET)
        self.place(past)

    def function(self, name: str) -> None:
        self.place(name)
        leaf = self.random.random() < 0.5
        if not leaf:
            self.put(addi(SP, SP, -16), sd(RA, SP, 8))
        functions, self.functions = self.functions, [] if leaf else self.functions[self.functions.index(name) + 1 :]
        self.depth += 2
        for _ in range(self.random.randrange(1, 4)):
            if leaf:
                self.random.choice((self.straight, self.memory, self.choice, self.computed_jump))()
            else:
                self.statement()
        self.depth -= 2
        self.functions = functions
        if not leaf:
            self.put(ld(RA, SP, 8), addi(SP, SP, 16))
        self.put(jalr(0, self.random.choice((*[RA] * 19, T0)), 0))

    def handler(self) -> None:
        """Goes on after the instruction that trapped, while there is fuel."""
        self.place("handler")
        random = self.random
        if random.random() < 0.2:
            self.put(i_type(SYSTEM, 1, 5, 5, MSCRATCH))
        self.put(i_type(SYSTEM, 2, 5, 0, MEPC), addi(5, 5, 4), i_type(SYSTEM, 1, 0, 5, MEPC))
        self.put(addi(FUEL, FUEL, -1), b_type(4, FUEL, 0, 8), MRET)
        self.end()

    def end(self) -> None:
        self.put(self.random.choice((WFI, WFI, jal(0, 0), b_type(0, 0, 0, 0), ECALL, 0)))

"""One program on the reference and on the engine, states compared wherever the engine is made to stop."""

from dataclasses import asdict, astuple, dataclass, field
from random import Random

from assay.machines.riscv.hart import Hart
from assay.machines.riscv.interpreter import run
from assay.machines.riscv.memory import PAGE, Memory, Pages
from assay.machines.riscv_fast.core import Core, Registers
from assay.machines.riscv_fast.guest import GuestMemory
from assay.machines.riscv_fast.timeline import Snapshot, Timeline
from assay.machines.riscv_fast.translator import Translator
from assay.native.cache import DiskCache
from tests.differential.engine_programs import Program

STEPS = 4000
"""Of a program, at most."""
ROUNDS = 3
"""How often a program is run from some earlier step on, once its code has been translated."""
STOPS = 200
"""In a round, at most."""

ZERO = bytes(PAGE)


class Disagreement(AssertionError):  # noqa: N818 - what is wrong is not the test
    """The engine does not do what the reference does."""


class _Watched(Memory):
    """A memory that keeps a log of all writes."""

    def __init__(self, pages: Pages) -> None:
        super().__init__(pages)
        self.log: list[tuple[int, int, int]] = []

    def write(self, address: int, size: int, value: int) -> None:
        self.log.append((address, size, value))
        super().write(address, size, value)


@dataclass
class Recording:
    """What the reference does: the registers at every step, and what is written when."""

    pages: Pages
    registers: list[Registers]
    writes: list[int]
    """How many of the entries in the log were made before each step."""
    log: list[tuple[int, int, int]]
    end: int | None
    """The first step of the fixed point, if there is one."""
    _memory: Memory = field(init=False)
    _done: int = field(init=False)

    def __post_init__(self) -> None:
        self._rewind()

    def _rewind(self) -> None:
        self._memory, self._done = Memory(self.pages), 0

    def memory(self, step: int) -> Memory:
        """The memory at a step. It is good until another step is asked for."""
        if self.writes[step] < self._done:
            self._rewind()
        for address, size, value in self.log[self._done : self.writes[step]]:
            self._memory.write(address, size, value)
        self._done = self.writes[step]
        return self._memory


def registers_of(hart: Hart) -> Registers:
    """In the order of the engine's context; without the sink, which is no part of the state."""
    traps = (hart.mtvec, hart.mepc, hart.mcause, hart.mtval, hart.mscratch)
    return (*hart.x[:32], 0, hart.pc, hart.reservation, *traps)


def record(program: Program, steps: int) -> Recording:
    """Run the reference."""
    memory = _Watched(program.memory.pages())
    hart = program.hart.on(memory)
    pages = memory.pages()
    registers, writes, end = [registers_of(hart)], [0], None
    while len(registers) <= steps:
        run(hart, 1)
        now = registers_of(hart)
        if now == registers[-1]:  # pc stays, so nothing was stored either
            end = len(registers) - 1
            break
        registers.append(now)
        writes.append(len(memory.log))
    return Recording(pages, registers, writes, memory.log, end)


@dataclass
class Counts:
    """What was compared."""

    programs: int = 0
    steps: int = 0
    stops: int = 0
    regions: int = 0
    """Translated."""

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))

    def __str__(self) -> str:
        return ", ".join(f"{number} {name}" for name, number in asdict(self).items())


class Run:
    """The engine's side."""

    def __init__(
        self, program: Program, random: Random, translate: bool, cache: DiskCache | None = None, steps: int = 0
    ) -> None:
        self._recording = record(program, steps or random.choice((STEPS // 8, STEPS // 2, STEPS)))
        self._random = random
        self._guest = GuestMemory()
        self._guest.load(self._recording.pages)
        self._core = Core(self._guest, self._capture, cache=cache, hot=random.choice((1, 2, 4, 16)))
        self._core.set_hart(program.hart)
        self._translator = None
        if translate:
            patience = random.choice((0, 1, 3))
            self._translator = Translator(self._core, cache, background=False, patience=patience)
        self._timeline: Timeline[Registers] = Timeline(self._guest, self._core.registers, max_snapshots=6)
        self._step = 0
        self._before: dict[int, bytes] = {}  # what pages held, by the engine's captures, since the last snapshot
        self._since, self._earlier = 0, dict(self._recording.pages)  # the step of that, and the memory then
        self.counts = Counts(programs=1)

    def compare(self) -> None:
        """All of it. Raises `Disagreement`."""
        self._check()
        for _ in range(ROUNDS if self._translator else 1):
            self._round()
            self._seek(self._timeline.nearest(self._random.randrange(self._step + 1)))
        if self._translator is not None:
            self.counts.regions = self._translator.placed

    def _round(self) -> None:
        """On to the end, by runs of many lengths."""
        random = self._random
        last = len(self._recording.registers) - 1
        length = random.choice((3, 20, 100, 1000))
        for _ in range(STOPS):
            ahead = [snapshot.step for snapshot in self._timeline.snapshots if snapshot.step > self._step]
            steps = random.choice((0, 1, 2, random.randrange(length), random.randrange(length)))
            steps = min(steps, min(ahead, default=last) - self._step)  # snapshots are not to be passed by
            ended = self._run(steps)
            if self._translator is not None:
                self._translator.poll()
            if ended or self._step == last:
                break
            if self._step in ahead or random.random() < 0.05:
                self._remember()
            elif random.random() < 0.02:
                self._seek(random.choice(self._timeline.snapshots))
        if self._recording.end is not None and self._step == last:
            self._run(0)
            self._run(random.choice((1, 1000)))

    def _run(self, steps: int) -> bool:
        """Run, and compare the states then."""
        taken, ended = self._core.run(steps)
        self._core.drain()
        end = self._recording.end
        expected = (steps, False) if end is None or self._step + steps <= end else (end - self._step, True)
        if (taken, ended) != expected:
            raise Disagreement(f"of {steps} steps from {self._step} on: {(taken, ended)}, not {expected}")
        self._step += taken
        self.counts.steps += taken
        self._check()
        return ended

    def _check(self) -> None:
        self.counts.stops += 1
        expected, found = self._recording.registers[self._step], self._core.registers
        found = (*found[:32], 0, *found[33:])
        if found != expected:
            told = [
                f"word {i}: {a:#x}, not {b:#x}" for i, (a, b) in enumerate(zip(found, expected, strict=True)) if a != b
            ]
            raise Disagreement(f"at step {self._step}: {'; '.join(told)}")
        pages = self._recording.memory(self._step).pages()
        for page in pages.keys() | self._before.keys():
            if self._guest.read_page(page) != pages.get(page, ZERO):
                raise Disagreement(f"at step {self._step}: page {page:#x} of memory")
        earlier = self._earlier
        for page, content in self._before.items():
            if content != earlier.get(page, ZERO):
                raise Disagreement(f"at step {self._step}: page {page:#x} as captured since step {self._since}")
        missed = {page for page in pages if pages[page] != earlier.get(page, ZERO)} - self._before.keys()
        if missed:
            raise Disagreement(f"at step {self._step}: pages {missed} changed since {self._since}, and not captured")

    def _capture(self, page: int, content: bytes | None) -> None:
        self._before.setdefault(page, content or ZERO)
        self._timeline.capture(page, content)

    def _remember(self) -> None:
        self._timeline.remember(self._step, self._core.registers)
        self._begin(self._step)

    def _seek(self, snapshot: Snapshot[Registers]) -> None:
        self._core.replaced(self._timeline.seek(snapshot))
        self._core.registers = snapshot.registers
        self._step = snapshot.step
        self._begin(self._step)
        self._check()

    def _begin(self, step: int) -> None:
        """From here on, pages are captured anew."""
        self._since, self._earlier, self._before = step, self._recording.memory(step).pages(), {}


def compare(
    program: Program, random: Random, translate: bool = True, cache: DiskCache | None = None, steps: int = 0
) -> Counts:
    """Compare the engine with the reference on one program, for a random number of steps if none is given.

    Raises `Disagreement`.
    """
    engine = Run(program, random, translate, cache, steps)
    engine.compare()
    return engine.counts

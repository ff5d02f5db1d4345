"""The same steps by the reference and by the referee, and what to say where they differ."""

from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

from assay.machines.riscv.disassembly import disassemble
from assay.machines.riscv.interpreter import run
from assay.machines.riscv.memory_tree import MemoryTree
from assay.machines.riscv.state import State
from assay.machines.riscv.witness import record
from tests.differential.cases import Case
from tests.differential.referee import REQUEST, Referee, Verdict


@dataclass(frozen=True)
class Step:
    """One step as the reference takes it."""

    origin: str
    """Where it comes from: a case's name or number."""
    before: State
    word: int | None
    """What was fetched; None if nothing can be."""
    witness: bytes
    after: State
    expected: Verdict
    """What the referee has to say: the root of the state after it, if the witness is right."""


@dataclass(frozen=True)
class Disagreement:
    """A step that the referee takes otherwise."""

    step: Step
    referee: Verdict

    def __str__(self) -> str:
        step = self.step
        fetched = (
            "nothing can be fetched"
            if step.word is None
            else f"{step.word:#010x}  {disassemble(step.word, step.before.pc)}"
        )
        before, after = parts(step.before), parts(step.after)
        return "\n".join(
            (
                f"{step.origin}: {fetched}",
                *(f"  before     {name:<12}{value:#018x}" for name, value in before.items() if value),
                *(f"  after      {name:<12}{value:#018x}" for name, value in after.items() if value != before[name]),
                f"  reference  {shown(step.expected)}",
                f"  referee    {shown(self.referee)}",
                f"  prestate   {step.before.root().hex()}",
                f"  witness    {step.witness.hex()}",
            )
        )


def steps_of(origin: str, case: Case, count: int) -> Iterator[Step]:
    """The first `count` steps of a case, fewer if it comes to a fixed point."""
    hart, memory = case.machine()
    tree = MemoryTree(memory.pages())
    for _ in range(count):
        before = hart.state(tree.root())
        word = None if hart.pc & 3 or hart.pc >> 32 else memory.read(hart.pc, 4)
        witness = record(hart, tree)
        run(hart, 1)
        tree.follow(memory.pages())
        after = hart.state(tree.root())
        yield Step(origin, before, word, witness, after, after.root())
        if after == before:
            return


def disagreements(steps: Iterable[Step], referee: Referee) -> Iterator[tuple[int, list[Disagreement]]]:
    """Take the steps by the referee too, batch by batch: the number of steps of a batch, and where it differs.

    The reference makes a batch while the node works on the one before.
    """
    iterator = iter(steps)
    with ThreadPoolExecutor(max_workers=1) as pool:
        running: tuple[list[Step], Future[list[Verdict]]] | None = None
        while batch := list(islice(iterator, REQUEST)):
            verdicts = pool.submit(referee.step_all, [(step.before.root(), step.witness) for step in batch])
            if running is not None:
                yield _compare(*running)
            running = batch, verdicts
        if running is not None:
            yield _compare(*running)


def assert_agreement(cases: Iterable[tuple[str, Case]], referee: Referee, steps: int = 1) -> int:
    """Check that the referee takes the first `steps` steps of each case as the reference does; the number of steps."""
    total = 0
    taken = (step for name, case in cases for step in steps_of(name, case, steps))
    for count, found in disagreements(taken, referee):
        assert not found, f"{len(found)} of {count} steps differ, for example\n{found[0]}"
        total += count
    return total


def shown(verdict: Verdict) -> str:
    """A verdict as people read it."""
    return verdict.hex() if isinstance(verdict, bytes) else verdict


def parts(state: State) -> dict[str, int]:
    """The numbers of a state by name."""
    numbers = {"memory": int.from_bytes(state.memory_root, "big"), "pc": state.pc}
    numbers |= {f"x{i}": value for i, value in enumerate(state.x, start=1)}
    names = ("reservation", "mtvec", "mepc", "mcause", "mtval", "mscratch")
    return numbers | {name: getattr(state, name) for name in names}


def _compare(batch: list[Step], verdicts: Future[list[Verdict]]) -> tuple[int, list[Disagreement]]:
    found = [
        Disagreement(step, verdict)
        for step, verdict in zip(batch, verdicts.result(), strict=True)
        if verdict != step.expected
    ]
    return len(batch), found

"""Real programs: a short one at every step, a long one here and there."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random

from assay.machines.base import RunStatus
from assay.machines.riscv.elf import parse_elf
from assay.machines.riscv.machine import trace_of
from assay.machines.riscv.trace import RiscvTrace
from tests.differential.compare import Step, disagreements
from tests.differential.referee import Referee
from tests.support.anvil import CHECKOUT
from tests.support.programs import program

SHORT = Path(__file__).parent / "programs" / "short.c"
COMPRESS = CHECKOUT / "examples" / "compress"
STEP_LIMIT = 16**6
WINDOWS, WINDOW = 12, 25


def run(source: Path, stdin: bytes) -> tuple[RiscvTrace, int]:
    """The trace of a program that exits, and the number of its steps."""
    trace = trace_of(parse_elf(program(source)), [source.stem], stdin, STEP_LIMIT)
    steps = trace.run()
    assert trace.outcome().status is RunStatus.EXITED
    return trace, steps


def steps_at(trace: RiscvTrace, places: Iterable[int]) -> Iterator[Step]:
    for place in places:
        before, (_, word), witness = trace.state(place), trace.word(place), trace.witness(place)
        after = trace.state(place + 1)
        yield Step(f"step {place}", before, word, witness, after, after.root())


def assert_agreement(steps: Iterable[Step], referee: Referee) -> int:
    total = 0
    for count, found in disagreements(steps, referee):
        assert not found, f"{found[0]}"
        total += count
    return total


def test_referee_takes_every_step_of_a_short_program(referee: Referee) -> None:
    trace, steps = run(SHORT, b"the quick brown fox jumps over the lazy dog")
    assert 3_000 < steps < 30_000
    end_and_beyond = steps + 2
    assert assert_agreement(steps_at(trace, range(end_and_beyond)), referee) == end_and_beyond
    assert trace.state_root(steps) == trace.state_root(steps + 1)


def test_referee_takes_steps_all_over_a_long_program(referee: Referee) -> None:
    trace, steps = run(COMPRESS / "compress.c", (COMPRESS / "text.txt").read_bytes())
    assert steps > 1_000_000
    starts = sorted([0, steps - WINDOW, *Random(1).sample(range(steps - WINDOW), WINDOWS)])
    places = sorted({place for start in starts for place in range(start, start + WINDOW)})
    assert assert_agreement(steps_at(trace, places), referee) == len(places)

"""Real programs on the engine and on the reference: states at random steps of their beginning, and how they end."""

from pathlib import Path
from random import Random

import pytest

from assay.machines.riscv.elf import parse_elf
from assay.machines.riscv.hart import Hart
from assay.machines.riscv.machine import initial_pages
from assay.machines.riscv.memory import Memory
from assay.machines.riscv.trace import RiscvTrace
from tests.differential.engine_programs import Program
from tests.differential.engine_run import compare
from tests.support.anvil import CHECKOUT
from tests.support.programs import program, run

STEPS = 25_000
EXAMPLES = CHECKOUT / "examples"
GUEST = CHECKOUT / "tests" / "unit" / "guest" / "programs"
INPUTS = {
    "compress": "text.txt",
    "hash": "hash.c",
    "join": "jobs.csv",
    "price": "options.txt",
    "query": "orders.json",
    "render": "scene.txt",
    "scheme": "tour.scm",
    "solve": "factor.cnf",
}
SHORT = CHECKOUT / "tests" / "differential" / "programs" / "short.c"


def sources(name: str) -> Path:
    folder = EXAMPLES / name
    return folder if len(list(folder.glob("*.c"))) > 1 else folder / f"{name}.c"


def start(source: Path, stdin: bytes) -> Program:
    pages = initial_pages(parse_elf(program(source)), [source.stem], stdin)
    return Program(Hart(Memory()), Memory(pages))


@pytest.mark.parametrize("name", INPUTS)
def test_an_example_takes_the_references_steps(name: str) -> None:
    begun = start(sources(name), (EXAMPLES / name / INPUTS[name]).read_bytes())
    assert compare(begun, Random(name), steps=STEPS).regions
    compare(begun, Random(name), translate=False, steps=STEPS // 8)


@pytest.mark.parametrize("source", sorted(GUEST.glob("*.c")), ids=lambda source: source.stem)
def test_a_program_of_the_kernels_tests_takes_the_references_steps(source: Path) -> None:
    compare(start(source, b"one two three"), Random(source.stem), steps=STEPS // 4)


def test_a_short_program_ends_as_by_the_reference() -> None:
    stdin = b"the quick brown fox jumps over the lazy dog"
    assert run(SHORT, stdin=stdin) == run(SHORT, stdin=stdin, trace_type=RiscvTrace)

"""Traces of the engine and of the reference, asked for the same steps in the same order: any order."""

from random import Random

import pytest

from assay.machines.riscv.trace import RiscvTrace
from assay.machines.riscv_fast.trace import FastTrace
from tests.differential.engine_programs import random_program

LIMIT = 16**3
PROGRAMS, QUESTIONS = 24, 12


@pytest.mark.parametrize("part", range(4))
def test_a_trace_that_is_asked_for_steps_in_any_order_equals_the_references(part: int) -> None:
    for number in range(part, PROGRAMS, 4):
        random = Random(f"traces {number}")
        program = random_program(random)
        pages = program.memory.pages()
        engine = FastTrace(program.start(), pages, LIMIT)
        reference = RiscvTrace(program.start(), pages, LIMIT)
        if random.random() < 0.5:
            assert engine.run() == reference.run()
        middle = random.randrange(LIMIT)
        for _ in range(QUESTIONS):
            step = random.choice((random.randrange(LIMIT), min(middle + random.randrange(20), LIMIT - 1)))
            assert engine.state_root(step) == reference.state_root(step), f"program {number}, step {step}"
            assert engine.witness(step) == reference.witness(step), f"program {number}, step {step}"
        assert engine.run() == reference.run()

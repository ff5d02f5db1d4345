"""The engine against the reference on random programs, and on those that they once disagreed about."""

from collections.abc import Callable
from random import Random

import pytest

from assay.machines.riscv.hart import Hart
from assay.machines.riscv.memory import Memory
from tests.differential.engine_fuzz import case
from tests.differential.engine_programs import Program
from tests.differential.engine_run import Counts, compare
from tests.unit.machines.assembler import (
    A0,
    A1,
    A2,
    AUIPC,
    OP_IMM,
    START,
    T0,
    T1,
    WFI,
    ZERO,
    addi,
    bne,
    i_type,
    jal,
    jalr,
    program,
    u_type,
)

SEED = 20261
TRANSLATED, INTERPRETED = 240, 300


def at(words: list[int], start: int = START) -> Program:
    """These words, and registers that are all zero."""
    return Program(Hart(Memory(), start), Memory(program(words, start)))


def jump_by_a_register_that_two_ways_set() -> Program:
    """The jump's target is plain on the way from above, and another on the way of the branch."""
    loop, here, one, two, last = (START + 4 * place for place in (1, 7, 10, 8, 11))
    return at(
        [
            addi(A0, ZERO, 60),
            u_type(AUIPC, T0, 0),
            addi(T0, T0, two - loop),
            i_type(OP_IMM, 7, T1, A0, 4),
            bne(T1, ZERO, here - START - 16),
            u_type(AUIPC, T0, 0),
            addi(T0, T0, one - START - 20),
            jalr(ZERO, T0, 0),
            addi(A1, A1, 1),
            jal(ZERO, last - two - 4),
            addi(A2, A2, 1),
            addi(A0, A0, -1),
            bne(A0, ZERO, loop - last - 4),
            WFI,
        ]
    )


ONCE_WRONG = [jump_by_a_register_that_two_ways_set]


@pytest.mark.parametrize("make", ONCE_WRONG)
@pytest.mark.parametrize("seed", range(3))
def test_programs_that_once_went_wrong(make: Callable[[], Program], seed: int) -> None:
    compare(make(), Random(seed))


@pytest.mark.parametrize("part", range(4))
def test_random_programs_translated(part: int) -> None:
    total = sum((case(SEED, number) for number in range(part, TRANSLATED, 4)), Counts())
    assert total.regions > TRANSLATED // 4, "hardly anything has been translated"


def test_random_programs_interpreted() -> None:
    for number in range(INTERPRETED):
        case(SEED + 1, number, translate=False)

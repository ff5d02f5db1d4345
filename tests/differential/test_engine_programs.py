"""The engine against the reference on random programs, and on those that they once disagreed about."""

from collections.abc import Callable, Sequence
from random import Random

import pytest

from assay.machines.riscv.hart import Hart
from assay.machines.riscv.memory import Memory
from assay.machines.riscv_fast import translate
from assay.machines.riscv_fast.accesses import Form, Group, rounds_ahead
from assay.machines.riscv_fast.region import Placed
from assay.machines.riscv_fast.translate import Translation
from tests.differential.engine_fuzz import case
from tests.differential.engine_programs import Program
from tests.differential.engine_run import Counts, Disagreement, compare
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
    ld,
    lui,
    program,
    sd,
    u_type,
)

SEED = 20261
TRANSLATED, INTERPRETED = 240, 300
PATIENCE = 400
"""Programs in which a fault has to show."""


def at(words: list[int], start: int = START, handler: int = 0) -> Program:
    """These words, and registers that are all zero; traps go to the word of that number."""
    return Program(Hart(Memory(), start, mtvec=start + 4 * handler), Memory(program(words, start)))


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


def stores_across_an_edge() -> Program:
    """A page is written to; and in a loop after that, its end and the next page's beginning."""
    return at(
        [
            lui(T0, 0x11),
            addi(A1, ZERO, 60),
            i_type(OP_IMM, 7, T1, T0, -8),
            sd(A0, T1, -512),
            addi(A2, ZERO, 10),
            addi(A0, A0, 1),
            sd(A0, T0, -8),
            sd(A0, T0, 0),
            addi(A2, A2, -1),
            bne(A2, ZERO, -16),
            addi(A1, A1, -1),
            bne(A1, ZERO, -36),
            WFI,
        ]
    )


def loads_across_the_end() -> Program:
    """Two loads that move on until the second is beyond the end of memory; and some steps after that."""
    return at(
        [
            addi(T0, ZERO, 1),
            i_type(OP_IMM, 1, T0, T0, 32),
            addi(T0, T0, -160),
            addi(A1, ZERO, 100),
            ld(A0, T0, 0),
            ld(A2, T0, 8),
            addi(T0, T0, 8),
            addi(A1, A1, -1),
            bne(A1, ZERO, -16),
            addi(A1, A1, -1),
            bne(A1, ZERO, -4),
            WFI,
        ],
        handler=9,
    )


BY_HAND = [jump_by_a_register_that_two_ways_set, stores_across_an_edge, loads_across_the_end]


@pytest.mark.parametrize("make", BY_HAND)
@pytest.mark.parametrize("seed", range(3))
def test_programs_that_went_wrong_once_or_easily_could(make: Callable[[], Program], seed: int) -> None:
    compare(make(), Random(seed))


@pytest.mark.parametrize("part", range(4))
def test_random_programs_translated(part: int) -> None:
    total = sum((case(SEED, number) for number in range(part, TRANSLATED, 4)), Counts())
    assert total.regions > TRANSLATED // 4, "hardly anything has been translated"


def test_random_programs_interpreted() -> None:
    for number in range(INTERPRETED):
        case(SEED + 1, number, translate=False)


# ---------------------------------------------------------------- faults that have to be found


def _base_only(group: Group) -> list[Form]:
    return [group.base]


def _first_page_only(group: Group) -> list[Form]:
    return STORED(group)[:1]


def _no_checkpoint_after_a_store(translation: Translation, pc: int) -> None:
    if pc == translation._now_in.start:
        CHECKPOINT(translation, pc)


def _one_round_of_steps(translation: Translation, groups: list[Group], steps: int = 0, otherwise: str = "") -> None:
    CHECK(translation, groups, min(steps, translation._now_in.length), otherwise)


def _too_many_rounds(block: Sequence[Placed]) -> tuple[Form, int] | None:
    ahead = rounds_ahead(block)
    return None if ahead is None else (ahead[0].plus(2 * ahead[1]), ahead[1])


STORED, CHECKPOINT, CHECK = Group.stored, Translation._checkpoint, Translation._check
PLANTED = [
    (Group, "tested", _base_only),
    (Group, "stored", _first_page_only),
    (Translation, "_checkpoint", _no_checkpoint_after_a_store),
    (Translation, "_check", _one_round_of_steps),
    (Translation, "_write_back", lambda *_: None),
    (translate, "rounds_ahead", _too_many_rounds),
]


@pytest.mark.parametrize(("owner", "name", "wrong"), PLANTED, ids=lambda value: getattr(value, "__name__", str(value)))
def test_a_planted_fault_is_found(
    monkeypatch: pytest.MonkeyPatch, owner: object, name: str, wrong: Callable[..., object]
) -> None:
    monkeypatch.setattr(owner, name, wrong)
    assert any(_disagrees(number) for number in range(PATIENCE))


def _disagrees(number: int) -> bool:
    try:
        for make in BY_HAND:
            compare(make(), Random(number))
        case(SEED, number)
    except Disagreement:
        return True
    return False

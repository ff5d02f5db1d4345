"""The referee agrees with the reference at every edge."""

from collections.abc import Callable

import pytest

from tests.differential.compare import assert_agreement
from tests.differential.edges import (
    COMPUTATIONS,
    PAIRS,
    SINGLE_STEPS,
    WALKS,
    Cases,
    computations,
    immediates,
    named,
)
from tests.differential.referee import Referee
from tests.unit.machines.assembler import OP_IMM, OP_IMM_32


@pytest.mark.parametrize(("opcode", "funct7", "funct3"), COMPUTATIONS)
def test_computations_agree_on_all_pairs_of_edges(referee: Referee, opcode: int, funct7: int, funct3: int) -> None:
    assert assert_agreement(named(computations(opcode, funct7, funct3)), referee) == len(PAIRS)


@pytest.mark.parametrize("opcode", [OP_IMM, OP_IMM_32])
def test_computations_agree_with_edges_as_immediates(referee: Referee, opcode: int) -> None:
    assert_agreement(named(immediates(opcode)), referee)


@pytest.mark.parametrize("group", SINGLE_STEPS, ids=lambda group: group.__name__)
def test_the_referee_agrees_on(referee: Referee, group: Callable[[], Cases]) -> None:
    assert_agreement(named(group()), referee)


@pytest.mark.parametrize("group", WALKS, ids=lambda group: group.__name__)
def test_the_referee_agrees_on_what_follows(referee: Referee, group: Callable[[], Cases]) -> None:
    assert_agreement(named(group()), referee, steps=8)

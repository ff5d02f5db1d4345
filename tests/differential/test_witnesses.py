"""Witnesses that are not quite right: the reference's own check and the referee refuse the same ones."""

from itertools import islice, pairwise
from random import Random

import pytest

from tests.differential.compare import Step, disagreements
from tests.differential.fuzz import random_steps
from tests.differential.referee import REFUSED, Referee
from tests.differential.spoiling import spoilt


@pytest.fixture(scope="module")
def steps() -> list[Step]:
    return list(islice(random_steps(seed=11), 400))


def test_referee_refuses_what_the_reference_refuses(referee: Referee, steps: list[Step]) -> None:
    random = Random(5)
    tries = [spoilt(random, step) for step in steps for _ in range(8)]
    for step in tries:
        assert step.expected in (REFUSED, step.after.root())
    for _, found in disagreements(tries, referee):
        assert not found, f"{found[0]}"

    refused = sum(step.expected == REFUSED for step in tries)
    assert refused > len(tries) / 2
    assert refused < len(tries) * 0.95  # a number may be longer than it needs to be, for example


def test_witness_of_one_step_is_refused_for_another(referee: Referee, steps: list[Step]) -> None:
    neighbours = [(one.before.root(), other) for one, other in pairwise(steps)]
    different = [(root, other.witness) for root, other in neighbours if root != other.before.root()]
    assert len(different) > len(steps) / 2
    assert set(referee.step_all(different)) == {REFUSED}

"""Random states and words. `python -m tests.differential.fuzz` takes as many more as one has time for."""

from itertools import islice

from tests.differential.compare import disagreements
from tests.differential.fuzz import random_steps
from tests.differential.referee import Referee

STEPS = 4000
SEED = 2


def test_referee_takes_random_steps_as_the_reference_does(referee: Referee) -> None:
    for _, found in disagreements(islice(random_steps(SEED), STEPS), referee):
        assert not found, f"{found[0]}"


def test_random_steps_depend_on_the_seed_alone() -> None:
    first = [step.witness for step in islice(random_steps(1), 50)]
    assert first == [step.witness for step in islice(random_steps(1), 50)]
    assert first != [step.witness for step in islice(random_steps(2), 50)]

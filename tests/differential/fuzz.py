"""Compare the referee with the reference on random states and words, and on witnesses that are not quite right.

    python -m tests.differential.fuzz --steps 200000 --seed 7

Ends with status 1 at the first disagreement, and says how to see it again.
"""

import argparse
import sys
import time
from collections.abc import Iterable, Iterator
from itertools import count, islice
from random import Random

from tests.differential.cases import random_case
from tests.differential.compare import Step, disagreements, steps_of
from tests.differential.referee import Referee
from tests.differential.spoiling import spoilt
from tests.differential.walks import LONGEST as LONGEST_WALK
from tests.differential.walks import random_walk
from tests.support.anvil import anvil

WALKS, SPOILT = 0.03, 0.1
"""How many of the cases are walks of several steps, and how many steps come with a spoilt witness too."""
REPORT_SECONDS = 5.0


def random_steps(seed: int, first: int = 0) -> Iterator[Step]:
    """Steps of the random cases from number `first` on, one or a few of each. They depend on the numbers alone."""
    for number in count(first):
        random = Random(f"{seed}/{number}")
        name = f"seed {seed}, case {number}"
        if random.random() < WALKS:
            yield from steps_of(name, random_walk(random), LONGEST_WALK)
        else:
            yield from steps_of(name, random_case(random), 4 if random.random() < 0.1 else 1)


def with_spoilt(seed: int, steps: Iterable[Step]) -> Iterator[Step]:
    """The steps, and some of them a second time, with another witness."""
    for step in steps:
        yield step
        random = Random(f"{seed}/{step.before.root().hex()}")
        if random.random() < SPOILT:
            yield spoilt(random, step)


def main() -> int:
    """Run as the module's documentation says."""
    parser = argparse.ArgumentParser(prog="python -m tests.differential.fuzz", description=__doc__)
    parser.add_argument("--steps", type=int, default=20_000, help="how many steps to compare (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000, help="default: another one each time")
    parser.add_argument("--case", type=int, default=0, help="the number of the first case, as a report names it")
    arguments = parser.parse_args()

    print(f"seed {arguments.seed}", flush=True)
    started = reported = time.monotonic()
    done = 0
    with anvil("--hardfork", "prague") as url:
        steps = islice(random_steps(arguments.seed, arguments.case), arguments.steps)
        for size, found in disagreements(with_spoilt(arguments.seed, steps), Referee(url)):
            done += size
            if found:
                print(f"\nThe referee disagrees with the reference. {found[0]}")
                number = found[0].step.origin.removesuffix(", spoilt").rsplit(" ", 1)[-1]
                again = f"--seed {arguments.seed} --case {number} --steps {LONGEST_WALK}"
                print(f"To see it again: python -m tests.differential.fuzz {again}")
                return 1
            if time.monotonic() - reported > REPORT_SECONDS:
                reported = time.monotonic()
                rate = done / (reported - started)
                print(f"{done / (1 + SPOILT):.0f} of {arguments.steps} steps, {rate:.0f} a second", flush=True)
    extra = done - arguments.steps
    seconds = time.monotonic() - started
    print(
        f"{arguments.steps} steps, and {extra} of them with a spoilt witness too: no disagreement, in {seconds:.0f} s"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())

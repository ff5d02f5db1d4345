"""Compare the engine with the reference on random programs, stopped and sent back at random.

    python -m tests.differential.engine_fuzz --programs 10000 --seed 7

Ends with status 1 if they ever disagreed, and says how to see that again.
"""

import argparse
import sys
import time
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from assay.native.cache import DiskCache
from tests.differential.engine_programs import random_program
from tests.differential.engine_run import Counts, Disagreement, compare

REPORT_SECONDS = 10.0


def case(seed: int, number: int, translate: bool = True, cache: DiskCache | None = None) -> Counts:
    """Compare one case, which depends on the numbers alone. Raises `Disagreement`."""
    random = Random(f"{seed}/{number}")
    return compare(random_program(random), random, translate, cache)


def main() -> int:
    """Run as the module's documentation says."""
    parser = argparse.ArgumentParser(prog="python -m tests.differential.engine_fuzz", description=__doc__)
    parser.add_argument("--programs", type=int, default=1000, help="how many (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000, help="default: another one each time")
    parser.add_argument("--case", type=int, default=0, help="the number of the first program, as a report names it")
    parser.add_argument("--interpret", action="store_true", help="translate nothing")
    arguments = parser.parse_args()

    print(f"seed {arguments.seed}", flush=True)
    started = reported = time.monotonic()
    total, found = Counts(), 0
    with TemporaryDirectory() as folder:
        cache = DiskCache(Path(folder) / "native")
        for number in range(arguments.case, arguments.case + arguments.programs):
            try:
                total += case(arguments.seed, number, not arguments.interpret, cache)
            except Disagreement as disagreement:
                found += 1
                again = f"--seed {arguments.seed} --case {number} --programs 1"
                print(f"Case {number}: {disagreement}")
                print(f"To see it again: python -m tests.differential.engine_fuzz {again}", flush=True)
            if time.monotonic() - reported > REPORT_SECONDS:
                reported = time.monotonic()
                print(f"{total}, in {reported - started:.0f} s", flush=True)
    print(f"{total}: {found or 'no'} disagreements, in {time.monotonic() - started:.0f} s")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

"""Put small faults into the referees, one at a time, and see whether the differential tests notice.

    python -m tests.mutation                        all mutants: some half an hour
    python -m tests.mutation --only Memory.sol      those of a file
    python -m tests.mutation --sample 50 --seed 7   some of them, at random

Ends with status 1 if a mutant survives that `equivalent.toml` does not explain, or if that file explains one that does
not survive or is not there.
"""

import argparse
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from random import Random

from tests.mutation.compiler import OURS, Entry, Sources, compile_all, sources_of, syntax_trees
from tests.mutation.mutants import Mutant, mutants_of, siblings_in
from tests.mutation.suite import QUESTIONS, Suite
from tests.support.anvil import anvil

EXPLAINED = Path(__file__).with_name("equivalent.toml")
BATCH = 24
"""Mutants that are compiled together."""
REPORT_SECONDS = 10.0

KILLED, SURVIVED, EQUAL, REJECTED = "killed", "survived", "compiled to the same code", "did not compile"

Key = str
"""What reports and `equivalent.toml` know a mutant by: file, function, line and change."""


def main() -> int:
    """Run as the module's documentation says."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__.split("\n")[0])
    parser.add_argument("--only", action="append", metavar="NAME", help="only files of such names; can be repeated")
    parser.add_argument("--sample", type=int, metavar="N", help="only so many mutants, chosen at random")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000, help="default: another one each time")
    parser.add_argument("--list", action="store_true", help="list the mutants, and try none")
    arguments = parser.parse_args()

    mutants = {entry: all_mutants(entry) for entry in QUESTIONS}
    if arguments.only:
        parts = arguments.only
        mutants = {entry: [m for m in each if any(part in m.file for part in parts)] for entry, each in mutants.items()}
    if arguments.sample is not None:
        print(f"seed {arguments.seed}")
        mutants = sample(mutants, arguments.sample, arguments.seed)
    if arguments.list:
        for mutant in (mutant for each in mutants.values() for mutant in each):
            print(f"{mutant.file} {mutant.function}: {mutant.name}")
        return 0
    outcomes: dict[Key, str] = {}
    with anvil("--hardfork", "prague") as url:
        for entry, chosen in mutants.items():
            if chosen:
                suite = Suite(url, QUESTIONS[entry]())
                print(f"{entry.name}: {len(chosen)} mutants against {len(suite)} questions", flush=True)
                outcomes |= with_progress(judged(entry, chosen, suite), len(chosen), explained(EXPLAINED))
    return report(outcomes, EXPLAINED, "tests/differential", complete=not arguments.only and arguments.sample is None)


def all_mutants(entry: Entry) -> list[Mutant]:
    """Every mutant of a referee and of the libraries of this project that it uses."""
    sources = sources_of(entry.file)
    trees = syntax_trees(sources)
    siblings = siblings_in(trees.values())
    files = sorted(file for file in sources if file.startswith(OURS))
    return [mutant for file in files for mutant in mutants_of(file, sources[file], trees[file], siblings)]


def sample(mutants: dict[Entry, list[Mutant]], number: int, seed: int) -> dict[Entry, list[Mutant]]:
    """So many of all of them."""
    every = [(entry, mutant) for entry, each in mutants.items() for mutant in each]
    chosen = Random(seed).sample(every, min(number, len(every)))
    return {entry: [mutant for of, mutant in chosen if of is entry] for entry in mutants}


def judged(entry: Entry, mutants: Sequence[Mutant], suite: Suite) -> Iterator[tuple[Mutant, str]]:
    """What becomes of each mutant."""
    sources = sources_of(entry.file)
    [original] = compile_all(entry, [sources])
    assert original is not None
    assert not suite.kills(original), "the referee itself answers a question wrongly: run the differential tests"
    for start in range(0, len(mutants), BATCH):
        batch = mutants[start : start + BATCH]
        variants: list[Sources] = [sources | {m.file: m.applied_to(sources[m.file])} for m in batch]
        for mutant, code in zip(batch, compile_all(entry, variants), strict=True):
            if code is None:
                yield mutant, REJECTED
            elif code == original:
                yield mutant, EQUAL
            else:
                yield mutant, KILLED if suite.kills(code) else SURVIVED


def with_progress(results: Iterator[tuple[Mutant, str]], total: int, known: Mapping[Key, str]) -> dict[Key, str]:
    """The outcomes, telling of survivors at once and of the others now and then."""
    outcomes: dict[Key, str] = {}
    reported = time.monotonic()
    for mutant, outcome in results:
        key = key_of(mutant)
        outcomes[key] = outcome
        if outcome is SURVIVED and key not in known:
            print(f"survived: {key}", flush=True)
        if time.monotonic() - reported > REPORT_SECONDS:
            reported = time.monotonic()
            print(f"{len(outcomes)} of {total}: {summary(outcomes)}", flush=True)
    return outcomes


def explained(file: Path) -> dict[Key, str]:
    """Why the mutants that survive change nothing that can be seen."""
    entries = tomllib.loads(file.read_text())["equivalent"]
    return {mutant: entry["reason"] for entry in entries for mutant in entry["mutants"]}


def report(outcomes: dict[Key, str], file: Path, tests: str, complete: bool) -> int:
    """Say how it went: the status of the process.

    `file` explains survivors, and `tests` is where a case against another belongs; `complete`: whether every mutant was
    tried.
    """
    known = explained(file)
    print(f"{len(outcomes)} mutants: {summary(outcomes)}")
    survivors = [key for key, outcome in outcomes.items() if outcome is SURVIVED and key not in known]
    stale = [key for key in known if outcomes.get(key, SURVIVED if not complete else None) is not SURVIVED]
    for key in survivors:
        print(f"Nothing kills {key!r}: add a case to {tests}, or explain it in {file.name}.")
    for key in stale:
        print(f"{file.name} explains {key!r}, which does not survive: take it out.")
    return 1 if survivors or stale else 0


def summary(outcomes: dict[Key, str]) -> str:
    """How many of each."""
    counts = Counter(outcomes.values())
    return ", ".join(f"{counts[outcome]} {outcome}" for outcome in (KILLED, SURVIVED, EQUAL, REJECTED))


def key_of(mutant: Mutant) -> Key:
    """See `Key`."""
    return f"{Path(mutant.file).name} | {mutant.function} | {mutant.name}"


if __name__ == "__main__":
    sys.exit(main())

"""Break the rules of the market and of the dispute game, one line at a time, and see whether the Foundry tests notice.

    python -m tests.mutation.market                        every line that carries a rule: some hours
    python -m tests.mutation.market --only Ledger.sol      those of a file
    python -m tests.mutation.market --sample 50 --seed 7   some of them, at random
    python -m tests.mutation.market --all                  every line there is: a day

A line carries a rule if it is what a `require` asks, or what an `if` reverts for, or if a comment above it, or above
its function, names a rule of SPEC.md as an INVARIANT. The invariant tests are not run: they would take minutes for each
mutant.

Ends with status 1 if a mutant survives that `market.toml` does not explain, or if that file explains one that does not
survive or is not there.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from pathlib import Path
from random import Random
from typing import Any

from tests.mutation.__main__ import EQUAL, KILLED, REJECTED, SURVIVED, explained, report, with_progress
from tests.mutation.compiler import CREATING, Entry, Sources, compile_all, sources_of, syntax_trees
from tests.mutation.mutants import Mutant, Node, mutants_of, siblings_in
from tests.support.anvil import CHECKOUT

EXPLAINED = Path(__file__).with_name("market.toml")
CONTRACTS = (
    Entry("contracts/market/JobMarket.sol", "JobMarket"),
    Entry("contracts/market/Directory.sol", "Directory"),
    Entry("contracts/market/AccessLists.sol", "AccessLists"),
    Entry("contracts/dispute/DisputeGame.sol", "DisputeGame"),
)
"""What the tests deploy, from the files that Foundry has compiled."""
OURS = ("contracts/market/", "contracts/dispute/")
COMPILED = CHECKOUT / "build" / "mutation"
FORGE = ("forge", "test", "--no-match-contract", "Invariants", "--fail-fast", "--silent")
ENVIRONMENT = os.environ | {"FOUNDRY_PROFILE": "mutation"}
BATCH = 4
"""Mutants that are compiled together, while those before are tested."""
PATIENCE = 600.0
"""Seconds for the tests of a mutant, which may loop: it has not passed them by then."""


def main() -> int:
    """Run as the module's documentation says."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation.market", description=__doc__.split("\n")[0])
    parser.add_argument("--all", action="store_true", help="also lines that carry no rule")
    parser.add_argument("--only", action="append", metavar="NAME", help="only files of such names; can be repeated")
    parser.add_argument("--sample", type=int, metavar="N", help="only so many mutants, chosen at random")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000, help="default: another one each time")
    parser.add_argument("--list", action="store_true", help="list the mutants, and try none")
    arguments = parser.parse_args()

    mutants = market_mutants(of_rules=not arguments.all)
    if arguments.only:
        mutants = [mutant for mutant in mutants if any(part in mutant.file for part in arguments.only)]
    if arguments.sample is not None:
        print(f"seed {arguments.seed}")
        chosen = set(Random(arguments.seed).sample(mutants, min(arguments.sample, len(mutants))))
        mutants = [mutant for mutant in mutants if mutant in chosen]
    if arguments.list:
        for mutant in mutants:
            print(f"{mutant.file} {mutant.function}: {mutant.name}")
        return 0
    print(f"{len(mutants)} mutants", flush=True)
    outcomes = with_progress(judged(mutants), len(mutants), explained(EXPLAINED))
    complete = not arguments.only and arguments.sample is None
    return report(outcomes, EXPLAINED, "tests/solidity", complete)


def market_mutants(of_rules: bool = True) -> list[Mutant]:
    """Every mutant of the market and the game, or those of the lines that carry a rule."""
    sources = {name: text for entry in CONTRACTS for name, text in sources_of(entry.file).items()}
    trees = syntax_trees(sources)
    siblings = siblings_in(trees.values())
    found = []
    for file in sorted(file for file in sources if file.startswith(OURS)):
        rules = list(rule_spans(sources[file], trees[file]))
        for mutant in mutants_of(file, sources[file], trees[file], siblings):
            if not of_rules or any(start <= mutant.start < end for start, end in rules):
                found.append(mutant)
    return found


def rule_spans(text: bytes, tree: Node) -> Iterator[tuple[int, int]]:
    """From which byte to which there is a rule: conditions that are required, and what a comment calls an invariant."""
    for node in _nodes(tree):
        start, length, _ = map(int, node.get("src", "0:0:0").split(":"))
        kind = node.get("nodeType", "")
        if kind == "FunctionCall" and node["expression"].get("name") == "require":
            # The statement begins where its condition can be taken out with it; what it says in its error is no rule.
            condition_start, condition_length, _ = map(int, node["arguments"][0]["src"].split(":"))
            yield start, condition_start + condition_length
        elif kind == "IfStatement" and node["trueBody"]["nodeType"] == "RevertStatement":
            condition_start, condition_length, _ = map(int, node["condition"]["src"].split(":"))
            yield start, condition_start + condition_length
        elif kind == "FunctionDefinition" and node.get("body"):
            documentation = (node.get("documentation") or {}).get("text", "")
            if "INVARIANT" in documentation:
                yield start, start + length
        elif (kind.endswith("Statement") or kind in ("Return", "UncheckedBlock")) and _is_invariant(text[:start]):
            yield start, start + length


def _is_invariant(before: bytes) -> bool:
    """Whether the lines of comment right above, that end the text, name a rule."""
    comment = re.search(rb"((?:^[ \t]*//[^\n]*\n)+)[ \t]*\Z", before[-1_000:], re.MULTILINE)
    return comment is not None and b"INVARIANT" in comment[1]


def _nodes(node: Any) -> Iterator[Node]:
    if isinstance(node, list):
        for element in node:
            yield from _nodes(element)
    elif isinstance(node, dict):
        yield node
        for child in node.values():
            yield from _nodes(child)


def judged(mutants: Sequence[Mutant]) -> Iterator[tuple[Mutant, str]]:
    """What becomes of each mutant. The contracts are as they were in the end."""
    subprocess.run(("forge", "build"), cwd=CHECKOUT, env=ENVIRONMENT, check=True, capture_output=True)
    sources = {entry: sources_of(entry.file) for entry in CONTRACTS}
    originals = {entry: compile_all(entry, [sources[entry]], CREATING)[0] for entry in CONTRACTS}
    artifacts = {entry: _artifact(entry).read_text() for entry in CONTRACTS}
    batches = [
        batch[start : start + BATCH]
        for _, group in groupby(mutants, key=lambda mutant: mutant.file)
        for batch in [list(group)]
        for start in range(0, len(batch), BATCH)
    ]

    def compiled(batch: Sequence[Mutant]) -> list[dict[Entry, str | None]]:
        file = batch[0].file
        codes: list[dict[Entry, str | None]] = [{} for _ in batch]
        for entry in CONTRACTS:
            if file in sources[entry]:
                variants: list[Sources] = [sources[entry] | {file: m.applied_to(sources[entry][file])} for m in batch]
                for code, each in zip(codes, compile_all(entry, variants, CREATING), strict=True):
                    code[entry] = each
        return codes

    try:
        for entry in CONTRACTS:
            _put(entry, artifacts[entry], originals[entry])
        assert _passes(), "the contracts themselves fail: run `make test-solidity`"
        with ThreadPoolExecutor(1) as compiler:
            following = [compiler.submit(compiled, batches[0])] if batches else []
            for number, batch in enumerate(batches):
                codes = following.pop().result()
                if number + 1 < len(batches):
                    following.append(compiler.submit(compiled, batches[number + 1]))
                for mutant, code in zip(batch, codes, strict=True):
                    if None in code.values():
                        yield mutant, REJECTED
                    elif all(code[entry] == originals[entry] for entry in code):
                        yield mutant, EQUAL
                    else:
                        for entry, each in code.items():
                            _put(entry, artifacts[entry], each)
                        yield mutant, SURVIVED if _passes() else KILLED
                        for entry in code:
                            _put(entry, artifacts[entry], originals[entry])
    finally:
        for entry in CONTRACTS:
            _artifact(entry).write_text(artifacts[entry])


def _passes() -> bool:
    try:
        done = subprocess.run(FORGE, cwd=CHECKOUT, env=ENVIRONMENT, check=False, capture_output=True, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def _artifact(entry: Entry) -> Path:
    return COMPILED / Path(entry.file).name / f"{entry.name}.json"


def _put(entry: Entry, artifact: str, code: str | None) -> None:
    """Have the tests deploy this code."""
    changed = json.loads(artifact)
    changed["bytecode"]["object"] = f"0x{code}"
    _artifact(entry).write_text(json.dumps(changed))


if __name__ == "__main__":
    sys.exit(main())

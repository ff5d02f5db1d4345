"""Every rule of SPEC.md is cited by a test and kept by a place in the contracts; every rule that is cited exists."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent.parent
NUMBER = r"[LJSDGC]\d+"
RULES = re.findall(rf"^\*\*({NUMBER})\.\*\*", (CHECKOUT / "SPEC.md").read_text(), re.MULTILINE)
CITATION = re.compile(rf"(?:SPEC|INVARIANT|SAFETY) ({NUMBER}(?:, {NUMBER})*)")


def cited(*folders: str) -> Iterator[str]:
    """The numbers that the Python and Solidity sources under these folders cite."""
    for folder in folders:
        for path in (CHECKOUT / folder).rglob("*"):
            if path.suffix in {".py", ".sol"} and path != Path(__file__):
                for numbers in CITATION.findall(path.read_text()):
                    yield from numbers.split(", ")


def test_rules_are_numbered_without_gaps() -> None:
    for letter in "LJSDGC":
        numbers = [int(rule[1:]) for rule in RULES if rule[0] == letter]
        assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_is_cited_by_a_test(rule: str) -> None:
    assert rule in set(cited("tests/contracts", "tests/solidity"))


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_is_cited_where_the_contracts_keep_it(rule: str) -> None:
    assert rule in set(cited("contracts"))


def test_no_rule_is_cited_that_does_not_exist() -> None:
    assert set(cited("contracts", "tests")) <= set(RULES)

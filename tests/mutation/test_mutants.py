"""The mutation testing works: mutants are small faults, faults are found, and the explained ones are there."""

from collections.abc import Iterator

import pytest

from tests.mutation.__main__ import EXPLAINED, all_mutants, explained, judged, key_of
from tests.mutation.compiler import Entry, compile_all, sources_of, syntax_trees
from tests.mutation.market import EXPLAINED as MARKET_EXPLAINED
from tests.mutation.market import market_mutants, rule_spans
from tests.mutation.mutants import Mutant, mutants_of, siblings_in
from tests.mutation.suite import QUESTIONS, Suite, counter_questions
from tests.support.anvil import anvil

COUNTER = Entry("contracts/referees/CounterReferee.sol", "CounterReferee")
EXAMPLE = b"""
library Example {
    uint256 private constant LOW = 3;
    uint256 private constant HIGH = 0x0F;

    function shift(uint64 a, uint64 b) internal pure returns (uint64 result) {
        unchecked {
            if (a < LOW && b != 0) return uint64(uint256(a) << b);
        }
        result = minus(a, b);
        assembly {
            if gt(result, HIGH) { result := shr(1, result) }
        }
    }

    function minus(uint64 a, uint64 b) internal pure returns (uint64) {
        return a - b;
    }
}
"""


@pytest.fixture(scope="module")
def mutants() -> list[Mutant]:
    trees = syntax_trees({"Example.sol": EXAMPLE})
    return mutants_of("Example.sol", EXAMPLE, trees["Example.sol"], siblings_in(trees.values()))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("3", "4"),
        ("0x0F", "0x10"),
        ("a < LOW", "a <= LOW"),
        ("LOW", "HIGH"),
        ("a < LOW && b != 0", "a < LOW || b != 0"),
        ("a < LOW && b != 0", "b != 0"),
        ("a < LOW && b != 0", "true"),
        ("b != 0", "b == 0"),
        ("unchecked", ""),
        ("uint256(a) << b", "uint256(a) >> b"),
        ("uint256(a) << b", "uint256(a)"),
        ("uint64(uint256(a) << b)", "uint64(uint32(uint256(a) << b))"),
        ("return uint64(uint256(a) << b);", "{}"),
        ("result = minus(a, b);", "{}"),
        ("a, b", "b, a"),
        ("minus", "shift"),
        ("a - b", "a + b"),
        ("gt(result, HIGH)", "lt(result, HIGH)"),
        ("gt(result, HIGH)", "0"),
        ("result, HIGH", "HIGH, result"),
        ("shr(1, result)", "shl(1, result)"),
        ("result := shr(1, result)", ""),
        ("1", "2"),
    ],
)
def test_a_mutant_is_a_small_fault(mutants: list[Mutant], before: str, after: str) -> None:
    [mutant] = [mutant for mutant in mutants if (mutant.before, mutant.after) == (before, after)]
    changed = mutant.applied_to(EXAMPLE)
    assert EXAMPLE.count(before.encode()) > 1 or changed == EXAMPLE.replace(before.encode(), after.encode())
    assert len(changed) - len(EXAMPLE) == len(after) - len(before)


def test_no_two_mutants_have_a_name_in_common(mutants: list[Mutant]) -> None:
    assert len({(mutant.function, mutant.name) for mutant in mutants}) == len(mutants) > 30


def test_a_mutant_that_does_not_compile_spoils_no_other() -> None:
    sources = sources_of(COUNTER.file)
    wrong = sources | {COUNTER.file: sources[COUNTER.file].replace(b"value >= target", b"value >= nothing")}
    first, second, third = compile_all(COUNTER, [sources, wrong, sources])
    assert first == third
    assert first is not None
    assert second is None


@pytest.fixture(scope="module")
def counter() -> Iterator[Suite]:
    with anvil("--hardfork", "prague") as url:
        yield Suite(url, counter_questions())


def test_every_fault_in_the_counters_referee_is_found(counter: Suite) -> None:
    outcomes = {key_of(mutant): outcome for mutant, outcome in judged(COUNTER, all_mutants(COUNTER), counter)}
    assert len(outcomes) > 20
    survivors = {key for key, outcome in outcomes.items() if outcome == "survived"}
    assert survivors == explained(EXPLAINED).keys() & outcomes.keys()


def test_every_explained_mutant_is_there() -> None:
    there = {key_of(mutant) for entry in QUESTIONS for mutant in all_mutants(entry)}
    assert explained(EXPLAINED).keys() <= there


RULES = b"""
contract Rules {
    error Seven();

    uint256 private total;

    function add(uint256 amount) external {
        require(amount > 0 && amount < 10, "from 1 to 9");
        if (amount == 7) revert Seven();
        total = total + 1;
        // INVARIANT X1: why.
        total = total + amount;
        total = total + 2;
    }

    /// @dev INVARIANT X2.
    function reset() external {
        total = 0;
    }
}
"""


def test_a_rule_is_what_is_required_and_what_a_comment_calls_an_invariant() -> None:
    [(name, tree)] = syntax_trees({"Rules.sol": RULES}).items()
    spans = list(rule_spans(RULES, tree))
    found = {m.name for m in mutants_of(name, RULES, tree, {}) if any(a <= m.start < b for a, b in spans)}
    assert any(name.endswith("amount > 0 -> amount >= 0") for name in found)
    assert any(name.endswith("amount == 7 -> false") for name in found)
    assert any(name.endswith("-> nothing") or name.endswith("-> {}") for name in found)
    assert "total = total + amount;: total + amount -> total - amount" in found
    assert "total = 0;: total = 0; -> {}" in found
    assert not any(name.startswith(("total = total + 1", "total = total + 2")) for name in found)


def test_every_explained_mutant_of_the_market_is_there() -> None:
    there = {key_of(mutant) for mutant in market_mutants(of_rules=False)}
    assert explained(MARKET_EXPLAINED).keys() <= there

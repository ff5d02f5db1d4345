"""The arithmetic of the tensor referee is that of IEEE 754 and of the reference."""

import pytest

from tests.differential.arithmetic import ALL_EDGES, FUNCTIONS, Arithmetic, vectors


@pytest.fixture(scope="module")
def arithmetic(node: str) -> Arithmetic:
    return Arithmetic(node)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function_agrees_with_its_other_implementation(arithmetic: Arithmetic, name: str) -> None:
    comparison = arithmetic.compare(name, vectors(seed=7, count=len(ALL_EDGES) ** 2 + 2000))
    assert comparison.mismatches == []

"""The price of a disputed step of a model does not rise unnoticed."""

from assay.machines.tensor.instruction import Kind
from tests.differential.tensor_gas import measure, recorded


def test_no_step_costs_more_gas_than_recorded(node: str) -> None:
    before, now = recorded(), measure(node)
    assert now.keys() == before.keys() == {kind.name for kind in Kind}
    risen = {name: (before[name], gas) for name, gas in now.items() if gas > before[name]}
    assert not risen, f"before and now: {risen}; if it has to be, record it: python -m tests.differential.tensor_gas"


def test_recorded_gas_is_below_the_limit() -> None:
    assert max(recorded().values()) <= 200_000

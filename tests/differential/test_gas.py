"""The price of a disputed step does not rise unnoticed."""

from tests.differential.gas import PLAIN, measure, recorded


def test_no_step_costs_more_gas_than_recorded(node: str) -> None:
    before, now = recorded(), measure(node)
    assert now.keys() == before.keys()
    risen = {name: (before[name], gas) for name, gas in now.items() if gas > before[name]}
    assert not risen, f"before and now: {risen}; if it has to be, record it: python -m tests.differential.gas"


def test_recorded_gas_is_below_the_limits() -> None:
    gas = recorded()
    assert max(gas[name] for name in PLAIN) <= 60_000
    assert max(gas.values()) <= 80_000

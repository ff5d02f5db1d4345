"""What a requester offers by default, and what it does not send."""

from dataclasses import dataclass
from typing import Any, cast

import pytest

from assay.chain.connection import Chain
from assay.chain.records import Parameters
from assay.client.order import Order
from assay.client.requester import Conditions, Requester, make_terms
from assay.errors import InputError

ORDER = Order("riscv", bytes(32), 1, 3, bytes(32), ())
LEAST = 300
"""The least challenge period of the market, seconds."""
LEAST_BOND = 50


@dataclass(frozen=True)
class Market:
    """Of a chain, what making terms asks for."""

    address: str = "0x" + 40 * "1"

    def parameters(self) -> Parameters:
        return Parameters(
            **{name: 0 for name in Parameters.__dataclass_fields__}  # type: ignore[arg-type]
            | {"minimum_challenge_period": LEAST, "minimum_bond": LEAST_BOND}
        )


class Stub:
    market = Market()

    def referee(self, _machine: str) -> Market:
        return self.market


CHAIN = cast(Chain, Stub())


@pytest.mark.parametrize(("run_period", "expected"), [(LEAST - 1, LEAST), (LEAST + 1, LEAST + 1)])
def test_verifiers_get_as_long_as_the_provider_and_never_less_than_the_market_allows(
    run_period: int, expected: int
) -> None:
    assert make_terms(CHAIN, ORDER, Conditions(1, run_period=run_period)).challenge_period == expected


def test_a_challenge_period_that_is_given_is_taken() -> None:
    assert make_terms(CHAIN, ORDER, Conditions(1, challenge_period=7)).challenge_period == 7


@pytest.mark.parametrize(("price", "expected"), [(0, LEAST_BOND), (2, LEAST_BOND), (3, 60), (7, 140)])
def test_a_provider_risks_twenty_prices_and_never_less_than_the_market_allows(price: int, expected: int) -> None:
    assert make_terms(CHAIN, ORDER, Conditions(price)).bond == expected


def test_a_bond_that_is_given_is_taken() -> None:
    assert make_terms(CHAIN, ORDER, Conditions(7, bond=1)).bond == 1


def test_nothing_is_no_deposit() -> None:
    sender: Any = Market()
    with pytest.raises(InputError, match="nothing to deposit"):
        Requester(CHAIN, sender).deposit(0)

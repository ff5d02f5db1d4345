"""What a deal is written like, and what is refused."""

from datetime import timedelta
from decimal import Decimal

import pytest

from assay.errors import InputError
from assay.sdk.terms import base_units, conditions_of, seconds

TOKEN = 10**18


@pytest.mark.parametrize("amount", [0.1, True, None, "-1", Decimal("NaN"), Decimal("1e-19"), -1, 2**96])
def test_what_is_no_amount_is_refused(amount: object) -> None:
    with pytest.raises(InputError):
        base_units(amount)  # type: ignore[arg-type]


@pytest.mark.parametrize("period", [0, -1, 1.5, True, timedelta(milliseconds=1500), 2**32])
def test_what_is_no_period_is_refused(period: object) -> None:
    with pytest.raises(InputError):
        seconds(period)  # type: ignore[arg-type]


@pytest.mark.parametrize("deal", [{}, {"price": 1, "runperiod": 5}, {"price": 1, "only": "0x12"}])
def test_a_deal_without_a_price_or_with_what_there_is_not_is_refused(deal: dict[str, object]) -> None:
    with pytest.raises(InputError):
        conditions_of(deal)  # type: ignore[arg-type]


@pytest.mark.parametrize(("amount", "units"), [(2, 2 * TOKEN), ("0.25", TOKEN // 4), (Decimal("1e-2"), TOKEN // 100)])
def test_an_amount_is_tokens(amount: int | str | Decimal, units: int) -> None:
    assert base_units(amount) == units


def test_amounts_are_those_of_a_task_and_periods_those_of_the_job() -> None:
    found = conditions_of({"price": 2, "floor_price": 1, "bond": 40, "run_period": timedelta(minutes=1)}, tasks=3)
    assert (found.price, found.floor_price, found.bond) == (6 * TOKEN, 3 * TOKEN, 120 * TOKEN)
    assert (found.accept_period, found.run_period, found.challenge_period) == (3600, 60, None)


def test_without_a_bond_the_market_has_its_default() -> None:
    assert conditions_of({"price": 2}, tasks=3).bond is None

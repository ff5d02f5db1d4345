"""Amounts: what people write, and what is counted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.amounts import MAX_AMOUNT, format_tokens, parse_tokens
from assay.errors import InputError


@pytest.mark.parametrize(
    "text", ["", ".", "-1", "+1", "1e3", "1,5", "1.2.3", " 1", "ten", "NaN", "Infinity", "1_000", "٣"]
)
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="no amount"):
        parse_tokens(text)


def test_too_many_decimals_are_refused_and_not_rounded() -> None:
    assert parse_tokens("0." + 17 * "0" + "1") == 1
    with pytest.raises(InputError, match="too many decimals"):
        parse_tokens("0." + 18 * "0" + "1")


def test_more_than_a_ledger_can_hold_is_refused() -> None:
    assert parse_tokens(format_tokens(MAX_AMOUNT)) == MAX_AMOUNT
    with pytest.raises(InputError, match="more than"):
        parse_tokens(format_tokens(MAX_AMOUNT + 1))


@pytest.mark.parametrize(
    ("text", "units"), [("0", 0), ("1", 10**18), ("0.5", 5 * 10**17), ("12.50", 125 * 10**17), (".5", 5 * 10**17)]
)
def test_tokens_are_counted_in_base_units(text: str, units: int) -> None:
    assert parse_tokens(text) == units


@given(st.integers(0, MAX_AMOUNT))
def test_every_amount_is_written_so_that_it_is_read_as_itself(units: int) -> None:
    assert parse_tokens(format_tokens(units)) == units


def test_amounts_are_written_without_needless_zeros() -> None:
    assert [format_tokens(units) for units in (0, 10**18, 15 * 10**17, 1, -(10**18))] == [
        *("0", "1", "1.5", "0.000000000000000001", "-1")
    ]

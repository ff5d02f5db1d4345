"""The file with a market's parameters: what is refused, and how it says so."""

from pathlib import Path

import pytest

from assay.errors import InputError
from scripts.parameters import TOKEN, Parameters, read_parameters

SOMEONE = "0x" + 40 * "1"


def read(tmp_path: Path, text: str) -> Parameters:
    path = tmp_path / "parameters.toml"
    path.write_text(text)
    return read_parameters(path)


@pytest.mark.parametrize(
    "line",
    [
        "challenger_bond = 5",
        "minimum_bond = true",
        "fund_tokens = '1e3'",
        "fund_coins = []",
        "token = 5",
        "token = '0x00'",
        "burn_share = '5000'",
        "burn_share = true",
        "minimum_challenge_period = 1.5",
        "allowance = -1",
        "fund = 5",
        "fund = 'someone'",
        "fund = [5]",
        "fund = ['0x00']",
        "bonds = '5'",
        "[[[",
    ],
)
def test_a_value_that_a_parameter_cannot_have_is_refused(tmp_path: Path, line: str) -> None:
    with pytest.raises(InputError, match=r"parameters\.toml"):
        read(tmp_path, line)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_parameters(tmp_path / "none.toml")


def test_what_is_named_replaces_the_defaults(tmp_path: Path) -> None:
    found = read(tmp_path, f"challenger_bond = '2.5'\nallowance = 60\nfund = ['{SOMEONE}']\ntoken = '{SOMEONE}'\n")
    assert (found.challenger_bond, found.allowance, found.fund, found.token) == (
        5 * TOKEN // 2,
        60,
        (SOMEONE,),
        SOMEONE,
    )
    assert found.minimum_bond == Parameters().minimum_bond

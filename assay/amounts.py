"""Amounts of tokens: decimal tokens for people, integer base units everywhere else."""

import re

from assay.errors import InputError

DECIMALS = 18
"""Of the market's token: what one token is in base units, as a power of ten."""

MAX_AMOUNT = 2**96 - 1
"""The largest amount that the market's ledger can hold, base units."""


def parse_tokens(text: str) -> int:
    """Base units of an amount such as `12.5`. Raises `InputError` for signs, exponents and too many decimals."""
    match = re.fullmatch(r"([0-9]*)\.?([0-9]*)", text)
    if match is None or not any(match.groups()):
        raise InputError(f"{text!r} is no amount of tokens: write it like 12 or 0.25")
    whole, decimals = match[1], match[2].rstrip("0")
    if len(decimals) > DECIMALS:
        raise InputError(f"{text} has too many decimals: a token has {DECIMALS}")
    units = int(whole + decimals.ljust(DECIMALS, "0"))
    if units > MAX_AMOUNT:
        raise InputError(f"{text} tokens are more than a market can hold")
    return units


def format_tokens(units: int) -> str:
    """An amount of base units as decimal tokens, exact and without needless zeros."""
    sign, units = ("-", -units) if units < 0 else ("", units)
    whole, rest = divmod(units, 10**DECIMALS)
    decimals = f"{rest:0{DECIMALS}d}".rstrip("0")
    return f"{sign}{whole}" + (f".{decimals}" if decimals else "")

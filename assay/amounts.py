"""Amounts of tokens: decimal tokens for people, integer base units everywhere else."""

from decimal import Decimal, InvalidOperation

from assay.errors import InputError

DECIMALS = 18
"""Of the market's token: what one token is in base units, as a power of ten."""

MAX_AMOUNT = 2**96 - 1
"""The largest amount that the market's ledger can hold, base units."""


def parse_tokens(text: str) -> int:
    """Base units of an amount such as `12.5`. Raises `InputError` for signs, exponents and too many decimals."""
    try:
        whole = Decimal(text) if text and set(text) <= set("0123456789.") else None
    except InvalidOperation:
        whole = None
    if whole is None:
        raise InputError(f"{text!r} is no amount of tokens: write it like 12 or 0.25")
    units = whole.scaleb(DECIMALS)
    if units != units.to_integral_value():
        raise InputError(f"{text} has too many decimals: a token has {DECIMALS}")
    if units > MAX_AMOUNT:
        raise InputError(f"{text} tokens are more than a market can hold")
    return int(units)


def format_tokens(units: int) -> str:
    """An amount of base units as decimal tokens, exact and without needless zeros."""
    sign, units = ("-", -units) if units < 0 else ("", units)
    whole, rest = divmod(units, 10**DECIMALS)
    decimals = f"{rest:0{DECIMALS}d}".rstrip("0")
    return f"{sign}{whole}" + (f".{decimals}" if decimals else "")

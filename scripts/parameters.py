"""What a market is deployed with."""

import tomllib
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from assay.amounts import parse_tokens
from assay.chain.records import ZERO_ADDRESS, parse_address
from assay.errors import InputError

TOKEN = 10**18


@dataclass(frozen=True)
class Parameters:
    """What a market is deployed with. The defaults are for a local network, with short periods: waiting is dull. For
    others, docs/economics.md says how to choose.

    In a parameters file, amounts are tokens as text ("12.5") and lists are lists.
    """

    token: str | None = None
    """An ERC-20 that exists; without one, an AssayToken is deployed, all of it the deployer's."""
    challenger_bond: int = 10 * TOKEN
    minimum_bond: int = 10 * TOKEN
    burn_share: int = 5_000
    """Of a slashed bond, in 1/10,000."""
    minimum_challenge_period: int = 5
    """Seconds."""
    fee_share: int = 0
    """Of a finalized job's price, in 1/10,000, at most 1,000."""
    fee_recipient: str = ZERO_ADDRESS
    """Where the fee goes: needed with a fee, and only then."""
    listing_stake: int = 100 * TOKEN
    """What a provider has locked while it is listed in the directory."""
    leave_period: int = 60
    """Seconds from a provider's leave to the return of that stake."""
    allowance: int = 120
    """Each side's time bank in a dispute, seconds."""
    minimum_reply: int = 10
    """The least time for each turn, seconds."""
    fund: tuple[str, ...] = ()
    """Addresses that get tokens and coins from the deployer."""
    fund_tokens: int = 10_000 * TOKEN
    fund_coins: int = 10**19
    """Wei."""


_AMOUNTS = {"challenger_bond", "minimum_bond", "listing_stake", "fund_tokens", "fund_coins"}
_ADDRESSES = {"token", "fee_recipient"}


def read_parameters(path: Path) -> Parameters:
    """Parameters from a TOML file. Raises `InputError` for what is none, or of the wrong kind."""
    try:
        found: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as fault:
        raise InputError(f"the parameters {path} cannot be read: {fault}") from fault
    known = [field.name for field in fields(Parameters)]
    for name, value in found.items():
        if name not in known:
            raise InputError(f"the parameters {path} set {name!r}: there are {', '.join(known)}")
        try:
            found[name] = _parameter(name, value)
        except InputError as fault:
            raise InputError(f"the parameters {path} set {name} to {value!r}: {fault}") from fault
    return replace(Parameters(), **found)


def _parameter(name: str, value: Any) -> Any:
    """A parameter's value, of what the file has for it."""
    if name == "fund":
        if not isinstance(value, list) or not all(isinstance(address, str) for address in value):
            raise InputError("write a list of addresses in quotes")
        return tuple(map(parse_address, value))
    if name in _AMOUNTS | _ADDRESSES:
        if not isinstance(value, str):
            raise InputError("write it in quotes")
        return parse_address(value) if name in _ADDRESSES else parse_tokens(value)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise InputError("write a whole number")
    return value

"""What is paid and asked for a job, as Python programs write it."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Required, TypedDict

from assay.amounts import parse_tokens
from assay.chain.records import parse_address
from assay.client.requester import Conditions
from assay.errors import InputError

Amount = int | str | Decimal
"""Tokens: `5`, `"0.25"`, `Decimal("0.25")`. No float: most decimal amounts are none."""

Period = int | timedelta
"""Seconds, or a `timedelta` of whole seconds."""


class Deal(TypedDict, total=False):
    """What a job is done for. `price` is needed; amounts are those of one task, all tasks of a job together pay so
    many times as much.
    """

    price: Required[Amount]
    """What the provider is paid for a task, tokens."""
    floor_price: Amount
    """Have the price of a task rise from this to `price` over the accept period, until a provider accepts."""
    bond: Amount
    """What the provider has at risk for a task; 20 prices by default, and the market's least at least."""
    accept_period: Period
    """How long the job can be accepted; an hour by default."""
    run_period: Period
    """How long the provider then has to run it; 10 minutes by default."""
    challenge_period: Period
    """How long its claim can be challenged; the run period by default, and the market's least at least."""
    only: str
    """The only account that may accept: direct hire."""
    listed: bool
    """Whether only those may accept whom your own access list admits (`assay access`)."""


def conditions_of(deal: Deal, tasks: int = 1) -> Conditions:
    """The conditions of a job of so many tasks. Raises `InputError`."""
    unknown = set(deal) - set(Deal.__annotations__)
    if unknown or "price" not in deal:
        wrong = f"there is no {', '.join(sorted(unknown))}" if unknown else "a price is needed"
        raise InputError(f"{wrong}: a deal has {', '.join(Deal.__annotations__)}")
    accept, run = seconds(deal.get("accept_period", 3600)), seconds(deal.get("run_period", 600))
    challenge, only = deal.get("challenge_period"), deal.get("only")
    bond = deal.get("bond")
    return Conditions(
        price=tasks * base_units(deal["price"]),
        bond=None if bond is None else tasks * base_units(bond),
        accept_period=accept,
        run_period=run,
        challenge_period=None if challenge is None else seconds(challenge),
        floor_price=tasks * base_units(deal.get("floor_price", 0)),
        only=None if only is None else parse_address(only),
        listed=deal.get("listed", False),
    )


def base_units(amount: Amount) -> int:
    """An amount of tokens in base units. Raises `InputError` for floats, and for what is no amount."""
    if isinstance(amount, bool) or not isinstance(amount, int | str | Decimal):
        raise InputError(f"{amount!r} is no amount of tokens: write it like 5, '0.25' or Decimal('0.25')")
    return parse_tokens(f"{amount:f}" if isinstance(amount, Decimal) else str(amount))


def seconds(period: Period) -> int:
    """A period in seconds. Raises `InputError` for what is none, or has fractions of a second."""
    whole = period.total_seconds() if isinstance(period, timedelta) else period
    if isinstance(whole, bool) or whole != int(whole) or not 0 < whole < 1 << 32:
        raise InputError(f"{period!r} is no period: write whole seconds, or a timedelta")
    return int(whole)


def variables(environment: Mapping[str, str]) -> list[str]:
    """A program's environment, as a task has it."""
    return [f"{name}={value}" for name, value in environment.items()]

"""What a unit of gas may cost: first offers and their replacements, on EIP-1559 networks.

A node replaces a transaction in its pool by one with the same nonce only if both of its fees are higher by a tenth at
least (go-ethereum, `core/txpool/legacypool/list.go`, and its default of 10 for `txpool.pricebump`; others do the same).
"""

from dataclasses import dataclass

GWEI = 10**9

DEFAULT_LIMIT = 10_000 * GWEI
"""Wei a unit of gas: above all that was ever usual, and below what a lying node could ruin somebody with."""


@dataclass(frozen=True)
class Fees:
    """What is offered for a unit of gas, wei."""

    maximum: int
    """All together: of what is left above the block's base fee and the tip, nothing is taken."""
    tip: int
    """Of that, for the block's proposer."""


def first_fees(base_fee: int, tip: int, limit: int) -> Fees | None:
    """The first offer, at most `limit`; None if blocks ask for more than that now. All in wei a unit of gas."""
    if base_fee >= limit:
        return None
    # Twice the base fee outlasts six full blocks in a row (EIP-1559: at most 1/8 more a block).
    maximum = min(2 * base_fee + tip, limit)
    return Fees(maximum, min(tip, maximum))


def raised_fees(last: Fees, base_fee: int, tip: int, limit: int) -> Fees | None:
    """What nodes take in place of `last`, and blocks now; None if that is more than `limit`."""
    least = Fees(_raised(last.maximum), _raised(last.tip))
    new_tip = max(least.tip, min(tip, limit))
    maximum = max(least.maximum, new_tip, min(2 * base_fee + new_tip, limit))
    if maximum > limit or base_fee >= limit:
        return None
    return Fees(maximum, new_tip)


def _raised(fee: int) -> int:
    """A tenth more, rounded up, and one at least."""
    return max(-(-fee * 11 // 10), fee + 1)

"""How a job stands or has ended, and where its money is, in words."""

from dataclasses import dataclass

from assay.amounts import format_tokens
from assay.chain.history import JobHistory
from assay.chain.records import End, words

_ENDS = {
    End.FINALIZED: "no challenge succeeded",
    End.CANCELLED: "taken back by its requester",
    End.EXPIRED: "nobody accepted it in time",
    End.DECLINED: "the provider that was hired for it gave it back",
    End.MISSED_DEADLINE: "the provider did not claim in time",
    End.SLASHED_BY_STEP: "the claim was proved wrong",
    End.SLASHED_BY_TIMEOUT: "the provider did not defend its claim",
}


@dataclass(frozen=True)
class Money:
    """Where the money of a job is, base units. What the price was is the sum of the first four."""

    escrow: int
    """Locked in the market until the job ends."""
    refunded: int
    """Free in the market again, for the requester."""
    paid: int
    """Free in the market, for the provider."""
    fee: int
    """With the market's recipient of fees."""
    slashed: int
    """Of the provider's bond: free in the market, for the beneficiary."""
    beneficiary: str | None
    """Who has what was slashed: the first challenger that won; the requester, if the provider missed its deadline."""
    burned: int
    """Of the provider's bond: gone."""


def money_of(history: JobHistory) -> Money:
    """Where the money of a job is now."""
    slashed = history.slashed
    return Money(
        escrow=0 if history.ended else history.job.price,
        refunded=history.refunded,
        paid=history.earned,
        fee=history.fee,
        slashed=slashed.paid if slashed else 0,
        beneficiary=slashed.beneficiary if slashed else None,
        burned=slashed.burned if slashed else 0,
    )


def status_of(history: JobHistory) -> str:
    """One or two words: where a job is, or how it ended."""
    if history.ended:
        return words(history.ended.end)
    if history.open_disputes:
        return "disputed"
    return words(history.job.status)


def describe_end(history: JobHistory) -> str:
    """Why a job that has ended did, and who has got its money."""
    assert history.ended is not None
    return "; ".join([_ENDS[history.ended.end], *_shares(history)])


def describe_money(history: JobHistory) -> str:
    """Where the money of a job is: a sentence without its full stop."""
    if not history.ended:
        return f"its price of {format_tokens(history.job.price)} tokens is in escrow until it ends"
    shares = _shares(history)
    return ", ".join(shares) if shares else "no money was moved"


def _shares(history: JobHistory) -> list[str]:
    money, shares = money_of(history), []
    if money.refunded:
        shares.append(f"{format_tokens(money.refunded)} refunded to the requester")
    if money.paid:
        shares.append(f"{format_tokens(money.paid)} paid to {history.job.provider}")
    if history.slashed:
        shares.append(f"{format_tokens(money.slashed)} paid to {money.beneficiary}")
        shares.append(f"{format_tokens(money.burned)} burned")
    return shares

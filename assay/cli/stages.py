"""A job's events in words."""

from dataclasses import replace
from typing import Any

from assay.amounts import format_tokens
from assay.chain.connection import Chain
from assay.chain.events import (
    BondSlashed,
    ChallengeClosed,
    DeadlineExtended,
    DisputeEvent,
    DisputeOpened,
    DisputeResolved,
    Entry,
    FeePaid,
    FinalRootsClaimed,
    JobAccepted,
    JobChallenged,
    JobClaimed,
    JobEnded,
    JobPosted,
    Moved,
    OfferTaken,
    PriceAgreed,
    SignedJobClaimed,
    Stepped,
    TicketsTaken,
)
from assay.chain.history import Book
from assay.chain.records import Ending, Terms, Verdict, words
from assay.cli.output import format_time, jsonable
from assay.client.standing import describe_end
from assay.dispute.game import ARITY, History

_VERDICTS = {
    Verdict.WON: "has succeeded, and its bond is back",
    Verdict.LOST: "has failed, and its bond is the provider's",
    Verdict.MOOT: "is moot: the job had ended, and its bond is back",
}


def describe(entry: Entry, book: Book) -> tuple[str, str]:
    """An event of a job or its disputes: the stage that it begins, and what is to be said about it."""
    stage, text = "", ""
    match entry.event:
        case JobPosted() as event:
            stage, text = "posted", f"{_offered(event.terms)}; to be accepted until {format_time(event.deadline)}"
        case JobAccepted() as event:
            stage, text = "accepted", f"by {event.provider}; to be claimed until {format_time(event.deadline)}"
        case SignedJobClaimed() as event:
            stage = "claimed"
            text = f"by {event.provider}, at once, under a signed order; {_offered(event.terms)}; "
            text += f"0x{event.claim_root.hex()}; can be challenged until {format_time(event.deadline)}"
        case PriceAgreed() | TicketsTaken() | OfferTaken() | DeadlineExtended() | FeePaid() | BondSlashed() as event:
            text = _describe_detail(event)
        case JobClaimed() as event:
            stage = "claimed"
            text = f"0x{event.claim_root.hex()}; can be challenged until {format_time(event.deadline)}"
        case FinalRootsClaimed() as event:
            text = f"final state roots of {len(event.final_roots)} tasks"
        case JobChallenged() as event:
            bond = format_tokens(event.bond)
            stage, text = "challenged", f"by {event.challenger}, task {event.task}, with a bond of {bond}"
            text += f" (dispute 0x{event.dispute_id.hex()[:8]}...)"
        case ChallengeClosed() as event:
            stage, text = "closed", f"the challenge by {event.challenger} {_VERDICTS[event.verdict]}"
        case JobEnded() as event:
            stage, text = words(event.end), describe_end(book.jobs[event.job_id])
        case _:
            stage, text = "  dispute", _describe_play(entry, book)
    return stage, text


def event_facts(chain: Chain, entry: Entry, book: Book) -> dict[str, Any]:
    """An event of a job or its disputes for scripts, with the time of its block."""
    stage, text = describe(entry, book)
    return {
        "time": chain.node.block(entry.block).timestamp,
        "block": entry.block,
        "transaction": entry.transaction,
        "event": type(entry.event).__name__,
        "stage": stage,
        "text": text,
        "arguments": jsonable(entry.event),
    }


def _offered(terms: Terms) -> str:
    price = format_tokens(terms.price)
    if terms.floor_price:
        price = f"rising from {format_tokens(terms.floor_price)} to {price}"
    return f"price {price} in escrow, bond {format_tokens(terms.bond)}"


def _describe_detail(
    event: PriceAgreed | TicketsTaken | OfferTaken | DeadlineExtended | FeePaid | BondSlashed,
) -> str:
    match event:
        case PriceAgreed():
            return f"the price is {format_tokens(event.price)}; the rest is the requester's again"
        case TicketsTaken():
            return f"of {len(event.spec_ids)} tickets"
        case OfferTaken():
            return f"{event.provider} is hired by its offer {event.nonce}"
        case DeadlineExtended():
            return f"to be claimed until {format_time(event.deadline)}, as both sides want"
        case FeePaid():
            return f"{format_tokens(event.fee)} of the price are the market's fee"
        case BondSlashed():
            return f"the provider's bond is lost: {format_tokens(event.paid)} to {event.beneficiary}"


def _describe_play(entry: Entry, book: Book) -> str:
    match entry.event:
        case DisputeOpened() as event:
            return f"opened with 16 state roots over {16**event.terms.rounds:,} steps"
        case Moved() as event:
            play = _play_until(entry, book)
            end = play.start + ARITY * play.stride
            return f"the {words(event.side)} agrees until step {play.start:,}, and no longer at step {end:,}"
        case Stepped() as event:
            step = _play_until(entry, book).start + event.index
            before, after = event.prestate.hex()[:8], event.poststate.hex()[:8]
            return f"the referee executes step {step:,}: 0x{before}... leads to 0x{after}..."
        case DisputeResolved() as event:
            loser = words(event.winner.other)
            how = "by the referee's step" if event.ending == Ending.STEP else f"because the {loser} ran out of time"
            dispute = book.disputes.get(event.dispute_id)
            winner = dispute.terms.party(event.winner) if dispute else ""
            return f"won by the {words(event.winner)} {winner}, {how}"
    return type(entry.event).__name__


def _play_until(entry: Entry, book: Book) -> History:
    """What had been posted in a dispute after the move or step that `entry` is."""
    assert isinstance(entry.event, DisputeEvent)
    dispute = book.disputes[entry.event.dispute_id]
    known = dispute.entries[: dispute.entries.index(entry) + 1]
    moves = sum(isinstance(each.event, Moved) for each in known)
    return replace(dispute.play, answers=dispute.play.answers[:moves])

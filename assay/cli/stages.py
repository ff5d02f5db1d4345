"""A job's status and events in words."""

from dataclasses import replace

from assay.amounts import format_tokens
from assay.chain.events import (
    ChallengeClosed,
    DisputeEvent,
    DisputeOpened,
    DisputeResolved,
    Entry,
    FinalRootsClaimed,
    JobAccepted,
    JobChallenged,
    JobClaimed,
    JobEnded,
    JobPosted,
    Moved,
    Stepped,
)
from assay.chain.history import Book, JobHistory
from assay.chain.records import End, Ending, words
from assay.cli.output import format_time
from assay.dispute.game import ARITY, History

_ENDS = {
    End.FINALIZED: "no challenge succeeded",
    End.CANCELLED: "taken back by its requester",
    End.EXPIRED: "nobody accepted it in time",
    End.MISSED_DEADLINE: "the provider did not claim in time",
    End.SLASHED_BY_STEP: "the claim was proved wrong",
    End.SLASHED_BY_TIMEOUT: "the provider did not defend its claim",
}


def status_of(history: JobHistory) -> str:
    """One or two words: where a job is, or how it ended."""
    if history.ended:
        return words(history.ended.end)
    if history.open_disputes:
        return "disputed"
    return words(history.job.status)


def describe(entry: Entry, book: Book) -> tuple[str, str]:
    """An event of a job or its disputes: the stage that it begins, and what is to be said about it."""
    stage, text = "", ""
    match entry.event:
        case JobPosted() as event:
            money = f"price {format_tokens(event.terms.price)} in escrow, bond {format_tokens(event.terms.bond)}"
            stage, text = "posted", f"{money}; to be accepted until {format_time(event.deadline)}"
        case JobAccepted() as event:
            stage, text = "accepted", f"by {event.provider}; to be claimed until {format_time(event.deadline)}"
        case JobClaimed() as event:
            stage = "claimed"
            text = f"0x{event.claim_root.hex()}; can be challenged until {format_time(event.deadline)}"
        case FinalRootsClaimed() as event:
            text = f"final state roots of {len(event.final_roots)} tasks"
        case JobChallenged() as event:
            bond = format_tokens(event.bond)
            stage, text = "challenged", f"by {event.challenger}, task {event.task}, with a bond of {bond}"
        case ChallengeClosed() as event:
            why = "is moot: the job had ended" if event.moot else "has failed"
            stage, text = "closed", f"the challenge by {event.challenger} {why}"
        case JobEnded() as event:
            stage, text = words(event.end), describe_end(event)
        case _:
            stage, text = "  dispute", _describe_play(entry, book)
    return stage, text


def describe_end(event: JobEnded) -> str:
    """Why a job ended so, and who has got its money."""
    parts = [_ENDS[event.end]]
    if event.refunded:
        parts.append(f"{format_tokens(event.refunded)} refunded to the requester")
    if event.paid:
        parts.append(f"{format_tokens(event.paid)} paid to {event.beneficiary}")
    if event.burned:
        parts.append(f"{format_tokens(event.burned)} burned")
    return "; ".join(parts)


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

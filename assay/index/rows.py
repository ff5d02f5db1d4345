"""What the index says of a job, a dispute or a provider, as rows, derived from their histories by pure functions."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row

from assay.chain.deployments import Deployment
from assay.chain.events import Entry
from assay.chain.history import Book, DisputeHistory, JobHistory
from assay.chain.node import Log
from assay.chain.records import End, Status, words

RUNNING = "running"
"""The status of a dispute that is not resolved."""


def status_of(history: JobHistory, book: Book) -> str:
    """Where a job is, or how it ended, in one or two words."""
    if history.ended:
        return words(history.ended.end)
    if any(not dispute.resolved for dispute in book.disputes_of(history.job.job_id)):
        return "disputed"
    return words(history.job.status)


def job_row(history: JobHistory, book: Book, deployment: Deployment, times: Mapping[int, int]) -> dict[str, Any]:
    """A job's row, but for its revision; `times` has the time of each block that is needed."""
    job, first, last = history.job, history.entries[0], history.entries[-1]
    ended = next((entry for entry in history.entries if entry.event is history.ended), None)
    has_provider = int(job.provider, 16) != 0
    slashed = history.slashed
    return {
        "job": str(job.job_id),
        "requester": job.requester,
        "provider": job.provider if has_provider else None,
        "machine": deployment.machine_of(job.terms.referee),
        "status": status_of(history, book),
        "price": job.price,
        "bond": job.terms.bond,
        "task_count": job.terms.task_count,
        "rounds": job.terms.rounds,
        "deadline": None if history.ended else job.deadline,
        "challenges": len(history.challenges),
        "earned": history.earned,
        "lost": slashed.paid + slashed.burned if slashed and has_provider else 0,
        "posted_at": times[first.block],
        "posted_block": first.block,
        "posted_index": first.index,
        "changed_at": times[last.block],
        "ended_at": None if ended is None else times[ended.block],
    }


def dispute_row(dispute: DisputeHistory, times: Mapping[int, int]) -> dict[str, Any]:
    """A dispute's row, but for its revision."""
    first, last, resolved = dispute.entries[0], dispute.entries[-1], dispute.resolved
    return {
        "dispute": text_of(dispute.dispute_id),
        "job": str(dispute.terms.job_id),
        "task": dispute.terms.task,
        "challenger": dispute.terms.challenger,
        "defender": dispute.terms.defender,
        "status": f"won by {words(resolved.winner)}" if resolved else RUNNING,
        "rounds": dispute.terms.rounds,
        "turns": 1 + len(dispute.play.answers),
        "opened_at": times[first.block],
        "opened_block": first.block,
        "opened_index": first.index,
        "changed_at": times[last.block],
    }


_ENDS = {
    "finalized": (End.FINALIZED,),
    "slashed": (End.SLASHED_BY_STEP, End.SLASHED_BY_TIMEOUT),
    "missed": (End.MISSED_DEADLINE,),
    "declined": (End.DECLINED,),
}
COUNTS = ("accepted", "running", *_ENDS)
AMOUNTS = ("earned", "lost", "at_risk")


def record_of(row: Mapping[str, Any]) -> dict[str, int]:
    """What a job's row is for the record of its provider: what it adds to each column."""
    status = row["status"]
    is_running = status in (words(Status.ACCEPTED), words(Status.CLAIMED), "disputed")
    ends = {name: int(status in map(words, kinds)) for name, kinds in _ENDS.items()}
    at_risk = row["bond"] if is_running else 0
    amounts = {"earned": row["earned"], "lost": row["lost"], "at_risk": at_risk}
    return {"accepted": 1, "running": int(is_running), **ends, **amounts}


def event_row(log: Log, entry: Entry, job: str | None, dispute: bytes | None) -> dict[str, Any]:
    """A log as it is kept."""
    return {
        "block": log.block,
        "log_index": log.index,
        "name": type(entry.event).__name__,
        "job": job,
        "dispute": None if dispute is None else text_of(dispute),
        "block_hash": text_of(log.block_hash),
        "transaction_hash": text_of(log.transaction),
        "address": log.address,
        "topics": " ".join(map(text_of, log.topics)),
        "data": log.data,
    }


def log_of(row: Row[Any]) -> Log:
    """A log that was kept."""
    topics = tuple(map(bytes_of, row.topics.split()))
    where = (row.block, bytes_of(row.block_hash), row.log_index, bytes_of(row.transaction_hash))
    return Log(row.address, topics, row.data, *where)


def text_of(value: bytes) -> str:
    """Bytes as the tables have them."""
    return f"0x{value.hex()}"


def bytes_of(text: str) -> bytes:
    """Bytes that the tables have."""
    return bytes.fromhex(text[2:])

"""`assay cancel`, `expire` and `finalize`: the ends of a job that somebody has to ask for."""

from collections.abc import Callable

from assay.chain.connection import Chain
from assay.chain.events import FeePaid, JobEnded, decode_logs
from assay.chain.history import JobHistory
from assay.chain.node import Receipt
from assay.chain.records import End, words
from assay.chain.sender import Sender
from assay.cli.options import transaction_command
from assay.cli.session import Session, print_receipt
from assay.client.exits import cancel_job, expire_job, finalize_job
from assay.client.jobs import find_job, read_job
from assay.settings import Settings


@transaction_command("job")
def cancel(settings: Settings, job: str, as_json: bool) -> None:
    """Take back a job that nobody has accepted: its price is free again. For its requester.

    \b
    Example:
        assay cancel 0.1
    """
    _end(settings, job, cancel_job, as_json)


@transaction_command("job")
def expire(settings: Settings, job: str, as_json: bool) -> None:
    """End a job that nobody accepted, or claimed, in time: its requester is refunded. Anyone can do it.

    \b
    Example:
        assay expire 0.1@0x70997970C51812dc3A010C7d01b50e0d17dc79C8
    """
    _end(settings, job, expire_job, as_json)


@transaction_command("job")
def finalize(settings: Settings, job: str, as_json: bool) -> None:
    """Pay for a claim whose challenge period is over, and about which no dispute is open. Anyone can do it.

    \b
    Example:
        assay finalize 0.1
    """
    _end(settings, job, finalize_job, as_json)


def _end(settings: Settings, job: str, action: Callable[[Chain, Sender, JobHistory], Receipt], as_json: bool) -> None:
    session = Session(settings)
    history, _ = read_job(session.chain, find_job(session.chain, job, session.own_address))
    receipt = action(session.chain, session.sender, history)
    events = [entry.event for entry in decode_logs(receipt.logs, session.chain.deployment)]
    (ended,) = [event for event in events if isinstance(event, JobEnded)]
    fee = sum(event.fee for event in events if isinstance(event, FeePaid))
    is_paid = ended.end == End.FINALIZED
    price = history.job.price
    money = {"paid": price - fee if is_paid else 0, "refunded": 0 if is_paid else price}
    more = {"job": ended.job_id, "end": ended.end, **money}
    print_receipt(receipt, f"job {history.job.job_id}: {words(ended.end)}", as_json, **more)

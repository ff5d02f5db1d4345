"""Ending a job whose time is over: what anyone can do, so that nobody's money stays in it."""

from uuid import uuid4

from assay.chain.connection import Chain
from assay.chain.history import JobHistory
from assay.chain.node import Receipt
from assay.chain.records import Job, Status, words
from assay.chain.sender import RevertedError, Sender
from assay.client.follow import News
from assay.errors import ContractError, InputError

GRACE = 15
"""Seconds that a provider has to finalize its own claim, before it is done for it."""


def finalize_job(chain: Chain, sender: Sender, history: JobHistory) -> Receipt:
    """Pay for a claim that stood. Raises `InputError` for a job that has ended, `ContractError` if it is too early."""
    return sender.execute(chain.market.finalize(current(history)), f"finalize {uuid4()}")


def expire_job(chain: Chain, sender: Sender, history: JobHistory) -> Receipt:
    """End a job that nobody accepted, or claimed, in time. Raises as `finalize_job` does."""
    return sender.execute(chain.market.expire(current(history)), f"expire {uuid4()}")


def cancel_job(chain: Chain, sender: Sender, history: JobHistory) -> Receipt:
    """Take back a job that nobody has accepted. Raises as `finalize_job` does."""
    return sender.execute(chain.market.cancel(current(history)), f"cancel {uuid4()}")


def end_overdue(chain: Chain, sender: Sender, news: News) -> None:
    """End the job if its time is over and nobody else has ended it."""
    history = news.history
    if not news.is_overdue or history.open_disputes:
        return
    try:
        if history.job.status != Status.CLAIMED:
            expire_job(chain, sender, history)
        elif news.head.timestamp > history.job.deadline + GRACE:
            finalize_job(chain, sender, history)
    except RevertedError:
        return  # somebody was faster: the news to come will tell
    except ContractError as refused:
        if refused.error not in ("RecordMismatch", "DisputesOpen"):  # so it was, before this was sent
            raise


def current(history: JobHistory) -> Job:
    """The record of a job that has not ended. Raises `InputError` if it has."""
    if history.ended:
        raise InputError(f"job {history.job.job_id} has ended already: {words(history.ended.end)}")
    return history.job

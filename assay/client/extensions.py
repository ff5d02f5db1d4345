"""More time for the provider of an accepted job: one side signs, the other one sends."""

from assay.chain.connection import Chain
from assay.chain.history import JobHistory
from assay.chain.node import Receipt
from assay.chain.records import Job, Status, words
from assay.chain.sender import Sender
from assay.chain.signing import Extension, sign
from assay.client.checks import check_extension
from assay.client.exits import current
from assay.client.papers import SignedExtension
from assay.client.requester import market_domain
from assay.errors import InputError


def sign_extension(chain: Chain, sender: Sender, history: JobHistory, by: int) -> SignedExtension:
    """Sign that the job's deadline moves later by so many seconds. Raises `InputError` for who is no party of it."""
    job = _accepted(history, sender.address)
    extension = Extension(job.job_id, job.deadline, job.deadline + by)
    domain, epoch = market_domain(chain), chain.market.account_of(sender.address).epoch
    signature = sign(sender.account, extension.message(domain, epoch))
    return SignedExtension.make(domain, epoch, sender.address, extension, signature)


def extend_job(chain: Chain, sender: Sender, history: JobHistory, paper: SignedExtension) -> Receipt:
    """Move a job's deadline, as the other side has signed. Raises `InputError`, `ContractError`."""
    job = _accepted(history, sender.address)
    if paper.job != job.job_id:
        raise InputError(f"this is signed for job {paper.job}, not for {job.job_id}")
    if paper.present != job.deadline:
        raise InputError("this was signed for another deadline than the job's present one: have it signed anew")
    other = job.provider if sender.address == job.requester else job.requester
    if paper.party != other:
        raise InputError(f"this has to be signed by the other side, {other}, and is signed by {paper.party}")
    check_extension(chain, paper)
    return sender.execute(chain.market.extend(job, paper.deadline, paper.signature))


def _accepted(history: JobHistory, own: str) -> Job:
    job = current(history)
    if own not in (job.requester, job.provider):
        raise InputError(f"{own} is neither the requester nor the provider of job {job.job_id}")
    if job.status != Status.ACCEPTED:
        raise InputError(f"job {job.job_id} is {words(job.status)}: only an accepted one has a time to run")
    return job

"""Finding jobs, and what became of them, in the chain's events."""

from collections.abc import Sequence

from assay.chain.connection import Chain
from assay.chain.events import read_events
from assay.chain.history import Book, JobHistory
from assay.chain.records import JobId
from assay.errors import InputError


def read_book(chain: Chain, keys: Sequence[bytes] | None = None) -> Book:
    """All jobs and disputes of the market up to now; with `keys`, only those with these ids."""
    head = chain.node.head().number
    return Book(
        chain.deployment.market, read_events(chain.node, chain.deployment, chain.deployment.start_block, head, keys)
    )


def read_job(chain: Chain, job_id: JobId) -> tuple[JobHistory, Book]:
    """One job, and a book with it and its disputes. Raises `InputError` if there never was such a job."""
    history = read_book(chain, [bytes(job_id)]).jobs.get(job_id)
    if history is None:
        raise InputError(f"there is no job {job_id} in this market: `assay jobs --all` lists them")
    keys = [bytes(job_id), *(challenge.dispute_id for challenge in history.challenges)]
    book = read_book(chain, keys)
    return book.jobs[job_id], book


def find_job(chain: Chain, reference: str, own: str | None) -> JobId:
    """The job that `reference` means: a full id, or the beginning of one that only one job has.

    Of several that have it, the only one whose requester is `own` is meant. Raises `InputError` if that is none.
    """
    try:
        return JobId.parse(reference)
    except InputError:
        if not reference[:1].isdigit() or reference.startswith("0x"):
            raise
    wanted = reference.lower() if "@" in reference else reference + "@"
    found = [job_id for job_id in read_book(chain).jobs if str(job_id).lower().startswith(wanted)]
    mine = [job_id for job_id in found if job_id.requester == own]
    for candidates in (mine, found):
        if len(candidates) == 1:
            return candidates[0]
    if not found:
        raise InputError(f"there is no job {reference} in this market: `assay jobs --all` lists them")
    raise InputError(f"{reference} could be any of {', '.join(map(str, found))}: write more of it")

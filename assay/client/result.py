"""Fetching the outputs of a job, and checking that they are what was claimed on chain."""

from collections.abc import Mapping
from typing import Any

from assay.chain.connection import Chain
from assay.chain.history import JobHistory
from assay.documents import MAX_DOCUMENT, read_result_document
from assay.errors import InputError, IntegrityError
from assay.machines.base import Outcome
from assay.machines.registry import machine_named
from assay.store.base import Store


def fetch_outcomes(chain: Chain, store: Store, history: JobHistory) -> list[Outcome]:
    """The outcome of each task of a claimed job, proved against the final state roots of its claim.

    Raises as `fetch_results` does.
    """
    return [outcome for _, outcome in fetch_results(chain, store, history)]


def fetch_results(chain: Chain, store: Store, history: JobHistory) -> list[tuple[Mapping[str, Any], Outcome]]:
    """The result document's entry for each task of a claimed job, and the outcome that it proves to be claimed.

    A claim can still be challenged while its challenge period lasts: whether it stood, `history.ended` says. Raises
    `InputError` if nothing was claimed, `MissingBlobError`, and `IntegrityError` if the outputs are not those.
    """
    job = history.job
    if history.result_id is None:
        raise InputError(f"job {job.job_id} has no result: nobody has claimed one")
    name = chain.deployment.machine_of(job.terms.referee)
    if name is None:
        raise InputError(f"job {job.job_id} is for a referee that this deployment does not know: {job.terms.referee}")
    machine = machine_named(name)
    document = read_result_document(store.get(history.result_id.hex(), MAX_DOCUMENT))
    if document.machine != name or len(document.tasks) != len(history.final_roots):
        raise IntegrityError(f"the result document of job {job.job_id} is about another job")
    results: list[tuple[Mapping[str, Any], Outcome]] = []
    for task, entry in enumerate(document.tasks):
        root, outcome = machine.check_result(entry, store.get)
        if root != history.final_roots[task]:
            raise IntegrityError(f"the output of task {task} of job {job.job_id} is not the one that was claimed")
        results.append((entry, outcome))
    return results

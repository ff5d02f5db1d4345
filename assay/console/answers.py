"""Rows and histories as the API's answers."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row

from assay.amounts import format_tokens
from assay.chain.deployments import Deployment
from assay.chain.events import DisputeOpened, Entry, JobChallenged, Moved, Stepped
from assay.chain.history import Book, DisputeHistory, JobHistory
from assay.chain.records import DisputeState, words
from assay.cli.output import jsonable
from assay.cli.stages import describe
from assay.console import models
from assay.dispute.game import ARITY, History, Side
from assay.index.rows import text_of

Times = Mapping[int, int]
"""Of the blocks in which something happened, seconds since the epoch."""


def job_summary(row: Row[Any]) -> models.JobSummary:
    """A line in a list of jobs."""
    return models.JobSummary(**_job_fields(row))


def job_page(
    row: Row[Any], history: JobHistory, book: Book, times: Times, disputes: list[models.DisputeSummary]
) -> models.Job:
    """All there is to say of a job."""
    job, terms, slashed = history.job, history.job.terms, history.slashed
    entries = [*history.entries, *(entry for each in book.disputes_of(job.job_id) for entry in each.entries)]
    return models.Job(
        **_job_fields(row),
        id=text_of(bytes(job.job_id)),
        referee=terms.referee,
        floor_price=format_tokens(terms.floor_price),
        accept_period=terms.accept_period,
        run_period=terms.run_period,
        challenge_period=terms.challenge_period,
        admission=words(terms.admission),
        specs=[spec.hex() for spec in history.spec_ids],
        result=history.result_id.hex() if history.result_id else None,
        claim_root=text_of(job.claim_root) if history.result_id else None,
        earned=format_tokens(history.earned),
        refunded=format_tokens(history.refunded),
        fee=format_tokens(history.fee),
        slashed=format_tokens(slashed.paid) if slashed else None,
        burned=format_tokens(slashed.burned) if slashed else None,
        disputes=disputes,
        events=[_event(entry, book, times) for entry in sorted(entries, key=lambda each: (each.block, each.index))],
    )


def _job_fields(row: Row[Any]) -> dict[str, Any]:
    values = row._asdict()
    kept = {name: values[name] for name in models.JobSummary.model_fields if name in values}
    amounts = {name: format_tokens(values[name]) for name in ("price", "bond")}
    return {**kept, **amounts, "step_limit": str(ARITY ** values["rounds"])}


def _event(entry: Entry, book: Book, times: Times) -> models.Event:
    stage, text = describe(entry, book)
    if isinstance(entry.event, JobChallenged):
        text += f" (dispute {text_of(entry.event.dispute_id)[:10]}...)"
    arguments = jsonable(entry.event)
    arguments.pop("roots", None)  # a dispute's page has them
    return models.Event(
        time=times[entry.block],
        block=entry.block,
        log_index=entry.index,
        transaction=text_of(entry.transaction),
        event=type(entry.event).__name__,
        stage=stage.strip(),
        text=text,
        arguments=arguments,
    )


def dispute_summary(row: Row[Any]) -> models.DisputeSummary:
    """A line in a list of disputes."""
    values = row._asdict()
    return models.DisputeSummary(**{name: values[name] for name in models.DisputeSummary.model_fields})


def dispute_page(
    row: Row[Any], dispute: DisputeHistory, job: JobHistory, deployment: Deployment, times: Times, state: DisputeState
) -> models.Dispute:
    """A dispute with all its turns; `state` is what the game says now."""
    terms, resolved = dispute.terms, dispute.resolved
    bond = next((each.bond for each in job.challenges if each.dispute_id == dispute.dispute_id), 0)
    return models.Dispute(
        **dispute_summary(row).model_dump(),
        machine=deployment.machine_of(terms.referee),
        referee=terms.referee,
        initial_root=text_of(terms.initial_root),
        claimed_root=text_of(terms.claimed_root),
        step_limit=str(ARITY**terms.rounds),
        to_move=None if resolved else _side(dispute.to_move),
        deadline=state.deadline if state.running and not resolved else None,
        winner=_side(resolved.winner) if resolved else None,
        ending="step" if resolved and resolved.ending.name == "STEP" else "timeout" if resolved else None,
        bond=format_tokens(bond),
        list=_turns(dispute, times),
        step=_step(dispute, times),
    )


def _turns(dispute: DisputeHistory, times: Times) -> list[models.Turn]:
    play, turns = dispute.play, []
    lists = [entry for entry in dispute.entries if isinstance(entry.event, DisputeOpened | Moved)]
    for number, entry in enumerate(lists):
        then = History(play.rounds, play.initial_root, play.opening, play.answers[:number])
        side = Side(number % 2)
        turns.append(
            models.Turn(
                turn=number,
                side=_side(side),
                party=dispute.terms.party(side),
                disputed=play.answers[number - 1].index if number else None,
                start=str(then.start),
                stride=str(then.stride),
                agreed=text_of(then.agreed),
                roots=[text_of(root) for root in then.roots],
                time=times[entry.block],
                block=entry.block,
                transaction=text_of(entry.transaction),
            )
        )
    return turns


def _step(dispute: DisputeHistory, times: Times) -> models.StepTaken | None:
    entry = next((each for each in dispute.entries if isinstance(each.event, Stepped)), None)
    if entry is None or not isinstance(entry.event, Stepped):
        return None
    step = entry.event
    return models.StepTaken(
        step=str(dispute.play.start + step.index),
        index=step.index,
        prestate=text_of(step.prestate),
        poststate=text_of(step.poststate),
        claimed=text_of(dispute.play.roots[step.index]),
        time=times[entry.block],
        transaction=text_of(entry.transaction),
    )


def _side(side: Side) -> Any:
    return words(side)


def provider_fields(row: Row[Any] | None, address: str, account: Row[Any] | None) -> dict[str, Any]:
    """What `models.Provider` has; zeros for somebody who never accepted a job."""
    values = {} if row is None else row._asdict()
    counts = ("accepted", "running", "finalized", "slashed", "missed", "declined")
    amounts = ("earned", "lost", "at_risk")
    free, stake = (0, 0) if account is None else money_of(account)
    return {
        "provider": address,
        **{name: values.get(name, 0) for name in counts},
        **{name: format_tokens(values.get(name, 0)) for name in amounts},
        "free": format_tokens(free),
        "stake": format_tokens(stake),
    }


def account_fields(row: Row[Any]) -> dict[str, Any]:
    """What `models.AccountSummary` has."""
    free, stake = money_of(row)
    return {
        "account": row.account,
        "free": format_tokens(free),
        "stake": format_tokens(stake),
        "epoch": row.epoch or 0,
        "checked_block": row.checked_block,
        "agrees": row.is_stale or (row.free, row.stake) == (row.chain_free, row.chain_stake),
    }


def money_of(row: Row[Any]) -> tuple[int, int]:
    """Free money and stake: what the chain has said, unless something has happened since."""
    return (row.free, row.stake) if row.is_stale else (row.chain_free, row.chain_stake)

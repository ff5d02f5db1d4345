"""`assay jobs`, `show` and `result`: what became of jobs."""

from pathlib import Path
from typing import Any

import click

from assay.amounts import format_tokens
from assay.chain.connection import Chain
from assay.chain.history import Book, JobHistory
from assay.chain.records import End
from assay.cli.options import json_option, settings_options
from assay.cli.output import check_writable, format_time, print_json, print_table, say, write_output
from assay.cli.session import Session
from assay.cli.stages import event_facts
from assay.cli.submit import refuse_result, tell_outcome
from assay.client.jobs import find_job, read_book, read_job
from assay.client.result import fetch_outcomes
from assay.client.standing import status_of
from assay.errors import InputError
from assay.machines.base import Outcome
from assay.settings import Settings


@click.command()
@click.option("--all", "every", is_flag=True, help="The jobs of everyone.")
@settings_options("rpc_url", "deployment", "wallet")
@json_option
def jobs(settings: Settings, every: bool, as_json: bool) -> None:
    """List the jobs that the wallet has posted, accepted or challenged.

    \b
    Examples:
        assay jobs
        assay jobs --all --json
    """
    session = Session(settings)
    own = None if every else session.wallet.address
    found = [history for history in read_book(session.chain).jobs.values() if own is None or _concerns(history, own)]
    if as_json:
        print_json([_summary(session.chain, history) for history in found])
    elif found:
        rows = [
            (
                str(history.job.job_id),
                status_of(history),
                format_tokens(history.job.price),
                format_tokens(history.job.terms.bond),
                "-" if history.ended else format_time(history.job.deadline),
            )
            for history in found
        ]
        print_table(("JOB", "STATUS", "PRICE", "BOND", "DEADLINE"), rows)
    else:
        click.echo(
            "There are no jobs" + (" in this market." if every else " of this wallet: `--all` lists everyone's.")
        )


@click.command()
@click.argument("job")
@settings_options("rpc_url", "deployment", "wallet")
@json_option
def show(settings: Settings, job: str, as_json: bool) -> None:
    """Show a job: its terms, and each stage with its time, its money and the turns of its disputes.

    JOB is a job's id, or its beginning up to the requester: 0.1 is the wallet's own job in slot 0, generation 1.

    \b
    Examples:
        assay show 0.1
        assay show 0.1@0x70997970C51812dc3A010C7d01b50e0d17dc79C8 --json
    """
    session = Session(settings)
    history, book = read_job(session.chain, find_job(session.chain, job, session.own_address))
    stages = _stages(session.chain, history, book)
    if as_json:
        print_json({**_summary(session.chain, history), "stages": stages})
        return
    terms = history.job.terms
    lines = {
        "job": str(history.job.job_id),
        "id": f"0x{bytes(history.job.job_id).hex()}",
        "status": status_of(history),
        "machine": session.chain.deployment.machine_of(terms.referee) or f"unknown: referee {terms.referee}",
        "tasks": f"{terms.task_count}, each of at most 16^{terms.rounds} = {terms.step_limit:,} steps",
        "price": f"{format_tokens(history.job.price)} tokens, for a bond of {format_tokens(terms.bond)}",
        "spec": ", ".join(spec.hex() for spec in history.spec_ids),
        "result": history.result_id.hex() if history.result_id else "-",
    }
    for name, value in lines.items():
        click.echo(f"{name:<9}{value}")
    click.echo()
    for stage in stages:
        click.echo(f"{format_time(stage['time'])}  {stage['stage']:<10}  {stage['text']}")


@click.command()
@click.argument("job")
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="OUT", help="The file for the output.")
@click.option("--task", type=click.IntRange(min=0), default=0, metavar="N", help="Of a job with several tasks: which.")
@settings_options("rpc_url", "deployment", "store", "wallet")
@json_option
def result(settings: Settings, job: str, output: Path | None, task: int, as_json: bool) -> None:
    """Fetch the standard output of a job, and check that it is what was claimed on chain.

    It is written to OUT, or to standard output; what the program wrote to standard error goes there. A claim that can
    still be challenged may be wrong: then a remark says so. What was claimed for a job that was slashed is not written.
    Exit status: 6 for such a job.

    \b
    Example:
        assay result 0.1 -o README.gz
    """
    if output:
        check_writable(output)
    history, outcome = claimed_outcome(Session(settings), job, task, as_json)
    if output is not None or not as_json:
        write_output(outcome.stdout, output)
    if as_json:
        facts = {
            "run": outcome.status,
            "exit_status": outcome.exit_status,
            "size": len(outcome.stdout),
            "output": output,
        }
        print_json({"job": history.job.job_id, "status": status_of(history), **facts})


def claimed_outcome(session: Session, job: str, task: int, as_json: bool = False) -> tuple[JobHistory, Outcome]:
    """A job, and the outcome of one of its tasks, proved; says what may have to be known of it.

    Ends the command if what was claimed did not stand.
    """
    history, _ = read_job(session.chain, find_job(session.chain, job, session.own_address))
    if history.ended and history.result_id is not None and history.ended.end != End.FINALIZED:
        refuse_result(history, {"job": history.job.job_id, "status": status_of(history)} if as_json else None)
    outcomes = fetch_outcomes(session.chain, session.store, history)
    if task >= len(outcomes):
        raise InputError(f"job {history.job.job_id} has {len(outcomes)} tasks, counted from 0: there is no task {task}")
    if not history.ended:
        say(f"The claim is not final: it can be challenged until {format_time(history.job.deadline)}.")
    tell_outcome(outcomes[task])
    return history, outcomes[task]


def _concerns(history: JobHistory, own: str) -> bool:
    challengers = {event.challenger for event in history.challenges}
    return own in {history.job.requester, history.job.provider, *challengers}


def _summary(chain: Chain, history: JobHistory) -> dict[str, Any]:
    """A job for scripts."""
    job = history.job
    return {
        "job": job.job_id,
        "id": bytes(job.job_id),
        "status": status_of(history),
        "requester": job.requester,
        "provider": job.provider if int(job.provider, 16) else None,
        "machine": chain.deployment.machine_of(job.terms.referee),
        "terms": job.terms,
        "price": job.price,
        "specs": [spec.hex() for spec in history.spec_ids],
        "deadline": None if history.ended else job.deadline,
        "final_roots": history.final_roots,
        "result": history.result_id.hex() if history.result_id else None,
        "open_disputes": history.open_disputes if not history.ended else [],
    }


def _stages(chain: Chain, history: JobHistory, book: Book) -> list[dict[str, Any]]:
    """Everything that happened to a job and in its disputes, in order, for scripts and for people."""
    entries = [
        *history.entries,
        *(entry for dispute in book.disputes_of(history.job.job_id) for entry in dispute.entries),
    ]
    return [event_facts(chain, entry, book) for entry in sorted(entries, key=lambda entry: (entry.block, entry.index))]

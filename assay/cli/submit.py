"""`assay submit`: send a program as a job, and wait for its result."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import click

from assay.amounts import format_tokens
from assay.chain.history import JobHistory
from assay.chain.records import End, JobId
from assay.cli.main import NOT_FINALIZED
from assay.cli.options import json_option, settings_options
from assay.cli.output import check_writable, print_json, say, waiting, write_output
from assay.cli.session import Session
from assay.cli.watch import TextTeller, settle_overdue, watch_job
from assay.cli.work import Deal, Work, accept_period_option, deal_options, wait_options, work_options
from assay.client.order import Order
from assay.client.requester import Conditions, Posted, make_terms
from assay.client.result import fetch_outcomes
from assay.client.standing import describe_end, money_of, status_of
from assay.machines.base import Outcome, RunStatus
from assay.settings import Settings

Encode = Callable[[bytes], bytes]
"""Makes a file of a job's standard output."""


@click.command()
@work_options()
@deal_options()
@accept_period_option
@wait_options
@settings_options("rpc_url", "deployment", "store", "wallet", "password_file")
@json_option
def submit(
    *,
    settings: Settings,
    work: Work,
    deal: Deal,
    accept_period: int,
    wait: bool,
    output: Path | None,
    as_json: bool,
) -> None:
    """Send one run of a program as a job, and pay for it.

    FILE is a program that `assay build` made, or a source file in C, C++ or Zig, which is built first.

    Prints the job's id. With --wait, it stays until the job has ended, tells each stage on standard error, and writes
    the program's standard output to OUT, or to standard output. A job that nobody takes in time is then ended and
    refunded. Exit status: 6 if the job ends without a result. Arguments that start with a dash go after `--`.

    What is missing of the price in the market is deposited from the wallet in the same transaction. With --floor-price
    the price rises until somebody accepts, and what is not paid comes back.

    \b
    Examples:
        assay submit compress.elf --stdin README.md --price 5
        assay submit compress.elf --stdin README.md --floor-price 1 --price 5 --accept-period 10m
        assay submit compress.elf --stdin README.md --price 5 --wait -o README.gz -- -9
    """
    check_output(wait, output)
    deal.warn_verifiers()
    session = Session(settings)
    (order,) = work.orders(settings)
    send_job(session, order, deal.conditions(accept_period), wait, output, as_json)


def check_output(wait: bool, output: Path | None) -> None:
    """Refuse an output that there is not, or that cannot be written, before anything is paid."""
    if output and not wait:
        raise click.UsageError("-o needs --wait: without it, there is no output yet; `assay result` fetches it later")
    if output:
        check_writable(output)


def send_job(
    session: Session,
    order: Order,
    conditions: Conditions,
    wait: bool,
    output: Path | None,
    as_json: bool,
    encode: Encode = bytes,
) -> None:
    """Post a job, with what it names in the store first, and go on as `tell_posted` does."""
    terms = make_terms(session.chain, order, conditions)
    with waiting("posting the job"):
        session.requester.check_funds(terms.price)
        order.upload(session.store)
        posted = session.requester.post(terms)
    tell_posted(session, posted, wait, output, as_json, encode)


def tell_posted(
    session: Session, posted: Posted, wait: bool, output: Path | None, as_json: bool, encode: Encode = bytes
) -> None:
    """Tell what was posted, or stay with it until its end and write its output as `encode` has it."""
    facts = {"job": posted.job_id, "id": bytes(posted.job_id), "transaction": posted.receipt.transaction}
    if posted.deposited:
        say(f"deposited {format_tokens(posted.deposited)} tokens")
    if not wait:
        print_json(facts) if as_json else click.echo(str(posted.job_id))
        return
    say(f"job {posted.job_id}")
    history = wait_for_end(session, posted.job_id)
    _finish(session, history, output, facts if as_json else None, encode)


def wait_for_end(session: Session, job_id: JobId) -> JobHistory:
    """Tell each stage of a job as it comes, and end it if nobody else does; its history when it has ended."""
    history = watch_job(session, job_id, TextTeller(session), settle=settle_overdue(session))
    assert history is not None  # without a timeout, only its end ends it
    return history


def tell_outcome(outcome: Outcome) -> None:
    """Say it if a run did not end well, and show what it wrote to standard error."""
    if outcome.stderr:
        sys.stderr.buffer.write(outcome.stderr)
        sys.stderr.buffer.flush()
    if outcome.status is RunStatus.OUT_OF_STEPS:
        say("The program ran out of steps.")
    elif outcome.status is RunStatus.FAULTED:
        say("The program ended by a fault.")
    elif outcome.exit_status:
        say(f"The program's exit status is {outcome.exit_status}.")


def refuse_result(history: JobHistory, facts: dict[str, object] | None) -> NoReturn:
    """End the command without the output of a job that was not finalized: what was claimed did not stand."""
    ended = history.ended
    assert ended is not None
    if facts is not None:
        print_json(facts | _money(history))
    say(f"Job {history.job.job_id} has no result that stands, and no output is written: {describe_end(history)}.")
    say(
        "What was refunded or paid is free in the market: `assay wallet balance` shows it, and `assay withdraw` "
        "takes it out."
    )
    sys.exit(NOT_FINALIZED)


def _finish(
    session: Session, history: JobHistory, output: Path | None, facts: dict[str, object] | None, encode: Encode
) -> None:
    """Fetch and write the output of a job that has ended."""
    ended = history.ended
    assert ended is not None
    if facts is not None:
        facts |= {"status": status_of(history)}
    if ended.end != End.FINALIZED:
        refuse_result(history, facts)
    (outcome,) = fetch_outcomes(session.chain, session.store, history)
    tell_outcome(outcome)
    if output is not None or facts is None:
        write_output(encode(outcome.stdout), output)
    if facts is not None:
        run = {"run": outcome.status, "exit_status": outcome.exit_status, "output": output}
        print_json(facts | _money(history) | run)


def _money(history: JobHistory) -> dict[str, object]:
    money = money_of(history)
    return {"paid": money.paid, "refunded": money.refunded, "slashed": money.slashed, "burned": money.burned}

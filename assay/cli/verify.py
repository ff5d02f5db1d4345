"""`assay receipt` and `assay verify`: what a stranger needs to check a job, and the check."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from assay.amounts import format_tokens
from assay.chain.history import DisputeHistory, JobHistory
from assay.cli.main import DIFFERENT
from assay.cli.options import json_option, settings_options
from assay.cli.output import check_writable, format_time, print_json, read_file, say, waiting, write_output
from assay.cli.session import Session
from assay.client.challenge import Challenge, challenge, check_means
from assay.client.jobs import find_job, read_job
from assay.client.receipts import JobReceipt, check_against, check_market, make_receipt, read_receipt
from assay.client.recompute import Claim, TaskCheck, Verification, claim_of, recompute
from assay.errors import InputError
from assay.machines.base import FetchBlob
from assay.machines.registry import machines_for
from assay.settings import Settings


@click.command()
@click.argument("job")
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="OUT", help="The file for the receipt.")
@click.option("--full", is_flag=True, help="With program, inputs and outputs in it, and not only their content ids.")
@settings_options("rpc_url", "deployment", "store", "wallet")
def receipt(settings: Settings, job: str, output: Path | None, full: bool) -> None:
    """Write a claimed job's receipt: one JSON file with all that a stranger needs to run it again and check it.

    It has the terms, the tasks, the claim and what proves the outputs to belong to it, the transactions, and where the
    money went. What is large stays with the store, by its content id, unless --full is given. It is written to OUT, or
    to standard output; `assay verify` reads it.

    \b
    Examples:
        assay receipt 0.1 -o job.receipt.json
        assay receipt 0.1 --full | assay verify --offline -
    """
    if output:
        check_writable(output)
    session = Session(settings)
    history, book = read_job(session.chain, find_job(session.chain, job, session.own_address))
    made = make_receipt(session.chain, session.store, history, book, full, session.machines)
    write_output(made.encode() + b"\n", output)
    if not history.ended:
        say(f"The claim is not final: it can be challenged until {format_time(history.job.deadline)}.")


@click.command()
@click.argument("what", metavar="JOB|RECEIPT")
@click.option("--task", type=click.IntRange(min=0), metavar="N", help="Run this task alone, counted from 0.")
@click.option(
    "--memory", type=click.IntRange(min=0, max=4096), default=4096, metavar="MIB", show_default=True, help="To be used."
)
@click.option("--offline", is_flag=True, help="Of a receipt: do not ask the chain whether it has this claim.")
@click.option("--challenge", "challenges", is_flag=True, help="Dispute a wrong claim, as long as that can be done.")
@settings_options("rpc_url", "deployment", "store", "wallet", "password_file")
@json_option
def verify(
    *, settings: Settings, what: str, task: int | None, memory: int, offline: bool, challenges: bool, as_json: bool
) -> None:
    """Run a claimed job again, here and now, and say where it differs from what was claimed and published.

    A RECEIPT is a file that `assay receipt` has written, or - for standard input. Nothing that it says is believed: it
    is compared with the chain, and run again, which takes as long as the program runs, whoever wrote it. What it does
    not have comes from the store.

    With --challenge a wrong claim is disputed, if its challenge period lasts: that puts the market's challenger bond of
    the wallet's stake at risk, and each turn of the dispute has a deadline. An agent with the same wallet plays it on:
    `provider-agent run --roles verifier`. It needs nothing but the chain to go on from there.

    Exit status: 0 if all is as claimed, 8 if something differs.

    \b
    Examples:
        assay verify 0.1
        assay verify job.receipt.json --json
        assay verify 0.1 --challenge --wallet dave
    """
    session = Session(settings)
    path = _receipt_path(what)
    if path is None and offline:
        raise click.UsageError("--offline is for receipts: a job is looked up in the chain")
    if offline and challenges:
        raise click.UsageError("--challenge needs the chain, and --offline does not ask it")
    subject = _from_job(session, what) if path is None else _from_receipt(session, path, offline)
    if challenges:
        assert subject.history is not None
        check_means(session.chain, session.sender, subject.history)
    machines = machines_for(replace(settings.execution, memory=memory << 20))
    with waiting("running the job again") as status:
        found = recompute(
            subject.claim,
            subject.fetch,
            machines,
            task,
            subject.disputes,
            lambda done: status.update(f"running the job again: {done:,} steps") if status else None,
        )
    opened = None
    if challenges and found.wrong is not None:
        assert subject.history is not None
        opened = challenge(session.chain, session.sender, subject.history, found, subject.fetch, machines)
    if as_json:
        print_json(_facts(found, subject.history is not None, opened))
    else:
        _tell(found, subject.history, opened)
    if not found.agrees:
        sys.exit(DIFFERENT)


@dataclass(frozen=True)
class _Subject:
    """What is to be checked, and with what."""

    claim: Claim
    fetch: FetchBlob
    history: JobHistory | None
    """As the chain has it; None if it was not asked."""
    disputes: Sequence[DisputeHistory] = ()


def _receipt_path(what: str) -> Path | None:
    """The file, if it is one that is meant, and not a job."""
    is_file = what == "-" or what.endswith(".json") or "/" in what or Path(what).is_file()
    return Path(what) if is_file else None


def _from_job(session: Session, reference: str) -> _Subject:
    history, book = read_job(session.chain, find_job(session.chain, reference, session.own_address))
    claim = claim_of(session.chain.deployment, history)
    return _Subject(claim, session.store.get, history, book.disputes_of(claim.job_id))


def _from_receipt(session: Session, path: Path, offline: bool) -> _Subject:
    paper: JobReceipt = read_receipt(read_file(path))
    fetch = paper.fetch(lambda: session.store)
    if offline:
        return _Subject(paper.stated, fetch, None)
    try:
        chain = session.chain
    except InputError as fault:
        raise InputError(f"{fault}; or give --offline to run the receipt again without the chain") from fault
    check_market(chain, paper)
    history, book = read_job(chain, paper.job)
    check_against(chain, paper, history, book)
    return _Subject(claim_of(chain.deployment, history), fetch, history, book.disputes_of(paper.job))


def _tell(found: Verification, history: JobHistory | None, opened: Challenge | None) -> None:
    count = len(found.tasks)
    steps = sum(check.steps for check in found.tasks)
    ran = "1 task" if count == 1 else f"{count} tasks"
    for check in found.tasks:
        for difference in check.differences:
            click.echo(f"task {check.task}: {difference}")
        if check.first:
            click.echo(f"task {check.task}: {_where(check)}")
    agreed = "all is as claimed" if found.agrees else "it is not as claimed"
    if found.wrong is None and not found.agrees:
        agreed = "the claim is right, and what was published is not"
    click.echo(f"job {found.claim.job_id}: {ran} run again, {steps:,} steps: {agreed}")
    if history is None:
        say("The chain was not asked whether it has this claim.")
    if opened:
        say(
            f"Dispute 0x{opened.dispute_id.hex()} is open, with {format_tokens(opened.bond)} tokens of your stake at "
            f"risk. The provider has to answer until {format_time(opened.deadline)}; then it is your turn: an agent "
            "with this wallet plays it, `provider-agent run --roles verifier`."
        )
    elif found.wrong is not None and history is not None and not history.ended:
        say(f"It can be challenged until {format_time(history.job.deadline)}: --challenge.")


def _where(check: TaskCheck) -> str:
    first = check.first
    assert first is not None
    if first.is_exact:
        what = f" ({check.step})" if check.step else ""
        return (
            f"step {first.agreed_until:,}{what} leads to 0x{first.own.hex()}, and the provider says to "
            f"0x{first.claimed.hex()}"
        )
    return (
        f"the first step that differs is between steps {first.agreed_until:,} and {first.differs_at:,}: the provider "
        "has told no more of its trace"
    )


def _facts(found: Verification, asked: bool, opened: Challenge | None) -> dict[str, Any]:
    """For scripts."""
    return {
        "job": found.claim.job_id,
        "agrees": found.agrees,
        "chain_asked": asked,
        "tasks": [
            {
                "task": check.task,
                "agrees": check.agrees,
                "differences": check.differences,
                "steps": check.steps,
                "initial_root": check.initial_root,
                "final_root": check.final_root,
                "claimed_root": check.claimed_root,
                "run": check.outcome.status,
                "exit_status": check.outcome.exit_status,
                "first_difference": check.first,
                "step": check.step or None,
            }
            for check in found.tasks
        ],
        "challenge": opened
        and {
            "dispute": opened.dispute_id,
            "task": opened.task,
            "bond": opened.bond,
            "deadline": opened.deadline,
            "transaction": opened.receipt.transaction,
        },
    }

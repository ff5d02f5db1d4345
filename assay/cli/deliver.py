"""`assay deliver`: a contract is told the result of a task."""

import sys

import click

from assay.chain.records import parse_address
from assay.cli.main import NOT_TAKEN
from assay.cli.options import json_option, settings_options
from assay.cli.session import Session, print_receipt
from assay.client.delivery import deliver as deliver_result
from assay.client.delivery import register as register_claim
from assay.client.jobs import find_job, read_job
from assay.settings import Settings


@click.command()
@click.argument("job")
@click.option("--to", "consumer", metavar="CONTRACT", help="The address of the contract that is told.")
@click.option("--task", type=click.IntRange(min=0), default=0, metavar="N", help="Which task, counted from 0 (0).")
@click.option(
    "--gas",
    "gas_limit",
    type=click.IntRange(1, 30_000_000),
    default=500_000,
    show_default=True,
    metavar="N",
    help="What the contract can use at most.",
)
@click.option("--register", "registers", is_flag=True, help="Now, while the job is claimed: see below.")
@settings_options("rpc_url", "deployment", "store", "wallet", "password_file")
@json_option
def deliver(
    *, settings: Settings, job: str, consumer: str | None, task: int, gas_limit: int, registers: bool, as_json: bool
) -> None:
    """Tell a contract the result of a job, with a proof that it was claimed and has stood. Anyone can do it.

    The contract is called by the deployment's courier (docs/callbacks.md). If the challenge period is over and nobody
    has finalized the job yet, it is finalized by the same transaction. Somebody may be faster, and then only a claim
    that was registered before can be delivered: so register it as soon as the job is claimed.

    Exit status: 0 if the contract has taken the result, 10 if it has reverted. Then it can be told again.

    \b
    Examples:
        assay deliver 0.1 --register
        assay deliver 0.1 --to 0x5FbDB2315678afecb367f032d93F642f64180aa3
    """
    if registers == (consumer is not None):
        raise click.UsageError("give either --to CONTRACT or --register")
    session = Session(settings)
    history, _ = read_job(session.chain, find_job(session.chain, job, session.own_address))
    job_id = history.job.job_id
    if consumer is None:
        receipt = register_claim(session.chain, session.sender, history)
        print_receipt(receipt, f"registered the claim of job {job_id}", as_json, job=job_id)
        return
    address = parse_address(consumer)
    receipt, taken = deliver_result(session.chain, session.sender, session.store, history, task, address, gas_limit)
    done = f"{address} has {'taken' if taken else 'refused'} the result of task {task} of job {job_id}"
    print_receipt(receipt, done, as_json, job=job_id, task=task, consumer=address, taken=taken)
    if not taken:
        sys.exit(NOT_TAKEN)

"""`assay extend`, `decline` and `epoch`: what the parties of a job agree on, give back, and take back."""

from pathlib import Path

import click

from assay.chain.events import EpochRaised, decode_logs
from assay.cli.options import Duration, json_option, settings_options, transaction_command
from assay.cli.output import format_time
from assay.cli.papers import load, save
from assay.cli.session import Session, print_receipt
from assay.client.extensions import extend_job, sign_extension
from assay.client.jobs import find_job, read_job
from assay.client.papers import SignedExtension
from assay.settings import Settings


@click.command()
@click.argument("job")
@click.option("--by", type=Duration(), metavar="TIME", help="Sign that the deadline moves later by so much.")
@click.option("-o", "--output", "target", type=click.Path(path_type=Path), metavar="OUT", help="With --by: the file.")
@click.option(
    "--with",
    "signed",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Send what the other side has signed.",
)
@settings_options("rpc_url", "deployment", "wallet", "password_file")
@json_option
def extend(
    *, settings: Settings, job: str, by: int | None, target: Path | None, signed: Path | None, as_json: bool
) -> None:
    """Give the provider of an accepted job more time, if requester and provider both want it.

    One of them signs, the other one sends: neither can do it alone. The new deadline is at most 30 days from now.

    \b
    Examples:
        assay extend 0.1 --by 2h -o more.json --wallet alice
        assay extend 0.1@0x70997970C51812dc3A010C7d01b50e0d17dc79C8 --with more.json --wallet bob
    """
    if (by is None) == (signed is None):
        raise click.UsageError("either --by signs, or --with sends what the other side has signed")
    if (by is None) != (target is None):
        raise click.UsageError("--by and -o go together: what is signed is written to the file")
    session = Session(settings)
    history, _ = read_job(session.chain, find_job(session.chain, job, session.own_address))
    if by is not None and target is not None:
        paper = sign_extension(session.chain, session.sender, history, by)
        told = f"job {paper.job}, to be claimed until {format_time(paper.deadline)}, if the other side sends it"
        save(paper, target, told, {"job": paper.job, "deadline": paper.deadline}, as_json)
        return
    assert signed is not None
    paper = load(SignedExtension, signed)
    receipt = extend_job(session.chain, session.sender, history, paper)
    done = f"job {paper.job} is to be claimed until {format_time(paper.deadline)}"
    print_receipt(receipt, done, as_json, job=paper.job, deadline=paper.deadline)


@transaction_command("job")
def decline(settings: Settings, job: str, as_json: bool) -> None:
    """Give back a job that you were hired for by your offer: your bond is back, and so is the requester's price.

    A job that you accepted yourself, or an order that you filled, cannot be declined: you could see it before.

    \b
    Example:
        assay decline 0.1@0x70997970C51812dc3A010C7d01b50e0d17dc79C8 --wallet bob
    """
    session = Session(settings)
    history, _ = read_job(session.chain, find_job(session.chain, job, session.own_address))
    receipt = session.provider.decline(history)
    print_receipt(receipt, f"declined job {history.job.job_id}", as_json, job=history.job.job_id)


@click.group()
def epoch() -> None:
    """Cancel all that you have signed, at once.

    \b
    Example:
        assay epoch raise --wallet alice
    """


@epoch.command(name="raise")
@settings_options("rpc_url", "deployment", "wallet", "password_file")
@json_option
def raise_(settings: Settings, as_json: bool) -> None:
    """Cancel all orders, tickets, offers and extensions that you have signed and that were not used.

    Everything that you sign holds the number of your account's epoch, and counts in that one only.

    \b
    Example:
        assay epoch raise --wallet alice
    """
    session = Session(settings)
    receipt = session.sender.execute(session.chain.market.raise_epoch())
    events = [entry.event for entry in decode_logs(receipt.logs, session.chain.deployment)]
    (raised,) = [event for event in events if isinstance(event, EpochRaised)]
    print_receipt(receipt, f"all is cancelled: now in epoch {raised.epoch}", as_json, epoch=raised.epoch)

"""What the commands for signed things share: their files, and how they are shown."""

from collections.abc import Callable, Mapping
from pathlib import Path

import click

from assay.amounts import format_tokens
from assay.chain.connection import Chain
from assay.chain.records import Admission, Terms
from assay.chain.signing import Offer
from assay.cli.options import Duration, Function
from assay.cli.output import print_json, read_file, write_output
from assay.cli.session import Session
from assay.client.papers import Paper, Signed, read_paper
from assay.errors import InputError

file_argument = click.argument("file", type=click.Path(path_type=Path), metavar="FILE")

expires_option = click.option(
    "--expires",
    type=Duration(),
    default="1d",
    metavar="TIME",
    show_default=True,
    help="From now on, how long it can be used.",
)


def target_option(function: Function) -> Function:
    """Where what is signed is written to."""
    option = click.option(
        "-o", "--output", "target", type=click.Path(path_type=Path), required=True, metavar="OUT", help="The file."
    )
    return option(function)


def load(model: type[Paper], path: Path) -> Paper:
    """What somebody has signed, out of a file. Raises `InputError`."""
    return read_paper(model, read_file(path))


def save(paper: Signed, target: Path, told: str, facts: Mapping[str, object], as_json: bool) -> None:
    """Write what was signed, and say so."""
    write_output(paper.encode() + b"\n", target)
    if as_json:
        print_json({"file": target, **facts})
    else:
        click.echo(f"{told}: {target}")


def show(facts: Mapping[str, object], lines: Mapping[str, str], problem: str | None, as_json: bool) -> None:
    """Show what was signed, and whether it can be used."""
    if as_json:
        print_json({**facts, "usable": problem is None, "problem": problem})
        return
    for name, value in {**lines, "usable": f"no: {problem}" if problem else "yes"}.items():
        click.echo(f"{name:<11}{value}")


def check_own(session: Session, paper: Signed, those: str, pronoun: str = "it") -> None:
    """Refuse to cancel what somebody else has signed; `those` is what it is: `this order is that`."""
    if paper.signer != session.wallet.address:
        raise InputError(f"{those} of {paper.signer}: nobody else can cancel {pronoun}")


def problem_of(check: Callable[[], object]) -> str | None:
    """Why something that was signed cannot be used; None if it can."""
    try:
        check()
    except InputError as fault:
        return str(fault)
    return None


def terms_lines(chain: Chain, terms: Terms | Offer) -> dict[str, str]:
    """What terms and offers have in common, in words."""
    price, floor = format_tokens(terms.price), terms.floor_price if isinstance(terms, Terms) else 0
    machine = chain.deployment.machine_of(terms.referee) or f"unknown: referee {terms.referee}"
    who = {
        Admission.ANYONE: "anyone",
        Admission.ONLY: f"{terms.gate} only",
        Admission.LISTED: f"whom {terms.gate} admits",
    }
    return {
        "machine": f"{machine}, at most 16^{terms.rounds} steps a task",
        "price": f"{f'rising from {format_tokens(floor)} to {price}' if floor else price} tokens, for a bond of "
        f"{format_tokens(terms.bond)}",
        "periods": f"{terms.run_period} s to run, {terms.challenge_period} s to challenge",
        "for": who[terms.admission],
    }

"""`assay quote`: what a job would come to, before anything is paid."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from assay.amounts import format_tokens
from assay.cli.main import NOBODY
from assay.cli.options import json_option, settings_options
from assay.cli.output import print_json, print_table, read_file, waiting
from assay.cli.session import Session
from assay.cli.work import Deal, Work, accept_period_option, deal_options, work_options
from assay.client import costs
from assay.client.order import Order
from assay.client.prospects import Candidate
from assay.client.quote import Quote, make_quote, order_spec, run_order
from assay.client.waiting import why_nobody
from assay.machines.base import Machine
from assay.settings import Settings


@click.command()
@work_options(many=True)
@click.option(
    "--input", "inputs", multiple=True, type=click.Path(path_type=Path), metavar="X.npy", help="Of a model: its inputs."
)
@click.option("--run", "runs", is_flag=True, help="Run it here first, to know its steps and how long it takes.")
@deal_options(quoted=True)
@accept_period_option
@settings_options("rpc_url", "deployment", "store", "wallet")
@json_option
def quote(
    *,
    settings: Settings,
    work: Work,
    inputs: tuple[Path, ...],
    runs: bool,
    deal: Deal,
    accept_period: int,
    as_json: bool,
) -> None:
    """Tell who could run a job, for how much, how soon, and what a dispute about it would cost; or why nobody can.

    FILE is a program or a source file, as for `assay submit`; a model (.onnx, or what `assay model import` made) with
    an --input for each of its inputs; or a job spec (.json), whose blobs come from the store. Several --stdin are
    several tasks of one job. Nothing is sent, and nothing is paid.

    The providers are those that are listed in the directory, and those that have taken jobs of this market. What their
    owners have set beyond what they say, nobody else knows. Without --price it is the least that a listed one asks for,
    or what the latest jobs have paid. Amounts are for the whole job.

    Exit status: 7 if none of the providers that are known could take it.

    \b
    Examples:
        assay quote compress.elf --stdin README.md --run
        assay quote digits.onnx --input image.npy --price 2 --json
    """
    session = Session(settings)
    machines = session.machines
    with waiting("preparing the job"):
        order = _order(session, work, inputs, machines)
    with waiting("running it here"):
        ran = run_order(order, session.store.get, machines) if runs else None
    with waiting("looking for providers"):
        conditions = deal.conditions(accept_period)
        found = make_quote(
            session.chain, session.store, session.own_address, order, conditions, deal.price is not None, ran
        )
    print_json(_facts(found)) if as_json else _tell(found)
    if not found.able:
        sys.exit(NOBODY)


def _order(session: Session, work: Work, inputs: tuple[Path, ...], machines: Mapping[str, Machine]) -> Order:
    file = work.program
    if file.suffix == ".json":
        return order_spec(read_file(file), work.step_limit, session.store.get, machines)
    if file.suffix == ".onnx" or inputs:
        from assay.cli.model import model_order  # noqa: PLC0415 - numpy takes its time

        return model_order(file, inputs, machines)
    return work.one_order(session.settings)


def _tell(found: Quote) -> None:
    terms, ran = found.terms, found.ran
    tasks = "1 task" if terms.task_count == 1 else f"{terms.task_count} tasks"
    here = f"; {ran.total_steps:,} steps when run here, {ran.seconds:.2f} s" if ran else ""
    bond = format_tokens(terms.bond)
    gas, market, dispute = costs.plain_cost(terms.task_count), found.parameters, found.dispute
    burned = format_tokens(terms.bond * market.burn_share // 10_000)
    lines = {
        "work": f"{found.machine}, {tasks} of at most 16^{terms.rounds} = {terms.step_limit:,} steps{here}",
        "price": f"{format_tokens(terms.price)} tokens ({found.price_source}), for a bond of {bond}",
        "time": _time(found),
        "gas": f"about {gas:,} for all transactions of the job, {_coins(gas * found.gas_price)} now",
        "dispute": f"at most {dispute.challenger:,} gas for a challenger and {dispute.defender:,} for the provider "
        f"({_coins(dispute.both * found.gas_price)} now), and {found.dispute_seconds:,} s by their clocks",
        "at risk": f"{format_tokens(market.challenger_bond)} tokens of the challenger; {bond} of the provider, of "
        f"which {burned} would be burned; nothing of the requester",
    }
    for name, value in lines.items():
        click.echo(f"{name:<9}{value}")
    click.echo()
    if found.candidates:
        header = ("PROVIDER", "LISTED", "FLOOR", "STEPS/S", "STAKE", "DONE", "FAILED", "TOOK", "OBSTACLES")
        print_table(header, [_row(candidate) for candidate in found.candidates])
        click.echo()
    if found.able:
        click.echo(f"{len(found.able)} of {len(found.candidates)} known providers could take it.")
    else:
        click.echo(f"Nobody can run it now: {why_nobody(found.candidates)}.")


def _time(found: Quote) -> str:
    terms = found.terms
    parts = [
        "nobody has accepted a job here yet"
        if found.accepted_after is None
        else f"accepted after {found.accepted_after:g} s, as the latest jobs were",
        f"run within {terms.run_period:,} s"
        if found.run_seconds is None
        else f"run in about {found.run_seconds:,.0f} s, within {terms.run_period:,}",
        f"final {terms.challenge_period:,} s after the claim, if nobody challenges it",
    ]
    return "; ".join(parts)


def _row(candidate: Candidate) -> tuple[str, ...]:
    record = candidate.record
    return (
        candidate.provider,
        "yes" if candidate.is_listed else "no",
        "-" if candidate.floor is None else format_tokens(candidate.floor),
        "-" if candidate.speed is None else f"{candidate.speed:,}",
        format_tokens(candidate.stake),
        str(record.finalized),
        str(record.failed),
        "-" if record.seconds is None else f"{record.seconds:g} s",
        "; ".join(candidate.obstacles) or "-",
    )


def _coins(wei: int) -> str:
    return f"{wei / 10**18:.6g} coins"


def _facts(found: Quote) -> dict[str, Any]:
    """For scripts."""
    terms = found.terms
    return {
        "machine": found.machine,
        "terms": terms,
        "price": terms.price,
        "price_source": found.price_source,
        "bond": terms.bond,
        "ran": found.ran,
        "able": len(found.able),
        "reason": None if found.able else why_nobody(found.candidates),
        "providers": [{"is_able": candidate.is_able, **_candidate(candidate)} for candidate in found.candidates],
        "accepted_after": found.accepted_after,
        "run_seconds": found.run_seconds,
        "challenge_period": terms.challenge_period,
        "gas": {"plain": costs.plain_cost(terms.task_count), "signed": costs.SIGNED, "price_wei": found.gas_price},
        "dispute": {
            "challenger_gas": found.dispute.challenger,
            "defender_gas": found.dispute.defender,
            "seconds": found.dispute_seconds,
            "challenger_bond": found.parameters.challenger_bond,
        },
    }


def _candidate(candidate: Candidate) -> dict[str, Any]:
    return {
        "provider": candidate.provider,
        "is_listed": candidate.is_listed,
        "speed": candidate.speed,
        "floor": candidate.floor,
        "stake": candidate.stake,
        "record": candidate.record,
        "obstacles": candidate.obstacles,
    }

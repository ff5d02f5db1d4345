"""`assay ticket`: tasks that a requester signs by the hundred, for a provider to take as one job."""

import time
from pathlib import Path
from uuid import uuid4

import click

from assay.cli.options import json_option, settings_options
from assay.cli.orders import MAX_PERIOD, slot_option
from assay.cli.output import format_time
from assay.cli.papers import (
    check_own,
    expires_option,
    file_argument,
    load,
    problem_of,
    save,
    target_option,
    terms_lines,
)
from assay.cli.papers import (
    show as show_paper,
)
from assay.cli.session import Session, print_receipt
from assay.cli.work import Deal, Work, deal_options, work_options
from assay.client.checks import check_tickets, parts_left
from assay.client.papers import SignedTickets
from assay.settings import Settings


@click.group()
def ticket() -> None:
    """Sign many tasks at once: a provider takes any number of them as one job.

    \b
    Examples:
        assay ticket sign compress.elf --stdin a.txt --stdin b.txt --price 1 -o tickets.json --wallet alice
        assay ticket show tickets.json
        assay ticket take tickets.json --wallet bob
    """


@ticket.command()
@work_options(many=True)
@deal_options(of="a task")
@expires_option
@slot_option
@click.option(
    "--nonce",
    type=click.IntRange(0, 2**255),
    metavar="N",
    help="Of the first ticket, a multiple of 256; the others follow (at random, so that they are new).",
)
@target_option
@settings_options("rpc_url", "deployment", "store", "wallet", "password_file")
@json_option
def sign(
    *,
    settings: Settings,
    work: Work,
    deal: Deal,
    expires: int,
    slot: int | None,
    nonce: int | None,
    target: Path,
    as_json: bool,
) -> None:
    """Sign one task for each --stdin, all with one signature, and write them to one file.

    Nothing is sent. A provider takes all of them as one job, or 2^k from a multiple of 2^k on, up to 256. What is taken
    together goes into one slot, so the next part of the same file can be taken when that job is over.

    \b
    Example:
        assay ticket sign compress.elf --stdin a.txt --stdin b.txt --price 1 --expires 2h -o tickets.json
    """
    deal.warn_verifiers()
    session = Session(settings)
    session.chain.referee("riscv")  # that there is one, before anything is computed
    orders = work.orders(settings)
    conditions = deal.conditions(min(expires, MAX_PERIOD))
    paper = session.requester.sign_tickets(orders, conditions, int(time.time()) + expires, slot, nonce)
    for order in orders:
        order.upload(session.store)
    facts = {"tickets": len(paper.tickets), "first_nonce": paper.tickets[0].nonce, "expiry": paper.expiry}
    save(paper, target, f"{len(paper.tickets)} tickets, until {format_time(paper.expiry)}", facts, as_json)


@ticket.command()
@file_argument
@settings_options("rpc_url", "deployment")
@json_option
def show(settings: Settings, file: Path, as_json: bool) -> None:
    """Show the tickets of a file, and which parts of them can be taken together.

    \b
    Example:
        assay ticket show tickets.json
    """
    chain, paper = Session(settings).chain, load(SignedTickets, file)
    left: list[int] = []
    problem = problem_of(lambda: left.extend(check_tickets(chain, paper)))
    parts = parts_left(paper, left)
    lines = {
        "requester": f"{paper.requester}, slot {paper.slot}",
        **terms_lines(chain, paper.all[0].kind.terms),
        "tickets": f"{len(paper.tickets)}, {len(left)} of them left",
        "parts": ", ".join(f"{count} from number {first} on" for first, count in parts) or "-",
        "expires": format_time(paper.expiry),
    }
    facts = {
        "requester": paper.requester,
        "slot": paper.slot,
        "terms": paper.all[0].kind.terms,
        "tickets": len(paper.tickets),
        "left": left,
        "parts": [{"first": first, "count": count} for first, count in parts],
        "expiry": paper.expiry,
    }
    show_paper(facts, lines, problem, as_json)


@ticket.command()
@file_argument
@click.option("--first", type=click.IntRange(0), metavar="N", help="The first one, by its place in the file from 0 on.")
@click.option("--count", type=click.IntRange(1, 256), metavar="N", help="How many (the largest part that is left).")
@settings_options("rpc_url", "deployment", "wallet", "password_file")
@json_option
def take(settings: Settings, file: Path, first: int | None, count: int | None, as_json: bool) -> None:
    """Accept tickets as one job, with your bond for them out of your stake.

    An agent that runs with the same key goes on with it: computes, claims, defends.

    \b
    Example:
        assay ticket take tickets.json --wallet bob
    """
    session, paper = Session(settings), load(SignedTickets, file)
    parts = parts_left(paper, check_tickets(session.chain, paper))
    if first is None and count is None:
        first, count = parts[0]
    elif first is None or count is None:
        raise click.UsageError("--first and --count go together")
    job_id, receipt = session.provider.take(paper, first, count)
    print_receipt(receipt, f"took {count} tickets as job {job_id}", as_json, job=job_id, tickets=count)


@ticket.command()
@file_argument
@settings_options("rpc_url", "deployment", "wallet", "password_file")
@json_option
def cancel(settings: Settings, file: Path, as_json: bool) -> None:
    """Cancel all tickets of a file of your own. `assay epoch raise` cancels all you have signed.

    \b
    Example:
        assay ticket cancel tickets.json --wallet alice
    """
    session, paper = Session(settings), load(SignedTickets, file)
    check_own(session, paper, "these tickets are those", "them")
    masks: dict[int, int] = {}
    for each in paper.tickets:
        masks[each.nonce >> 8] = masks.get(each.nonce >> 8, 0) | 1 << (each.nonce & 0xFF)
    market = session.chain.market
    calls = [market.cancel_tickets(word, mask) for word, mask in masks.items()]
    receipt = session.sender.execute(
        calls[0] if len(calls) == 1 else market.multicall(calls), f"cancel tickets {uuid4()}"
    )
    print_receipt(receipt, f"cancelled {len(paper.tickets)} tickets", as_json, tickets=len(paper.tickets))

"""`assay order`: jobs that a requester signs, for a provider to fill."""

import time
from pathlib import Path

import click

from assay.cli.options import json_option, settings_options
from assay.cli.output import format_time, say
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
from assay.client.checks import check_offer, check_order
from assay.client.jobs import find_job
from assay.client.papers import SignedOffer, SignedOrder
from assay.client.requester import make_terms
from assay.settings import Settings

MAX_PERIOD = 30 * 86400
"""Of a rising price, seconds (SPEC.md, J13)."""

slot_option = click.option(
    "--slot", type=click.IntRange(0, 2**48 - 1), metavar="N", help="Your slot for it (the lowest that is free)."
)


@click.group()
def order() -> None:
    """Sign a job instead of posting it: whoever runs it brings the signature, and pays the gas.

    \b
    Examples:
        assay order sign compress.elf --stdin README.md --price 5 -o order.json --wallet alice
        assay order show order.json
        assay order fill order.json --wallet bob
    """


@order.command()
@work_options()
@deal_options()
@expires_option
@slot_option
@click.option("--after", metavar="JOB", help="For the place after this job, which is filled once that one is over.")
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
    after: str | None,
    target: Path,
    as_json: bool,
) -> None:
    """Sign an order for one run of a program, and write it to a file, to be given to providers.

    Nothing is sent. Its price has to be free in the market when somebody fills it: `assay deposit`. An order is for the
    next job of one slot, and nothing remembers what was signed for it: of two orders for the same place only one is
    filled, so sign several for several slots, or each --after the one before it. A rising price reaches --price when
    the order expires.

    \b
    Example:
        assay order sign compress.elf --stdin README.md --price 5 --expires 2h -o order.json
    """
    deal.warn_verifiers()
    session = Session(settings)
    (wanted,) = work.orders(settings)
    terms = make_terms(session.chain, wanted, deal.conditions(min(expires, MAX_PERIOD)))
    before = find_job(session.chain, after, session.own_address) if after else None
    paper = session.requester.sign_order(terms, int(time.time()) + expires, slot, before)
    wanted.upload(session.store)
    facts = {"job": paper.job, "expiry": paper.expiry}
    save(paper, target, f"order {paper.job}, until {format_time(paper.expiry)}", facts, as_json)
    if slot is None and after is None:
        place = paper.job
        say(f"It is for slot {place.slot}; sign another one with --slot {place.slot + 1}, or --after {place}.")


@order.command()
@file_argument
@settings_options("rpc_url", "deployment")
@json_option
def show(settings: Settings, file: Path, as_json: bool) -> None:
    """Show an order, and whether it can be filled: signed by its requester, for this market, in time, unused.

    \b
    Example:
        assay order show order.json
    """
    chain, paper = Session(settings).chain, load(SignedOrder, file)
    lines = {
        "order": str(paper.job),
        **terms_lines(chain, paper.order.terms),
        "spec": paper.terms.spec_id.hex(),
        "expires": format_time(paper.expiry),
    }
    facts = {"job": paper.job, "terms": paper.order.terms, "expiry": paper.expiry}
    show_paper(facts, lines, problem_of(lambda: check_order(chain, paper)), as_json)


@order.command()
@file_argument
@settings_options("rpc_url", "deployment", "wallet", "password_file")
@json_option
def fill(settings: Settings, file: Path, as_json: bool) -> None:
    """Accept an order as a provider: the job is posted and accepted at once, with your bond out of your stake.

    An agent that runs with the same key goes on with it: computes, claims, defends.

    \b
    Example:
        assay order fill order.json --wallet bob
    """
    session, paper = Session(settings), load(SignedOrder, file)
    check_order(session.chain, paper)
    receipt = session.provider.fill(paper)
    print_receipt(receipt, f"filled order {paper.job}", as_json, job=paper.job)


@order.command()
@file_argument
@settings_options("rpc_url", "deployment", "wallet", "password_file")
@json_option
def cancel(settings: Settings, file: Path, as_json: bool) -> None:
    """Cancel an order of your own: nobody can fill it any more. `assay epoch raise` cancels all you have signed.

    Of an order that was signed --after a job, that job is ended by the same transaction if its time is over; as long as
    it is not, the order cannot be cancelled by itself.

    \b
    Example:
        assay order cancel order.json --wallet alice
    """
    session, paper = Session(settings), load(SignedOrder, file)
    check_own(session, paper, "this order is that")
    receipt = session.requester.cancel_order(paper.job)
    print_receipt(receipt, f"cancelled order {paper.job}", as_json, job=paper.job)


@order.command()
@click.argument("file", type=click.Path(path_type=Path), metavar="ORDER")
@click.argument("offer_file", type=click.Path(path_type=Path), metavar="OFFER")
@settings_options("rpc_url", "deployment", "wallet", "password_file")
@json_option
def match(settings: Settings, file: Path, offer_file: Path, as_json: bool) -> None:
    """Bring an order and an offer together that fit: the provider of the offer is hired. Anyone can do it.

    \b
    Example:
        assay order match order.json offer.json
    """
    session = Session(settings)
    paper, offer = load(SignedOrder, file), load(SignedOffer, offer_file)
    check_order(session.chain, paper)
    check_offer(session.chain, offer)
    call = session.chain.market.match_order(paper.order, paper.signature, offer.offer, offer.signature)
    receipt = session.sender.execute(call)
    done = f"matched order {paper.job}: {offer.provider} is hired"
    print_receipt(receipt, done, as_json, job=paper.job, provider=offer.provider)

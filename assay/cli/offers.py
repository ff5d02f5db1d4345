"""`assay offer`: what a provider signs that it runs, for a requester to take."""

import time
from pathlib import Path

import click

from assay.chain.records import ZERO_ADDRESS
from assay.chain.signing import Offer
from assay.cli.options import Duration, Tokens, json_option, settings_options
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
from assay.cli.submit import check_output, tell_posted
from assay.cli.work import DEFAULT_RUN_PERIOD, Address, Deal, Work, deal_options, wait_options, work_options
from assay.client.checks import check_offer
from assay.client.order import DEFAULT_STEP_LIMIT, rounds_for
from assay.client.papers import SignedOffer
from assay.client.requester import admission_of, default_bond, make_terms
from assay.settings import Settings

MATCHING_PERIOD = 3600
"""The accept period of a job that is accepted as it is posted, seconds: any will do."""


@click.group()
def offer() -> None:
    """Sign what you run, and for how much: whoever takes the offer hires you.

    \b
    Examples:
        assay offer sign --price 2 --bond 50 --capacity 10 -o offer.json --wallet bob
        assay offer show offer.json
        assay offer take offer.json compress.elf --stdin README.md --wait --wallet alice
    """


@offer.command()
@click.option("--machine", default="riscv", metavar="NAME", show_default=True, help="What tasks run on.")
@click.option(
    "--step-limit",
    type=click.IntRange(min=1),
    default=DEFAULT_STEP_LIMIT,
    metavar="N",
    show_default=True,
    help="Of a task, at most; rounded up to a power of 16.",
)
@click.option("--price", type=Tokens(), required=True, metavar="TOKENS", help="At least, for a task.")
@click.option("--bond", type=Tokens(), metavar="TOKENS", help="At most, for a task (20 prices).")
@click.option("--run-period", type=Duration(), default="10m", metavar="TIME", show_default=True, help="At least.")
@click.option("--challenge-period", type=Duration(), default="1d", metavar="TIME", show_default=True, help="At most.")
@click.option(
    "--capacity", type=click.IntRange(1, 2**32 - 1), default=1, metavar="N", help="For so many tasks in all (1)."
)
@click.option("--only", type=Address(), metavar="REQUESTER", help="Only this requester may take it.")
@click.option("--admit-list", "listed", is_flag=True, help="Only requesters on your own list (assay access).")
@click.option(
    "--nonce",
    type=click.IntRange(0, 2**64 - 1),
    metavar="N",
    help="Offers with the same nonce share their capacity, and are cancelled together (a number of its own).",
)
@expires_option
@target_option
@settings_options("rpc_url", "deployment", "wallet", "password_file")
@json_option
def sign(
    *,
    settings: Settings,
    machine: str,
    step_limit: int,
    price: int,
    bond: int | None,
    run_period: int,
    challenge_period: int,
    capacity: int,
    only: str | None,
    listed: bool,
    nonce: int | None,
    expires: int,
    target: Path,
    as_json: bool,
) -> None:
    """Sign an offer to run tasks, and write it to a file, to be given to requesters.

    Nothing is sent. Whoever takes it hires you, with your bond out of your stake. A job that you cannot or do not want
    to run is given back with `assay decline`, and costs nothing; the agent does so by itself.

    \b
    Example:
        assay offer sign --price 2 --bond 50 --capacity 10 --expires 7d -o offer.json
    """
    session = Session(settings)
    chain = session.chain
    admission, gate = admission_of(chain, only, listed)
    wanted = Offer(
        provider=ZERO_ADDRESS,  # whoever signs
        referee=chain.referee(machine).address,
        rounds=rounds_for(step_limit),
        price=price,
        bond=default_bond(chain.market.parameters(), price) if bond is None else bond,
        run_period=run_period,
        challenge_period=challenge_period,
        capacity=capacity,
        nonce=0,
        expiry=int(time.time()) + expires,
        admission=admission,
        gate=gate,
    )
    paper = session.provider.sign_offer(wanted, nonce)
    facts = {"provider": paper.provider, "nonce": paper.nonce, "expiry": paper.expiry}
    save(paper, target, f"offer {paper.nonce} of {paper.provider}, until {format_time(paper.expiry)}", facts, as_json)


@offer.command()
@file_argument
@settings_options("rpc_url", "deployment")
@json_option
def show(settings: Settings, file: Path, as_json: bool) -> None:
    """Show an offer, and whether it can be taken: signed by its provider, for this market, in time, not used up.

    \b
    Example:
        assay offer show offer.json
    """
    chain, paper = Session(settings).chain, load(SignedOffer, file)
    left = []
    problem = problem_of(lambda: left.append(check_offer(chain, paper)))
    lines = {
        "offer": f"{paper.nonce} of {paper.provider}",
        **terms_lines(chain, paper.offer),
        "capacity": f"{paper.capacity} tasks" + (f", {left[0]} of them left" if left else ""),
        "expires": format_time(paper.expiry),
    }
    show_paper({"offer": paper.offer, "left": left[0] if left else 0}, lines, problem, as_json)


@offer.command()
@click.argument("offer_file", type=click.Path(path_type=Path), metavar="OFFER")
@work_options()
@deal_options(offered=True)
@wait_options
@settings_options("rpc_url", "deployment", "store", "wallet", "password_file")
@json_option
def take(
    *,
    settings: Settings,
    offer_file: Path,
    work: Work,
    deal: Deal,
    wait: bool,
    output: Path | None,
    as_json: bool,
) -> None:
    """Post a job that an offer fits, and hire its provider with it: it is accepted at once.

    As `assay submit`, but price and run period are those that the offer asks for, and the bond is the most that it
    offers, unless you say others. The provider may give the job back before it has run it; then the price is yours
    again.

    \b
    Example:
        assay offer take offer.json compress.elf --stdin README.md --wait -o README.gz --wallet alice
    """
    check_output(wait, output)
    session, paper = Session(settings), load(SignedOffer, offer_file)
    check_offer(session.chain, paper)
    run_period = max(paper.run_period, DEFAULT_RUN_PERIOD)
    deal.warn_verifiers(run_period)
    (wanted,) = work.orders(settings)
    terms = make_terms(session.chain, wanted, deal.conditions(MATCHING_PERIOD, paper.price, run_period, paper.bond))
    session.requester.check_funds(terms.price)
    wanted.upload(session.store)
    posted = session.requester.hire(paper, terms)
    tell_posted(session, posted, wait, output, as_json)


@offer.command()
@file_argument
@settings_options("rpc_url", "deployment", "wallet", "password_file")
@json_option
def cancel(settings: Settings, file: Path, as_json: bool) -> None:
    """Cancel an offer of your own, and all with the same nonce. `assay epoch raise` cancels all you have signed.

    \b
    Example:
        assay offer cancel offer.json --wallet bob
    """
    session, paper = Session(settings), load(SignedOffer, file)
    check_own(session, paper, "this offer is that")
    receipt = session.sender.execute(session.chain.market.cancel_offer(paper.nonce))
    print_receipt(receipt, f"cancelled offer {paper.nonce}", as_json, nonce=paper.nonce)

"""`assay access`: one's own list of accounts to deal with, or not to deal with."""

import click

from assay.chain.node import Receipt
from assay.chain.records import parse_address
from assay.cli.options import json_option, settings_options
from assay.cli.output import print_json, say
from assay.cli.session import Session, print_receipt
from assay.cli.work import Address
from assay.client.access import admit, admit_by_default, read_list
from assay.settings import Settings


@click.group()
def access() -> None:
    """Say whom you deal with, where your jobs, orders or offers have --admit-list.

    A list either allows or denies: at first it denies nobody. It is public, and counts at once for all that names it.

    \b
    Examples:
        assay access deny 0x70997970C51812dc3A010C7d01b50e0d17dc79C8
        assay access deny --all && assay access allow 0x70997970C51812dc3A010C7d01b50e0d17dc79C8
        assay access show
    """


@access.command()
@click.argument("account", required=False)
@settings_options("rpc_url", "deployment", "wallet")
@json_option
def show(settings: Settings, account: str | None, as_json: bool) -> None:
    """Show the list of the wallet, or of another ACCOUNT.

    \b
    Example:
        assay access show 0x70997970C51812dc3A010C7d01b50e0d17dc79C8
    """
    session = Session(settings)
    principal = parse_address(account) if account else session.wallet.address
    found = read_list(session.chain, principal)
    if as_json:
        print_json({"account": principal, "default": "deny" if found.listed_only else "allow", "listed": found.listed})
        return
    everybody = "nobody" if found.listed_only else "everybody"
    click.echo(f"{principal} deals with {everybody}{' but:' if found.listed else '.'}")
    for listed in found.listed:
        click.echo(listed)


@access.command()
@click.argument("accounts", nargs=-1, type=Address(), metavar="[ACCOUNT]...")
@click.option(
    "--all", "everybody", is_flag=True, help="Everybody, but for those who are denied later: the list is emptied."
)
@settings_options("rpc_url", "deployment", "wallet", "password_file")
@json_option
def allow(settings: Settings, accounts: tuple[str, ...], everybody: bool, as_json: bool) -> None:
    """Deal with these accounts. Everybody is dealt with already, unless you have denied --all before.

    \b
    Examples:
        assay access allow 0x70997970C51812dc3A010C7d01b50e0d17dc79C8
        assay access allow --all
    """
    _change(settings, accounts, everybody, True, as_json)


@access.command()
@click.argument("accounts", nargs=-1, type=Address(), metavar="[ACCOUNT]...")
@click.option(
    "--all", "everybody", is_flag=True, help="Nobody, but for those who are allowed later: the list is emptied."
)
@settings_options("rpc_url", "deployment", "wallet", "password_file")
@json_option
def deny(settings: Settings, accounts: tuple[str, ...], everybody: bool, as_json: bool) -> None:
    """Do not deal with these accounts. What was accepted before goes on.

    \b
    Examples:
        assay access deny 0x70997970C51812dc3A010C7d01b50e0d17dc79C8
        assay access deny --all
    """
    _change(settings, accounts, everybody, False, as_json)


def _change(settings: Settings, accounts: tuple[str, ...], everybody: bool, admitted: bool, as_json: bool) -> None:
    if everybody == bool(accounts):
        raise click.UsageError("name accounts, or --all")
    session = Session(settings)
    before = read_list(session.chain, session.wallet.address)
    receipt: Receipt | None
    if everybody:
        receipt = admit_by_default(session.chain, session.sender, admitted)
    else:
        receipt = admit(session.chain, session.sender, accounts, admitted)
    found = read_list(session.chain, session.wallet.address)
    default = "deny" if found.listed_only else "allow"
    if admitted and accounts and not before.listed_only and not set(accounts).intersection(before.listed):
        say("Everybody who is not denied was allowed already: `assay access deny --all` allows nobody else.")
    done = f"deals with {'nobody' if found.listed_only else 'everybody'}, but for {len(found.listed)} accounts"
    if receipt is None:
        print_json({"default": default, "listed": found.listed}) if as_json else click.echo(done)
    else:
        print_receipt(receipt, done, as_json, default=default, listed=found.listed)

"""`assay wallet`: keys in encrypted files."""

import click

from assay.amounts import format_tokens
from assay.chain.keys import create_wallet, find_wallet, list_wallets
from assay.cli.options import json_option, settings_options
from assay.cli.output import print_json, print_table
from assay.cli.session import Session, read_password
from assay.settings import Settings


@click.group()
def wallet() -> None:
    """Make and list wallets, and see what is in them.

    \b
    Examples:
        assay wallet new alice
        assay wallet list
        assay wallet balance alice
    """


@wallet.command()
@click.argument("name")
@settings_options("password_file")
@json_option
def new(settings: Settings, name: str, as_json: bool) -> None:
    """Make a wallet: a new key, encrypted with a password.

    The password is asked for; scripts give it with --password-file or in ASSAY_PASSWORD. Nobody can recover it.
    """
    password = read_password(settings, f"New password for wallet {name}", confirm=True)
    made = create_wallet(settings.wallets, name, password)
    if as_json:
        print_json(made)
    else:
        click.echo(f"{made.name}  {made.address}\nThe encrypted key is in {made.path}: keep a copy of it.")


@wallet.command(name="list")
@settings_options()
@json_option
def list_(settings: Settings, as_json: bool) -> None:
    """List the wallets."""
    wallets = list_wallets(settings.wallets)
    if as_json:
        print_json(wallets)
    elif wallets:
        print_table(("WALLET", "ADDRESS"), [(found.name, found.address) for found in wallets])
    else:
        click.echo("There are no wallets: make one with `assay wallet new NAME`.")


@wallet.command()
@click.argument("name", required=False)
@settings_options("rpc_url", "deployment", "wallet")
@json_option
def balance(settings: Settings, name: str | None, as_json: bool) -> None:
    """Show what a wallet has: in the market, outside it, and coins for gas.

    Money in the escrow of a job, or in a bond, is shown by `assay jobs`.
    """
    session = Session(settings)
    shown = find_wallet(settings.wallets, name) if name else session.wallet
    chain = session.chain
    account = chain.market.account_of(shown.address)
    amounts = {
        "free": format_tokens(account.free),
        "stake": format_tokens(account.stake),
        "outside": format_tokens(chain.token.balance_of(shown.address)),
        "coins": format_tokens(chain.node.balance(shown.address)),
    }
    if as_json:
        print_json({"name": shown.name, "address": shown.address, **amounts})
        return
    click.echo(f"{shown.name}  {shown.address}")
    meanings = ("tokens free in the market", "tokens staked", "tokens outside the market", "coins for gas")
    for amount, meaning in zip(amounts.values(), meanings, strict=True):
        click.echo(f"{amount:>32}  {meaning}")

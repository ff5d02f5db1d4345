"""What a command works with, and how it asks for a password and tells of a transaction."""

import os
from pathlib import Path

import click

from assay.chain.keys import find_password
from assay.chain.node import Receipt
from assay.cli.output import print_json
from assay.client import session
from assay.errors import InputError
from assay.settings import Settings


class Session(session.Session):
    """The chain, the wallet and the store of one command."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings, lambda wallet: read_password(settings, f"Password of wallet {wallet.name}"))


def read_password(settings: Settings, prompt: str, confirm: bool = False) -> str:
    """A password: of the password file, of ASSAY_PASSWORD, or asked for on the terminal. Raises `InputError`."""
    if (password := find_password(settings.password_file, os.environ)) is not None:
        return password
    if not _has_terminal():
        raise InputError("a password is needed, and there is no terminal to ask on: give --password-file")
    return str(click.prompt(prompt, hide_input=True, confirmation_prompt=confirm, err=True))


def print_receipt(receipt: Receipt, done: str, as_json: bool, **more: object) -> None:
    """What a transaction has done."""
    if as_json:
        facts = {"transaction": receipt.transaction, "block": receipt.block, "gas_used": receipt.gas_used}
        print_json({**facts, **more})
    else:
        click.echo(f"{done} (block {receipt.block}, {receipt.gas_used:,} gas)")


def _has_terminal() -> bool:
    try:
        Path("/dev/tty").open("rb").close()
    except OSError:
        return False
    return True

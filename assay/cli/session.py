"""What a command works with, made of the settings when it is first asked for."""

import os
from functools import cached_property
from pathlib import Path

import click
from eth_account.signers.local import LocalAccount

from assay.chain.connection import Chain, connect
from assay.chain.keys import Wallet, find_password, find_wallet, list_wallets, unlock_wallet
from assay.chain.node import Receipt
from assay.chain.sender import Sender
from assay.cli.output import print_json
from assay.client.provider import Provider
from assay.client.requester import Requester
from assay.errors import InputError
from assay.settings import Settings
from assay.store.base import Store
from assay.store.location import open_store


class Session:
    """The chain, the wallet and the store of one command."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @cached_property
    def chain(self) -> Chain:
        """The market, checked against the node."""
        return connect(self.settings.rpc_url, self.settings.deployment)

    @cached_property
    def store(self) -> Store:
        """The store."""
        return open_store(self.settings.store, self.settings.cache)

    @cached_property
    def wallet(self) -> Wallet:
        """The wallet in use: the one that is named, or the only one. Raises `InputError`."""
        if self.settings.wallet is not None:
            return find_wallet(self.settings.wallets, self.settings.wallet)
        wallets = list_wallets(self.settings.wallets)
        if len(wallets) == 1:
            return wallets[0]
        if not wallets:
            raise InputError(f"there is no wallet in {self.settings.wallets}: make one with `assay wallet new NAME`")
        names = ", ".join(wallet.name for wallet in wallets)
        raise InputError(f"there are the wallets {names}: choose one with --wallet or ASSAY_WALLET")

    @property
    def own_address(self) -> str | None:
        """The address of the wallet in use, if there is one."""
        try:
            return self.wallet.address
        except InputError:
            if self.settings.wallet is not None:
                raise
            return None

    @cached_property
    def account(self) -> LocalAccount:
        """What signs for the wallet: asks for its password. Raises `InputError`."""
        return unlock_wallet(self.wallet, read_password(self.settings, f"Password of wallet {self.wallet.name}"))

    @cached_property
    def sender(self) -> Sender:
        """What sends the wallet's transactions."""
        # The market is checked before anyone is asked for a password.
        chain = self.chain
        return Sender(chain.node, self.account, chain.deployment.chain_id)

    @cached_property
    def requester(self) -> Requester:
        """The wallet as a requester."""
        return Requester(self.chain, self.sender)

    @cached_property
    def provider(self) -> Provider:
        """The wallet as a provider."""
        return Provider(self.chain, self.sender)


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

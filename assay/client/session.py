"""What one user works with, made of the settings when it is first asked for: the market, the wallet, the store."""

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path

from eth_account.signers.local import LocalAccount

from assay.chain.connection import Chain, connect
from assay.chain.keys import Wallet, find_wallet, list_wallets, read_wallet, unlock_wallet
from assay.chain.sender import Sender
from assay.client.provider import Provider
from assay.client.requester import Requester
from assay.errors import InputError
from assay.machines.base import Machine
from assay.machines.registry import machines_for
from assay.settings import Settings
from assay.store.base import Store
from assay.store.location import open_store

AskPassword = Callable[[Wallet], str]
"""Gives the password of a wallet. Raises `InputError` if it cannot be had."""


class Session:
    """The chain, the wallet and the store of one user."""

    def __init__(
        self,
        settings: Settings,
        ask_password: AskPassword,
        *,
        keystore: Path | None = None,
        key: LocalAccount | None = None,
    ) -> None:
        """The wallet is that of the settings, unless a `keystore` file, or the very `key`, is given."""
        self.settings = settings
        self._ask_password = ask_password
        self._keystore = keystore
        self._key = key

    @cached_property
    def chain(self) -> Chain:
        """The market, checked against the node."""
        return connect(self.settings.rpc_url, self.settings.deployment)

    @cached_property
    def store(self) -> Store:
        """The store."""
        return open_store(self.settings.store, self.settings.cache)

    @property
    def machines(self) -> Mapping[str, Machine]:
        """The machines by name, as the settings have them run. Each time others, so that threads share none."""
        return machines_for(self.settings.execution)

    @cached_property
    def wallet(self) -> Wallet:
        """The wallet in use: the one that is named, or the only one. Raises `InputError`."""
        if self._keystore is not None:
            return read_wallet(self._keystore)
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
        if self._key is not None:
            return str(self._key.address)
        try:
            return self.wallet.address
        except InputError:
            if self.settings.wallet is not None or self._keystore is not None:
                raise
            return None

    @cached_property
    def account(self) -> LocalAccount:
        """What signs for the wallet: asks for its password. Raises `InputError`."""
        if self._key is not None:
            return self._key
        return unlock_wallet(self.wallet, self._ask_password(self.wallet))

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

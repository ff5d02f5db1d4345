"""A wallet's money in one ledger, the market's or the directory's: what is missing there, and how it comes in."""

import time
from collections.abc import Sequence
from uuid import uuid4

from assay.amounts import format_tokens
from assay.chain.connection import Chain
from assay.chain.contracts.ledger import Ledger
from assay.chain.node import Call, Receipt
from assay.chain.sender import Sender
from assay.errors import ChainError, InputError, IntegrityError

PERMIT_LIFETIME = 3600
"""Seconds in which a signed allowance can be used."""


class Funds:
    """One account in one ledger, and what sends its transactions."""

    def __init__(self, chain: Chain, sender: Sender, ledger: Ledger, name: str) -> None:
        """`name` is what messages call the ledger: `market`, `directory`."""
        self.ledger = ledger
        self._chain = chain
        self._sender = sender
        self._name = name

    def missing(self, amount: int) -> int:
        """What has to be deposited to have `amount` free, base units. Raises `InputError` if the wallet lacks it."""
        address = self._sender.address
        free = self.ledger.account_of(address).free
        missing = max(amount - free, 0)
        held = self._chain.token.balance_of(address) if missing else 0
        if held < missing:
            raise InputError(
                f"{format_tokens(amount)} tokens are needed, and {address} has {format_tokens(free)} free in the "
                f"{self._name} and {format_tokens(held)} outside it"
            )
        return missing

    def payment(self, amount: int, to: str | None = None) -> list[Call]:
        """The ledger's calls that deposit `amount` for the wallet's account, or for `to`, by a signed allowance where
        the token has them."""
        if amount == 0:
            return []
        ledger, token, address = self.ledger, self._chain.token, self._sender.address
        deposit = ledger.deposit(to or address, amount)
        if token.allowance(address, ledger.address) >= amount:
            return [deposit]
        deadline = int(time.time()) + PERMIT_LIFETIME
        try:
            permit = token.sign_permit(self._sender.account, ledger.address, amount, deadline)
            self._chain.node.call(token.permit(address, ledger.address, permit))
        except (ChainError, IntegrityError):  # the token has no permits, or not such ones
            self._sender.execute(token.approve(ledger.address, amount), f"approve {uuid4()}")
            return [deposit]
        return [ledger.permit(permit), deposit]

    def execute(self, calls: Sequence[Call], purpose: str) -> Receipt:
        """Send calls of the ledger's contract as one transaction, and wait for its receipt."""
        call = calls[0] if len(calls) == 1 else self.ledger.multicall(calls)
        return self._sender.execute(call, f"{purpose} {uuid4()}")

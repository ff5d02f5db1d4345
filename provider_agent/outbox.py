"""What the agent sends: each purpose once, written down before it leaves, followed until a confirmed block has it."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from assay.chain.node import Call
from assay.chain.sender import Sender, Transaction
from assay.errors import ChainError
from provider_agent.journal import Journal
from provider_agent.logs import about
from provider_agent.settings import LoopSettings

log = logging.getLogger(__name__)

RESEND_EVERY = 15.0
"""Seconds after which a transaction that no block has yet is handed to the node again: nodes forget some."""


FORGET_AFTER = 600.0
"""Seconds after which it does not matter any more that the chain refused something."""


@dataclass(frozen=True)
class _Refusal:
    """What was not sent, because the chain would have refused it."""

    reason: str
    count: int
    retry_at: float


class Outbox:
    """The transactions of one agent."""

    def __init__(
        self,
        journal: Journal,
        sender: Sender,
        settings: LoopSettings,
        confirmations: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._journal = journal
        self._sender = sender
        self._settings = settings
        self._confirmations = confirmations
        self._clock = clock
        self._refusals: dict[str, _Refusal] = {}
        self._sent_at: dict[bytes, float] = {}

    def wants(self, purpose: str) -> bool:
        """Whether there is anything to do: false if it was signed already, or was refused a moment ago."""
        refusal = self._refusals.get(purpose)
        if refusal is not None and self._clock() < refusal.retry_at:
            return False
        return self._journal.find(purpose) is None

    def send(self, call: Call, purpose: str) -> None:
        """Sign and send `call`, if it would succeed. If not, that is logged, and it can be tried again a little later.

        Raises `TransientError` if the node does not answer; what was signed by then is sent by `settle`.
        """
        if not self.wants(purpose):
            return
        try:
            signed = self._sender.send(call, purpose)
        except ChainError as refusal:
            self._refuse(purpose, str(refusal))
            return
        self._refusals.pop(purpose, None)
        self._sent_at[signed.hash] = self._clock()
        log.info("sent", extra=about(purpose=purpose, transaction=f"0x{signed.hash.hex()}", nonce=signed.nonce))

    def settle(self, confirmed: int) -> None:
        """Look after what was signed: record what block `confirmed` and those before it have, send the rest again."""
        for transaction in self._journal.unsettled():
            receipt = self._sender.node.receipt(transaction.hash)
            if receipt is None:
                self._pursue(transaction)
            elif receipt.block <= confirmed:
                reason = "included" if receipt.succeeded else "included, and reverted: the chain had changed meanwhile"
                self._journal.settle(transaction, receipt, reason)
                about_it = about(purpose=transaction.purpose, block=receipt.block, gas=receipt.gas_used)
                if receipt.succeeded:
                    log.info("settled", extra=about_it)
                else:
                    log.warning("reverted", extra=about_it)

    def _pursue(self, transaction: Transaction) -> None:
        """Nothing has it yet: send it again, unless another transaction has taken its nonce for good."""
        if self._clock() - self._sent_at.get(transaction.hash, float("-inf")) < RESEND_EVERY:
            return
        self._sent_at[transaction.hash] = self._clock()
        if self._sender.is_lost(transaction, self._confirmations):
            self._journal.settle(transaction, None, "another transaction has its nonce")
            log.error("transaction lost", extra=about(purpose=transaction.purpose, nonce=transaction.nonce))
            return
        try:
            self._sender.broadcast(transaction)
        except ChainError as refusal:
            log.warning("not taken", extra=about(purpose=transaction.purpose, reason=refusal))
            return
        log.info("sent again", extra=about(purpose=transaction.purpose, nonce=transaction.nonce))

    def _refuse(self, purpose: str, reason: str) -> None:
        known = self._refusals.get(purpose)
        count = 1 if known is None else known.count + 1
        pause = min(self._settings.retry * 2 ** min(count - 1, 16), self._settings.retry_limit)
        now = self._clock()
        self._refusals = {name: kept for name, kept in self._refusals.items() if now - kept.retry_at < FORGET_AFTER}
        self._refusals[purpose] = _Refusal(reason, count, now + pause)
        level = logging.WARNING if known is None or known.reason != reason else logging.DEBUG
        log.log(level, "not sent", extra=about(purpose=purpose, reason=reason, count=count))

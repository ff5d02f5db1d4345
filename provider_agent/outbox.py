"""What the agent sends: each purpose once, written down before it leaves, followed until a confirmed block has it."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from assay.chain.fees import GWEI
from assay.chain.node import Call
from assay.chain.sender import NotWorthError, Pending, Sender, Transaction, Worth
from assay.errors import ChainError
from provider_agent.journal import Journal
from provider_agent.logs import about
from provider_agent.settings import LoopSettings

log = logging.getLogger(__name__)

RESEND_EVERY = 15.0
"""Seconds after which a transaction that no block has yet is handed to the node again: nodes forget some."""

REPLACE_AFTER = 60.0
"""Seconds without a block that takes it, after which a transaction's fees are raised."""

IN_VAIN_AFTER = 64
"""Blocks after which a purpose that is still to be achieved is so in spite of its transaction: a node was wrong."""

LOST_AFTER = 3
"""How often a transaction has to look lost before it counts as that."""

FORGET_AFTER = 600.0
"""Seconds after which it does not matter any more that the chain refused something."""


@dataclass(frozen=True)
class _Refusal:
    """What was not sent, because the chain would have refused it, or because its gas costs too much."""

    kind: str
    """Two of the same kind are one piece of news."""
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
        replace_after: float = REPLACE_AFTER,
    ) -> None:
        self._journal = journal
        self._sender = sender
        self._settings = settings
        self._confirmations = confirmations
        self._clock = clock
        self._replace_after = replace_after
        self._refusals: dict[str, _Refusal] = {}
        self._sent_at: dict[bytes, float] = {}
        self._first_seen: dict[bytes, float] = {}
        self._gap_seen_at = float("-inf")
        self._confirmed = -1
        self._looked_lost: dict[bytes, int] = {}
        self.appraise: Callable[[str], Worth | None] = lambda _: None
        """What a purpose is worth (`Appraiser`); None for whatever it costs."""

    def wants(self, purpose: str) -> bool:
        """Whether there is anything to do: false if it was signed already, or was refused a moment ago.

        Roles ask as long as the confirmed events say that it is not achieved.
        """
        refusal = self._refusals.get(purpose)
        if refusal is not None and self._clock() < refusal.retry_at:
            return False
        if self._journal.find(purpose) is None:
            return True
        if not self._journal.reopen(purpose, before=self._confirmed - IN_VAIN_AFTER):
            return False
        log.warning("in vain", extra=about(purpose=purpose))
        return True

    def send(self, call: Call, purpose: str, parts: tuple[str, ...] = ()) -> bool:
        """Sign and send `call`, if it would succeed. If not, that is logged, and it can be tried again a little later.

        `parts` are the purposes that it achieves together, if there are several. Returns whether anything was signed.
        Raises `TransientError` if the node does not answer; what was signed by then is sent by `settle`.
        """
        if not self.wants(purpose):
            return False
        try:
            self._deliver(call, purpose, parts)
        except ChainError as refusal:
            # Prices change all the time, and with them the words of the refusal.
            kind = "not worth it" if isinstance(refusal, NotWorthError) else str(refusal)
            self._refuse(purpose, str(refusal), kind)
            return False
        for done in (purpose, *parts):
            self._refusals.pop(done, None)
        return True

    def reopen(self, purpose: str) -> None:
        """A transaction for several purposes is done, and has not achieved this one."""
        if self._journal.reopen(purpose):
            log.info("in vain", extra=about(purpose=purpose))

    def _deliver(self, call: Call, purpose: str, parts: tuple[str, ...]) -> None:
        signed = self._sender.send(call, purpose, self.appraise(purpose), parts)
        self._note_sent(signed)
        log.info("sent", extra=about(purpose=purpose, nonce=signed.nonce, **_version(signed)))

    def settle(self, confirmed: int) -> None:
        """Look after what was signed: record what block `confirmed` and those before it have, send the rest again."""
        self._confirmed = confirmed
        pending = self._journal.unsettled()
        if pending:
            self._close_gap(pending[0])
        for place, each in enumerate(pending):
            receipts = (self._sender.node.receipt(attempt.hash) for attempt in each.attempts)
            receipt = next((found for found in receipts if found is not None), None)
            if receipt is None:
                self._pursue(pending[place:], confirmed)
            elif receipt.block <= confirmed and self._is_used(each, receipt.block):
                reason = "included" if receipt.succeeded else "included, and reverted: the chain had changed meanwhile"
                self._journal.settle(each.intent, receipt.block, receipt, reason)
                self._forget(each)
                about_it = about(purpose=each.intent.purpose, block=receipt.block, gas=receipt.gas_used)
                if receipt.succeeded:
                    log.info("settled", extra=about_it)
                else:
                    log.warning("reverted", extra=about_it)

    def _is_used(self, pending: Pending, block: int) -> bool:
        """Whether the account's own nonce says the same as a receipt: that a block up to this one has it."""
        return self._sender.node.mined_nonce(pending.intent.sender, block) > pending.intent.nonce

    def _pursue(self, pending: list[Pending], confirmed: int) -> None:
        """No block has the first of these: send it again, unless another transaction has taken its nonce for good."""
        first = pending[0]
        latest, now = first.latest, self._clock()
        waited = now - self._first_seen.setdefault(latest.hash, now)
        if now - self._sent_at.get(latest.hash, float("-inf")) < RESEND_EVERY:
            return
        self._sent_at[latest.hash] = now
        if self._looks_lost(first):
            self._journal.settle(first.intent, confirmed, None, "another transaction has its nonce")
            self._forget(first)
            log.error("transaction lost", extra=about(purpose=latest.purpose, nonce=latest.nonce))
        elif waited >= self._replace_after and self._is_stuck(first):
            self._replace(first, self._worth_of_all(pending))
        else:
            self._send_again(latest)

    def _close_gap(self, lowest: Pending) -> None:
        """Fill the nonce before ours if nobody has a transaction for it, or no block ever takes ours.

        Another program's transaction was in the pool when ours got its nonce, and is gone: nodes drop some.
        """
        now, latest = self._clock(), lowest.latest
        waited = now - self._first_seen.setdefault(latest.hash, now)
        if waited < self._replace_after or now - self._gap_seen_at < RESEND_EVERY:
            return
        self._gap_seen_at = now
        node, sender = self._sender.node, lowest.intent.sender
        free = node.mined_nonce(sender)
        if free >= lowest.intent.nonce or node.next_nonce(sender) > free:
            return
        log.error("nonce gap", extra=about(purpose=latest.purpose, nonce=latest.nonce, missing=free))
        try:
            self._note_sent(self._sender.fill(free))
        except ChainError as refusal:
            log.warning("not sent", extra=about(purpose=f"fill nonce {free}", reason=refusal))

    def _looks_lost(self, pending: Pending) -> bool:
        """Whether another transaction has its nonce, as the node has said several times by now."""
        latest = pending.latest.hash
        if not self._sender.is_lost(pending, self._confirmations):
            self._looked_lost.pop(latest, None)
            return False
        self._looked_lost[latest] = self._looked_lost.get(latest, 0) + 1
        return self._looked_lost[latest] >= LOST_AFTER

    def _is_stuck(self, pending: Pending) -> bool:
        """Whether its own fees are in the way: it is the next one of its account, or no block could take it now."""
        node, intent = self._sender.node, pending.intent
        mined = node.mined_nonce(intent.sender)
        if mined >= intent.nonce:
            return mined == intent.nonce
        return pending.latest.fees.maximum < node.head().base_fee

    def _worth_of_all(self, pending: list[Pending]) -> Worth | None:
        """Of the first one and of all that wait behind it: without it, no block takes them either."""
        wei = 0
        for each in pending:
            if (worth := self.appraise(each.intent.purpose)) is None:
                return None
            wei += worth.wei
        return Worth(wei)

    def _replace(self, pending: Pending, worth: Worth | None) -> None:
        try:
            signed = self._sender.replace(pending, worth)
        except ChainError as refusal:
            log.warning("not replaced", extra=about(purpose=pending.intent.purpose, reason=refusal))
            self._send_again(pending.latest)
            return
        self._note_sent(signed)
        log.warning("replaced", extra=about(purpose=signed.purpose, nonce=signed.nonce, **_version(signed)))

    def _send_again(self, transaction: Transaction) -> None:
        try:
            self._sender.broadcast(transaction)
        except ChainError as refusal:
            log.warning("not taken", extra=about(purpose=transaction.purpose, reason=refusal))
            return
        log.info("sent again", extra=about(purpose=transaction.purpose, nonce=transaction.nonce))

    def _note_sent(self, transaction: Transaction) -> None:
        self._sent_at[transaction.hash] = self._first_seen[transaction.hash] = self._clock()

    def _forget(self, pending: Pending) -> None:
        for attempt in pending.attempts:
            self._sent_at.pop(attempt.hash, None)
            self._first_seen.pop(attempt.hash, None)
            self._looked_lost.pop(attempt.hash, None)

    def _refuse(self, purpose: str, reason: str, kind: str) -> None:
        known = self._refusals.get(purpose)
        count = 1 if known is None else known.count + 1
        pause = min(self._settings.retry * 2 ** min(count - 1, 16), self._settings.retry_limit)
        now = self._clock()
        self._refusals = {name: kept for name, kept in self._refusals.items() if now - kept.retry_at < FORGET_AFTER}
        self._refusals[purpose] = _Refusal(kind, count, now + pause)
        level = logging.WARNING if known is None or known.kind != kind else logging.DEBUG
        log.log(level, "not sent", extra=about(purpose=purpose, reason=reason, count=count))


class DryOutbox(Outbox):
    """One that says what it would send, each purpose once."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self._told: set[str] = set()

    def wants(self, purpose: str) -> bool:
        """Whether there is anything to say."""
        return purpose not in self._told and super().wants(purpose)

    def settle(self, confirmed: int) -> None:
        """Nothing was sent."""

    def _deliver(self, call: Call, purpose: str, parts: tuple[str, ...]) -> None:
        intent, fees = self._sender.rehearse(call, purpose, self.appraise(purpose))
        self._told |= {purpose, *parts}
        about_it = about(purpose=purpose, nonce=intent.nonce, gas=intent.gas, gwei=f"{fees.maximum / GWEI:g}")
        log.info("would send", extra=about_it)


def _version(signed: Transaction) -> dict[str, object]:
    """What tells one signed version from another, for the log."""
    return {"transaction": f"0x{signed.hash.hex()}", "gwei": f"{signed.fees.maximum / GWEI:g}"}

"""The one way in which transactions leave: simulated, priced, weighed, signed once a purpose, sent, waited for.

A *purpose* is a name for what a transaction is to achieve, such as `claim 0.1@0x...`. It is bound to a nonce before
anything is signed for it, and no other purpose ever gets that nonce: so it happens once or not at all, however often
it is sent, and whichever of its signed versions, which differ in their fees alone, a block includes.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol
from uuid import uuid4

from eth_account.signers.local import LocalAccount

from assay.chain.fees import DEFAULT_LIMIT, GWEI, Fees, first_fees, raised_fees
from assay.chain.node import Call, Node, Receipt
from assay.errors import ChainError, ContractError, InputError, TransientError

GAS_MARGIN = 1.25
"""On the node's estimate, which may be for another state than the one that the transaction meets."""

TRANSFER_GAS = 21_000
"""Gas of a transfer of coins (Yellow Paper, appendix G)."""

FALLBACK_TIP = 10**9
"""Wei a unit of gas, where the node does not suggest a priority fee."""


class RevertedError(ContractError):
    """A transaction was included, and reverted: somebody else was faster."""


class NotWorthError(ChainError):
    """The gas of a transaction costs more than what it achieves is worth, or than may be paid: nothing was signed."""


class SignedTransaction(Protocol):
    """What a signer returns."""

    @property
    def hash(self) -> bytes:
        """Of the transaction."""

    @property
    def raw_transaction(self) -> bytes:
        """As nodes take it."""


class Signer(Protocol):
    """Who signs for an account: a key in memory (eth_account's `LocalAccount`), or another program."""

    @property
    def address(self) -> Any:
        """Checksummed."""

    def sign_transaction(self, transaction_dict: dict[str, Any], /) -> SignedTransaction:
        """Sign these very fields. Raises `ChainError` if that cannot be."""


@dataclass(frozen=True)
class Intent:
    """A transaction that is to be: all but its fees and its signature."""

    purpose: str
    sender: str
    nonce: int
    to: str
    data: bytes
    gas: int
    """At most."""
    parts: tuple[str, ...] = ()
    """Of a transaction that achieves several things at once: their purposes, each of which is bound to it as well."""


@dataclass(frozen=True)
class Transaction:
    """A signed transaction."""

    purpose: str
    sender: str
    nonce: int
    hash: bytes
    raw: bytes
    fees: Fees


@dataclass(frozen=True)
class Pending:
    """A purpose whose transaction no confirmed block has yet."""

    intent: Intent
    attempts: tuple[Transaction, ...]
    """Its signed versions, the last one last: at least one."""

    @property
    def latest(self) -> Transaction:
        """The version with the highest fees."""
        return self.attempts[-1]

    @property
    def max_cost(self) -> int:
        """The most that it can cost, wei."""
        return self.intent.gas * self.latest.fees.maximum


@dataclass(frozen=True)
class Worth:
    """What a transaction is worth to its sender."""

    wei: int
    later_gas: int = 0
    """Gas of the transactions that have to follow before it is worth that."""


class TransactionJournal(Protocol):
    """Where it is remembered what was signed. A daemon's is durable: then a crash at any point signs nothing twice."""

    def find(self, purpose: str) -> Transaction | None:
        """The newest transaction that was signed for a purpose, if any."""

    def next_nonce(self, sender: str) -> int:
        """One above the highest nonce that anything was signed with for `sender`; 0 if there is none."""

    def intend(self, intent: Intent) -> None:
        """Bind a nonce to a purpose, before anything is signed for it. Whatever was intended and not signed is off."""

    def withdraw(self, intent: Intent) -> None:
        """Nothing was signed for this intent, and nothing will be: its nonce is free again."""

    def record(self, transaction: Transaction) -> None:
        """Remember a transaction. Called before it is sent; once this returns, it must not be forgotten."""

    def unsettled(self) -> list[Pending]:
        """The purposes whose transactions no confirmed block has yet, in the order of their nonces."""


class MemoryJournal:
    """A journal for one short-lived process, which is over before a confirmed block has all of its transactions."""

    def __init__(self) -> None:
        self._attempts: dict[str, list[Transaction]] = {}

    def find(self, purpose: str) -> Transaction | None:
        """The newest transaction that was signed for a purpose, if any."""
        return self._attempts[purpose][-1] if purpose in self._attempts else None

    def next_nonce(self, sender: str) -> int:
        """One above the highest nonce that anything was signed with for `sender`; 0 if there is none."""
        signed = (attempt for attempts in self._attempts.values() for attempt in attempts)
        return max((attempt.nonce + 1 for attempt in signed if attempt.sender == sender), default=0)

    def intend(self, intent: Intent) -> None:
        """Nothing to do: if this process ends before it has signed, the intent ends with it."""

    def withdraw(self, intent: Intent) -> None:
        """Nothing to do."""

    def record(self, transaction: Transaction) -> None:
        """Remember a transaction."""
        self._attempts.setdefault(transaction.purpose, []).append(transaction)

    def unsettled(self) -> list[Pending]:
        """None: what it costs is the balance's matter, as far as the node knows of it."""
        return []


@dataclass(frozen=True)
class Simulation:
    """What a call would do now."""

    returned: bytes
    gas: int
    """At most."""
    likely_gas: int
    """What the node expects it to use."""
    base_fee: int
    tip: int

    def likely_cost(self, more_gas: int = 0) -> int:
        """What it would cost now, with so much gas beside its own, wei."""
        return (self.likely_gas + more_gas) * (self.base_fee + self.tip)


class Sender:
    """Sends the transactions of one account. No other sender may use the account at the same time.

    Several threads may: what they send is signed one after the other, and they wait for it side by side.
    """

    def __init__(
        self,
        node: Node,
        account: Signer,
        chain_id: int,
        journal: TransactionJournal | None = None,
        sleep: Callable[[float], None] = time.sleep,
        fee_limit: int = DEFAULT_LIMIT,
    ) -> None:
        """`fee_limit` is the most that is offered for a unit of gas, wei."""
        self.node = node
        self.address = str(account.address)
        self._signer = account
        self._chain_id = chain_id
        self._journal = journal or MemoryJournal()
        self._sleep = sleep
        self._fee_limit = fee_limit
        self._signing = threading.Lock()
        """Held from the choice of a nonce until the journal knows what was signed with it."""

    @property
    def account(self) -> LocalAccount:
        """The key itself. Raises `InputError` if another program has it."""
        if not isinstance(self._signer, LocalAccount):
            raise InputError("this signs something else than a transaction, so it needs the key itself: a keystore")
        return self._signer

    def simulate(self, call: Call) -> Simulation:
        """What `call` would return and cost now. Raises `ContractError` if it would revert."""
        returned = self.node.call(call, self.address)
        gas = self.node.estimate_gas(call, self.address)
        return Simulation(returned, int(gas * GAS_MARGIN), gas, self.node.head().base_fee, self._tip())

    def send(self, call: Call, purpose: str, worth: Worth | None = None, parts: tuple[str, ...] = ()) -> Transaction:
        """Sign and send a transaction for `purpose`, or send again the one that was signed for it before.

        `parts` are the purposes that it achieves all together, if there are several. Without a `worth` it is sent
        whatever its gas costs, up to the limit. Raises `ContractError` if the call would revert, `NotWorthError` if it
        costs too much, `ChainError` if its gas cannot be paid: then nothing is signed.
        """
        with self._signing:
            signed = self._journal.find(purpose)
            if signed is None:
                intent, fees = self._prepare(call, purpose, worth)
                return self._bind(replace(intent, parts=parts), fees)
        self.broadcast(signed)
        return signed

    def rehearse(self, call: Call, purpose: str, worth: Worth | None = None) -> tuple[Intent, Fees]:
        """What `send` would sign now. Raises what it would raise."""
        return self._prepare(call, purpose, worth)

    def replace(self, pending: Pending, worth: Worth | None = None) -> Transaction:
        """Sign and send a transaction with higher fees in the place of one that no block takes.

        Raises `NotWorthError` if the higher fees are above the limit or its worth, `ChainError` if they cannot be paid.
        """
        intent, last = pending.intent, pending.latest
        base_fee, tip = self.node.head().base_fee, self._tip()
        fees = raised_fees(last.fees, base_fee, tip, self._fee_limit)
        if fees is None:
            raise NotWorthError(
                f"more than {last.fees.maximum / GWEI:g} gwei a unit of gas are needed, and the limit is "
                f"{self._fee_limit / GWEI:g}"
            )
        if worth is not None and (cost := intent.gas * (base_fee + fees.tip)) > worth.wei:
            raise NotWorthError(f"its gas would cost up to {_coins(cost)}, and it is worth {_coins(worth.wei)}")
        self._check_balance(intent.purpose, intent.gas * fees.maximum - pending.max_cost)
        signed = self._sign(intent, fees)
        self._journal.record(signed)
        self.broadcast(signed)
        return signed

    def fill(self, nonce: int) -> Transaction:
        """Use up a nonce that nothing was sent with, by a transfer of nothing to oneself.

        Raises `NotWorthError` if blocks ask for more than the limit, `ChainError` if its gas cannot be paid.
        """
        base_fee = self.node.head().base_fee
        fees = first_fees(base_fee, self._tip(), self._fee_limit)
        if fees is None:
            raise NotWorthError(f"the base fee is {base_fee / GWEI:g} gwei now: above the limit")
        self._check_balance(f"fill nonce {nonce}", TRANSFER_GAS * fees.maximum)
        intent = Intent(f"fill nonce {nonce}", self.address, nonce, self.address, b"", TRANSFER_GAS)
        with self._signing:
            return self._bind(intent, fees)

    def broadcast(self, transaction: Transaction) -> None:
        """Hand a signed transaction to the node, if no block has it yet. Sending the same one twice does no harm."""
        try:
            self.node.broadcast(transaction.raw)
        except ChainError:
            if self.node.receipt(transaction.hash) is None:
                raise

    def is_lost(self, pending: Pending, confirmations: int = 0) -> bool:
        """Whether a confirmed block has another transaction with this nonce, so that none will ever have this one."""
        block = self.node.head(confirmations).number
        used = self.node.mined_nonce(pending.intent.sender, block) > pending.intent.nonce
        return used and all(self.node.receipt(attempt.hash) is None for attempt in pending.attempts)

    def wait(self, transaction: Transaction, timeout: float = 120, pause: float = 0.3) -> Receipt:
        """The receipt, once a block has the transaction, at most `timeout` seconds from now.

        Raises `TransientError` if none has it by then, and `RevertedError` if it was included but reverted.
        """
        deadline = time.monotonic() + timeout
        while (receipt := self.node.receipt(transaction.hash)) is None:
            if time.monotonic() >= deadline:
                raise TransientError(
                    f"no block has transaction 0x{transaction.hash.hex()} ({transaction.purpose}) after {timeout:g} s: "
                    "it may still be included: look again later"
                )
            self._sleep(pause)
        if not receipt.succeeded:
            raise RevertedError(
                f"transaction 0x{receipt.transaction.hex()} ({transaction.purpose}) was included in block "
                f"{receipt.block} and reverted: the chain had changed since it was simulated",
                "",
                {},
            )
        return receipt

    def execute(self, call: Call, purpose: str | None = None, timeout: float = 120) -> Receipt:
        """Send, and wait for the receipt. Without a purpose it is one of its own: the same call can be sent again."""
        return self.wait(self.send(call, purpose or f"{call.purpose} {uuid4()}"), timeout)

    def _tip(self) -> int:
        """What to pay beside the base fee, wei a unit of gas."""
        try:
            return self.node.priority_fee()
        except TransientError:  # not every node has the method
            return FALLBACK_TIP

    def _prepare(self, call: Call, purpose: str, worth: Worth | None) -> tuple[Intent, Fees]:
        """What to sign for a call, if it would succeed, is worth it, and can be paid."""
        found = self.simulate(call)
        fees = first_fees(found.base_fee, found.tip, self._fee_limit)
        if fees is None:
            raise NotWorthError(
                f"the base fee is {found.base_fee / GWEI:g} gwei now, and the limit is {self._fee_limit / GWEI:g}"
            )
        if worth is not None and (cost := found.likely_cost(worth.later_gas)) > worth.wei:
            later = ", with what has to follow," if worth.later_gas else ""
            raise NotWorthError(f"its gas{later} would cost {_coins(cost)}, and it is worth {_coins(worth.wei)}")
        self._check_balance(call.purpose, found.gas * fees.maximum)
        nonce = max(self.node.next_nonce(self.address), self._journal.next_nonce(self.address))
        return Intent(purpose, self.address, nonce, call.to, call.data, found.gas), fees

    def _bind(self, intent: Intent, fees: Fees) -> Transaction:
        """Write an intent down, sign it, write that down, and send it."""
        self._journal.intend(intent)
        try:
            signed = self._sign(intent, fees)
        except BaseException:
            self._journal.withdraw(intent)
            raise
        self._journal.record(signed)
        self.broadcast(signed)
        return signed

    def _check_balance(self, what: str, cost: int) -> None:
        """Raise `ChainError` unless there are `cost` wei beside what the pending transactions may still take."""
        has = self.node.balance(self.address)
        needed = cost + sum(pending.max_cost for pending in self._journal.unsettled())
        if has < needed:
            raise ChainError(
                f"{self.address} has {has / 10**18:g} coins for gas, and up to {needed / 10**18:g} are needed to "
                f"{what}: send it some"
            )

    def _sign(self, intent: Intent, fees: Fees) -> Transaction:
        signed = self._signer.sign_transaction(
            {
                "type": 2,
                "chainId": self._chain_id,
                "nonce": intent.nonce,
                "to": bytes.fromhex(intent.to.removeprefix("0x")),
                "value": 0,
                "data": intent.data,
                "gas": intent.gas,
                "maxFeePerGas": fees.maximum,
                "maxPriorityFeePerGas": fees.tip,
            }
        )
        raw = bytes(signed.raw_transaction)
        return Transaction(intent.purpose, self.address, intent.nonce, bytes(signed.hash), raw, fees)


def _coins(wei: int) -> str:
    return f"{wei / 10**18:.6g} coins"

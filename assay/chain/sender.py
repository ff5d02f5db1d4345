"""The one way in which transactions leave: simulated, priced, signed once a purpose, sent, waited for.

A *purpose* is a name for what a transaction is to achieve, such as `claim 0.1@0x...`. It is bound to the first
transaction signed for it: sending again for it sends those very bytes again, so that it happens once or not at all.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from eth_account.signers.local import LocalAccount

from assay.chain.node import Call, Node, Receipt
from assay.errors import ChainError, ContractError, TransientError

GAS_MARGIN = 1.25
"""On the node's estimate, which may be for another state than the one that the transaction meets."""

FALLBACK_TIP = 10**9
"""Wei a unit of gas, where the node does not suggest a priority fee."""


class RevertedError(ContractError):
    """A transaction was included, and reverted: somebody else was faster."""


@dataclass(frozen=True)
class Transaction:
    """A signed transaction."""

    purpose: str
    sender: str
    nonce: int
    hash: bytes
    raw: bytes


class TransactionJournal(Protocol):
    """Where it is remembered what was signed. A daemon's is durable: then a crash at any point signs nothing twice."""

    def find(self, purpose: str) -> Transaction | None:
        """The transaction that was signed for a purpose, if any."""

    def next_nonce(self, sender: str) -> int:
        """One above the highest nonce signed for `sender`; 0 if there is none."""

    def record(self, transaction: Transaction) -> None:
        """Remember a transaction. Called before it is sent; once this returns, it must not be forgotten."""


class MemoryJournal:
    """A journal for one short-lived process."""

    def __init__(self) -> None:
        self._by_purpose: dict[str, Transaction] = {}

    def find(self, purpose: str) -> Transaction | None:
        """The transaction that was signed for a purpose, if any."""
        return self._by_purpose.get(purpose)

    def next_nonce(self, sender: str) -> int:
        """One above the highest nonce signed for `sender`; 0 if there is none."""
        return max((tx.nonce + 1 for tx in self._by_purpose.values() if tx.sender == sender), default=0)

    def record(self, transaction: Transaction) -> None:
        """Remember a transaction."""
        self._by_purpose[transaction.purpose] = transaction


@dataclass(frozen=True)
class Simulation:
    """What a call would do now."""

    returned: bytes
    gas: int
    max_fee: int
    """The most that a unit of gas can cost, wei."""
    tip: int
    """Of that, for the block's proposer, wei."""

    @property
    def max_cost(self) -> int:
        """The most that the transaction can cost, wei."""
        return self.gas * self.max_fee


class Sender:
    """Sends the transactions of one account. No other sender may use the account at the same time."""

    def __init__(
        self,
        node: Node,
        account: LocalAccount,
        chain_id: int,
        journal: TransactionJournal | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.node = node
        self.address = str(account.address)
        self.account = account
        self._chain_id = chain_id
        self._journal = journal or MemoryJournal()
        self._sleep = sleep

    def simulate(self, call: Call) -> Simulation:
        """What `call` would return and cost now. Raises `ContractError` if it would revert."""
        returned = self.node.call(call, self.address)
        gas = int(self.node.estimate_gas(call, self.address) * GAS_MARGIN)
        try:
            tip = self.node.priority_fee()
        except TransientError:  # not every node has the method
            tip = FALLBACK_TIP
        # Twice the base fee outlasts six full blocks in a row (EIP-1559: at most 1/8 more a block).
        return Simulation(returned, gas, 2 * self.node.head().base_fee + tip, tip)

    def send(self, call: Call, purpose: str) -> Transaction:
        """Sign and send a transaction for `purpose`, or send again the one that was signed for it before.

        Raises `ContractError` if the call would revert, `ChainError` if its gas cannot be paid: then nothing is signed.
        """
        signed = self._journal.find(purpose)
        if signed is None:
            signed = self._sign(call, purpose, self.simulate(call))
            self._journal.record(signed)
        self.broadcast(signed)
        return signed

    def broadcast(self, transaction: Transaction) -> None:
        """Hand a signed transaction to the node, if no block has it yet. Sending the same one twice does no harm."""
        try:
            self.node.broadcast(transaction.raw)
        except ChainError:
            if self.node.receipt(transaction.hash) is None:
                raise

    def is_lost(self, transaction: Transaction, confirmations: int = 0) -> bool:
        """Whether a confirmed block has another transaction with this nonce, so that none will ever have this one."""
        block = self.node.head(confirmations).number
        used = self.node.mined_nonce(transaction.sender, block) > transaction.nonce
        return used and self.node.receipt(transaction.hash) is None

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

    def execute(self, call: Call, purpose: str, timeout: float = 120) -> Receipt:
        """Send, and wait for the receipt."""
        return self.wait(self.send(call, purpose), timeout)

    def _sign(self, call: Call, purpose: str, simulation: Simulation) -> Transaction:
        has = self.node.balance(self.address)
        if has < simulation.max_cost:
            raise ChainError(
                f"{self.address} has {has / 10**18:g} coins for gas, and up to {simulation.max_cost / 10**18:g} are "
                f"needed to {call.purpose}: send it some"
            )
        nonce = max(self.node.next_nonce(self.address), self._journal.next_nonce(self.address))
        signed = self.account.sign_transaction(
            {
                "type": 2,
                "chainId": self._chain_id,
                "nonce": nonce,
                "to": bytes.fromhex(call.to.removeprefix("0x")),
                "value": 0,
                "data": call.data,
                "gas": simulation.gas,
                "maxFeePerGas": simulation.max_fee,
                "maxPriorityFeePerGas": simulation.tip,
            }
        )
        return Transaction(purpose, self.address, nonce, bytes(signed.hash), bytes(signed.raw_transaction))

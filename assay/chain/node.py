"""A JSON-RPC node, through one endpoint or several. What it answers is checked for form; its faults become our errors.

A contract's revert is a `ContractError`. Whatever else keeps a read from its answer is a `TransientError`, a malformed
answer too: nothing false was believed, and the next answer may be whole. Who cannot wait for that gives up at a limit
of its own, and loses no running dispute to one bad answer. A transaction that the node refuses is a `ChainError`.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

from web3 import Web3
from web3.exceptions import BlockNotFound, ContractLogicError, TransactionNotFound, Web3Exception, Web3RPCError
from web3.types import BlockData, FilterParams, LogReceipt, TxParams, TxReceipt

from assay.chain.endpoints import Endpoints
from assay.chain.refusals import contract_error
from assay.chain.transport import RefusedError
from assay.errors import ChainError, TransientError

ATTEMPTS = 4
"""How often a read is tried; a transaction is sent once a call, and whoever sends it decides."""


class RangeRefusedError(RefusedError):
    """The node does not answer for so many blocks, or logs, at once."""


@dataclass(frozen=True)
class Block:
    """What is needed of a block."""

    number: int
    hash: bytes
    parent_hash: bytes
    timestamp: int
    base_fee: int
    """Wei a unit of gas."""


@dataclass(frozen=True)
class Call:
    """A call of a contract, not yet made: `purpose` says to people what it is for."""

    to: str
    data: bytes
    purpose: str


@dataclass(frozen=True)
class Log:
    """One log, undecoded."""

    address: str
    topics: tuple[bytes, ...]
    data: bytes
    block: int
    block_hash: bytes
    index: int
    transaction: bytes


@dataclass(frozen=True)
class Receipt:
    """What became of a transaction that a block includes."""

    transaction: bytes
    block: int
    block_hash: bytes
    succeeded: bool
    gas_used: int
    gas_price: int
    """Wei a unit of gas, as paid."""
    logs: tuple[Log, ...]

    @property
    def cost(self) -> int:
        """What it cost, wei."""
        return self.gas_used * self.gas_price


class Node:
    """The connection to a chain, for reads and for raw transactions."""

    def __init__(self, url: str | Sequence[str], timeout: float = 20, attempts: int = ATTEMPTS) -> None:
        """`url` is one http(s):// or ws(s):// URL, or several, the preferred one first. Raises `InputError`."""
        self._endpoints = Endpoints([url] if isinstance(url, str) else list(url), timeout, attempts)
        self._web3 = Web3(self._endpoints)

    @property
    def url(self) -> str:
        """Of the endpoint that is used now. It may hold a secret."""
        return self._endpoints.current.url

    @property
    def place(self) -> str:
        """Where it is, to be shown: without what is secret in its URL."""
        return self._endpoints.current.place

    def leave_if_stalled(self) -> bool:
        """Go on with another endpoint, if one has newer blocks than this; whether that is so."""
        return self._endpoints.count > 1 and self._endpoints.prefer_newest()

    def chain_id(self) -> int:
        """The id of the node's chain (EIP-155)."""
        with self._faults():
            return int(self._web3.eth.chain_id)

    def head(self, confirmations: int = 0) -> Block:
        """The newest block that `confirmations` blocks are built on; the genesis block if there are too few."""
        with self._faults():
            latest = int(self._web3.eth.block_number)
        return self.block(max(latest - confirmations, 0))

    def block(self, number: int) -> Block:
        """Block `number`. Raises `TransientError` if the node does not have it, not yet or not any more."""
        try:
            with self._faults():
                found = _block(self._web3.eth.get_block(number))
        except BlockNotFound as missing:
            raise TransientError(f"the node at {self.place} has no block {number} now") from missing
        if found.number != number:
            raise TransientError(f"the node at {self.place} answers with block {found.number} for block {number}")
        return found

    def code(self, address: str) -> bytes:
        """The code at `address`, now; empty if there is none."""
        with self._faults():
            return bytes(self._web3.eth.get_code(Web3.to_checksum_address(address)))

    def balance(self, address: str) -> int:
        """The coins that pay for gas, wei."""
        with self._faults():
            return int(self._web3.eth.get_balance(Web3.to_checksum_address(address)))

    def next_nonce(self, address: str) -> int:
        """The nonce after all transactions of `address` that the node knows, pending ones included."""
        with self._faults():
            return int(self._web3.eth.get_transaction_count(Web3.to_checksum_address(address), "pending"))

    def mined_nonce(self, address: str, block: int | None = None) -> int:
        """The nonce after all transactions of `address` in blocks up to `block` (now, without one)."""
        with self._faults():
            account = Web3.to_checksum_address(address)
            return int(self._web3.eth.get_transaction_count(account, "latest" if block is None else block))

    def priority_fee(self) -> int:
        """What the node suggests to pay beside the base fee, wei a unit of gas."""
        with self._faults():
            return int(self._web3.eth.max_priority_fee)

    def call(self, call: Call, sender: str | None = None, block: int | None = None) -> bytes:
        """What `call` returns after block `block` (the latest, without one). Raises `ContractError` if it reverts."""
        with self._faults():
            return bytes(self._web3.eth.call(_transaction(call, sender), "latest" if block is None else block))

    def estimate_gas(self, call: Call, sender: str) -> int:
        """The gas that `call` needs now. Raises `ContractError` if it reverts."""
        with self._faults():
            return int(self._web3.eth.estimate_gas(_transaction(call, sender)))

    def logs(
        self, addresses: Sequence[str], first: int, last: int, topics: Sequence[Sequence[bytes] | None] = ()
    ) -> list[Log]:
        """The logs of `addresses` in blocks `first` to `last`, in their order. Raises `RangeRefusedError`."""
        wanted: Any = {
            "address": list(addresses),
            "fromBlock": first,
            "toBlock": last,
            "topics": [None if choice is None else ["0x" + topic.hex() for topic in choice] for choice in topics],
        }
        try:
            with self._faults():
                found = self._web3.eth.get_logs(cast(FilterParams, wanted))
                is_reorganised = any(entry.get("removed") for entry in found)
                # What lies outside was not asked for, and would be taken in again later.
                if any(not first <= entry["blockNumber"] <= last for entry in found):
                    raise TransientError(f"the node at {self.place} answers with logs of other blocks")
                logs = sorted((_log(entry) for entry in found), key=lambda log: (log.block, log.index))
        except RefusedError as refused:
            raise RangeRefusedError(f"{refused} (logs of blocks {first} to {last})") from refused
        if is_reorganised:
            raise TransientError("the chain is being reorganised: try again")
        return logs

    def receipt(self, transaction: bytes) -> Receipt | None:
        """The receipt of a transaction; None while no block includes it."""
        try:
            with self._faults():
                found = _receipt(self._web3.eth.get_transaction_receipt(cast(Any, transaction)))
        except TransactionNotFound:
            return None
        if found.transaction != transaction:
            raise TransientError(f"the node at {self.place} answers with the receipt of another transaction")
        return found

    def broadcast(self, raw: bytes) -> None:
        """Hand a signed transaction to the node. One that the node knows already is no error."""
        try:
            with self._faults():
                self._web3.eth.send_raw_transaction(raw)
        except ChainError as refused:
            known = ("already known", "already imported", "known transaction", "alreadyknown")
            if not any(phrase in str(refused).lower() for phrase in known):
                raise

    @contextmanager
    def _faults(self) -> Iterator[None]:
        """Turn web3's exceptions into ours, but for what was not found."""
        try:
            yield
        except (BlockNotFound, TransactionNotFound):
            raise
        except ContractLogicError as reverted:
            raise contract_error(reverted.data, reverted.message) from reverted
        except Web3RPCError as failed:  # of a call: other errors are sorted out by the provider
            raise contract_error(None, _message(failed)) from failed
        except (Web3Exception, LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as fault:
            kind = type(fault).__name__
            raise TransientError(f"the node at {self.place} gave a malformed answer ({kind}): try again") from fault


def _transaction(call: Call, sender: str | None) -> TxParams:
    fields: dict[str, Any] = {"to": call.to, "data": "0x" + call.data.hex()}
    return cast(TxParams, fields if sender is None else {**fields, "from": sender})


def _block(data: BlockData) -> Block:
    return Block(
        number=int(data["number"]),
        hash=bytes(data["hash"]),
        parent_hash=bytes(data["parentHash"]),
        timestamp=int(data["timestamp"]),
        base_fee=int(data.get("baseFeePerGas", 0)),
    )


def _log(entry: LogReceipt) -> Log:
    return Log(
        address=str(entry["address"]),
        topics=tuple(bytes(topic) for topic in entry["topics"]),
        data=bytes(entry["data"]),
        block=int(entry["blockNumber"]),
        block_hash=bytes(entry["blockHash"]),
        index=int(entry["logIndex"]),
        transaction=bytes(entry["transactionHash"]),
    )


def _receipt(data: TxReceipt) -> Receipt:
    return Receipt(
        transaction=bytes(data["transactionHash"]),
        block=int(data["blockNumber"]),
        block_hash=bytes(data["blockHash"]),
        succeeded=data["status"] == 1,
        gas_used=int(data["gasUsed"]),
        gas_price=int(data["effectiveGasPrice"]),
        logs=tuple(_log(entry) for entry in data["logs"]),
    )


def _message(failed: Web3RPCError) -> str:
    error = (failed.rpc_response or {}).get("error")
    return str(error["message"]) if isinstance(error, dict) and "message" in error else str(failed)

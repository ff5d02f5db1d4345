"""One JSON-RPC node. What it answers is checked for form; its faults become our errors.

A contract's revert is a `ContractError`. Whatever else keeps a read from its answer is a `TransientError`, a malformed
answer too: nothing false was believed, and the next answer may be whole. Who cannot wait for that gives up at a limit
of its own, and loses no running dispute to one bad answer. A transaction that the node refuses is a `ChainError`.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import requests
from requests.exceptions import InvalidSchema, InvalidURL, MissingSchema
from web3 import HTTPProvider, Web3
from web3.exceptions import BlockNotFound, ContractLogicError, TransactionNotFound, Web3Exception, Web3RPCError
from web3.types import BlockData, FilterParams, LogReceipt, RPCEndpoint, RPCResponse, TxParams, TxReceipt

from assay.chain.refusals import contract_error
from assay.errors import AssayError, ChainError, InputError, TransientError
from assay.urls import public_part

ATTEMPTS = 4
"""How often a read is tried; a transaction is sent once a call, and whoever sends it decides."""

FIRST_PAUSE = 0.25
"""Seconds before the second attempt; each later pause is twice as long."""

_SENT_ONCE = {"eth_sendRawTransaction"}
_MAY_PASS = {408, 425, 429, 500, 502, 503, 504}
"""HTTP statuses."""

_MISTAKES = {-32600, -32601, -32602}
"""JSON-RPC's codes for a request that is none, a method that the node does not have, and parameters that it does not
take: asking again at once is no use."""

_REVERTED = 3
_EXECUTION_FAILED = (
    "revert",
    "invalid opcode",
    "invalid jump",
    "out of gas",
    "stack underflow",
    "evm error",
    "vm exec",
)
"""In the messages of nodes that executed a call which failed; code 3 says so too, but not all nodes have it."""


class RefusedError(TransientError):
    """The node answers a read, and refuses it, so that asking the same again at once is no use."""


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


class _Provider(HTTPProvider):
    """web3's HTTP provider with our retries and our errors."""

    def __init__(self, url: str, timeout: float, attempts: int) -> None:
        super().__init__(url, request_kwargs={"timeout": timeout}, exception_retry_configuration=None)
        self._place = public_part(url)
        self._attempts = attempts

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        attempts = 1 if method in _SENT_ONCE else self._attempts
        for attempt in range(1, attempts + 1):
            try:
                return self._ask(method, params)
            except RefusedError:
                raise
            except TransientError:
                if attempt == attempts:
                    raise
            time.sleep(FIRST_PAUSE * 2 ** (attempt - 1))
        raise AssertionError("the last attempt returns or raises")

    def _ask(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        """Ask once. Errors are sorted here, because web3 takes some of a node's own for reverts."""
        try:
            response = super().make_request(method, params)
        except (requests.RequestException, Web3Exception, ValueError) as fault:
            raise self._fault(method, fault) from fault
        error = response.get("error") if isinstance(response, dict) else None
        if isinstance(error, dict) and (method in _SENT_ONCE or not _is_about_call(error)):
            raise self._refusal(method, str(error.get("message")), error.get("code") not in _MISTAKES)
        return response

    def _fault(self, method: str, fault: Exception) -> AssayError:
        """Our error for a request without an answer."""
        # The words of `fault` itself hold the whole URL, and so, perhaps, a password or a key.
        if isinstance(fault, requests.HTTPError):
            status = fault.response.status_code
            if status not in _MAY_PASS:
                return self._refusal(method, f"HTTP status {status}", may_pass=False)
            return TransientError(f"the node at {self._place} does not answer now: HTTP status {status}")
        if isinstance(fault, InvalidURL | MissingSchema | InvalidSchema):
            return InputError("the node's URL is none: write it like http://127.0.0.1:8545")
        if isinstance(fault, requests.ConnectionError):
            return TransientError(f"no node answers at {self._place}: is it running, and is the URL right?")
        if isinstance(fault, requests.Timeout):
            return TransientError(f"the node at {self._place} did not answer in time")
        return TransientError(f"the node at {self._place} gave no usable answer ({type(fault).__name__})")

    def _refusal(self, method: str, said: str, may_pass: bool) -> AssayError:
        """Our error for an answer that is a refusal."""
        text = f"the node at {self._place} refuses: {said}"
        if method in _SENT_ONCE:
            return ChainError(text)
        # A range that is too large for a node is so with any code.
        return TransientError(text) if may_pass and method != "eth_getLogs" else RefusedError(text)


class Node:
    """The connection to one node, for reads and for raw transactions."""

    def __init__(self, url: str, timeout: float = 20, attempts: int = ATTEMPTS) -> None:
        self.url = url
        self._web3 = Web3(_Provider(url, timeout, attempts))

    @property
    def place(self) -> str:
        """Where it is, to be shown: without what is secret in its URL."""
        return public_part(self.url)

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
                return _block(self._web3.eth.get_block(number))
        except BlockNotFound as missing:
            raise TransientError(f"the node at {self.place} has no block {number} now") from missing

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
                return _receipt(self._web3.eth.get_transaction_receipt(cast(Any, transaction)))
        except TransactionNotFound:
            return None

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


def _is_about_call(error: Mapping[str, Any]) -> bool:
    """Whether a JSON-RPC error is what became of a call, or of a search, and so an answer."""
    message = str(error.get("message")).lower()
    return (
        error.get("code") == _REVERTED
        or any(phrase in message for phrase in _EXECUTION_FAILED)
        or message == "transaction not found"
    )


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

"""One endpoint of one node: a JSON-RPC request over HTTP or WebSocket, and its faults as our errors."""

import json
import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import requests
from requests.exceptions import InvalidSchema, InvalidURL, MissingSchema
from web3 import HTTPProvider
from web3.exceptions import Web3Exception
from web3.providers.base import JSONBaseProvider
from web3.types import RPCEndpoint, RPCResponse
from websockets.exceptions import InvalidStatus, InvalidURI, WebSocketException
from websockets.sync.client import ClientConnection, connect

from assay.errors import AssayError, ChainError, InputError, TransientError
from assay.urls import public_part

SENT_ONCE = {"eth_sendRawTransaction"}

MAX_MESSAGE = 2**26
"""Bytes of the longest answer over WebSocket."""

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


def endpoint(url: str, timeout: float) -> "Endpoint":
    """The endpoint at a URL. Raises `InputError` if it is none."""
    match url.partition("://")[0]:
        case "http" | "https":
            return HttpEndpoint(url, timeout)
        case "ws" | "wss":
            return WebSocketEndpoint(url, timeout)
    raise _no_url()


class Endpoint(ABC):
    """A way to a node."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.place = public_part(url)
        """To be shown: without what is secret in the URL."""

    def ask(self, method: str, params: Any) -> RPCResponse:
        """Ask once. Errors are sorted here, because web3 takes some of a node's own for reverts.

        Raises `TransientError`, also as `RefusedError`, and of a transaction that is refused `ChainError`.
        """
        response = self._request(method, params)
        error = response.get("error") if isinstance(response, dict) else None
        if isinstance(error, dict) and (method in SENT_ONCE or not _is_about_call(error)):
            raise self._refusal(method, str(error.get("message")), error.get("code") not in _MISTAKES)
        return response

    @abstractmethod
    def _request(self, method: str, params: Any) -> RPCResponse:
        """The answer as it came. Raises our errors."""

    def _status(self, method: str, status: int) -> AssayError:
        """Our error for an HTTP status that is no success."""
        if status not in _MAY_PASS:
            return self._refusal(method, f"HTTP status {status}", may_pass=False)
        return TransientError(f"the node at {self.place} does not answer now: HTTP status {status}")

    def _refusal(self, method: str, said: str, may_pass: bool) -> AssayError:
        """Our error for an answer that is a refusal."""
        text = f"the node at {self.place} refuses: {said}"
        if method in SENT_ONCE:
            return ChainError(text)
        # A range that is too large for a node is so with any code.
        return TransientError(text) if may_pass and method != "eth_getLogs" else RefusedError(text)

    def _unreachable(self) -> AssayError:
        return TransientError(f"no node answers at {self.place}: is it running, and is the URL right?")

    def _too_late(self) -> AssayError:
        return TransientError(f"the node at {self.place} did not answer in time")

    def _unusable(self, fault: Exception) -> AssayError:
        return TransientError(f"the node at {self.place} gave no usable answer ({type(fault).__name__})")


class HttpEndpoint(Endpoint):
    """Over HTTP."""

    def __init__(self, url: str, timeout: float) -> None:
        super().__init__(url)
        self._provider = HTTPProvider(url, request_kwargs={"timeout": timeout}, exception_retry_configuration=None)

    def _request(self, method: str, params: Any) -> RPCResponse:
        try:
            return self._provider.make_request(RPCEndpoint(method), params)
        except (requests.RequestException, Web3Exception, ValueError) as fault:
            raise self._fault(method, fault) from fault

    def _fault(self, method: str, fault: Exception) -> AssayError:
        """Our error for a request without an answer."""
        # The words of `fault` itself hold the whole URL, and so, perhaps, a password or a key.
        if isinstance(fault, requests.HTTPError):
            return self._status(method, fault.response.status_code)
        if isinstance(fault, InvalidURL | MissingSchema | InvalidSchema):
            return _no_url()
        if isinstance(fault, requests.ConnectionError):
            return self._unreachable()
        return self._too_late() if isinstance(fault, requests.Timeout) else self._unusable(fault)


class WebSocketEndpoint(Endpoint):
    """Over one WebSocket connection, made when it is needed. Requests go one after the other."""

    def __init__(self, url: str, timeout: float) -> None:
        super().__init__(url)
        self._timeout = timeout
        self._coder = JSONBaseProvider()
        self._connection: ClientConnection | None = None
        self._exchanging = threading.Lock()

    def _request(self, method: str, params: Any) -> RPCResponse:
        with self._exchanging:
            return self._ask_alone(method, params)

    def _ask_alone(self, method: str, params: Any) -> RPCResponse:
        request = self._coder.encode_rpc_request(RPCEndpoint(method), params)
        try:
            return self._exchange(request)
        except BaseException as fault:
            # An answer that comes too late must not be taken for that of the next question.
            self._close()
            if isinstance(fault, OSError | WebSocketException | ValueError):
                raise self._fault(method, fault) from fault
            raise

    def _exchange(self, request: bytes) -> RPCResponse:
        if self._connection is None:
            self._connection = connect(
                self.url, open_timeout=self._timeout, close_timeout=1, max_size=MAX_MESSAGE, compression=None
            )
        self._connection.send(request.decode())
        wanted = json.loads(request)["id"]
        while True:
            message = self._connection.recv(self._timeout)
            raw = message.encode() if isinstance(message, str) else message
            response = self._coder.decode_rpc_response(raw)
            if not isinstance(response, dict) or response.get("id", wanted) == wanted:
                return response

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _fault(self, method: str, fault: Exception) -> AssayError:
        """Our error for a request without an answer."""
        if isinstance(fault, InvalidStatus):
            return self._status(method, fault.response.status_code)
        if isinstance(fault, InvalidURI):
            return _no_url()
        if isinstance(fault, TimeoutError):
            return self._too_late()
        return self._unreachable() if isinstance(fault, OSError) else self._unusable(fault)


def _no_url() -> InputError:
    return InputError("the node's URL is none: write it like http://127.0.0.1:8545, or ws://127.0.0.1:8545")


def _is_about_call(error: Mapping[str, Any]) -> bool:
    """Whether a JSON-RPC error is what became of a call, or of a search, and so an answer."""
    message = str(error.get("message")).lower()
    return (
        error.get("code") == _REVERTED
        or any(phrase in message for phrase in _EXECUTION_FAILED)
        or message == "transaction not found"
    )

"""Several endpoints as one, over HTTP and WebSocket: real servers answer, refuse, fall silent and come back."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

from assay.chain import endpoints as module
from assay.chain.endpoints import RETURN_AFTER, Endpoints
from assay.chain.node import Call, Node, RangeRefusedError
from assay.errors import ChainError, ContractError, InputError, TransientError

pytestmark = pytest.mark.enable_socket

SECRET = "s3cret"
ADDRESS = "0x" + 40 * "1"
DEAD = f"http://127.0.0.1:1/{SECRET}"
KINDS = ["http", "ws"]


@dataclass
class Played:
    """A node: what it answers, and what it was asked."""

    chain: int = 31337
    block: int = 5
    error: dict[str, Any] | None = None
    """For everything but what the chain is."""
    silent: bool = False
    hangs_up: bool = False
    """Over WebSocket, after each answer."""
    url: str = ""
    asked: list[str] = field(default_factory=list)

    def answer(self, request: dict[str, Any]) -> str:
        method = request["method"]
        self.asked.append(method)
        if self.silent:
            time.sleep(1)
        content: dict[str, Any] = {"jsonrpc": "2.0", "id": request["id"]}
        if method == "eth_chainId":
            content["result"] = hex(self.chain)
        elif self.error is not None:
            content["error"] = self.error
        else:
            content["result"] = hex(self.block)
        return json.dumps(content)


@contextmanager
def over_http(played: Played) -> Iterator[Played]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = played.answer(json.loads(self.rfile.read(int(self.headers["Content-Length"])))).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    played.url = f"http://user:{SECRET}@127.0.0.1:{server.server_port}"
    yield played
    server.shutdown()
    server.server_close()


@contextmanager
def over_ws(played: Played) -> Iterator[Played]:
    def handle(connection: ServerConnection) -> None:
        try:
            for message in connection:
                connection.send(json.dumps({"method": "eth_subscription", "params": {}, "id": None}))
                connection.send(played.answer(json.loads(message)))
                if played.hangs_up:
                    return
        except ConnectionClosed:
            pass

    with serve(handle, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        played.url = f"ws://user:{SECRET}@127.0.0.1:{server.socket.getsockname()[1]}"
        yield played
        server.shutdown()


@pytest.fixture(params=KINDS)
def run(request: pytest.FixtureRequest) -> Callable[[Played], Any]:
    return {"http": over_http, "ws": over_ws}[request.param]


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_PAUSE", 0)


def block_of(node: Node) -> int:
    return node.mined_nonce(ADDRESS)


# One


def test_errors_are_sorted_alike_over_http_and_websocket(run: Callable[[Played], Any]) -> None:
    with run(Played(error={"code": 3, "message": "execution reverted"})) as node, pytest.raises(ContractError):
        Node(node.url).call(Call(ADDRESS, b"", "test"))
    with run(Played(error={"code": -32000, "message": "nonce too low"})) as node, pytest.raises(ChainError):
        Node(node.url).broadcast(b"\x02")
    with run(Played(error={"code": -32005, "message": "limit"})) as node, pytest.raises(RangeRefusedError):
        Node(node.url).logs([ADDRESS], 1, 9)
    with run(Played(error={"code": -32005, "message": "limit"})) as node, pytest.raises(TransientError) as raised:
        block_of(Node(node.url, attempts=1))
    assert SECRET not in str(raised.value)
    assert "://127.0.0.1:" in str(raised.value)


def test_an_answer_that_comes_too_late_is_not_taken_for_the_next_one(run: Callable[[Played], Any]) -> None:
    with run(Played(silent=True)) as played:
        node = Node(played.url, timeout=0.2, attempts=1)
        with pytest.raises(TransientError, match="in time"):
            block_of(node)
        played.silent, played.block = False, 6
        assert block_of(node) == 6


def test_a_connection_that_was_closed_is_made_again() -> None:
    with over_ws(Played(hangs_up=True)) as played:
        node = Node(played.url, attempts=2)
        assert [block_of(node) for _ in range(3)] == [5, 5, 5]
        with pytest.raises(TransientError, match="gave no usable answer"):
            node.broadcast(b"\x02")


@pytest.mark.parametrize("urls", [[], [f"ftp://{SECRET}"], [SECRET], [DEAD, f"wss//{SECRET}"]])
def test_what_is_no_url_is_refused_at_once(urls: list[str]) -> None:
    with pytest.raises(InputError) as raised:
        Node(urls)
    assert SECRET not in str(raised.value)


# Several


def test_a_node_that_does_not_answer_is_left_for_the_next_one_which_is_used_from_then_on(
    run: Callable[[Played], Any],
) -> None:
    with run(Played()) as second:
        node = Node([DEAD, second.url])
        assert [block_of(node), block_of(node)] == [5, 5]
        assert node.place == second.url.replace(f"user:{SECRET}@", "")
        assert second.asked == ["eth_chainId", "eth_getTransactionCount", "eth_getTransactionCount"]


def test_a_transaction_goes_to_the_next_node_and_its_refusal_is_final(run: Callable[[Played], Any]) -> None:
    with run(Played(error={"code": -32000, "message": "nonce too low"})) as second, run(Played()) as third:
        with pytest.raises(ChainError, match="nonce too low"):
            Node([DEAD, second.url, third.url]).broadcast(b"\x02")
        assert third.asked == []


def test_a_node_that_has_its_limit_is_left_but_not_for_a_range_of_logs(run: Callable[[Played], Any]) -> None:
    with run(Played(error={"code": -32601, "message": "no such method"})) as first, run(Played()) as second:
        node = Node([first.url, second.url])
        assert block_of(node) == 5
        node = Node([first.url, second.url])
        with pytest.raises(RangeRefusedError):
            node.logs([ADDRESS], 1, 9)


def test_a_node_of_another_chain_is_never_used(run: Callable[[Played], Any]) -> None:
    with run(Played(silent=False)) as first, run(Played(chain=1)) as second:
        node = Node([first.url, second.url], attempts=1)
        assert block_of(node) == 5
        first.error = {"code": -32000, "message": "internal error"}
        with pytest.raises(TransientError, match="internal error"):
            block_of(node)
        assert set(second.asked) == {"eth_chainId"}


def test_when_all_fail_the_first_ones_fault_is_told() -> None:
    with pytest.raises(TransientError, match=r"no node answers at http://127.0.0.1:1:"):
        block_of(Node([DEAD, "http://127.0.0.1:2"], attempts=2))


def test_the_preferred_node_is_used_again_when_it_has_had_time_to_recover() -> None:
    now = [0.0]
    with over_http(Played(block=1)) as first, over_http(Played(block=2)) as second:
        endpoints = Endpoints([first.url, second.url], 5, 1, lambda: now[0])
        first.error = {"code": -32000, "message": "internal error"}
        results = []
        for _ in range(3):
            results.append(endpoints.make_request("eth_blockNumber", [])["result"])  # type: ignore[arg-type]
            now[0] += RETURN_AFTER / 2
            first.error = None
        assert results == ["0x2", "0x2", "0x1"]


def test_a_node_without_new_blocks_is_left_for_one_that_is_ahead(run: Callable[[Played], Any]) -> None:
    with run(Played(block=7)) as first, run(Played(block=7)) as second:
        node = Node([first.url, second.url])
        assert not node.leave_if_stalled()
        second.block = 9
        assert node.leave_if_stalled()
        assert block_of(node) == 9
        assert not Node(first.url).leave_if_stalled()

"""A node that refuses, or answers nonsense: what becomes of a read, and what of a transaction."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from assay.chain import endpoints as module
from assay.chain.node import Call, Node, RangeRefusedError
from assay.errors import ChainError, ContractError, InputError, TransientError

pytestmark = pytest.mark.enable_socket

SECRET = "s3cret"
ADDRESS = "0x" + 40 * "1"
CALL = Call(ADDRESS, b"", "test")
LOG = {
    "address": ADDRESS,
    "topics": ["0x" + 64 * "a"],
    "data": "0x01",
    "blockNumber": "0x1",
    "blockHash": "0x" + 64 * "b",
    "logIndex": "0x0",
    "transactionHash": "0x" + 64 * "c",
}
BLOCK = {"number": "0x1", "hash": "0x" + 64 * "b", "parentHash": "0x" + 64 * "b", "timestamp": "0x5"}
RECEIPT = {
    "transactionHash": "0x" + 64 * "c",
    "blockNumber": "0x1",
    "blockHash": "0x" + 64 * "b",
    "status": "0x1",
    "gasUsed": "0x5208",
    "effectiveGasPrice": "0x1",
    "logs": [LOG],
}
READS: dict[str, Callable[[Node], object]] = {
    "block": lambda node: node.block(1),
    "head": lambda node: node.head(),
    "logs": lambda node: node.logs([ADDRESS], 1, 1),
    "receipt": lambda node: node.receipt(bytes(32)),
    "call": lambda node: node.call(CALL),
    "gas": lambda node: node.estimate_gas(CALL, ADDRESS),
    "balance": lambda node: node.balance(ADDRESS),
    "fee": lambda node: node.priority_fee(),
}


class Answering:
    """A node of which each request gets the next answer: a status with no body, or an object; the last one for ever."""

    def __init__(self, url: str, answers: list[Any]) -> None:
        self.url = url
        self.answers = answers
        self.asked = 0

    def node(self, attempts: int = 1) -> Node:
        return Node(self.url, attempts=attempts)

    def next(self) -> Any:
        self.asked += 1
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextmanager
def answering(*answers: Any) -> Iterator[Answering]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answer = state.next()
            self.send_response(answer if isinstance(answer, int) else 200)
            content = {"jsonrpc": "2.0", "id": request["id"]} | answer if isinstance(answer, dict) else answer
            body = b"" if isinstance(answer, int) else json.dumps(content).encode()
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    state = Answering(f"http://user:{SECRET}@127.0.0.1:{server.server_port}/{SECRET}?key={SECRET}", list(answers))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_PAUSE", 0)


def error(code: int, message: str, **more: Any) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, **more}}


REFUSALS = [
    error(-32005, "daily request count exceeded, request rate limited", data={"see": "https://example.org/limits"}),
    error(-32005, "rate limited", data=None),
    error(-32000, "transaction indexing is in progress"),
    error(-32002, "request timed out"),
    error(-32603, "internal error"),
    error(-32601, "the method does not exist"),
    error(-32000, "header not found"),
    401,
    403,
    429,
    503,
]


@pytest.mark.parametrize("answer", REFUSALS, ids=str)
@pytest.mark.parametrize("read", READS)
def test_a_refused_read_may_pass_and_tells_no_secret(read: str, answer: Any) -> None:
    with answering(answer) as played, pytest.raises(TransientError) as raised:
        READS[read](played.node())
    assert SECRET not in str(raised.value)
    assert "http://127.0.0.1:" in str(raised.value)


@pytest.mark.parametrize("result", ["0xzz", "xyz", [{}], {"number": "0x1"}, [LOG | {"data": "0x1z"}]], ids=str)
@pytest.mark.parametrize("read", READS)
def test_a_malformed_answer_may_pass(read: str, result: Any) -> None:
    with answering({"result": result}) as played, pytest.raises(TransientError):
        READS[read](played.node())


@pytest.mark.parametrize("answer", [[], "text", {"result": None, "error": None}, {"error": "text"}, {}])
def test_what_is_no_json_rpc_may_pass(answer: Any) -> None:
    with answering(answer) as played, pytest.raises(TransientError):
        played.node().chain_id()


@pytest.mark.parametrize("key", sorted(BLOCK))
def test_a_block_without_a_field_may_pass(key: str) -> None:
    answer = {"result": {name: value for name, value in BLOCK.items() if name != key}}
    with answering(answer) as played, pytest.raises(TransientError, match="malformed"):
        played.node().block(1)


@pytest.mark.parametrize("key", sorted(RECEIPT))
def test_a_receipt_without_a_field_may_pass(key: str) -> None:
    answer = {"result": {name: value for name, value in RECEIPT.items() if name != key}}
    with answering(answer) as played, pytest.raises(TransientError, match="malformed"):
        played.node().receipt(bytes(32))


def test_a_read_is_tried_again_when_the_refusal_may_pass() -> None:
    with answering(error(-32005, "rate limited"), 429, {"result": "0x7a69"}) as played:
        assert played.node(attempts=3).chain_id() == 31337


@pytest.mark.parametrize("answer", [error(-32601, "no such method"), 401], ids=str)
def test_a_refusal_that_stays_is_not_tried_again(answer: Any) -> None:
    with answering(answer) as played, pytest.raises(TransientError):
        played.node(attempts=3).chain_id()
    assert played.asked == 1


@pytest.mark.parametrize("answer", [error(-32005, "query returned more than 10000 results"), 413], ids=str)
def test_too_large_a_range_is_told_apart_and_not_tried_again(answer: Any) -> None:
    with answering(answer) as played, pytest.raises(RangeRefusedError, match="blocks 1 to 1"):
        played.node(attempts=3).logs([ADDRESS], 1, 1)
    assert played.asked == 1


@pytest.mark.parametrize(
    "answer",
    [
        error(3, "execution reverted", data="0x"),
        error(-32000, "execution reverted"),
        error(-32000, "invalid opcode: INVALID"),
        error(-32000, "out of gas"),
        error(-32015, "VM execution error.", data="Reverted 0x"),
    ],
    ids=str,
)
@pytest.mark.parametrize("read", ["call", "gas"])
def test_a_revert_is_the_contracts_answer(read: str, answer: Any) -> None:
    with answering(answer) as played, pytest.raises(ContractError):
        READS[read](played.node(attempts=3))
    assert played.asked == 1


@pytest.mark.parametrize("answer", [error(-32000, "nonce too low"), error(-32005, "rate limited"), 401], ids=str)
def test_a_refused_transaction_is_an_error_of_the_chain_and_sent_once(answer: Any) -> None:
    with answering(answer) as played, pytest.raises(ChainError):
        played.node(attempts=3).broadcast(b"\x02")
    assert played.asked == 1


def test_a_transaction_that_the_node_knows_is_no_error() -> None:
    with answering(error(-32000, "already known")) as played:
        played.node().broadcast(b"\x02")


@pytest.mark.parametrize("answer", [{"result": None}, error(-32000, "transaction not found")], ids=str)
def test_a_transaction_that_no_block_has_has_no_receipt(answer: Any) -> None:
    with answering(answer) as played:
        assert played.node().receipt(bytes(32)) is None


def test_answers_about_something_else_are_not_believed() -> None:
    with answering({"result": RECEIPT}) as played, pytest.raises(TransientError, match="another transaction"):
        played.node(attempts=1).receipt(bytes(31) + b"\x01")


def test_a_sound_receipt_is_read() -> None:
    with answering({"result": RECEIPT}) as played:
        receipt = played.node().receipt(bytes.fromhex(RECEIPT["transactionHash"][2:]))
    assert receipt is not None
    assert (receipt.cost, receipt.logs[0].data) == (21000, b"\x01")


@pytest.mark.parametrize("url", [f"node.example/{SECRET}", f"nonsense://{SECRET}", f"http://{SECRET}:x:y/"])
def test_what_is_no_url_is_told_without_its_secrets(url: str) -> None:
    with pytest.raises(InputError) as raised:
        Node(url).chain_id()
    assert SECRET not in str(raised.value)

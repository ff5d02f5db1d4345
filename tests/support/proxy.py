"""A faulty node: a proxy before a real one that drops, delays, repeats, reorders and truncates, and lies.

What goes wrong is drawn from a seeded generator, so a run can be repeated.
"""

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import requests

Fault = Callable[["Proxy", dict[str, Any]], bytes | None]
"""Given a request: the answer, or None for none at all."""


class Proxy:
    """Passes requests on to a node, and now and then does not."""

    def __init__(self, upstream: str, seed: int, share: float, faults: Mapping[str, Fault]) -> None:
        """Something goes wrong with a `share` of the requests."""
        self._upstream = upstream
        self._random = random.Random(seed)
        self.share = share
        self._faults = faults
        self._lock = threading.Lock()
        self.held: list[dict[str, Any]] = []
        """Requests that were answered, and are passed on later."""
        self.done: Counter[str] = Counter()
        """How often each fault was played."""

    def answer(self, request: dict[str, Any]) -> bytes | None:
        """What the agent gets."""
        with self._lock:
            late, self.held = self.held, []
            name = self._random.choice(sorted(self._faults)) if self._random.random() < self.share else None
            try:
                if name is None:
                    return self.ask(request)
                before = dict(self.done)
                answer = self._faults[name](self, request)
                if dict(self.done) == before:
                    self.done[name] += 1
                return answer
            finally:
                for each in late:
                    self.ask(each)

    def ask(self, request: dict[str, Any]) -> bytes:
        """The real node's answer."""
        return requests.post(self._upstream, json=request, timeout=20).content

    def result(self, request: dict[str, Any]) -> Any:
        """The real node's result; None for an error."""
        return json.loads(self.ask(request)).get("result")

    def draw(self, most: int) -> int:
        """A number from 1 to `most`."""
        return self._random.randint(1, most)


def _drop_request(_: Proxy, __: dict[str, Any]) -> None:
    return None


def _drop_answer(proxy: Proxy, request: dict[str, Any]) -> None:
    proxy.ask(request)


def _delay(proxy: Proxy, request: dict[str, Any]) -> bytes:
    time.sleep(0.02 * proxy.draw(10))
    return proxy.ask(request)


def _repeat(proxy: Proxy, request: dict[str, Any]) -> bytes:
    proxy.ask(request)
    return proxy.ask(request)


def _reorder(proxy: Proxy, request: dict[str, Any]) -> bytes:
    """Say that a transaction was taken, and pass it on only after what comes next."""
    if request["method"] != "eth_sendRawTransaction":
        return proxy.ask(request)
    proxy.held.append(request)
    return _answer(request, "0x" + 64 * "0")


def _truncate(proxy: Proxy, request: dict[str, Any]) -> bytes:
    whole = proxy.ask(request)
    return whole[: len(whole) // 2]


def _old_block(proxy: Proxy, request: dict[str, Any]) -> bytes:
    """The newest block is one that was the newest a while ago."""
    if request["method"] != "eth_blockNumber":
        return proxy.ask(request)
    return _answer(request, hex(max(int(proxy.result(request), 16) - proxy.draw(6), 0)))


def _another_block(proxy: Proxy, request: dict[str, Any]) -> bytes:
    number = request["params"][0] if request["method"] == "eth_getBlockByNumber" else "latest"
    if not number.startswith("0x"):
        return proxy.ask(request)
    other = hex(max(int(number, 16) - proxy.draw(3), 0))
    return proxy.ask(request | {"params": [other, *request["params"][1:]]})


def _missing_logs(proxy: Proxy, request: dict[str, Any]) -> bytes:
    if request["method"] != "eth_getLogs":
        return proxy.ask(request)
    logs = proxy.result(request) or []
    return _answer(request, [log for log in logs if proxy.draw(2) == 1])


def _wrong_receipt(proxy: Proxy, request: dict[str, Any]) -> bytes:
    """None although there is one, or one that says the opposite, or that another block has it."""
    if request["method"] != "eth_getTransactionReceipt":
        return proxy.ask(request)
    receipt = proxy.result(request)
    match proxy.draw(3), receipt:
        case 1, _:
            receipt = None
        case 2, dict():
            receipt["status"] = "0x0" if receipt["status"] == "0x1" else "0x1"
        case 3, dict():
            receipt["blockNumber"] = hex(max(int(receipt["blockNumber"], 16) - 1, 0))
    return _answer(request, receipt)


def _old_nonce(proxy: Proxy, request: dict[str, Any]) -> bytes:
    if request["method"] != "eth_getTransactionCount":
        return proxy.ask(request)
    return _answer(request, hex(max(int(proxy.result(request), 16) - 1, 0)))


def _answer(request: dict[str, Any], result: Any) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": result}).encode()


TROUBLE: Mapping[str, Fault] = {
    "drop request": _drop_request,
    "drop answer": _drop_answer,
    "delay": _delay,
    "repeat": _repeat,
    "reorder": _reorder,
    "truncate": _truncate,
}
LIES: Mapping[str, Fault] = {
    "old block": _old_block,
    "another block": _another_block,
    "missing logs": _missing_logs,
    "wrong receipt": _wrong_receipt,
    "old nonce": _old_nonce,
}


@contextmanager
def proxy(
    upstream: str, seed: int, share: float, faults: Mapping[str, Fault] = TROUBLE | LIES
) -> Iterator[tuple[str, Proxy]]:
    """The proxy's URL, and the proxy, as long as the block lasts."""
    made = Proxy(upstream, seed, share, faults)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            body = made.answer(request)
            if body is None:
                self.close_connection = True
                return
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", made
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

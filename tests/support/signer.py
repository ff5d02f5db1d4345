"""A signer like clef, as a process of its own: `python -m tests.support.signer KEY_FILE [--spoil FIELD] [--deny]`.

It keeps the key, speaks clef's JSON-RPC over HTTP, and says on its first line where it listens.
"""

import json
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

from eth_account import Account

from tests.support.anvil import CHECKOUT

NUMBERS = ("nonce", "value", "gas", "maxFeePerGas", "maxPriorityFeePerGas", "chainId")


class RefusalError(Exception):
    """Told to the client as a JSON-RPC error."""


def answer(method: str, params: list[Any], key: str, spoil: str | None, deny: bool) -> Any:
    account = Account.from_key(key)
    match method:
        case "account_version":
            return "6.1.0"
        case "account_list":
            return [account.address]
        case "account_signTransaction":
            (asked,) = params
            if deny:
                raise RefusalError("request denied")
            if asked["from"].lower() != account.address.lower():
                raise RefusalError("unknown account")
            fields = {"type": 2, "to": bytes.fromhex(asked["to"][2:]), "data": asked["data"]}
            fields |= {name: int(asked[name], 16) for name in NUMBERS}
            match spoil:
                case "key":
                    account = Account.from_key(b"\x07" * 32)
                case "to":
                    fields["to"] = account.address
                case "data":
                    fields["data"] = "0xbad0"
                case str():
                    fields[spoil] += 1
            return {"raw": f"0x{bytes(account.sign_transaction(fields).raw_transaction).hex()}", "tx": {}}
    raise RefusalError(f"the method {method} does not exist/is not available")


def main() -> None:
    parser = ArgumentParser()
    parser.add_argument("key_file", type=Path)
    parser.add_argument("--spoil")
    parser.add_argument("--deny", action="store_true")
    chosen = parser.parse_args()
    key = chosen.key_file.read_text()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            content: dict[str, Any] = {"jsonrpc": "2.0", "id": request["id"]}
            try:
                content["result"] = answer(request["method"], request["params"], key, chosen.spoil, chosen.deny)
            except RefusalError as refusal:
                content["error"] = {"code": -32000, "message": str(refusal)}
            body = json.dumps(content).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


@contextmanager
def signer(key_file: Path, *arguments: str) -> Iterator[str]:
    """Run one as long as the `with` block lasts: yields its URL."""
    command = [sys.executable, "-m", "tests.support.signer", str(key_file), *arguments]
    process = subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.communicate()


if __name__ == "__main__":
    main()

"""As much of a Kubo node as a store needs, faithful to its RPC: blocks, UnixFS files, pins, MFS, and its ways to fail.

CIDs are real: raw leaves of SHA-256, and dag-pb roots for more than one chunk (UnixFS, https://specs.ipfs.tech/unixfs/).
"""

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def chunk(number: int, content: bytes) -> bytes:
    """A length-delimited field of a protocol buffer."""
    return varint(number << 3 | 2) + varint(len(content)) + content


def number(field_number: int, value: int) -> bytes:
    return varint(field_number << 3) + varint(value)


def cid(codec: int, block: bytes) -> bytes:
    return bytes([1, codec, 0x12, 32]) + hashlib.sha256(block).digest()


def text(raw: bytes) -> str:
    return "b" + base64.b32encode(raw).decode().lower().rstrip("=")


@dataclass
class Kubo:
    """One node."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    """Whole contents by root CID: what the node's blocks hold."""
    network: dict[str, bytes] = field(default_factory=dict)
    """What other nodes have."""
    pins: set[str] = field(default_factory=set)
    names: dict[str, str] = field(default_factory=dict)
    """MFS: CID by path."""
    asked: list[str] = field(default_factory=list)

    def add(self, data: bytes, size: int) -> str:
        pieces = [data[start : start + size] for start in range(0, len(data), size)] or [b""]
        if len(pieces) == 1:
            root = text(cid(0x55, data))
        else:
            links = [chunk(2, chunk(1, cid(0x55, piece)) + chunk(2, b"") + number(3, len(piece))) for piece in pieces]
            sizes = b"".join(number(4, len(piece)) for piece in pieces)
            node = b"".join(links) + chunk(1, number(1, 2) + number(3, len(data)) + sizes)
            root = text(cid(0x70, node))
        self.files[root] = data
        self.pins.add(root)
        return root

    def answer(  # noqa: PLR0911
        self, command: str, query: dict[str, str], many: list[str], body: bytes
    ) -> tuple[int, bytes]:
        """Status and content."""
        self.asked.append(command)
        arg = query.get("arg", "")
        match command:
            case "add":
                wanted = {"cid-version": "1", "raw-leaves": "true", "hash": "sha2-256", "pin": "true"}
                assert all(query[name] == value for name, value in wanted.items())
                root = self.add(body, int(query["chunker"].removeprefix("size-")))
                return 200, json.dumps({"Name": root, "Hash": root, "Size": str(len(body))}).encode() + b"\n"
            case "cat":
                found = self.files.get(arg, self.network.get(arg))
                if found is None:
                    return failure("block was not found locally (offline): ipld: could not find " + arg)
                return 200, found[: int(query["length"])]
            case "block/stat":
                if arg not in self.files:
                    return failure(f"block was not found locally (offline): ipld: could not find {arg}")
                return 200, json.dumps({"Key": arg, "Size": len(self.files[arg])}).encode()
            case "files/stat":
                if arg not in self.names:
                    return failure("file does not exist")
                assert query["hash"] == "true"
                return 200, json.dumps({"Hash": self.names[arg]}).encode()
            case "files/cp":
                source, target = many
                assert query["parents"] == "true"
                if target in self.names:
                    return failure(f"cannot put node in path {target}: directory already has entry by that name")
                self.names[target] = source.removeprefix("/ipfs/")
                return 200, b""
            case "files/rm":
                return (200, b"") if self.names.pop(arg, None) else failure("file does not exist")
            case "pin/rm":
                if arg not in self.pins:
                    return failure("not pinned or pinned indirectly")
                self.pins.remove(arg)
                return 200, json.dumps({"Pins": [arg]}).encode()
        return 404, b"404 page not found\n"

    def collect_garbage(self) -> None:
        """What `ipfs repo gc` does."""
        kept = self.pins | set(self.names.values())
        self.files = {root: data for root, data in self.files.items() if root in kept}


def failure(message: str) -> tuple[int, bytes]:
    return 500, json.dumps({"Message": message, "Code": 0, "Type": "error"}).encode() + b"\n"


@contextmanager
def kubo() -> Iterator[Kubo]:
    """A node as long as the `with` block lasts."""
    node = Kubo()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", "0"))
            body = self.rfile.read(length)
            if self.headers.get_content_type() == "multipart/form-data":
                head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
                (part,) = BytesParser().parsebytes(head + body).get_payload()
                body = part.get_payload(decode=True)  # type: ignore[union-attr, assignment]
            parts = urlsplit(self.path)
            query = parse_qs(parts.query)
            command = parts.path.removeprefix("/api/v0/")
            one = {name: values[0] for name, values in query.items()}
            status, content = node.answer(command, one, query.get("arg", []), body)
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def do_GET(self) -> None:
            self.send_error(405)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    node.url = f"http://127.0.0.1:{server.server_port}"
    yield node
    server.shutdown()
    server.server_close()

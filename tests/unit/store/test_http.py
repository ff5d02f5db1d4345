"""The store over HTTP, with a real server on this machine: honest, and one that lies in every way a server can."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path

import pytest
import requests

from assay.content import content_id
from assay.errors import BlobTooLargeError, InputError, IntegrityError, MissingBlobError, TransientError
from assay.store import client
from assay.store.http import HttpStore
from assay.store.layered import LayeredStore
from assay.store.local import LocalStore
from assay.store.location import open_store
from assay.store.server import make_server

pytestmark = pytest.mark.enable_socket

LIMIT = 10_000  # bytes that the test server takes


@pytest.fixture(autouse=True)
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "FIRST_PAUSE", 0.001)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("served")


@pytest.fixture(scope="module")
def url(folder: Path) -> Iterator[str]:
    """The URL of a running server of `folder`."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = make_server(folder, "127.0.0.1", 0, LIMIT)
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join(10)
    listening.close()


@contextmanager
def liar(status: int, body: bytes, headers: dict[str, str], requests_seen: list[str] | None = None) -> Iterator[str]:
    """A server that gives the same answer to everything."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if requests_seen is not None:
                requests_seen.append(self.path)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join(10)
    server.server_close()


def test_a_missing_blob_is_not_tried_again(url: str) -> None:
    with pytest.raises(MissingBlobError, match="has no blob"):
        HttpStore(url).get("0" * 64)
    assert not HttpStore(url).has("0" * 64)


def test_a_blob_that_was_tampered_with_on_the_server_is_refused(url: str, folder: Path) -> None:
    blob_id = LocalStore(folder).put(b"right")
    LocalStore(folder).path_of(blob_id).write_bytes(b"wrong")
    with pytest.raises(IntegrityError, match="damaged, cut off or exchanged"):
        HttpStore(url).get(blob_id)


def test_a_server_that_sends_without_end_is_cut_off_at_the_limit() -> None:
    body = bytes(200_000)
    with liar(200, body, {}) as url, pytest.raises(BlobTooLargeError):
        HttpStore(url).get(content_id(body), limit=100_000)


def test_a_server_that_announces_too_much_is_not_read() -> None:
    with liar(200, b"", {"Content-Length": str(2**40)}) as url, pytest.raises(BlobTooLargeError):
        HttpStore(url).get("0" * 64, limit=100_000)


def test_a_blob_that_breaks_off_is_tried_again_and_then_a_passing_fault() -> None:
    seen: list[str] = []
    with liar(200, b"half", {"Content-Length": "8"}, seen) as url, pytest.raises(TransientError):
        HttpStore(url, attempts=3).get("0" * 64)
    assert len(seen) == 3


def test_a_server_in_trouble_is_a_passing_fault() -> None:
    with liar(503, b"", {}) as url, pytest.raises(TransientError, match="503"):
        HttpStore(url).get("0" * 64)


def test_a_refusal_is_not_tried_again() -> None:
    seen: list[str] = []
    with liar(403, b"", {}, seen) as url, pytest.raises(InputError, match="403"):
        HttpStore(url).get("0" * 64)
    assert len(seen) == 1


def test_a_redirect_is_not_followed(url: str, folder: Path) -> None:
    blob_id = LocalStore(folder).put(b"elsewhere")
    with liar(302, b"", {"Location": f"{url}/blobs/{blob_id}"}) as lying, pytest.raises(InputError, match="302"):
        HttpStore(lying).get(blob_id)


def test_a_store_that_is_down_is_a_passing_fault_that_says_what_to_look_at() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    with pytest.raises(TransientError, match="is it running"):
        HttpStore(f"http://127.0.0.1:{port}").get("0" * 64)


def test_the_server_refuses_what_does_not_have_the_id_and_keeps_nothing(url: str, folder: Path) -> None:
    blob_id = content_id(b"never seen before")
    answer = requests.put(f"{url}/blobs/{blob_id}", data=b"something else", timeout=5)
    assert answer.status_code == 400
    assert not LocalStore(folder).has(blob_id)


def test_the_server_refuses_what_is_too_large_announced_or_not(url: str) -> None:
    data = bytes(LIMIT + 1)
    with pytest.raises(InputError, match="as large"):
        HttpStore(url).put(data)
    chunked = requests.put(f"{url}/blobs/{content_id(data)}", data=iter([data[:LIMIT], data[LIMIT:]]), timeout=5)
    assert chunked.status_code == 413


@pytest.mark.parametrize("path", ["/blobs/..%2f..%2fetc%2fpasswd", "/blobs/" + "A" * 64, "/blobs/", "/", "/etc/passwd"])
def test_the_server_has_no_other_paths(url: str, path: str) -> None:
    assert requests.get(url + path, timeout=5).status_code == 404
    assert requests.put(url + path, data=b"x", timeout=5).status_code in (404, 405)


@pytest.mark.parametrize("data", [b"", b"x", bytes(range(250)) * 40])
def test_what_is_put_comes_back(url: str, data: bytes) -> None:
    store = HttpStore(url)
    blob_id = store.put(data)
    assert store.has(blob_id)
    assert store.get(blob_id) == data
    assert store.put(data) == blob_id


def test_a_layered_store_reads_once_and_repairs_its_near_copy(url: str, folder: Path, tmp_path: Path) -> None:
    blob_id = LocalStore(folder).put(b"read through")
    near = LocalStore(tmp_path)
    store = LayeredStore(near, HttpStore(url))
    assert store.get(blob_id) == b"read through"
    LocalStore(folder).path_of(blob_id).unlink()
    assert store.get(blob_id) == b"read through"
    LocalStore(folder).put(b"read through")
    near.path_of(blob_id).write_bytes(b"damaged")
    assert store.get(blob_id) == b"read through"
    assert near.get(blob_id) == b"read through"


@pytest.mark.parametrize("location", ["", "gopher://somewhere/blobs", "http://", "file://"])
def test_a_location_that_is_no_store_is_refused(location: str) -> None:
    with pytest.raises(InputError, match="is no store"):
        open_store(location)


def test_a_store_is_opened_by_url_or_path(url: str, tmp_path: Path) -> None:
    blob_id = open_store(str(tmp_path / "a folder")).put(b"data")
    assert open_store((tmp_path / "a folder").as_uri()).get(blob_id) == b"data"
    over_http = open_store(url, cache=tmp_path / "cache")
    assert over_http.put(b"data") == blob_id
    assert LocalStore(tmp_path / "cache").get(blob_id) == b"data"


# Transfers that break off


@dataclass
class Flaky:
    """A server of one blob that hangs up after so many bytes, and knows of ranges or not."""

    blob: bytes
    piece: int
    ranges: bool = True
    asked: list[str | None] = field(default_factory=list)

    def answer(self, wanted: str | None) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and content, of which no more than a piece is sent."""
        self.asked.append(wanted)
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and self.ranges else 0
        rest = self.blob[start:]
        headers = {"Content-Length": str(len(rest))}
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(self.blob) - 1}/{len(self.blob)}"
        return 206 if start else 200, headers, rest[: self.piece]


@contextmanager
def flaky(server: Flaky) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = server.answer(self.headers["Range"])
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{running.server_address[1]}"
    finally:
        running.shutdown()
        thread.join(10)
        running.server_close()


BLOB = bytes(range(250)) * 1000


def test_a_transfer_that_breaks_off_goes_on_where_it_did_as_often_as_it_gets_further() -> None:
    served = Flaky(BLOB, piece=50_000)
    with flaky(served) as url:
        assert HttpStore(url, attempts=2).get(content_id(BLOB)) == BLOB
    first, *rest = served.asked
    starts = [int(wanted.removeprefix("bytes=").rstrip("-")) for wanted in rest if wanted]
    assert first is None
    assert len(starts) == len(rest) == 5
    assert all(30_000 < later - earlier <= 50_000 for earlier, later in pairwise([0, *starts]))


def test_a_server_without_ranges_is_asked_for_everything_again_and_not_for_ever() -> None:
    served = Flaky(BLOB, piece=50_000, ranges=False)
    with flaky(served) as url, pytest.raises(TransientError):
        HttpStore(url, attempts=3).get(content_id(BLOB))
    assert len(served.asked) == 3


def test_the_rest_of_another_blob_is_found_out() -> None:
    served = Flaky(BLOB, piece=50_000)
    with flaky(served) as url, pytest.raises(IntegrityError, match="damaged, cut off or exchanged"):
        HttpStore(url).get(content_id(BLOB + b"!"))


def test_the_limit_holds_over_all_requests_together() -> None:
    served = Flaky(BLOB, piece=50_000)
    with flaky(served) as url, pytest.raises(BlobTooLargeError):
        HttpStore(url).get(content_id(BLOB), limit=len(BLOB) - 1)


def test_our_own_server_goes_on_where_a_transfer_broke_off(url: str, folder: Path) -> None:
    blob_id = LocalStore(folder).put(BLOB[:9000])
    answer = requests.get(f"{url}/blobs/{blob_id}", headers={"Range": "bytes=4000-"}, timeout=5)
    assert (answer.status_code, answer.content) == (206, BLOB[4000:9000])
    assert answer.headers["Content-Range"].startswith("bytes 4000-")

"""Another's store, over HTTP. Nothing that it sends is believed."""

import time
from collections.abc import Callable
from typing import TypeVar

import requests

from assay.content import content_id
from assay.errors import InputError, MissingBlobError, TransientError
from assay.store.base import MAX_BLOB, check_id, check_size
from assay.store.local import Incoming
from assay.urls import public_part

CONNECT_TIMEOUT = 5.0
"""Seconds to connect."""

READ_TIMEOUT = 30.0
"""Seconds without a byte."""

TRANSFER_TIMEOUT = 600.0
"""Seconds for one whole blob: a store that trickles is a store that does not answer."""

ATTEMPTS = 3
FIRST_PAUSE = 0.25
"""Seconds before the second attempt; twice as long before the third."""

Done = TypeVar("Done")

_PIECE = 1 << 16
_MAY_PASS = {408, 425, 429, 500, 502, 503, 504}


class HttpStore:
    """The store at a URL: `GET`, `HEAD` and `PUT` of `URL/blobs/<content id>`."""

    def __init__(self, url: str, attempts: int = ATTEMPTS) -> None:
        self.url = url.rstrip("/")
        self._place = public_part(url)
        self._attempts = attempts
        self._session = requests.Session()
        self._session.headers["Accept-Encoding"] = "identity"  # so that sizes are what they say

    def get(self, blob_id: str, limit: int = MAX_BLOB) -> bytes:
        """The blob with this id (`Store.get`)."""
        url = self._url_of(blob_id)
        return self._try(lambda: self._download(url, blob_id, limit))

    def put(self, data: bytes) -> str:
        """Keep `data`; its content id (`Store.put`)."""
        if len(data) > MAX_BLOB:
            raise InputError(f"{len(data)} bytes are too many for a blob: {MAX_BLOB} are allowed")
        blob_id = content_id(data)
        if not self.has(blob_id):
            url = self._url_of(blob_id)
            self._try(lambda: self._check(self._request("PUT", url, data=data), blob_id))
        return blob_id

    def has(self, blob_id: str) -> bool:
        """Whether the store says that it has the blob."""
        url = self._url_of(blob_id)
        try:
            self._try(lambda: self._check(self._request("HEAD", url), blob_id))
        except MissingBlobError:
            return False
        return True

    def _url_of(self, blob_id: str) -> str:
        return f"{self.url}/blobs/{check_id(blob_id)}"

    def _download(self, url: str, blob_id: str, limit: int) -> bytes:
        deadline = time.monotonic() + TRANSFER_TIMEOUT
        data = bytearray()
        with self._request("GET", url, stream=True) as response:
            self._check(response, blob_id)
            announced = response.headers.get("Content-Length", "0")
            check_size(int(announced) if announced.isdecimal() else 0, limit, blob_id)
            incoming = Incoming(blob_id, limit, data.extend)
            for piece in response.iter_content(_PIECE):
                incoming.write(piece)
                if time.monotonic() > deadline:
                    raise requests.Timeout(f"{len(data)} bytes in {TRANSFER_TIMEOUT:g} s")
            incoming.check()
        return bytes(data)

    def _request(self, method: str, url: str, **options: object) -> requests.Response:
        # A redirect could lead anywhere, into a private network for example: a store has none.
        timeouts = (CONNECT_TIMEOUT, READ_TIMEOUT)
        return self._session.request(method, url, timeout=timeouts, allow_redirects=False, **options)  # type: ignore[arg-type]

    def _check(self, response: requests.Response, blob_id: str) -> None:
        """Raise for any answer but success."""
        status = response.status_code
        if status in (404, 410):
            raise MissingBlobError(f"the store at {self._place} has no blob {blob_id}")
        if status == 413:
            raise InputError(f"the store at {self._place} takes no blob as large as {blob_id}")
        if status in _MAY_PASS:
            raise requests.HTTPError(f"HTTP status {status}")
        if not 200 <= status < 300:
            raise InputError(f"the store at {self._place} refuses blob {blob_id} with HTTP status {status}")

    def _try(self, action: Callable[[], Done]) -> Done:
        """Do `action`, again if a fault may pass. Raises `TransientError` if it does not."""
        for attempt in range(1, self._attempts + 1):
            try:
                return action()
            except requests.exceptions.InvalidURL as fault:
                raise InputError(f"{self._place} is no URL of a store") from fault
            except requests.RequestException as fault:
                if attempt == self._attempts:
                    raise TransientError(f"the store at {self._place} does not answer: {_reason(fault)}") from fault
            time.sleep(FIRST_PAUSE * 2 ** (attempt - 1))
        raise AssertionError("the last attempt returns or raises")


def _reason(fault: requests.RequestException) -> str:
    if isinstance(fault, requests.exceptions.ConnectionError):
        return "is it running, and is the URL right?"
    if isinstance(fault, requests.Timeout):
        return "it took too long"
    if isinstance(fault, requests.HTTPError):
        return str(fault)  # our own words; those of others hold the whole URL
    return type(fault).__name__

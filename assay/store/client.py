"""An HTTP client for stores: timeouts, retries, limits, and transfers that go on where they broke off."""

import re
import time
from collections.abc import Callable
from typing import Any, TypeVar

import requests

from assay.errors import InputError, MissingBlobError, TransientError
from assay.store.base import check_size
from assay.store.local import Incoming
from assay.urls import public_part

CONNECT_TIMEOUT = 5.0
"""Seconds to connect."""

READ_TIMEOUT = 30.0
"""Seconds without a byte."""

TRANSFER_TIMEOUT = 600.0
"""Seconds for one whole blob: a store that trickles is a store that does not answer."""

ATTEMPTS = 3
"""In a row without a byte of progress."""

FIRST_PAUSE = 0.25
"""Seconds before the second attempt; twice as long before the third."""

Done = TypeVar("Done")

_PIECE = 1 << 14
"""Bytes: what of a piece has come when a transfer breaks off is lost."""

_MAY_PASS = {408, 425, 429, 500, 502, 503, 504}


class Client:
    """Requests to one store."""

    def __init__(self, url: str, attempts: int = ATTEMPTS) -> None:
        self.place = public_part(url)
        self._attempts = attempts
        self._session = requests.Session()
        self._session.headers["Accept-Encoding"] = "identity"  # so that sizes are what they say

    def request(self, method: str, url: str, timeout: float = READ_TIMEOUT, **options: Any) -> requests.Response:
        """Ask once."""
        # A redirect could lead anywhere, into a private network for example: a store has none.
        timeouts = (CONNECT_TIMEOUT, timeout)
        return self._session.request(method, url, timeout=timeouts, allow_redirects=False, **options)

    def check(self, response: requests.Response, blob_id: str) -> None:
        """Raise for any answer but success."""
        status = response.status_code
        if status in (404, 410):
            raise MissingBlobError(f"the store at {self.place} has no blob {blob_id}")
        if status == 413:
            raise InputError(f"the store at {self.place} takes no blob as large as {blob_id}")
        if status in _MAY_PASS:
            raise requests.HTTPError(f"HTTP status {status}")
        if not 200 <= status < 300:
            raise InputError(f"the store at {self.place} refuses blob {blob_id} with HTTP status {status}")

    def retry(self, action: Callable[[], Done], progress: Callable[[], int] = lambda: 0) -> Done:
        """Do `action`, again if a fault may pass: at most so many times in a row without `progress`.

        Raises `TransientError` if the fault does not pass.
        """
        failures, reached = 0, progress()
        while True:
            try:
                return action()
            except requests.exceptions.InvalidURL as fault:
                raise InputError(f"{self.place} is no URL of a store") from fault
            except requests.RequestException as fault:
                failures, reached = (1 if progress() > reached else failures + 1), progress()
                if failures >= self._attempts:
                    raise TransientError(f"the store at {self.place} does not answer: {_reason(fault)}") from fault
            time.sleep(FIRST_PAUSE * 2 ** (failures - 1))

    def download(self, method: str, url: str, blob_id: str, limit: int, check: "Check | None" = None) -> bytes:
        """A blob of at most `limit` bytes, verified. One that breaks off goes on from there, if the server can."""
        deadline = time.monotonic() + TRANSFER_TIMEOUT
        transfer = _Transfer(self, blob_id, limit, deadline, check or self.check)
        return self.retry(lambda: transfer.go_on(method, url), lambda: transfer.reached)


Check = Callable[[requests.Response, str], None]
"""Raises for any answer but success."""


class _Transfer:
    """One blob on its way, over as many requests as it takes."""

    def __init__(self, client: Client, blob_id: str, limit: int, deadline: float, check: Check) -> None:
        self._client = client
        self._blob_id = blob_id
        self._limit = limit
        self._deadline = deadline
        self._check = check
        self.reached = 0
        """The most bytes that there ever were."""
        self._restart()

    def go_on(self, method: str, url: str) -> bytes:
        """Ask for what is missing."""
        headers = {"Range": f"bytes={len(self._data)}-"} if self._data else {}
        with self._client.request(method, url, stream=True, headers=headers) as response:
            if response.status_code == 416:
                self._restart()  # there is no more of it, so what there is is not it
                raise requests.HTTPError("HTTP status 416")
            self._check(response, self._blob_id)
            if self._data and not self._continues(response):
                self._restart()
            announced = response.headers.get("Content-Length", "0")
            check_size(len(self._data) + (int(announced) if announced.isdecimal() else 0), self._limit, self._blob_id)
            for piece in response.iter_content(_PIECE):
                self._incoming.write(piece)
                self.reached = max(self.reached, len(self._data))
                if time.monotonic() > self._deadline:
                    raise _TooSlow(f"{len(self._data)} bytes in {TRANSFER_TIMEOUT:g} s")
        self._incoming.check()
        return bytes(self._data)

    def _continues(self, response: requests.Response) -> bool:
        """Whether the answer is the rest, from the very byte on that is missing."""
        found = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
        return response.status_code == 206 and found is not None and int(found[1]) == len(self._data)

    def _restart(self) -> None:
        self._data = bytearray()
        self._incoming = Incoming(self._blob_id, self._limit, self._data.extend)


class _TooSlow(requests.Timeout):
    """The time for a whole blob is over."""


def _reason(fault: requests.RequestException) -> str:
    if isinstance(fault, requests.exceptions.ConnectionError):
        return "is it running, and is the URL right?"
    if isinstance(fault, requests.Timeout):
        return "it took too long"
    if isinstance(fault, requests.HTTPError):
        return str(fault)  # our own words; those of others hold the whole URL
    return type(fault).__name__

"""A store at any URL that fsspec knows: S3, Google Cloud Storage, Azure, SFTP, and many more.

Blob `abcd...` is `URL/ab/abcd...`, as in a folder. Keys and endpoints come from where each service's own tools have
them from, and from fsspec's configuration (https://filesystem-spec.readthedocs.io/en/latest/features.html).
"""

import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import fsspec

from assay.content import content_id
from assay.errors import AssayError, InputError, MissingBlobError, TransientError
from assay.store.base import MAX_BLOB, check_id, check_size
from assay.store.local import Incoming
from assay.urls import public_part

ATTEMPTS = 3
FIRST_PAUSE = 0.5
"""Seconds before the second attempt; twice as long before the third."""

_PIECE = 2**24
"""Bytes asked for at once: so much is asked for again when a transfer breaks off."""

Done = TypeVar("Done")


class RemoteStore:
    """The store in a folder, or bucket, at a URL."""

    def __init__(self, url: str, attempts: int = ATTEMPTS) -> None:
        """Raises `InputError` for a URL that fsspec does not know, or needs another package for."""
        self._place = public_part(url)
        self._attempts = attempts
        try:
            # A store that others write to, too: what was listed once says nothing about now.
            self._files, root = fsspec.url_to_fs(url, use_listings_cache=False, skip_instance_cache=True)
        except ImportError as missing:
            raise InputError(
                f"a store at {self._place} needs another package: {missing} (for S3, pip install 'assay[s3]')"
            ) from missing
        except (ValueError, TypeError) as unknown:
            raise InputError(f"{self._place!r} is no store: fsspec knows no such kind of URL") from unknown
        except OSError as fault:  # some connect at once
            raise TransientError(f"the store at {self._place} does not answer: is the URL right?") from fault
        self._root = str(root).rstrip("/")

    def get(self, blob_id: str, limit: int = MAX_BLOB) -> bytes:
        """The blob with this id (`Store.get`)."""
        path = self._path_of(blob_id)
        size = self._size(path, blob_id)
        check_size(size, limit, blob_id)
        data = bytearray()
        incoming = Incoming(blob_id, limit, data.extend)
        while len(data) < size:
            start = len(data)
            # No more than was asked for is taken, whatever comes.
            read = partial(self._files.cat_file, path, start=start, end=min(start + _PIECE, size))
            piece: bytes = self._retry(read, blob_id)
            if not piece:
                break
            incoming.write(piece)
        incoming.check()
        return bytes(data)

    def put(self, data: bytes) -> str:
        """Keep `data`; its content id (`Store.put`). One of another size in its place is replaced."""
        if len(data) > MAX_BLOB:
            raise InputError(f"{len(data)} bytes are too many for a blob: {MAX_BLOB} are allowed")
        blob_id = content_id(data)
        path = self._path_of(blob_id)
        try:
            if self._size(path, blob_id) == len(data):
                return blob_id
        except MissingBlobError:
            pass
        try:
            self._retry(lambda: self._files.pipe_file(path, data), blob_id)
        except MissingBlobError:
            self._make_folder(path.rpartition("/")[0])
            self._retry(lambda: self._files.pipe_file(path, data), blob_id)
        return blob_id

    def has(self, blob_id: str) -> bool:
        """Whether the store says that it has the blob."""
        try:
            self._size(self._path_of(blob_id), blob_id)
        except MissingBlobError:
            return False
        return True

    def drop(self, blob_id: str) -> bool:
        """Remove the blob (`Store.drop`)."""
        path = self._path_of(blob_id)
        if not self.has(blob_id):
            return False  # S3 says nothing of it
        try:
            self._retry(lambda: self._files.rm_file(path), blob_id)
        except MissingBlobError:
            return False
        return True

    def _make_folder(self, folder: str) -> None:
        """One within the store's own, where that is needed. The store's own, or its bucket, is its owner's to make."""
        if not self._retry(lambda: bool(self._files.isdir(self._root)), ""):
            raise InputError(f"there is no folder or bucket at {self._place} as the store's URL says: make it first")
        self._retry(lambda: self._files.makedirs(folder, exist_ok=True), "")

    def _path_of(self, blob_id: str) -> str:
        return f"{self._root}/{check_id(blob_id)[:2]}/{blob_id}"

    def _size(self, path: str, blob_id: str) -> int:
        found = self._retry(lambda: self._files.info(path), blob_id)
        size = found.get("size")
        if found.get("type") != "file" or not isinstance(size, int):
            raise MissingBlobError(f"the store at {self._place} has no blob {blob_id}")
        return size

    def _retry(self, action: Callable[[], Done], blob_id: str) -> Done:
        """Do `action`, again if a fault may pass."""
        for attempt in range(1, self._attempts + 1):
            try:
                return action()
            except FileNotFoundError as missing:
                raise MissingBlobError(f"the store at {self._place} has no blob {blob_id}") from missing
            except PermissionError as refused:
                raise InputError(f"the store at {self._place} refuses access: are its keys right?") from refused
            except AssayError:
                raise
            # Each of fsspec's many file systems has exceptions of its own.
            except Exception as fault:
                if attempt == self._attempts:
                    kind = type(fault).__name__
                    raise TransientError(f"the store at {self._place} does not answer ({kind})") from fault
            time.sleep(FIRST_PAUSE * 2 ** (attempt - 1))
        raise AssertionError("the last attempt returns or raises")

"""A store in a folder: blob `abcd...` is the file `ab/abcd...`."""

import hashlib
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from assay.content import content_id
from assay.errors import InputError, IntegrityError, MissingBlobError
from assay.store.base import MAX_BLOB, check_blob, check_id, check_size

_INCOMING = ".incoming-"


class LocalStore:
    """Blobs as files. Any number of processes can use the folder at once: a file is there whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path_of(self, blob_id: str) -> Path:
        """Where the blob is, if it is there. Raises `InputError` if `blob_id` is no content id."""
        return self.folder / check_id(blob_id)[:2] / blob_id

    def get(self, blob_id: str, limit: int = MAX_BLOB) -> bytes:
        """The blob with this id (`Store.get`)."""
        path = self.path_of(blob_id)
        try:
            check_size(path.stat().st_size, limit, blob_id)
            data = path.read_bytes()
        except FileNotFoundError as missing:
            raise MissingBlobError(f"the store {self.folder} has no blob {blob_id}") from missing
        except OSError as fault:
            raise InputError(f"the store {self.folder} cannot be read: {fault}") from fault
        return check_blob(data, blob_id, f"the store {self.folder}")

    def put(self, data: bytes) -> str:
        """Keep `data`; its content id (`Store.put`). A damaged file in its place is replaced."""
        if len(data) > MAX_BLOB:
            raise InputError(f"{len(data)} bytes are too many for a blob: {MAX_BLOB} are allowed")
        blob_id = content_id(data)
        with self.receive(blob_id) as incoming:
            incoming.write(data)
        return blob_id

    def has(self, blob_id: str) -> bool:
        """Whether the file is there."""
        return self.path_of(blob_id).is_file()

    def drop(self, blob_id: str) -> bool:
        """Remove the file (`Store.drop`)."""
        path = self.path_of(blob_id)
        try:
            path.unlink()
        except FileNotFoundError:
            return False
        except OSError as fault:
            raise InputError(f"the store {self.folder} cannot be written: {fault}") from fault
        return True

    def sweep(self, older_than: float) -> int:
        """Remove what killed processes left half written, if it is older than so many seconds; how many files."""
        before, swept = time.time() - older_than, 0
        for path in self.folder.glob(f"??/{_INCOMING}*"):
            with suppress(OSError):
                if path.stat().st_mtime < before:
                    path.unlink()
                    swept += 1
        return swept

    @contextmanager
    def receive(self, blob_id: str, limit: int = MAX_BLOB) -> Iterator["Incoming"]:
        """Take in a blob piece by piece: when the block ends, it is kept if it has this id.

        Raises `IntegrityError` if it has not, or is larger than `limit`; then nothing is kept.
        """
        path = self.path_of(blob_id)
        temporary: Path | None = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=_INCOMING)
            temporary = Path(name)
            with os.fdopen(handle, "wb") as file:
                incoming = Incoming(blob_id, limit, file.write)
                yield incoming
                incoming.check()
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except OSError as fault:
            raise InputError(f"the store {self.folder} cannot be written: {fault}") from fault
        finally:
            if temporary is not None:
                temporary.unlink(missing_ok=True)


class Incoming:
    """A blob on its way into a store: hashed and measured as it comes."""

    def __init__(self, blob_id: str, limit: int, keep: Callable[[bytes], object]) -> None:
        self._blob_id = blob_id
        self._limit = limit
        self._keep = keep
        self._hash = hashlib.sha256()
        self._size = 0

    def write(self, piece: bytes) -> None:
        """The next bytes. Raises `IntegrityError` as soon as there are too many."""
        self._size += len(piece)
        check_size(self._size, self._limit, self._blob_id)
        self._hash.update(piece)
        self._keep(piece)

    def check(self) -> None:
        """Raise `IntegrityError` unless what came has the id."""
        found = self._hash.hexdigest()
        if found != self._blob_id:
            raise IntegrityError(f"what came as blob {self._blob_id} is {found}: it was damaged, cut off or exchanged")

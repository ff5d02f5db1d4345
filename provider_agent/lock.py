"""One agent a journal, and one agent a key: who holds the lock runs, the second refuses to start.

The locks belong to the open file (flock), so the system releases them when the process ends, however it ends.
"""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from assay.errors import InputError


class Lock:
    """An exclusive lock on a file, held from `acquire` to `release` or to the end of the process."""

    def __init__(self, path: Path, what: str) -> None:
        self._path = path
        self._what = what
        self._file: int | None = None

    def acquire(self) -> None:
        """Take the lock. Raises `InputError` if another process holds it."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(file, 64, 0).decode(errors="replace").strip() or "unknown"
            os.close(file)
            raise InputError(
                f"{self._what} is in use by another agent (process {holder}), and two on it would sign against each "
                f"other: stop that one first, or give this one its own; the lock is {self._path}"
            ) from None
        os.ftruncate(file, 0)
        os.pwrite(file, str(os.getpid()).encode(), 0)
        self._file = file

    @classmethod
    def holder(cls, path: Path) -> int | None:
        """The process that holds the lock on `path`; None if no process does."""
        try:
            file = os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            return None
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            text = os.pread(file, 64, 0).decode(errors="replace").strip()
            return int(text) if text.isdecimal() else None
        finally:
            os.close(file)
        return None

    def release(self) -> None:
        """Give the lock up. The file stays: removing it could remove a lock that somebody else has taken since."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

"""What was compiled, kept on disk for the next time.

Whoever can write into the cache can have code run as its owner. So the folder is its owner's alone (mode 0700), and a
folder or a file that somebody else owns or could have written is not looked at. Files are written whole or not at all,
and carry a checksum: one that a full disk or a crash has cut short is replaced.

A cache never fails its user: what cannot be kept or found is compiled again, and the trouble is logged.
"""

import hashlib
import logging
import os
import stat
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from assay.errors import IntegrityError
from assay.native.code import Code
from assay.native.processor import description

DEFAULT_LIMIT = 512 << 20
"""Bytes on disk."""

_HASH = hashlib.sha256
_CHECKSUM = _HASH().digest_size
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_KEPT_AFTER_CLEANING = 0.75  # of the limit: so that not every file that is added then costs a look at all of them
_LEFT_OVER = ".new"

_log = logging.getLogger(__name__)


def default_folder(environ: Mapping[str, str]) -> Path:
    """Where the cache is by the XDG Base Directory Specification: `$XDG_CACHE_HOME/assay/native`."""
    given = Path(environ.get("XDG_CACHE_HOME") or "")
    return (given if given.is_absolute() else Path.home() / ".cache") / "assay" / "native"


def cache_key(*parts: bytes | str) -> str:
    """The name of what is made of `parts` by this LLVM on a processor like this one."""
    digest = _HASH()
    for part in (_compiler(), description(), *parts):
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "big") + data)  # so that parts do not run together
    return digest.hexdigest()


@cache
def _compiler() -> str:
    """The version of LLVM, without loading it: by the file that llvmlite keeps its own in."""
    found = find_spec("llvmlite")
    assert found is not None, "llvmlite is a dependency"
    assert found.origin is not None
    return Path(found.origin).with_name("_version.py").read_text(encoding="utf-8")


class DiskCache:
    """Files by key in one folder, those used longest ago being deleted when they get too many."""

    def __init__(self, folder: Path, limit: int = DEFAULT_LIMIT) -> None:
        """`limit` is in bytes. The folder is made when something is kept."""
        self._folder = folder
        self._limit = limit
        self._warned = False
        self._size: int | None = None  # what is in the folder, as far as known: other processes add to it too

    def get(self, key: str) -> bytes | None:
        """What was kept under `key`, whole; None if there is nothing."""
        try:
            with _Folder(self._folder) as folder:
                content = folder.read(key)
        except FileNotFoundError:
            return None
        except OSError as fault:
            self._warn(fault)
            return None
        if _HASH(content[_CHECKSUM:]).digest() != content[:_CHECKSUM]:
            _log.warning("%s in the cache %s is damaged, and will be replaced", key, self._folder)
            return None
        return content[_CHECKSUM:]

    def put(self, key: str, data: bytes) -> None:
        """Keep `data` under `key`, if there is any way to."""
        size = _CHECKSUM + len(data)
        if size > self._limit:
            return
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with _Folder(self._folder) as folder:
                folder.write(key, _HASH(data).digest() + data)
                if self._size is None or self._size + size > self._limit:
                    self._size = folder.clean(self._limit)
                else:
                    self._size += size
        except OSError as fault:
            self._warn(fault)

    def code(self, key: str, make: Callable[[], Code]) -> Code:
        """The code that is kept under `key`, or else what `make` makes, which is kept then."""
        packed = self.get(key)
        if packed is not None:
            with suppress(IntegrityError):
                return Code.unpack(packed)
        made = make()
        self.put(key, made.pack())
        return made

    def _warn(self, fault: OSError) -> None:
        """Say it once: compilations come by the hundred."""
        if not self._warned:
            _log.warning("the cache of native code in %s is of no use: %s", self._folder, fault)
        self._warned = True


class _Folder:
    """A folder that was found to be its owner's alone. It stays the same one even if another takes its name."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> "_Folder":
        self._handle = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            _check_owner(os.fstat(self._handle))
        except BaseException:
            os.close(self._handle)
            raise
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._handle)

    def read(self, name: str) -> bytes:
        """A file's content, which counts as used from now on."""
        handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=self._handle)
        with os.fdopen(handle, "rb") as file:
            found = os.fstat(handle)
            _check_owner(found)
            if not stat.S_ISREG(found.st_mode):
                raise OSError(f"{name} is no file")
            with suppress(OSError):
                os.utime(handle)
            return file.read()

    def write(self, name: str, content: bytes) -> None:
        """Put a file there, whole."""
        temporary = f"{os.urandom(8).hex()}{_LEFT_OVER}"
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=self._handle)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            os.rename(temporary, name, src_dir_fd=self._handle, dst_dir_fd=self._handle)
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary, dir_fd=self._handle)
            raise

    def clean(self, limit: int) -> int:
        """Delete what was used longest ago if all files together are above `limit` bytes; how many are left."""
        files = []
        for name in os.listdir(self._handle):  # noqa: PTH208 (of this very folder, whatever its name is now)
            with suppress(FileNotFoundError):
                found = os.stat(name, dir_fd=self._handle, follow_symlinks=False)
                if stat.S_ISREG(found.st_mode):
                    files.append((found.st_mtime, found.st_size, name))
        size = sum(each for _, each, _ in files)
        if size <= limit:
            return size
        for _, each, name in sorted(files):
            if size <= limit * _KEPT_AFTER_CLEANING:
                break
            with suppress(FileNotFoundError):
                os.unlink(name, dir_fd=self._handle)
            size -= each
        return size


def _check_owner(found: os.stat_result) -> None:
    if found.st_uid != os.geteuid():
        raise PermissionError("somebody else owns it")
    if found.st_mode & _OTHERS_WRITE:
        raise PermissionError("others may write to it: make it its owner's alone (chmod 700)")

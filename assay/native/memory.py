"""Memory for native code: what it runs from, which is never writable and executable at once, and what it works on."""

import ctypes
import os
import weakref
from collections.abc import Mapping
from functools import cache
from mmap import MAP_ANONYMOUS, MAP_PRIVATE, PAGESIZE, PROT_EXEC, PROT_READ, PROT_WRITE, mmap

from assay.errors import NativeError
from assay.native.code import Code

MAP_NORESERVE = 0x4000
MADV_DONTNEED = 4
_FAILED = ctypes.c_void_p(-1).value


def reserve(size: int) -> tuple[mmap, int]:
    """`size` bytes that are zero and take memory only where they are touched; and their address.

    The address is good for as long as there is a reference to the mapping. Raises `NativeError` if the host refuses.
    """
    return _mapped(-1, size, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE)


class Template:
    """Bytes that any number of mappings start with, each of which takes memory only where it is written to."""

    def __init__(self, content: bytes, times: int = 1) -> None:
        """What they start with is `content`, so many times."""
        self._size = len(content) * times
        self._file = os.memfd_create("template", os.MFD_CLOEXEC)
        weakref.finalize(self, os.close, self._file)
        with open(self._file, "wb", closefd=False) as file:
            for _ in range(times):
                file.write(content)

    def copy(self) -> tuple[mmap, int]:
        """A mapping of its own, and its address, which is good for as long as there is a reference to the mapping."""
        return _mapped(self._file, self._size, MAP_PRIVATE)


def _mapped(file: int, size: int, flags: int) -> tuple[mmap, int]:
    try:
        mapping = mmap(file, size, flags=flags)
    except OSError as fault:
        raise NativeError(
            f"the host gives no {size >> 20} MiB of address space: {fault.strerror}; "
            "see `ulimit -v` and /proc/sys/vm/overcommit_memory"
        ) from fault
    return mapping, ctypes.addressof(ctypes.c_char.from_buffer(mapping))


class CodeArena:
    """A part of the address space that code is loaded into, piece after piece, each on pages of its own.

    Pages are writable until their code is in place, and executable from then on. They are never written again: a
    processor whose instruction cache does not see writes (AArch64) is told of new code by the kernel, which makes fresh
    pages known when they become executable.
    """

    def __init__(self, size: int) -> None:
        """Room for `size` bytes of code. Only what is used takes memory."""
        self._size = _round_up(size)
        self._used = 0
        self._start = _map(self._size)
        self.close = weakref.finalize(self, _libc().munmap, self._start, self._size)
        """Give everything back. What was loaded must not be called any more; else nothing holds on to the arena."""

    @property
    def free(self) -> int:
        """The bytes of code that can still be loaded."""
        return self._size - self._used

    def load(self, code: Code) -> Mapping[str, int]:
        """The addresses of the functions of `code`, which is ready to be called.

        Raises `NativeError` if there is no room for it.
        """
        size = _round_up(len(code.text))
        if size > self.free:
            raise NativeError(f"{size} bytes of native code do not fit: {self.free} of {self._size} are free")
        start = self._start + self._used
        _protect(start, size, PROT_READ | PROT_WRITE)
        ctypes.memmove(start, code.text, len(code.text))
        _protect(start, size, PROT_READ | PROT_EXEC)
        self._used += size
        return {name: start + place for name, place in code.symbols.items()}

    def clear(self) -> None:
        """Forget all that was loaded, and give its memory back. None of it may be called any more, or be running."""
        _protect(self._start, self._size, 0)
        if _libc().madvise(self._start, self._size, MADV_DONTNEED):
            raise _fault("given back")
        self._used = 0


def _round_up(size: int) -> int:
    return size + PAGESIZE - 1 & -PAGESIZE


def _map(size: int) -> int:
    address = _libc().mmap(None, size, 0, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
    if address == _FAILED:
        raise _fault("reserved")
    return int(address)


def _protect(start: int, size: int, protection: int) -> None:
    if _libc().mprotect(start, size, protection):
        raise _fault("protected")


def _fault(done: str) -> NativeError:
    return NativeError(f"memory for native code cannot be {done}: {os.strerror(ctypes.get_errno())}")


@cache
def _libc() -> ctypes.CDLL:
    libc = ctypes.CDLL(None, use_errno=True)
    size, address = ctypes.c_size_t, ctypes.c_void_p
    libc.mmap.restype = address
    libc.mmap.argtypes = (address, size, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long)
    libc.munmap.argtypes = (address, size)
    libc.mprotect.argtypes = (address, size, ctypes.c_int)
    libc.madvise.argtypes = (address, size, ctypes.c_int)
    return libc

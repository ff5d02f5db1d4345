"""Memory as a running machine sees it: sparse pages, shared between copies until one of them writes.

All accesses are aligned and below 2^32: the instructions have checked that before they ask.
"""

import struct
from collections.abc import Iterator, Mapping
from typing import Protocol, cast

PAGE = 4096
PAGE_BITS = 12
OFFSET = PAGE - 1

# Little-endian accesses by their size in bytes; there is none of 0, 3, 5, 6 or 7.
_BY_SIZE = {size: struct.Struct("<" + code) for size, code in ((1, "B"), (2, "H"), (4, "I"), (8, "Q"))}
_UNPACK = {size: access.unpack_from for size, access in _BY_SIZE.items()}
_PACK = {size: access.pack_into for size, access in _BY_SIZE.items()}

Pages = Mapping[int, bytes]
"""The contents of memory: 4096 bytes each, by address / 4096. What is not in it is zero."""


class MemoryAccess(Protocol):
    """What an instruction knows of memory. Running, recording a witness and replaying one each have their own."""

    def read(self, address: int, size: int) -> int:
        """The number in the `size` (1, 2, 4 or 8) bytes at `address`."""

    def write(self, address: int, size: int, value: int) -> None:
        """Put `value`, which is below 2^(8 * size), there."""


class ReadableMemory(Protocol):
    """What is asked of a memory when a run is over."""

    def bytes_at(self, address: int, size: int) -> bytes:
        """`size` bytes from `address`, wherever that is."""


class Memory:
    """The memory of a running machine. To remember its contents costs little more than a list of its pages."""

    def __init__(self, pages: Pages | None = None) -> None:
        self._pages: dict[int, bytes | bytearray] = dict(pages or {})
        self._written: dict[int, bytearray] = {}  # the pages that nobody else has: these alone can change

    def read(self, address: int, size: int) -> int:
        """See `MemoryAccess`."""
        page = self._pages.get(address >> PAGE_BITS)
        if page is None:
            return 0
        number: int = _UNPACK[size](page, address & OFFSET)[0]
        return number

    def write(self, address: int, size: int, value: int) -> None:
        """See `MemoryAccess`."""
        page = self._written.get(address >> PAGE_BITS)
        if page is None:
            page = self._own(address >> PAGE_BITS)
        _PACK[size](page, address & OFFSET, value)

    def load(self, address: int, data: bytes) -> None:
        """Put `data` at `address`, wherever that is, as a loader does."""
        for index, start, piece in _pieces(address, data):
            self._own(index)[start : start + len(piece)] = piece

    def bytes_at(self, address: int, size: int) -> bytes:
        """`size` bytes from `address`, wherever that is."""
        end = address + size
        pages = range(address >> PAGE_BITS, -(-end // PAGE))
        joined = b"".join(self._pages.get(index, bytes(PAGE)) for index in pages)
        return joined[address & OFFSET :][:size]

    def pages(self) -> dict[int, bytes]:
        """The contents as they are now. They stay as they are whatever is written later."""
        for index, page in self._written.items():
            self._pages[index] = bytes(page)
        self._written.clear()
        return cast(dict[int, bytes], self._pages.copy())

    def _own(self, index: int) -> bytearray:
        page = self._written.get(index)
        if page is None:
            page = bytearray(self._pages.get(index, PAGE))
            self._pages[index] = self._written[index] = page
        return page


def _pieces(address: int, data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """`data` cut at the borders of pages: page, place in it, bytes."""
    done = 0
    while done < len(data):
        index, start = divmod(address + done, PAGE)
        piece = data[done : done + PAGE - start]
        yield index, start, piece
        done += len(piece)

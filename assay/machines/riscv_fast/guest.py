"""The guest's memory: all 2^32 bytes of it, as one mapping of the host that takes what is touched, and no more.

Native code writes to it directly, so every page has a state that tells native code when it has to ask first
(`layout.PageState`), and what a page held before it is written to again is captured for the snapshots.
"""

import re
import struct
from collections.abc import Iterable, Iterator

from assay.machines.riscv.memory import Pages
from assay.machines.riscv_fast.layout import MARGIN, MAX_WRITTEN, MEMORY_SIZE, PAGE, PAGES, UNTOUCHED_FLAG, PageState
from assay.native.memory import reserve

_TOUCHED = re.compile(rb"[^\0]", re.DOTALL)
_BY_SIZE = {size: struct.Struct("<" + code) for size, code in ((1, "B"), (2, "H"), (4, "I"), (8, "Q"))}


class GuestMemory:
    """The memory of one machine. It is a `MemoryAccess` too, for what Python reads of it, and a `PagedMemory`."""

    def __init__(self) -> None:
        self._bytes, self.address = reserve(MEMORY_SIZE + MARGIN)
        self.states, self.states_address = reserve(PAGES + MARGIN // PAGE)
        self._captured, self.captured_address = reserve(MAX_WRITTEN * PAGE)
        self._written, self.written_address = reserve(MAX_WRITTEN * 4)

    def load(self, pages: Pages) -> None:
        """Put pages there, as at the start of a run."""
        for index, page in pages.items():
            self.write_page(index, page)
            self.states[index] = PageState.CLEAN

    def read(self, address: int, size: int) -> int:
        """See `MemoryAccess`."""
        number: int = _BY_SIZE[size].unpack_from(self._bytes, address)[0]
        return number

    def write(self, address: int, size: int, value: int) -> None:  # noqa: ARG002
        """See `MemoryAccess`. Nobody writes numbers from Python: native code knows what has to be captured first."""
        raise TypeError("the engine's memory is written by native code")

    def bytes_at(self, address: int, size: int) -> bytes:
        """`size` bytes from `address`, wherever that is."""
        return self._bytes[address : address + size]

    def touched(self) -> list[int]:
        """The pages that may hold anything, by number."""
        return [match.start() for match in _TOUCHED.finditer(self.states)]

    def read_page(self, index: int) -> bytes:
        """See `PagedMemory`."""
        return self._bytes[index * PAGE : (index + 1) * PAGE]

    def write_page(self, index: int, content: bytes) -> None:
        """See `PagedMemory`."""
        self._bytes[index * PAGE : (index + 1) * PAGE] = content

    def protect(self, pages: Iterable[int]) -> None:
        """See `PagedMemory`. Stores to pages of code are seen in any case."""
        for page in pages:
            if self.states[page] == PageState.WRITABLE:
                self.states[page] = PageState.CLEAN

    def drain(self, count: int) -> Iterator[tuple[int, bytes | None]]:
        """The first `count` pages that native code has captured: what they held; None for one that was untouched."""
        for place, entry in enumerate(struct.unpack_from(f"<{count}I", self._written)):
            if entry & UNTOUCHED_FLAG:
                yield entry ^ UNTOUCHED_FLAG, None
            else:
                yield entry, self._captured[place * PAGE : (place + 1) * PAGE]

"""What is known of the guest's code: a slot for each word of the pages that have been executed (see `layout`)."""

import ctypes
import sys
from collections.abc import Iterable, Mapping, Sequence

from assay.machines.riscv_fast.guest import GuestMemory
from assay.machines.riscv_fast.layout import (
    COUNTED,
    CROSSING,
    OPERATION_SHIFT,
    PAGE,
    PAGES,
    PLAIN,
    SLOT,
    SLOTS_SIZE,
    UNKNOWN,
    UNREACHABLE,
    WORDS_PER_PAGE,
    PageState,
)
from assay.native.memory import Template

MAX_PAGES = 1 << 12
"""Pages that have slots: 16 KiB each. A program with more code than that has its oldest decoded again."""
MAX_REWRITES = 16
"""How often a page of code may be written to before nothing is kept of it any more."""

_Slots = ctypes.Array[ctypes.c_uint64]
_SLOTS = ctypes.c_uint64 * (SLOTS_SIZE // 8)


class CodePages:
    """The slots of all pages."""

    def __init__(self, memory: GuestMemory, empty: "EmptyPages", handlers: Sequence[int]) -> None:
        """`handlers` are the interpreter's functions for the operations, by number."""
        self._memory = memory
        self._empty = empty
        self._functions = empty.functions
        self._handlers = handlers
        self._slots: dict[int, _Slots] = {}
        self._known: dict[int, set[int]] = {}  # by page: code that was executed in another run
        self._rewrites = bytearray(PAGES)  # by page, up to MAX_REWRITES
        self._untouched: set[int] = set()  # pages with slots that had never been written to
        self._block, self.address = empty.table.copy()
        self._table = (ctypes.c_uint64 * PAGES).from_buffer(self._block)

    def add(self, page: int) -> None:
        """Give slots to a page that control has come to."""
        if self._rewrites[page] >= MAX_REWRITES:
            self._table[page] = ctypes.addressof(self._empty.fleeting)
            return
        slots = self._slots[page] = _SLOTS.from_buffer_copy(self._empty.unknown)
        self._table[page] = ctypes.addressof(slots)
        if self._memory.states[page] == PageState.UNTOUCHED:
            self._untouched.add(page)
        self._memory.states[page] = PageState.CODE

    def remove(self, page: int, rewritten: bool = False) -> None:
        """Forget the slots of a page, translations that are entered there included."""
        if rewritten:
            self._rewrites[page] += 1
        self._known.pop(page, None)
        if self._slots.pop(page, None) is not None:
            self._table[page] = ctypes.addressof(self._empty.missing)
            self._memory.states[page] = PageState.UNTOUCHED if page in self._untouched else PageState.CLEAN
            self._untouched.discard(page)

    def oldest(self) -> int | None:
        """The page that has to give way before another is added; None while there is room."""
        return next(iter(self._slots)) if len(self._slots) >= MAX_PAGES else None

    def has(self, page: int) -> bool:
        """Whether a page has slots."""
        return page in self._slots

    def executed(self, pc: int) -> int | None:
        """The word at `pc`, if it has been executed."""
        slots = self._slots.get(pc // PAGE)
        if slots is None:
            return None
        if slots[_place(pc) + 1] >> OPERATION_SHIFT == UNKNOWN and pc not in self._known.get(pc // PAGE, ()):
            return None
        return self._memory.read(pc, 4)

    def know(self, runs: Iterable[tuple[int, int]]) -> None:
        """Count code as executed: so many bytes from each address on, in pages that have slots."""
        for start, size in runs:
            for pc in range(start, start + size, 4):
                self._known.setdefault(pc // PAGE, set()).add(pc)

    def unchanged(self, words: Mapping[int, int]) -> bool:
        """Whether all these words are still code that has been executed."""
        return all(self.executed(pc) == word for pc, word in words.items())

    def install(self, pc: int, function: int) -> None:
        """Have control that comes to `pc` go on in a translation."""
        slots, place = self._slots[pc // PAGE], _place(pc)
        slots[place] = function
        slots[place + 1] &= ~PLAIN

    def uninstall(self, pc: int) -> None:
        """Have the interpreter do what is at `pc` again."""
        slots = self._slots.get(pc // PAGE)
        if slots is not None:
            slots[_place(pc)] = self._functions["counted"]
            slots[_place(pc) + 1] |= COUNTED | PLAIN

    def count(self, places: Iterable[int]) -> None:
        """Have arrivals by translated code counted, where there is no translation."""
        for pc in places:
            slots = None if pc & UNREACHABLE else self._slots.get(pc // PAGE)
            if slots is None:
                continue
            place = _place(pc)
            operation = slots[place + 1] >> OPERATION_SHIFT
            slots[place + 1] |= COUNTED
            if slots[place] == self._handlers[operation] and operation != UNKNOWN:
                slots[place] = self._functions["counted"]


class EmptyPages:
    """The slots of pages of which nothing is known, and the table where none has others: the same for all machines."""

    def __init__(self, functions: Mapping[str, int]) -> None:
        """`functions` are the interpreter's by name."""
        self.functions = functions
        self.missing, self.fleeting = self._uniform("missing"), self._uniform("fleeting")
        self.unknown = bytes(self._uniform("unknown"))
        entry = ctypes.addressof(self.missing).to_bytes(8, sys.byteorder)
        self.table = Template(entry * WORDS_PER_PAGE, PAGES // WORDS_PER_PAGE)

    def _uniform(self, function: str) -> _Slots:
        """The slots of a page, all with the same function."""
        slot = (self.functions[function], UNKNOWN << OPERATION_SHIFT)
        end = (self.functions["crossing"], CROSSING << OPERATION_SHIFT)
        return _SLOTS(*slot * WORDS_PER_PAGE, *end)


def _place(pc: int) -> int:
    """The place of the first word of a slot in those of its page."""
    return pc % PAGE // 4 * (SLOT // 8)

"""What a plan's tapes would read and write, told from what the kernels are given, without running them.

A kernel that reads beyond its operand may compute the right bits all the same. So the tests also ask of each access
whether it is within a buffer.
"""

import ctypes
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from assay.machines.tensor_fast import buffers, chains, dots, plan
from assay.machines.tensor_fast.buffers import NUMBER, WORD, Room
from assay.machines.tensor_fast.elementwise import BINARY
from assay.machines.tensor_fast.kernels import Kernels, Tape, pointer
from assay.machines.tensor_fast.plan import Plan
from assay.machines.tensor_fast.reductions import INTERLEAVED


@dataclass(frozen=True)
class Access:
    """Words that are read, or written."""

    pointer: int
    words: int
    writes: bool = False


@dataclass(frozen=True)
class Call:
    """One entry of a tape."""

    lanes: int
    name: str
    given: list[int]
    is_within: Callable[[int, int], bool]
    """Whether from a pointer on there are so many bytes."""

    def whole(self, words: int) -> int:
        """So many words in whole vectors."""
        return -(-words // self.lanes) * self.lanes

    def table(self, place: int, count: int) -> list[int]:
        """Numbers that the kernel is given a pointer to."""
        assert count <= 0 or self.is_within(place, NUMBER * count), Access(place, 2 * count)
        return list((ctypes.c_int64 * count).from_address(place)) if count > 0 else []


def _ends(count: int) -> set[int]:
    """The first and the last of so many."""
    return {0, count - 1} if count > 0 else set()


def _moved(call: Call) -> Iterator[Access]:
    target, source, words, rows, target_row, source_row, target_step, source_step = call.given[:8]
    for row in _ends(rows):
        to, of = target + WORD * row * target_row, source + WORD * row * source_row
        if call.name == "scatter":
            for number in _ends(words):
                yield Access(to + WORD * number * target_step, 1, writes=True)
                yield Access(of + WORD * number * source_step, 1)
        elif words > 0:
            yield Access(to, words, writes=True)
            yield Access(of, 1 if call.name == "spread" else call.whole(words))


def _multiplied(call: Call) -> Iterator[Access]:
    a, places, apart, groups, panel, next_panel, length, target, targets, columns, goes_on = call.given
    _, rows, vectors = call.name.split("_")
    width = 2 * call.lanes
    for place in call.table(places, groups * int(rows)):
        yield from (Access(a + WORD * (place + term * apart), 1) for term in _ends(length))
    for part in range(int(vectors)):
        start = panel + WORD * (next_panel * (part // 2) + part % 2 * call.lanes)
        yield from (Access(start + WORD * term * width, call.lanes) for term in _ends(length))
    for place in call.table(targets, groups * int(rows)):
        yield Access(target + WORD * place, min(columns, int(vectors) * call.lanes), writes=True)
        if goes_on:
            yield Access(target + WORD * place, int(vectors) * call.lanes)


def _packed_words(call: Call) -> Iterator[Access]:
    a, places, count, terms, length, panel, width = call.given[:7]
    for term in call.table(terms, length):
        yield from (Access(a + WORD * (place + term), 1) for place in call.table(places, count))
    yield Access(panel, (length - 1) * width + count, writes=True)


def _packed_runs(call: Call) -> Iterator[Access]:
    a, runs, count, terms, length, panel = call.given[:6]
    width, pairs = 2 * call.lanes, call.table(runs, 2 * count)
    for place, column in zip(pairs[::2], pairs[1::2], strict=True):
        yield from (Access(a + WORD * (place + term), width) for term in call.table(terms, length))
        yield Access(panel + WORD * ((length - 1) * width + column), width, writes=True)


def _reduced_rows(call: Call) -> Iterator[Access]:
    a, places, apart, b, b_places, groups, length, target, targets = call.given[:9]
    for place in call.table(places, INTERLEAVED * groups):
        yield from (Access(a + WORD * (place + term * apart), 1) for term in _ends(length))
    if call.name == "rows_dot":
        yield from (Access(b + WORD * place, length) for place in call.table(b_places, INTERLEAVED * groups))
    for place in call.table(targets, INTERLEAVED * groups):
        yield Access(target + WORD * place, 1, writes=True)


def _reduced_windows(call: Call) -> Iterator[Access]:
    a, terms, length, b, target, words, rows, a_row, target_row, step = call.given[:10]
    apart = step if call.name.endswith("apart") else 1
    for row in _ends(rows):
        yield Access(target + WORD * row * target_row, words, writes=True)
        for term in call.table(terms, length):
            yield Access(a + WORD * (row * a_row + term), (call.whole(words) - 1) * apart + 1)
    if "dot" in call.name:
        yield Access(b, length)


def _element_by_element(call: Call) -> Iterator[Access]:
    operands = 2 if call.name in {kind.name for kind in BINARY} else 1
    words = call.given[operands + 1]
    yield Access(call.given[0], words, writes=True)
    yield from (Access(each, call.whole(words)) for each in call.given[1 : operands + 1])


_BY_NAME: Mapping[str, Callable[[Call], Iterator[Access]]] = {
    "copy": _moved,
    "spread": _moved,
    "scatter": _moved,
    "product": _multiplied,
    "pack_words": _packed_words,
    "pack_runs": _packed_runs,
    "rows": _reduced_rows,
    "windows": _reduced_windows,
}


class Fence:
    """Knows the buffers that were made since it was put up."""

    def __init__(self, kernels: Kernels) -> None:
        self._kernels = kernels
        self._names = {address: name for name, address in kernels._code.items()}
        self._buffers: list[NDArray[Any]] = []
        self.seen: set[str] = set()
        """The kernels that were looked at."""

    def made(self, array: NDArray[Any]) -> NDArray[Any]:
        """A buffer, full of what nothing may depend on."""
        if array.dtype == np.uint32 and array.flags.writeable:
            array[...] = 0xFFC12345
        self._buffers.append(array)
        return array

    def check(self, program: Plan) -> None:
        """Fail where an entry of a tape leaves the buffers, or writes to the weights."""
        spans = sorted((pointer(each), pointer(each) + each.nbytes) for each in self._buffers if each.nbytes)
        self._starts, ends = np.array(spans).T
        self._ends = np.maximum.accumulate(ends)
        weights = pointer(program._space), pointer(program._space) + program._space.nbytes
        for part, _ in program._parts:
            if callable(part):
                continue
            for each in self._accesses(part):
                first, behind = each.pointer, each.pointer + WORD * each.words
                assert each.words <= 0 or self._is_within(first, behind - first), each
                assert not each.writes or behind <= weights[0] or first >= weights[1], each

    def _is_within(self, first: int, count: int) -> bool:
        span = int(np.searchsorted(self._starts, first, side="right")) - 1
        return span >= 0 and first + count <= int(self._ends[span])

    def _accesses(self, tape: Tape) -> Iterator[Access]:
        for entry, *given in tape.tolist():
            name = self._names[entry]
            self.seen.add(name)
            kind = _BY_NAME.get(name) or _BY_NAME.get(name.partition("_")[0], _element_by_element)
            yield from kind(Call(self._kernels.lanes, name, given, self._is_within))


@contextmanager
def fence(kernels: Kernels, patch: pytest.MonkeyPatch) -> Iterator[Fence]:
    """Have all buffers made before it is taken down known to it."""
    found = Fence(kernels)
    make, keep = buffers.buffer, Room.keep

    def kept(room: Room, array: NDArray[Any]) -> int:
        found._buffers.append(array)
        return keep(room, array)

    with patch.context() as within:
        for module in (buffers, chains, dots, plan):
            within.setattr(module, "buffer", lambda words: found.made(make(words)))
        within.setattr(Room, "keep", kept)
        yield found

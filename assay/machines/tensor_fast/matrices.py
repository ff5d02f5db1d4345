"""Tapes for products of matrices: what is packed, and in which order blocks of rows, panels and terms come."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from assay.machines.tensor.instruction import Addresses
from assay.machines.tensor_fast.buffers import NUMBER, WORD, Room, Side
from assay.machines.tensor_fast.kernels import Kernels, Tape

TERMS = 512
"""Of a block of terms: a panel of so many fits into the second cache, with the rows that it is multiplied with."""
TERMS_PACKED = 320
"""The same where a panel is packed when its turn comes: it fits into the first cache."""
ROWS = 96
"""Of a block of rows, all of which are multiplied with a panel."""
RESULTS = 1 << 14
"""Words of a block of the result: they stay in the second cache while one block of terms after the other is added."""
PANELS = 1 << 18
"""Words of panels that are packed before they are used by more than one block of rows."""
PACK_ROWS = 1 << 20
"""For so many words it pays to bring rows into order, too."""


def groups_of(count: int, most: int) -> list[tuple[int, int]]:
    """Sizes of groups, as equal as can be, and how many there are of each."""
    groups = -(-count // most)
    least, more = divmod(count, groups)
    return [(size, times) for size, times in ((least + 1, more), (least, groups - more)) if times]


@dataclass(frozen=True)
class _Rows:
    """A block of rows, as kernels take them."""

    first: int
    size: int
    groups: int
    pointer: int
    places: int
    apart: int

    @property
    def rows(self) -> int:
        """Their number."""
        return self.size * self.groups


@dataclass(frozen=True)
class _Targets:
    """Where the rows of a result begin, also for kernels."""

    pointer: int
    places: Addresses


class Products:
    """Makes tapes for products with the kernels that there are."""

    def __init__(self, kernels: Kernels, room: Room, planned: bool) -> None:
        """`planned`: for more runs than one, and with words behind the result that can be read."""
        self._planned = planned
        self._kernels = kernels
        self._room = room
        self._most = max(rows for rows, _ in kernels.tiles)

    # --- packing ------------------------------------------------------------------------------------------------------

    def pack_rows(self, side: Side, target: int) -> Tape:
        """Each group one behind the other: [groups, terms, rows of the group]."""
        length, first = len(side.terms), 0
        tapes: list[Tape] = []
        places, terms = self._room.keep(side.places.copy()), self._room.keep(side.terms)
        for size, times in groups_of(len(side.places), self._most):
            row = first + size * np.arange(times, dtype=np.int64)
            given = (side.pointer, places + NUMBER * row, size, terms, length, target + WORD * row * length, size)
            tapes.append(self._kernels.tape("pack_words", *given))
            first += size * times
        return np.concatenate(tapes)

    def pack_panels(self, side: Side, target: int, together: bool = True) -> Tape:
        """[panels, terms, width], an entry for each panel; or each in the place of the one before.

        What the last panel has too much of is left as it was.
        """
        width, count, length = self._kernels.width, len(side.places), len(side.terms)
        terms = self._room.keep(side.terms)
        first = np.arange(0, count, width, dtype=np.int64)
        to = target + (WORD * first * length if together else 0)
        begins = np.ones(count, bool)
        begins[1:] = np.diff(side.places) != 1
        begins[first] = True
        runs = np.nonzero(begins)[0]
        reached = int(side.places.max() + side.terms.max()) + width
        if len(runs) * 2 < count and reached <= side.readable:
            pairs = self._room.keep(np.stack([side.places[runs], runs % width], axis=1).astype(np.int64))
            own = np.searchsorted(runs, first)
            counts = np.diff(own, append=len(runs))
            return self._kernels.tape("pack_runs", side.pointer, pairs + 2 * NUMBER * own, counts, terms, length, to)
        places, columns = self._room.keep(side.places.copy()), np.minimum(width, count - first)
        return self._kernels.tape(
            "pack_words", side.pointer, places + NUMBER * first, columns, terms, length, to, width
        )

    def panel_words(self, side: Side) -> int:
        """Of the buffer that `pack_panels` fills."""
        return -(-len(side.places) // self._kernels.width) * self._kernels.width * len(side.terms)

    # --- products -----------------------------------------------------------------------------------------------------

    def product(
        self,
        rows: Side,
        packed_rows: int | None,
        columns: Side,
        packed_columns: int | None,
        target: int,
        targets: Addresses,
    ) -> Iterator[Tape]:
        """Row i of the result goes to `targets[i]` on, one word for each of the columns.

        `packed_rows` and `packed_columns` are where one side has been packed before.
        """
        width, length = self._kernels.width, len(rows.terms)
        panels = -(-len(columns.places) // width)
        if packed_rows is None and (rows.step is None or len(rows.places) * length >= PACK_ROWS):
            packed_rows = self._room.buffer("rows", len(rows.places) * length)
            yield self.pack_rows(rows, packed_rows)
        total, row_targets = len(columns.places), _Targets(self._room.keep(targets), targets)
        widest, parts = self._widest(len(rows.places)), list(self._row_blocks(rows, packed_rows))
        if packed_columns is not None:
            at_once = max(widest, RESULTS // (width * min(ROWS, len(rows.places))))
            at_once = at_once if self._planned else panels  # to make more of a tape takes time, too
            for first in range(0, panels, at_once):
                count, left = min(at_once, panels - first), total - first * width
                place, to = packed_columns + WORD * first * width * length, target + WORD * first * width
                yield from self._block(parts, length, place, count, left, to, row_targets)
            return
        if len(rows.places) <= ROWS and widest == 1:
            yield self._panel_by_panel(parts, columns, target, row_targets.pointer)
            return
        at_once = max(widest, PANELS // (width * length))
        for first in range(0, panels, at_once):
            count = min(at_once, panels - first)
            places = columns.places[first * width : (first + count) * width]
            place = self._room.buffer("panels", count * width * length)
            yield self.pack_panels(Side(columns.pointer, places, columns.terms, columns.readable), place)
            left, to = total - first * width, target + WORD * first * width
            yield from self._block(parts, length, place, count, left, to, row_targets)

    def _panel_by_panel(self, parts: Sequence[_Rows], columns: Side, target: int, targets: int) -> Tape:
        """Some terms of a panel are packed when their turn comes, and used at once."""
        width, total, length = self._kernels.width, len(columns.places), len(columns.terms)
        panel = self._room.buffer("panel", width * length)
        first, entries = np.arange(0, total, width, dtype=np.int64), []
        for cut in _cuts(
            sum(part.rows for part in parts), length, self._most, TERMS_PACKED if self._planned else length
        ):
            own = Side(columns.pointer, columns.places, columns.terms[cut[0] : sum(cut)].copy(), columns.readable)
            entries.append(self.pack_panels(own, panel, together=False))
            for part in parts:
                tape = self._tiles(part, cut, length, (panel, 1, width), (target, targets))
                entry = np.repeat(tape, len(first), axis=0)
                entry[:, 8] += WORD * first
                entry[:, 10] = np.minimum(total - first, width)
                entries.append(entry)
        return np.stack(entries, axis=1).reshape(-1, entries[0].shape[1])

    def _widest(self, rows: int) -> int:
        vectors = max((v for r, v in self._kernels.tiles if r == rows), default=2)
        return vectors * self._kernels.lanes // self._kernels.width or 1

    def _block(
        self, parts: Sequence[_Rows], length: int, panels: int, count: int, columns: int, target: int, targets: _Targets
    ) -> Iterator[Tape]:
        """All rows with some panels, of which `columns` columns are left: a block of rows and terms after the other."""
        width = self._kernels.width
        cuts = _cuts(sum(part.rows for part in parts), length, self._most, TERMS)
        for part in parts:
            to, own = target, targets.pointer
            if len(cuts) > 1:
                # Sums that go on have a block of their own: rows far apart are in each other's way in the caches.
                pitch = count * width + 16
                to = self._room.buffer("sums", part.rows * pitch)
                own = self._room.keep(pitch * np.arange(part.rows, dtype=np.int64)) - NUMBER * part.first
            for cut in cuts:
                first = panels + WORD * cut[0] * width
                yield self._tiles(part, cut, length, (first, count, columns), (to, own))
            if len(cuts) > 1:
                words, of = min(columns, count * width), targets.places[part.first : part.first + part.rows]
                row = WORD * pitch * np.arange(part.rows, dtype=np.int64)
                yield self._kernels.tape("copy", target + WORD * of, to + row, words, 1, 0, 0)

    def _row_blocks(self, rows: Side, packed: int | None) -> Iterator[_Rows]:
        length, first = len(rows.terms), 0
        places = self._room.keep(rows.places.copy()) if packed is None else 0
        for size, times in groups_of(len(rows.places), self._most):
            at_once = max(1, ROWS // size)
            for group in range(0, times, at_once):
                number, row = min(at_once, times - group), first + group * size
                if packed is None:
                    assert rows.step is not None, "others are packed"
                    yield _Rows(row, size, number, rows.pointer, places + NUMBER * row, rows.step)
                else:
                    own = np.arange(number * size, dtype=np.int64)
                    own = own // size * (size * length) + own % size
                    yield _Rows(row, size, number, packed + WORD * row * length, self._room.keep(own), size)
            first += size * times

    def _tiles(
        self,
        rows: _Rows,
        cut: tuple[int, int],
        length: int,
        panels: tuple[int, int, int],
        target: tuple[int, int],
    ) -> Tape:
        width, lanes = self._kernels.width, self._kernels.lanes
        first_panel, count, columns = panels
        start, terms = cut
        panel, tapes = 0, list[Tape]()
        widest = self._widest(rows.size)
        while panel < count:
            wide = widest if count - panel >= widest else 1
            times = (count - panel) // wide if wide > 1 else count - panel
            first = panel + wide * np.arange(times, dtype=np.int64)
            left = np.minimum(columns - first * width, wide * width)
            tape = self._kernels.tape(
                f"product_{rows.size}_{wide * width // lanes}",
                *(rows.pointer + WORD * start * rows.apart, rows.places, rows.apart, rows.groups),
                *(first_panel + WORD * first * width * length, width * length, terms),
                *(target[0] + WORD * first * width, target[1] + NUMBER * rows.first, left, int(start > 0)),
            )
            if wide == 1 and left[-1] <= lanes and (rows.size, 1) in self._kernels.tiles:
                tape[-1, 0] = self._kernels.tape(f"product_{rows.size}_1")[0, 0]
            tapes.append(tape)
            panel += wide * times
        return np.concatenate(tapes)


def _cuts(rows: int, length: int, most: int, terms: int) -> list[tuple[int, int]]:
    """The first term and the number of terms of each block. Few rows do not use a panel again."""
    count = -(-length // terms) if rows > most or length > 8 * terms else 1
    block = -(-length // count)
    return [(first, min(block, length - first)) for first in range(0, length, block)]

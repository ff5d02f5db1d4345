"""Tapes for single operations: products, reductions and copies, given where their operands and results are.

Pointers are addresses in bytes, places are distances from them in words.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assay.machines.tensor.binary32 import Words
from assay.machines.tensor.instruction import Addresses, Kind
from assay.machines.tensor_fast.kernels import Kernels, Tape, pointer
from assay.machines.tensor_fast.reductions import INTERLEAVED
from assay.machines.tensor_fast.views import Operation, Sizes, View, dense_strides, merged_axes, offsets

WORD = 4
SLACK = 64
"""Words behind every buffer that kernels may read, and write where they are told so: they take whole vectors."""

TERMS = 1024
"""Of a block of terms: a panel of so many fits into the second cache, with the rows that it is multiplied with."""
TERMS_PACKED = 320
"""The same where a panel is packed when its turn comes: it fits into the first cache."""
ROWS = 96
"""Of a block of rows, all of which are multiplied with a panel."""
RESULTS = 1 << 14
"""Words of a block of the result: they stay in the second cache while one block of terms after the other is added."""
PANELS = 1 << 18
"""Words of panels that are packed before they are used by more than one block of rows."""
REDUCING = {Kind.DOT: "dot", Kind.SUM: "sum", Kind.FOLD_LARGEST: "largest"}
"""The kernels' names."""
NEAR = 4
"""Windows so far apart are computed as a vector."""

# What things cost, in multiply-adds of a vector's lane: some 1/40 ns.
PACKING = 12
"""To bring a word into a panel."""
PACKING_RUNS = 3
"""The same where words of at least RUN columns lie one behind the other."""
RUN = 4
MOVING = 40
"""To bring a word of the result to its place."""
ONE_BY_ONE = 12
"""A multiply-add without vectors."""
CALL = 1 << 22
"""To prepare a product, where that is not done once for all runs."""

PACK_ROWS = 1 << 20
"""For so many words it pays to bring rows into order, too."""


class Room:
    """Buffers for what is needed while one operation is carried out, and what has to be kept for tapes."""

    def __init__(self) -> None:
        self._kept: list[NDArray[Any]] = []
        self._buffers: dict[str, Words] = {}

    def keep(self, array: NDArray[Any]) -> int:
        """Keep an array for as long as the room is kept; where it is."""
        self._kept.append(array)
        return pointer(array)

    def buffer(self, name: str, words: int) -> int:
        """A buffer of at least so many words, and SLACK. Another call may give the same one."""
        if name not in self._buffers or len(self._buffers[name]) < words + SLACK:
            self._buffers[name] = buffer(words)
            self.keep(self._buffers[name])
        return pointer(self._buffers[name])


def buffer(words: int) -> Words:
    """So many words and SLACK, which begin with a line of the caches."""
    room = np.empty(words + SLACK + 16, np.uint32)
    start = -pointer(room) % 64 // WORD
    return room[start : start + words + SLACK]


@dataclass(frozen=True)
class Side:
    """The rows of an operand of a product: term k of row i is at `places[i] + terms[k]`."""

    pointer: int
    places: Addresses
    terms: Addresses
    readable: int
    """How many words can be read from the pointer on."""

    @property
    def step(self) -> int | None:
        """How far apart terms are, if it is the same everywhere."""
        steps = np.diff(self.terms)
        if len(steps) == 0:
            return 1
        return int(steps[0]) if np.all(steps == steps[0]) and self.terms[0] == 0 else None


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

    def __init__(self, kernels: Kernels, room: Room) -> None:
        self._kernels = kernels
        self._room = room
        self._most = max(rows for rows, _ in kernels.tiles)

    # --- packing ------------------------------------------------------------------------------------------------------

    def pack_rows(self, side: Side, target: int) -> Tape:
        """Each group one behind the other: [groups, terms, rows of the group]."""
        length, tapes, first = len(side.terms), [], 0
        places, terms = self._room.keep(side.places.copy()), self._room.keep(side.terms)
        for size, times in groups_of(len(side.places), self._most):
            row = first + size * np.arange(times, dtype=np.int64)
            given = (side.pointer, places + 8 * row, size, terms, length, target + WORD * row * length, size)
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
            return self._kernels.tape("pack_runs", side.pointer, pairs + 16 * own, counts, terms, length, to)
        places, columns = self._room.keep(side.places.copy()), np.minimum(width, count - first)
        return self._kernels.tape("pack_words", side.pointer, places + 8 * first, columns, terms, length, to, width)

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
        widest = self._widest(len(rows.places))
        if packed_columns is not None:
            at_once = max(widest, RESULTS // (width * min(ROWS, len(rows.places))))
            for first in range(0, panels, at_once):
                count, left = min(at_once, panels - first), total - first * width
                place, to = packed_columns + WORD * first * width * length, target + WORD * first * width
                yield from self._block(rows, packed_rows, place, count, left, to, row_targets)
            return
        if len(rows.places) <= ROWS and widest == 1:
            yield self._panel_by_panel(rows, packed_rows, columns, target, row_targets.pointer)
            return
        at_once = max(widest, PANELS // (width * length))
        for first in range(0, panels, at_once):
            count = min(at_once, panels - first)
            places = columns.places[first * width : (first + count) * width]
            place = self._room.buffer("panels", count * width * length)
            yield self.pack_panels(Side(columns.pointer, places, columns.terms, columns.readable), place)
            left, to = total - first * width, target + WORD * first * width
            yield from self._block(rows, packed_rows, place, count, left, to, row_targets)

    def _panel_by_panel(self, rows: Side, packed: int | None, columns: Side, target: int, targets: int) -> Tape:
        """Some terms of a panel are packed when their turn comes, and used at once."""
        width, total, length = self._kernels.width, len(columns.places), len(rows.terms)
        panel = self._room.buffer("panel", width * length)
        first, entries = np.arange(0, total, width, dtype=np.int64), []
        for cut in _cuts(len(rows.places), length, self._most, TERMS_PACKED):
            own = Side(columns.pointer, columns.places, columns.terms[cut[0] : sum(cut)].copy(), columns.readable)
            entries.append(self.pack_panels(own, panel, together=False))
            for part in self._row_blocks(rows, packed):
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
        self, rows: Side, packed: int | None, panels: int, count: int, columns: int, target: int, targets: _Targets
    ) -> Iterator[Tape]:
        """All rows with some panels, of which `columns` columns are left: a block of rows and terms after the other."""
        length, width = len(rows.terms), self._kernels.width
        cuts = _cuts(len(rows.places), length, self._most)
        for part in self._row_blocks(rows, packed):
            to, own = target, targets.pointer
            if len(cuts) > 1:
                # Sums that go on are kept in a block of their own: rows far apart are in each other's way in the caches.
                pitch = count * width + 16
                to = self._room.buffer("sums", part.rows * pitch)
                own = self._room.keep(pitch * np.arange(part.rows, dtype=np.int64)) - 8 * part.first
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
                    step = rows.step or 0
                    yield _Rows(row, size, number, rows.pointer, places + 8 * row, step)
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
        tapes, panel = [], 0
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
                *(target[0] + WORD * first * width, target[1] + 8 * rows.first, left, int(start > 0)),
            )
            if wide == 1 and left[-1] <= lanes and (rows.size, 1) in self._kernels.tiles:
                tape[-1, 0] = self._kernels.tape(f"product_{rows.size}_1")[0, 0]
            tapes.append(tape)
            panel += wide * times
        return np.concatenate(tapes)




def _cuts(rows: int, length: int, most: int, terms: int = TERMS) -> list[tuple[int, int]]:
    """The first term and the number of terms of each block. Few rows do not use a panel again."""
    count = -(-length // terms) if rows > most or length > 8 * terms else 1
    block = -(-length // count)
    return [(first, min(block, length - first)) for first in range(0, length, block)]


# --- whole operations -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Place:
    """Where the first word of a view is, and how many words can be read from there on."""

    pointer: int
    readable: int


@dataclass(frozen=True)
class Factor:
    """An operand of a product, and the axes of the result along which it changes and the other one does not."""

    view: View
    place: Place
    sizes: Sizes
    strides: Sizes
    targets: Sizes
    """How far apart neighbours are in the result."""
    terms: Addresses

    @property
    def count(self) -> int:
        """Its rows."""
        return prod(self.sizes)

    def side(self, start: int) -> Side:
        """Its rows, from a word on."""
        pointer = self.place.pointer + WORD * start
        return Side(pointer, offsets(self.sizes, self.strides), self.terms, self.place.readable - start)

    @property
    def lies_dense(self) -> bool:
        """Whether what belongs to its rows lies one behind the other in the result."""
        step = 1
        for size, target in zip(reversed(self.sizes), reversed(self.targets), strict=True):
            if target != step:
                return False
            step *= size
        return True


@dataclass(frozen=True)
class Batches:
    """A product of two operands, for each place of some axes along which both change."""

    a: Factor
    b: Factor
    sizes: Sizes
    steps: tuple[Sizes, Sizes, Sizes]
    """Strides of the batches: in the result, in a and in b."""


def batches_of(operation: Operation, a: Place, b: Place) -> Batches:
    """A DOT as products of matrices."""
    first, second = operation.operands
    axes = list(zip(operation.sizes, operation.target.strides, first.strides, second.strides, strict=True))

    def factor(view: View, place: Place, own: list[tuple[int, int, int, int]], column: int) -> Factor:
        sizes, strides, targets = (tuple(axis[i] for axis in own) for i in (0, column, 1))
        return Factor(view, place, sizes, strides, targets, offsets(operation.terms, view.terms))

    both = [axis for axis in axes if axis[2] and axis[3]]
    return Batches(
        factor(first, a, [axis for axis in axes if not axis[3]], 2),
        factor(second, b, [axis for axis in axes if axis[3] and not axis[2]], 3),
        tuple(axis[0] for axis in both),
        (tuple(axis[1] for axis in both), tuple(axis[2] for axis in both), tuple(axis[3] for axis in both)),
    )


class Weights:
    """Constant operands of products, in the order in which the kernels take them."""

    def __init__(self, kernels: Kernels) -> None:
        self._kernels = kernels
        self._space: Words | None = None
        self._known: dict[tuple[Any, ...], Words] = {}

    def of(self, space: Words) -> "Weights":
        """Those of this space: what is known of another one is forgotten."""
        if self._space is not space:
            self._space, self._known = space, {}
        return self

    def packed(self, factor: Factor, start: int, panels: bool) -> int:
        """Where the rows from word `start` of the factor on are packed, as rows or as panels."""
        key = (panels, factor.view.address + start, factor.sizes, factor.strides, factor.terms.tobytes())
        if key not in self._known:
            side, room = factor.side(start), Room()
            products = Products(self._kernels, room)
            words = buffer(products.panel_words(side) if panels else factor.count * len(factor.terms))
            to = pointer(words)
            self._kernels.run(products.pack_panels(side, to) if panels else products.pack_rows(side, to))
            self._known[key] = words
        return pointer(self._known[key])


def product_tapes(
    kernels: Kernels,
    room: Room,
    weights: Weights,
    operation: Operation,
    target: int,
    a: Place,
    b: Place,
    overread: bool = False,
) -> Iterator[Tape]:
    """The tapes of a DOT: result at `target`, operands at a and b. With `overread`, more may be read behind them."""
    batches = batches_of(operation, a, b)
    if overread:
        for rows, columns in ((0, 1), (1, 0)):
            tape = _windows(kernels, room, operation, (a, b)[columns], (a, b)[rows], columns, target)
            if tape is not None:
                yield tape
                return
    swapped = _cost(kernels, batches.b, batches.a) < _cost(kernels, batches.a, batches.b)
    rows, columns = (batches.b, batches.a) if swapped else (batches.a, batches.b)
    # Without a plan, each batch takes its time, too.
    call = 0 if overread else CALL
    if ONE_BY_ONE * rows.count * columns.count * len(rows.terms) < _cost(kernels, rows, columns) + call:
        sides = [
            Side(place.pointer, offsets(operation.sizes, view.strides), offsets(operation.terms, view.terms), 0)
            for view, place in zip(operation.operands, (a, b), strict=True)
        ]
        if sides[1].step != 1:
            sides.reverse()
        if sides[0].step is not None and sides[1].step == 1:
            yield reduce_rows(kernels, room, "dot", *sides, target, offsets(operation.sizes, operation.target.strides))
            return
    products = Products(kernels, room)
    for to, of_a, of_b in zip(*(offsets(batches.sizes, steps).tolist() for steps in batches.steps), strict=True):
        of_rows, of_columns = (of_b, of_a) if swapped else (of_a, of_b)
        given = (
            rows.side(of_rows),
            weights.packed(rows, of_rows, False) if rows.view.weights else None,
            columns.side(of_columns),
            weights.packed(columns, of_columns, True) if columns.view.weights else None,
        )
        place, targets = target + WORD * to, offsets(rows.sizes, rows.targets)
        if columns.lies_dense:
            yield from products.product(*given, place, targets)
            continue
        pitch = columns.count + (-columns.count) % 16 | 16  # not of a power of two: those words are in each other's way
        between = room.buffer("result", rows.count * pitch)
        yield from products.product(*given, between, pitch * np.arange(rows.count, dtype=np.int64))
        sizes = (*rows.sizes, *columns.sizes)
        yield copies(
            kernels,
            sizes,
            *(place, (*rows.targets, *columns.targets)),
            *(between, (*dense_strides(rows.sizes, pitch), *dense_strides(columns.sizes))),
        )


def _cost(kernels: Kernels, rows: Factor, columns: Factor) -> int:
    """Of one batch, in multiply-adds of a vector's lane: some 1/40 ns."""
    padded = -(-columns.count // kernels.width) * kernels.width
    work = rows.count * padded * (3 if rows.count == 1 else 2) // 2
    packing = 0
    for factor, count, is_column in ((rows, rows.count, False), (columns, padded, True)):
        if not factor.view.weights:
            runs = is_column and factor.strides and factor.strides[-1] == 1 and factor.sizes[-1] > RUN
            packing += (PACKING_RUNS if runs else PACKING) * count
    moving = 0 if columns.lies_dense else MOVING * rows.count * columns.count // len(rows.terms)
    return (work + packing + moving) * len(rows.terms)


# --- reductions of rows -----------------------------------------------------------------------------------------------


def reduce_rows(
    kernels: Kernels, room: Room, name: str, a: Side, b: Side | None, target: int, targets: Addresses
) -> Tape:
    """Each row of a, or of a and b, to one word."""
    count = -(-len(targets) // INTERLEAVED) * INTERLEAVED
    other = b or a
    given = (
        *(a.pointer, room.keep(filled(a.places, count)), a.step or 0),
        *(other.pointer, room.keep(filled(other.places, count))),
        *(count // INTERLEAVED, len(a.terms), target, room.keep(filled(targets, count))),
    )
    return kernels.tape(f"rows_{name}", *given)


def filled(places: Addresses, count: int) -> Addresses:
    """So many places; the last one fills them up."""
    return np.concatenate([places, np.repeat(places[-1:], count - len(places))])


def reduction_tapes(kernels: Kernels, room: Room, operation: Operation, target: int, a: Place) -> Iterator[Tape]:
    """The tapes of a SUM or FOLD_LARGEST. More may be read behind the operand."""
    tape = _windows(kernels, room, operation, a, None, 0, target)
    view = operation.operands[0]
    if tape is None:
        side = Side(a.pointer, offsets(operation.sizes, view.strides), offsets(operation.terms, view.terms), 0)
        targets = offsets(operation.sizes, operation.target.strides)
        tape = reduce_rows(kernels, room, REDUCING[operation.kind], side, None, target, targets)
    yield tape


def _windows(
    kernels: Kernels, room: Room, operation: Operation, a: Place, b: Place | None, place: int, target: int
) -> Tape | None:
    """Windows of operand `place`, whose results lie one behind the other; None if that is not what there is.

    With another operand b, it is the same for neighbouring windows.
    """
    view = operation.operands[place]
    other = operation.operands[1 - place].strides if b is not None else (0,) * len(operation.sizes)
    axes = list(zip(operation.sizes, operation.target.strides, view.strides, other, strict=True))
    along = [axis for axis in axes if axis[1] == 1 and 0 < axis[2] <= NEAR and axis[3] == 0]
    terms = offsets(operation.terms, view.terms)
    side = Side(a.pointer, terms[:1], terms, 0)
    if b is not None:
        dense = np.arange(len(terms))
        if not along or _has_rows(axes, along[0]):
            return None
        if not np.array_equal(offsets(operation.terms, operation.operands[1 - place].terms), dense):
            return None
    if not along and side.step is not None:
        return None
    # Rows that cannot be read in steps, and do not lie near each other, are windows of one element.
    inner = along[0] if along else (1, 1, 1, 0)
    left = [axis for axis in axes if axis is not inner]
    rows = max((axis for axis in left if axis[3] == 0), key=lambda axis: axis[0], default=(1, 0, 0, 0))
    left = [axis for axis in left if axis is not rows]
    sizes = tuple(axis[0] for axis in left)
    to, of, of_b = (WORD * offsets(sizes, tuple(axis[column] for axis in left)) for column in (1, 2, 3))
    name = f"windows_{REDUCING[operation.kind]}{'_apart' if inner[2] > 1 else ''}"
    return kernels.tape(
        *(name, a.pointer + of, room.keep(terms), len(terms), (b.pointer if b is not None else 0) + of_b),
        *(target + to, inner[0], rows[0], rows[2], rows[1], inner[2]),
    )


def _has_rows(axes: Sequence[tuple[int, int, int, int]], along: tuple[int, int, int, int]) -> bool:
    """Whether the other operand of a product has rows that are multiplied with the same windows."""
    return any(axis[2] == 0 and axis[0] > 1 for axis in axes if axis is not along)


# --- copies -----------------------------------------------------------------------------------------------------------


def copies(kernels: Kernels, sizes: Sizes, target: int, strides: Sizes, a: int, a_strides: Sizes) -> Tape:
    """Words that are laid out anew."""
    axes = sorted(merged_axes(sizes, [strides, a_strides]), key=lambda axis: abs(axis[1]))
    inner = next((i for i, axis in enumerate(axes) if axis[1] == 1), 0)
    words, to_step, of_step = axes.pop(inner) if axes else (1, 1, 1)
    longest = max(range(len(axes)), key=lambda i: axes[i][0]) if axes else 0
    rows, to_row, of_row = axes.pop(longest) if axes else (1, 0, 0)
    outer: Sequence[tuple[int, int, int]] = axes[::-1]
    outer_sizes = tuple(axis[0] for axis in outer)
    to = target + WORD * offsets(outer_sizes, tuple(axis[1] for axis in outer))
    of = a + WORD * offsets(outer_sizes, tuple(axis[2] for axis in outer))
    given = (to, of, words, rows, to_row, of_row)
    if to_step == 1 and of_step in (0, 1):
        return kernels.tape("copy" if of_step else "spread", *given)
    return kernels.tape("scatter", *given, to_step, of_step)

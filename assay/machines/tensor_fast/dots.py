"""Tapes for DOT: as products of matrices, as windows, or one element beside the other."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from assay.machines.tensor.binary32 import Words
from assay.machines.tensor.instruction import Addresses
from assay.machines.tensor.strides import Sizes, dense_strides, offsets
from assay.machines.tensor_fast.buffers import WORD, Place, Room, Side, buffer
from assay.machines.tensor_fast.folds import reduce_rows, windows_tape
from assay.machines.tensor_fast.kernels import Kernels, Tape, pointer
from assay.machines.tensor_fast.matrices import Products
from assay.machines.tensor_fast.moves import copies
from assay.machines.tensor_fast.views import Operation, View

# What things cost, in multiply-adds of a vector's lane: some 1/40 ns.
PACKING = 12
"""To bring a word into a panel."""
PACKING_RUNS = 3
"""The same where words of more than RUN columns lie one behind the other."""
RUN = 4
MOVING = 40
"""To bring a word of the result to its place."""
ONE_BY_ONE = 12
"""A multiply-add without vectors."""
CALL = 1 << 22
"""To prepare a product, where that is not done once for all runs."""


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

    def __init__(self, kernels: Kernels, space: Words) -> None:
        """Those of one space."""
        self.space = space
        self._kernels = kernels
        self._known: dict[tuple[Any, ...], Words] = {}

    def packed(self, factor: Factor, start: int, panels: bool) -> int:
        """Where the rows from word `start` of the factor on are packed, as rows or as panels."""
        key = (panels, factor.view.address + start, factor.sizes, factor.strides, factor.terms.tobytes())
        if key not in self._known:
            side, room = factor.side(start), Room()
            products = Products(self._kernels, room, planned=False)
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
    places: Sequence[Place],
    planned: bool,
) -> Iterator[Tape]:
    """The tapes of a DOT: result at `target`, operands at `places`. Where it is `planned`, more can be read."""
    batches = batches_of(operation, *places)
    if planned:
        for one in (0, 1):
            tape = windows_tape(kernels, room, operation, places[1 - one], places[one], 1 - one, target)
            if tape is not None:
                yield tape
                return
    swapped = _cost(kernels, batches.b, batches.a) < _cost(kernels, batches.a, batches.b)
    rows, columns = (batches.b, batches.a) if swapped else (batches.a, batches.b)
    # Without a plan, each batch takes its time, too.
    call = 0 if planned else CALL
    if ONE_BY_ONE * rows.count * columns.count * len(rows.terms) < _cost(kernels, rows, columns) + call:
        sides = [
            Side(place.pointer, offsets(operation.sizes, view.strides), offsets(operation.terms, view.terms), 0)
            for view, place in zip(operation.operands, places, strict=True)
        ]
        first, second = sides if sides[1].step == 1 else sides[::-1]
        if first.step is not None and second.step == 1:
            targets = offsets(operation.sizes, operation.target.strides)
            yield reduce_rows(kernels, room, "dot", first, second, target, targets)
            return
    products = Products(kernels, room, planned)
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
        # Not a power of two: words so far apart are in each other's way in the caches.
        pitch = columns.count + -columns.count % 16 | 16
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

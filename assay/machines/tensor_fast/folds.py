"""Tapes for reductions: of rows side by side, and of windows whose results lie one behind the other."""

from collections.abc import Iterator, Sequence

import numpy as np

from assay.machines.tensor.instruction import Addresses, Kind
from assay.machines.tensor.strides import offsets
from assay.machines.tensor_fast.buffers import WORD, Place, Room, Side
from assay.machines.tensor_fast.kernels import Kernels, Tape
from assay.machines.tensor_fast.reductions import INTERLEAVED
from assay.machines.tensor_fast.views import Operation

REDUCING = {Kind.DOT: "dot", Kind.SUM: "sum", Kind.FOLD_LARGEST: "largest"}
"""The kernels' names."""
NEAR = 4
"""Windows so far apart are computed as a vector."""


def reduce_rows(
    kernels: Kernels, room: Room, name: str, a: Side, b: Side | None, target: int, targets: Addresses
) -> Tape:
    """Each row of a, or of a and b, to one word."""
    assert a.step is not None, "rows are read in steps"
    count = -(-len(targets) // INTERLEAVED) * INTERLEAVED
    other = b or a
    given = (
        *(a.pointer, room.keep(filled(a.places, count)), a.step),
        *(other.pointer, room.keep(filled(other.places, count))),
        *(count // INTERLEAVED, len(a.terms), target, room.keep(filled(targets, count))),
    )
    return kernels.tape(f"rows_{name}", *given)


def filled(places: Addresses, count: int) -> Addresses:
    """So many places; the last one fills them up."""
    return np.concatenate([places, np.repeat(places[-1:], count - len(places))])


def reduction_tapes(kernels: Kernels, room: Room, operation: Operation, target: int, a: Place) -> Iterator[Tape]:
    """The tapes of a SUM or FOLD_LARGEST. More may be read behind the operand."""
    tape = windows_tape(kernels, room, operation, a, None, 0, target)
    view = operation.operands[0]
    if tape is None:
        side = Side(a.pointer, offsets(operation.sizes, view.strides), offsets(operation.terms, view.terms), 0)
        targets = offsets(operation.sizes, operation.target.strides)
        tape = reduce_rows(kernels, room, REDUCING[operation.kind], side, None, target, targets)
    yield tape


def windows_tape(
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
    if b is not None:
        dense = np.arange(len(terms))
        if not along or _has_rows(axes, along[0]):
            return None
        if not np.array_equal(offsets(operation.terms, operation.operands[1 - place].terms), dense):
            return None
    if not along and Side(a.pointer, terms[:1], terms, 0).step is not None:
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

"""Gradients of the movement of data: the gradient moves back."""

from collections.abc import Mapping
from math import prod

import numpy as np

from assay.errors import InputError
from assay.machines.tensor.instruction import Kind
from assay.models.builder import Value
from assay.models.folding import slice_ranges
from assay.models.operators import one_hot
from assay.models.training.applied import Applied, Rule


def _reshaped(at: Applied, _: int) -> Value:
    return at.build.reshape(at.gradient, at.shape(0))


def _transpose(at: Applied, _: int) -> Value:
    rank = len(at.shape(0))
    order = at.node.attribute("perm", list(reversed(range(rank))))
    return at.gradient.transposed([list(order).index(axis) for axis in range(rank)])


def _expand(at: Applied, _: int) -> Value:
    return at.gradient


def _concat(at: Applied, place: int) -> Value:
    axis = at.node.attribute("axis") % len(at.shape(0))
    start = sum(at.shape(earlier)[axis] for earlier in range(place))
    return at.gradient.sliced(axis, start, at.shape(place)[axis])


def _split(at: Applied, _: int) -> Value:
    """What each part has, side by side; zeros for those that the loss does not need."""
    axis = at.node.attribute("axis", 0) % len(at.shape(0))
    whole, start = at.build.empty(at.shape(0)), 0
    for result, gradient in zip(at.results, at.gradients, strict=True):
        if gradient is not None:
            at.build.emit(Kind.COPY, whole.sliced(axis, start, result.shape[axis]), gradient)
        start += result.shape[axis]
    return whole


def _slice(at: Applied, _: int) -> Value:
    """Zeros, and what was taken where it was taken from."""
    whole = at.build.empty(at.shape(0))
    taken = whole
    for axis, places in slice_ranges(at.shape(0), at.node):
        taken = taken.sliced(axis, places.start, len(places), places.step)
    at.build.emit(Kind.COPY, taken, at.gradient)
    return whole


def _pad(at: Applied, place: int) -> Value:
    if place != 0:
        raise InputError("what is padded with has no gradient")
    inner, pads = at.gradient, at.node.integers("pads", 1) or []
    for axis, size in enumerate(at.shape(0)):
        inner = inner.sliced(axis, pads[axis], size)
    return inner


def _gather(at: Applied, place: int) -> Value:
    """Each slice gets the sum of the gradients of where it was taken to, as a product with rows of 0 and 1."""
    if place != 0:
        raise InputError("places have no gradient")
    shape, index = at.shape(0), at.node.inputs[1]
    axis = at.node.attribute("axis", 0) % len(shape)
    count, rest = shape[axis], (*shape[:axis], *shape[axis + 1 :])
    if isinstance(index, Value):
        chosen = one_hot(at.build, index, count)
    else:
        places = at.node.constant(1).astype(np.int64) % count
        chosen = at.build.constant((places[..., None] == np.arange(count)).astype(np.float32))
    rank, number = len(chosen.shape) - 1, prod(chosen.shape[:-1])
    rows = at.build.reshape(chosen, (number, count)).transposed([1, 0])
    others = [*range(axis), *range(axis + rank, len(at.gradient.shape))]
    columns = at.build.reshape(at.gradient.transposed([*others, *range(axis, axis + rank)]), (prod(rest), number))
    total = at.build.reshape(at.build.dot(rows, columns), (count, *rest))
    return total.transposed([*range(1, axis + 1), 0, *range(axis + 1, len(shape))])


RULES: Mapping[str, Rule] = {
    "Concat": _concat,
    "Expand": _expand,
    "Flatten": _reshaped,
    "Gather": _gather,
    "Pad": _pad,
    "Reshape": _reshaped,
    "Slice": _slice,
    "Split": _split,
    "Squeeze": _reshaped,
    "Transpose": _transpose,
    "Unsqueeze": _reshaped,
}

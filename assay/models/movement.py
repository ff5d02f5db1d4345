"""Operators that move elements, made of instructions (docs/operators.md, section 8)."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from assay.errors import InputError
from assay.machines.tensor.instruction import Kind
from assay.models.arithmetic import Sums
from assay.models.builder import Builder, Shape, Value
from assay.models.operators import Lowering, floats
from assay.models.operators import one_hot as row_of
from assay.models.windows import split_axis

if TYPE_CHECKING:
    from assay.models.onnx_import import Node

MOST = 4096
"""The most instructions that one operator becomes where there is one for each place of an axis."""


def taken(build: Builder, x: Value, axis: int, places: Sequence[int]) -> Value:
    """The slices of `x` at these places of an axis: a view, or a COPY of each stretch of equal distances."""
    stretches = _stretches(places)
    if len(stretches) == 1:
        _, start, count, step = stretches[0]
        return x.sliced(axis, start, count, step)
    times = _times(places)
    if times > 1:  # each place so many times
        once = taken(build, x, axis, places[::times])
        shape = (*once.shape[:axis], len(places), *once.shape[axis + 1 :])
        return build.reshape(once.with_axis(axis + 1, times, 0), shape)
    if len(stretches) > MOST:
        raise InputError(f"more than {MOST} places that are not at equal distances")
    target = build.empty((*x.shape[:axis], len(places), *x.shape[axis + 1 :]), x.type)
    for number, start, count, step in stretches:
        build.emit(Kind.COPY, target.sliced(axis, number, count), x.sliced(axis, start, count, step))
    return target


def _stretches(places: Sequence[int]) -> list[tuple[int, int, int, int]]:
    """What places consist of: the number of the first one, that place, how many, and their distance."""
    found: list[tuple[int, int, int, int]] = []
    number = 0
    while number < len(places):
        step, count = (places[number + 1] - places[number] if number + 1 < len(places) else 1), 1
        while number + count < len(places) and places[number + count] == places[number] + count * step:
            count += 1
        found.append((number, places[number], count, step))
        number += count
    return found


def _times(places: Sequence[int]) -> int:
    """How often each place follows itself, if each does so equally often."""
    ends = [number for number in range(1, len(places)) if places[number] != places[number - 1]]
    times = ends[0] if ends else len(places)
    equally = len(places) % times == 0 and all(end % times == 0 for end in ends)
    return times if equally else 1


def pad(node: "Node") -> Value:
    build, x = node.builder, node.value(0)
    mode, rank = node.attribute("mode", b"constant").decode(), len(x.shape)
    pads = node.integers("pads", 1) or node.integers("paddings", 1) or []
    axes = node.integers("axes", 3) or list(range(rank))
    before, behind = [0] * rank, [0] * rank
    for number, axis in enumerate(axes):
        before[axis % rank], behind[axis % rank] = pads[number], pads[number + len(axes)]
    for axis in range(rank):  # negative ones cut
        start, end = max(0, -before[axis]), x.shape[axis] - max(0, -behind[axis])
        if end <= start:
            raise InputError("nothing is left")
        x = x.sliced(axis, start, end - start)
    before, behind = [max(0, each) for each in before], [max(0, each) for each in behind]
    if mode == "constant":
        fill = float(node.constant(2).ravel()[0]) if node.has(2) else float(node.attribute("value", 0.0))
        if x.type != "float32" and fill:
            raise InputError("integers are padded with zeros only")
        return build.pad(x, before, behind, fill)
    for axis in range(rank):
        size = x.shape[axis]
        if before[axis] or behind[axis]:
            places = range(-before[axis], size + behind[axis])
            x = taken(build, x, axis, [_inside(mode, place, size) for place in places])
    return x


def _inside(mode: str, place: int, size: int) -> int:
    if mode == "edge":
        return min(max(place, 0), size - 1)
    if mode == "wrap":
        return place % size
    if mode != "reflect":
        raise InputError(f"padding of mode {mode!r} is not supported")
    if size == 1:
        return 0
    period = 2 * (size - 1)
    return min(place % period, period - place % period)


def tile(node: "Node") -> Value:
    build, x = node.builder, node.value(0)
    for axis, times in enumerate(int(each) for each in node.constant(1)):
        if times != 1:
            shape = (*x.shape[:axis], times * x.shape[axis], *x.shape[axis + 1 :])
            x = build.reshape(x.with_axis(axis, times, 0), shape)
    return x


def trilu(node: "Node") -> Value:
    """A COPY of what each row keeps, to a tensor of zeros."""
    x = node.value(0)
    k, upper = int(node.constant(1).ravel()[0]) if node.has(1) else 0, node.attribute("upper", 1)
    rows, columns = x.shape[-2:]
    if rows > MOST:
        raise InputError(f"a triangle of more than {MOST} rows")
    target, last = node.builder.empty(x.shape, x.type), len(x.shape) - 1
    for row in range(rows):
        start, end = (max(0, row + k), columns) if upper else (0, min(columns, row + k + 1))
        if start < end:
            kept, place = (each.sliced(last - 1, row, 1).sliced(last, start, end - start) for each in (x, target))
            node.builder.emit(Kind.COPY, place, kept)
    return target


def depth_to_space(node: "Node") -> Value:
    x, size = node.value(0), node.attribute("blocksize")
    batch, channels, height, width = x.shape
    rest = channels // size**2
    if node.attribute("mode", b"DCR") == b"DCR":
        blocks = node.builder.reshape(x, (batch, size, size, rest, height, width)).transposed([0, 3, 4, 1, 5, 2])
    else:
        blocks = node.builder.reshape(x, (batch, rest, size, size, height, width)).transposed([0, 1, 4, 2, 5, 3])
    return node.builder.reshape(blocks, (batch, rest, height * size, width * size))


def space_to_depth(node: "Node") -> Value:
    x, size = node.value(0), node.attribute("blocksize")
    batch, channels, height, width = x.shape
    blocks = split_axis(split_axis(x, 3, width // size), 2, height // size).transposed([0, 3, 5, 1, 2, 4])
    return node.builder.reshape(blocks, (batch, channels * size**2, height // size, width // size))


def gather(node: "Node") -> Value:
    x = node.value(0)
    axis, index = node.attribute("axis", 0) % len(x.shape), node.inputs[1]
    if isinstance(index, Value):
        return node.builder.gather(x, index, axis) if x.weights else _picked(node.builder, x, index, axis)
    places = node.constant(1).astype(np.int64) % x.shape[axis]
    if places.ndim == 0:
        one = x.sliced(axis, int(places), 1)
        kept = [i for i in range(len(x.shape)) if i != axis]
        return replace(one, shape=tuple(x.shape[i] for i in kept), strides=tuple(x.strides[i] for i in kept))
    result = taken(node.builder, x, axis, places.ravel().tolist())
    return node.builder.reshape(result, (*x.shape[:axis], *places.shape, *x.shape[axis + 1 :]))


def _picked(build: Builder, x: Value, index: Value, axis: int) -> Value:
    """Slices of what is computed, at places that are computed: products with rows of zeros and a 1."""
    floats(x)
    size, behind = x.shape[axis], x.shape[axis + 1 :]
    ones = rows_of(build, build.reshape(index, (int(np.prod(index.shape)),)), size)  # [places, size]
    last = x.transposed([*(i for i in range(len(x.shape)) if i != axis), axis])
    rows = build.reshape(last, (int(np.prod(last.shape[:-1])), size))
    result = build.reshape(build.dot(rows, ones), (*x.shape[:axis], *behind, *index.shape))
    before, rank = axis, len(result.shape)
    order = [*range(before), *range(before + len(behind), rank), *range(before, before + len(behind))]
    return result.transposed(order)


def rows_of(build: Builder, places: Value, size: int) -> Value:
    """For each place a row of zeros with a 1 there; negative places are counted from the end."""
    s = Sums(build)
    numbers = build.unary(Kind.FROM_INT, places) if places.type == "int32" else places
    return row_of(build, s.add(numbers, s.mul(s.less(numbers, 0.0), float(size))), size)


def one_hot(node: "Node") -> Value:
    build, places = node.builder, node.value(0)
    depth, values = int(node.constant(1).ravel()[0]), node.constant(2)
    axis = node.attribute("axis", -1) % (len(places.shape) + 1)
    ones = rows_of(build, places, depth)
    s, (off, on) = Sums(build), (float(each) for each in values.ravel())
    found = ones if (off, on) == (0.0, 1.0) else s.add(s.mul(ones, on), s.mul(s.sub(1.0, ones), off))
    order = list(range(len(places.shape)))
    result = found.transposed([*order[:axis], len(order), *order[axis:]])
    return result if values.dtype == np.float32 else build.unary(Kind.TO_INT, result, "int32")


def gather_elements(node: "Node") -> Value:
    build, x = node.builder, node.value(0)
    axis, index = node.attribute("axis", 0) % len(x.shape), node.inputs[1]
    if isinstance(index, np.ndarray):
        coordinates = list(np.indices(index.shape))
        coordinates[axis] = index.astype(np.int64) % x.shape[axis]
        return _elements(build, x, coordinates)
    places = node.value(1)
    if not x.weights:
        raise InputError("only constant tensors can be gathered from at places that are computed")
    target = build.empty(places.shape, x.type)
    elsewhere = tuple(0 if i == axis else stride for i, stride in enumerate(x.strides))
    build.emit(Kind.GATHER, target, replace(x, shape=places.shape, strides=elsewhere), places, x.strides[axis])
    return target


def gather_nd(node: "Node") -> Value:
    x, index, batch = node.value(0), node.constant(1).astype(np.int64), node.attribute("batch_dims", 0)
    depth, shape = index.shape[-1], index.shape[:-1]
    inner = x.shape[batch + depth :]
    places = [index[..., number] % x.shape[batch + number] for number in range(depth)]
    first = list(np.indices(shape))[:batch]
    whole = [np.reshape(each, (*shape, *(1,) * len(inner))) for each in (*first, *places)]
    rest = np.indices(inner).reshape(len(inner), *(1,) * len(shape), *inner)
    return _elements(node.builder, x, list(np.broadcast_arrays(*whole, *rest)))


def _elements(build: Builder, x: Value, coordinates: Sequence[np.ndarray[Any, Any]]) -> Value:
    """Single elements: a COPY of each stretch of equal distances."""
    shape = coordinates[0].shape
    offsets = sum(place * stride for place, stride in zip(coordinates, x.strides, strict=True))
    flat = Value((1 << 30,), x.address, (1,), x.weights, x.type)
    picked = taken(build, flat, 0, np.asarray(offsets).ravel().tolist())
    return build.reshape(picked, shape)


def scatter_nd(node: "Node") -> Value:
    """The first input's elements, but where the places are: those of the third one. Each place once."""
    build, x, updates = node.builder, node.value(0), node.value(2)
    if node.attribute("reduction", b"none") != b"none":
        raise InputError("reductions are not supported")
    index = node.constant(1).astype(np.int64)
    depth = index.shape[-1]
    places = [tuple(int(p) % x.shape[i] for i, p in enumerate(each)) for each in index.reshape(-1, depth)]
    last = {place: number for number, place in enumerate(places)}
    sources = build.reshape(updates, (len(places), *x.shape[depth:]))
    rest = build.reshape(x, (int(np.prod(x.shape[:depth])), *x.shape[depth:]))
    order = [last.get(place) for place in np.ndindex(*x.shape[:depth])]
    target = build.empty(rest.shape, x.type)
    starts = [each for each in range(len(order)) if each == 0 or not _follows(order[each - 1], order[each])]
    if len(starts) > MOST:
        raise InputError(f"more than {MOST} places that do not follow each other")
    for number, end in zip(starts, [*starts[1:], len(order)], strict=True):
        first, count = order[number], end - number
        source = rest.sliced(0, number, count) if first is None else sources.sliced(0, first, count)
        build.emit(Kind.COPY, target.sliced(0, number, count), source)
    return build.reshape(target, x.shape)


def _follows(one: int | None, other: int | None) -> bool:
    """Whether both are kept, or the other one is the update behind the one."""
    return other is None if one is None else other == one + 1


def cumulated(node: "Node") -> Value:
    """Each place is the one before it plus its own element: one ADD for each."""
    build, x = node.builder, floats(node.value(0))
    axis = int(node.constant(1).ravel()[0]) % len(x.shape)
    size = x.shape[axis]
    if size > MOST:
        raise InputError(f"a sum along more than {MOST} places")
    order = range(size - 1, -1, -1) if node.attribute("reverse", 0) else range(size)
    target, behind = build.empty(x.shape), 1 if node.attribute("exclusive", 0) else 0
    if not behind:
        build.emit(Kind.COPY, target.sliced(axis, order[0], 1), x.sliced(axis, order[0], 1))
    elif size > 1:
        build.emit(Kind.COPY, target.sliced(axis, order[1], 1), x.sliced(axis, order[0], 1))
    for number in range(1 + behind, size):
        before, own = target.sliced(axis, order[number - 1], 1), x.sliced(axis, order[number - behind], 1)
        build.emit(Kind.ADD, target.sliced(axis, order[number], 1), before, own)
    return target


def top_k(node: "Node") -> list[Value]:
    """The largest of each row, its place, and again with -infinity at that place."""
    build, x, s = node.builder, floats(node.value(0)), Sums(node.builder)
    axis = node.attribute("axis", -1) % len(x.shape)
    count = int(node.attribute("k") if node.attribute("k") is not None else node.constant(1).ravel()[0])
    sign = 1.0 if node.attribute("largest", 1) else -1.0
    rows = x.transposed([*(i for i in range(len(x.shape)) if i != axis), axis])
    rows = build.with_rows(rows if sign > 0 else s.mul(rows, sign))
    numbers = build.constant(np.arange(x.shape[axis], dtype=np.float32))
    values, places = build.empty((*rows.shape[:-1], count)), build.empty((*rows.shape[:-1], count), "int32")
    last = len(rows.shape) - 1
    for number in range(count):
        largest = build.reduce(Kind.FOLD_LARGEST, rows)
        place = build.find(rows, largest)
        kept = largest if sign > 0 else s.mul(largest, sign)
        build.emit(Kind.COPY, values.sliced(last, number, 1), kept.with_axis(last, 1, 0))
        build.emit(Kind.COPY, places.sliced(last, number, 1), place.with_axis(last, 1, 0))
        if number + 1 < count:
            found = s.equal(numbers, build.unary(Kind.FROM_INT, place).with_axis(last, 1, 0))
            rows = s.chosen(found, build.scalar(float("-inf")), rows)
    order = [*range(axis), last, *range(axis, last)]
    return [values.transposed(order), places.transposed(order)]


# --- other sizes ------------------------------------------------------------------------------------------------------


def resize(node: "Node") -> Value:
    """Axis by axis: places at equal distances in the input, and what is interpolated between them."""
    build, x = node.builder, floats(node.value(0))
    if node.attribute("antialias", 0) or node.attribute("exclude_outside", 0):
        raise InputError("antialias and exclude_outside are not supported")
    if node.attribute("keep_aspect_ratio_policy", b"stretch") != b"stretch":
        raise InputError("only the policy 'stretch' is supported")
    mode = node.attribute("mode", b"nearest").decode()
    axes = [each % len(x.shape) for each in node.attribute("axes", range(len(x.shape)))]
    scales, sizes = _scales(node, x.shape, axes)
    for axis, scale, size in zip(axes, scales, sizes, strict=True):
        if size == x.shape[axis] and scale == 1.0:
            continue
        places = _places(node, x.shape[axis], size, scale)
        if mode == "nearest":
            x = taken(build, x, axis, [_nearest(node, place, x.shape[axis]) for place in places])
        elif mode == "linear":
            x = _interpolated(build, x, axis, places, _linear, 0)
        elif mode == "cubic":
            x = _interpolated(build, x, axis, places, partial(_cubic, node.attribute("cubic_coeff_a", -0.75)), 1)
        else:
            raise InputError(f"mode {mode!r} is not supported")
    return x


def _scales(node: "Node", shape: Shape, axes: Sequence[int]) -> tuple[list[float], list[int]]:
    """By how much each axis grows, and its new size."""
    place = 1 if node.op == "Upsample" or node.opset < 11 else 2
    given = node.attribute("scales")
    if given is None and node.has(place) and node.constant(place).size:
        given = node.constant(place)
    if given is not None:
        scales = [float(np.float32(each)) for each in given]
        return scales, [
            int(np.floor(np.float32(shape[axis]) * np.float32(s))) for axis, s in zip(axes, scales, strict=True)
        ]
    sizes = [int(each) for each in node.constant(3)]
    return [float(np.float32(size) / np.float32(shape[axis])) for axis, size in zip(axes, sizes, strict=True)], sizes


def _places(node: "Node", before: int, size: int, scale: float) -> list[float]:
    """Where each place of the result is in the input."""
    default = "half_pixel" if node.opset >= 11 and node.op == "Resize" else "asymmetric"
    mode = node.attribute("coordinate_transformation_mode", default.encode()).decode()
    ratio = np.float32(1) / np.float32(scale)
    numbers, half = np.arange(size, dtype=np.float32), np.float32(0.5)
    if mode == "asymmetric":
        return [float(each) for each in numbers * ratio]
    if mode == "half_pixel" or (mode == "pytorch_half_pixel" and size > 1):
        return [float(each) for each in (numbers + half) * ratio - half]
    if mode == "pytorch_half_pixel":
        return [0.0]
    if mode == "half_pixel_symmetric":
        adjustment = np.float32(size) / np.float32(scale * before)
        centre = np.float32(before) / 2
        return [float(each) for each in centre * (1 - adjustment) + (numbers + half) * ratio - half]
    if mode == "align_corners":
        if size == 1:
            return [0.0]
        return [float(each) for each in numbers * np.float32(before - 1) / np.float32(size - 1)]
    raise InputError(f"the coordinates {mode!r} are not supported")


def _nearest(node: "Node", place: float, size: int) -> int:
    rounding = node.attribute("nearest_mode", b"round_prefer_floor").decode()
    if node.op == "Upsample" or node.opset < 11:
        rounding = "floor"
    rules: dict[str, Callable[[float], float]] = {
        "floor": np.floor,
        "ceil": np.ceil,
        "round_prefer_floor": lambda place: np.ceil(place - 0.5),
        "round_prefer_ceil": lambda place: np.floor(place + 0.5),
    }
    return int(min(max(rules[rounding](place), 0), size - 1))


def _interpolated(
    build: Builder,
    x: Value,
    axis: int,
    places: Sequence[float],
    weights: Callable[[float], Sequence[float]],
    before: int,
) -> Value:
    """The sum of neighbours times a weight each: as many of them as weights, `before` of them to the left."""
    size, s = x.shape[axis], Sums(build)
    if before == 0:  # a straight line ends at the last place
        places = [min(max(place, 0.0), size - 1.0) for place in places]
    floors = [int(np.floor(place)) for place in places]
    rows = np.array([weights(place - floor) for place, floor in zip(places, floors, strict=True)], np.float32)
    total: Value | None = None
    for number in range(rows.shape[1]):
        neighbours = [min(max(floor + number - before, 0), size - 1) for floor in floors]
        column = rows[:, number].reshape(-1, *(1,) * (len(x.shape) - 1 - axis))
        part = s.mul(taken(build, x, axis, neighbours), build.constant(np.ascontiguousarray(column)))
        total = part if total is None else s.add(total, part)
    assert total is not None
    return total


def _linear(t: float) -> Sequence[float]:
    return 1 - t, t


def _cubic(a: float, t: float) -> Sequence[float]:
    def near(d: float) -> float:
        return ((a + 2) * d - (a + 3)) * d * d + 1

    def far(d: float) -> float:
        return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a

    return far(t + 1), near(t), near(1 - t), far(2 - t)


OPERATORS: dict[str, Lowering] = {
    "CumSum": cumulated,
    "DepthToSpace": depth_to_space,
    "Gather": gather,
    "GatherElements": gather_elements,
    "GatherND": gather_nd,
    "OneHot": one_hot,
    "Pad": pad,
    "Resize": resize,
    "ScatterND": scatter_nd,
    "SpaceToDepth": space_to_depth,
    "Tile": tile,
    "TopK": top_k,
    "Trilu": trilu,
    "Upsample": resize,
}

"""Gradients of sums, means, largest elements and normalisations. g is the gradient of the result y."""

from collections.abc import Mapping, Sequence
from math import prod

from assay.errors import InputError
from assay.machines.tensor.instruction import Kind
from assay.models.builder import Value
from assay.models.operators import averaged, one_hot, reduced
from assay.models.training.applied import Applied, Rule


def _axes(at: Applied) -> list[int]:
    rank = len(at.shape(0))
    axes = at.node.integers("axes", 1) or list(range(rank))
    return sorted(axis % rank for axis in axes)


def _kept(gradient: Value, axes: Sequence[int], rank: int) -> Value:
    """The gradient of a reduction with its axes again, of size 1."""
    if len(gradient.shape) < rank:
        for axis in axes:
            gradient = gradient.with_axis(axis, 1, 0)
    return gradient


def _reduce_sum(at: Applied, _: int) -> Value:
    shape = at.shape(0)
    return _kept(at.gradient, _axes(at), len(shape)).broadcast(shape)


def _reduce_mean(at: Applied, _: int) -> Value:
    return _spread(at, _axes(at))


def _global_average_pool(at: Applied, _: int) -> Value:
    return _spread(at, range(2, len(at.shape(0))))


def _spread(at: Applied, axes: Sequence[int]) -> Value:
    """g / n for each of the n elements of a mean."""
    shape = at.shape(0)
    share = at.div(at.gradient, float(prod(shape[axis] for axis in axes)))
    return _kept(share, axes, len(shape)).broadcast(shape)


def _reduce_max(at: Applied, _: int) -> Value:
    return _first_largest(at, at.value(0), _axes(at))


def _reduce_min(at: Applied, _: int) -> Value:
    return _first_largest(at, at.negated(at.value(0)), _axes(at))


def _global_max_pool(at: Applied, _: int) -> Value:
    return _first_largest(at, at.value(0), range(2, len(at.shape(0))))


def _first_largest(at: Applied, x: Value, axes: Sequence[int]) -> Value:
    """g where the largest element is, the first in row-major order of the axes."""
    rank, build = len(x.shape), at.build
    others = [axis for axis in range(rank) if axis not in axes]
    order = [*others, *axes]
    kept, cut = tuple(x.shape[axis] for axis in others), tuple(x.shape[axis] for axis in axes)
    rows = build.with_rows(build.reshape(x.transposed(order), (*kept, prod(cut))))
    place = build.find(rows, build.reduce(Kind.FOLD_LARGEST, rows))
    gradient = build.reshape(at.gradient, (*kept, 1))
    masked = at.mul(one_hot(build, place, prod(cut)), gradient)
    spread = build.reshape(masked, (*kept, *cut))
    return spread.transposed([order.index(axis) for axis in range(rank)])


def _softmax_axes(at: Applied) -> list[int]:
    rank = len(at.shape(0))
    axis = at.node.attribute("axis", -1 if at.node.opset >= 13 else 1) % rank
    return [axis] if at.node.opset >= 13 else list(range(axis, rank))


def _softmax(at: Applied, _: int) -> Value:
    """y * (g - sum(g * y))."""
    total = reduced(at.build, Kind.SUM, at.mul(at.gradient, at.result), _softmax_axes(at), keep=True)
    return at.mul(at.result, at.sub(at.gradient, total))


def _log_softmax(at: Applied, _: int) -> Value:
    """g - exp(y) * sum(g)."""
    total = reduced(at.build, Kind.SUM, at.gradient, _softmax_axes(at), keep=True)
    return at.sub(at.gradient, at.mul(at.build.unary(Kind.EXP, at.result), total))


def _layer_normalization(at: Applied, place: int) -> Value:
    """With n = (x - mean) / deviation and h = g * scale: (h - mean(h) - n * mean(h * n)) / deviation.

    The scale gets g * n, the bias g.
    """
    build, x, gradient = at.build, at.value(0), at.gradient
    if place == 2:
        return gradient
    axes = list(range(at.node.attribute("axis", -1) % len(x.shape), len(x.shape)))
    centred = at.sub(x, averaged(build, x, axes, keep=True))
    variance = averaged(build, at.mul(centred, centred), axes, keep=True)
    deviation = build.unary(Kind.SQRT, at.add(variance, at.node.attribute("epsilon", 1e-5)))
    normal = at.div(centred, deviation)
    if place == 1:
        return at.mul(gradient, normal)
    scaled = at.mul(gradient, at.value(1))
    rest = at.sub(scaled, averaged(build, scaled, axes, keep=True))
    along = at.mul(normal, averaged(build, at.mul(scaled, normal), axes, keep=True))
    return at.div(at.sub(rest, along), deviation)


def _batch_normalization(at: Applied, place: int) -> Value:
    """The mean and the variance are the model's and stay: x gets g * f, the scale g * (x - mean) / deviation."""
    if place > 2:
        raise InputError("the mean and the variance are not trained: freeze them")
    if place == 2:
        return _of_channels(at, at.gradient)
    x, build = at.value(0), at.build
    shape = (x.shape[1],) + (1,) * (len(x.shape) - 2)
    scale, mean, variance = (build.reshape(at.value(each), shape) for each in (1, 3, 4))
    deviation = build.unary(Kind.SQRT, at.add(variance, at.node.attribute("epsilon", 1e-5)))
    if place == 0:
        return at.mul(at.gradient, at.div(scale, deviation))
    return _of_channels(at, at.mul(at.gradient, at.div(at.sub(x, mean), deviation)))


def _of_channels(at: Applied, gradient: Value) -> Value:
    axes = [axis for axis in range(len(gradient.shape)) if axis != 1]
    return reduced(at.build, Kind.SUM, gradient, axes, keep=False)


RULES: Mapping[str, Rule] = {
    "BatchNormalization": _batch_normalization,
    "GlobalAveragePool": _global_average_pool,
    "GlobalMaxPool": _global_max_pool,
    "LayerNormalization": _layer_normalization,
    "LogSoftmax": _log_softmax,
    "ReduceMax": _reduce_max,
    "ReduceMean": _reduce_mean,
    "ReduceMin": _reduce_min,
    "ReduceSum": _reduce_sum,
    "Softmax": _softmax,
}

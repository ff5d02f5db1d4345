"""Reductions and normalisations that take several instructions (docs/operators.md, section 8)."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from assay.machines.tensor.instruction import Kind
from assay.models.arithmetic import Sums
from assay.models.builder import Value
from assay.models.operators import Lowering, arg_max, averaged, axes_of, floats, negate, reduced
from assay.models.windows import split_axis

if TYPE_CHECKING:
    from assay.models.onnx_import import Node


def _reduction(formula: Callable[[Sums, Value, Callable[[Value], Value]], Value]) -> Lowering:
    """A formula of the input and its SUM over the axes."""

    def lower(node: "Node") -> Value:
        x = floats(node.value(0))
        axes, keep = axes_of(node, len(x.shape)), bool(node.attribute("keepdims", 1))
        total = (lambda y: reduced(node.builder, Kind.SUM, y, axes, keep)) if axes else (lambda y: y)
        return formula(Sums(node.builder), x, total)

    return lower


def log_sum_exp(node: "Node") -> Value:
    """The largest, plus LOG of the sum of EXP of the differences to it."""
    s, x = Sums(node.builder), floats(node.value(0))
    axes, keep = axes_of(node, len(x.shape)), bool(node.attribute("keepdims", 1))
    if not axes:
        return x
    largest = reduced(node.builder, Kind.FOLD_LARGEST, x, axes, keep=True)
    total = reduced(node.builder, Kind.SUM, s(Kind.EXP, s.sub(x, largest)), axes, keep=True)
    result = s.add(largest, s(Kind.LOG, total))
    if keep:
        return result
    kept = tuple(size for axis, size in enumerate(x.shape) if axis not in axes)
    return node.builder.reshape(result, kept)


def product(node: "Node") -> Value:
    """One axis after the other: its second half times its first one, until one place is left."""
    s, x = Sums(node.builder), floats(node.value(0))
    axes, shape = axes_of(node, len(x.shape)), x.shape
    for axis in axes:
        while x.shape[axis] > 1:
            size, half = x.shape[axis], x.shape[axis] // 2
            halved = s.mul(x.sliced(axis, 0, half), x.sliced(axis, half, half))
            if size % 2:  # the last place is left over
                first = s.mul(halved.sliced(axis, 0, 1), x.sliced(axis, size - 1, 1))
                halved = first if half == 1 else _joined(s, first, halved.sliced(axis, 1, half - 1), axis)
            x = halved
    if node.attribute("keepdims", 1):
        return x
    return node.builder.reshape(x, tuple(size for axis, size in enumerate(shape) if axis not in axes))


def _joined(s: Sums, first: Value, rest: Value, axis: int) -> Value:
    shape = (*rest.shape[:axis], 1 + rest.shape[axis], *rest.shape[axis + 1 :])
    target = s.build.empty(shape)
    s.build.emit(Kind.COPY, target.sliced(axis, 0, 1), first)
    s.build.emit(Kind.COPY, target.sliced(axis, 1, rest.shape[axis]), rest)
    return target


def arg_min(node: "Node") -> Value:
    return arg_max(node.with_inputs([negate(node)]))


# --- normalisations ---------------------------------------------------------------------------------------------------


def _normalised(s: Sums, x: Value, axes: Sequence[int], epsilon: float) -> Value:
    """(x - mean) / SQRT(mean of its square + epsilon)."""
    centred = s.sub(x, averaged(s.build, x, axes, keep=True))
    variance = averaged(s.build, s.mul(centred, centred), axes, keep=True)
    return s.div(centred, s(Kind.SQRT, s.add(variance, epsilon)))


def layer_normalization(node: "Node") -> Value:
    s, x = Sums(node.builder), floats(node.value(0))
    axes = list(range(node.attribute("axis", -1) % len(x.shape), len(x.shape)))
    result = s.mul(_normalised(s, x, axes, node.attribute("epsilon", 1e-5)), node.value(1))
    return s.add(result, node.value(2)) if node.has(2) else result


def instance_normalization(node: "Node") -> Value:
    s, x = Sums(node.builder), floats(node.value(0))
    inner = list(range(2, len(x.shape)))
    scale, shift = (node.value(place).viewed((x.shape[1], *(1,) * len(inner))) for place in (1, 2))
    return s.add(s.mul(_normalised(s, x, inner, node.attribute("epsilon", 1e-5)), scale), shift)


def group_normalization(node: "Node") -> Value:
    """As from opset 21 on, with a scale and a shift for each channel; there is none before that is not withdrawn."""
    s, x, groups = Sums(node.builder), floats(node.value(0)), node.attribute("num_groups")
    shape = x.shape
    split = split_axis(x, 1, groups)
    rank = len(split.shape)
    result = _normalised(s, split, list(range(2, rank)), node.attribute("epsilon", 1e-5))
    for kind, place in ((Kind.MUL, 1), (Kind.ADD, 2)):
        numbers = node.value(place).viewed((groups, shape[1] // groups, *(1,) * (rank - 3)))
        result = s(kind, result, numbers)
    return s.build.reshape(result, shape)


def lp_normalization(node: "Node") -> Value:
    """x by its norm; zeros, whose norm is 0, stay zeros."""
    s, x = Sums(node.builder), floats(node.value(0))
    axes, by_sums = [node.attribute("axis", -1) % len(x.shape)], node.attribute("p", 2) == 1
    total = reduced(s.build, Kind.SUM, s.magnitude(x) if by_sums else s.mul(x, x), axes, keep=True)
    norm = total if by_sums else s(Kind.SQRT, total)
    return s.div(x, s.add(norm, s.equal(norm, 0.0)))


def mean_variance_normalization(node: "Node") -> Value:
    x = floats(node.value(0))
    s, axes = Sums(node.builder), [each % len(x.shape) for each in node.attribute("axes", [0, 2, 3])]
    centred = s.sub(x, averaged(s.build, x, axes, keep=True))
    variance = averaged(s.build, s.mul(centred, centred), axes, keep=True)
    return s.div(centred, s.add(s(Kind.SQRT, variance), 1e-9))


def local_response_normalization(node: "Node") -> Value:
    """x / (bias + alpha / size · the sum of the squares of neighbouring channels)^beta."""
    s, x, size = Sums(node.builder), floats(node.value(0)), node.attribute("size")
    before, behind = (size - 1) // 2, size - 1 - (size - 1) // 2
    rank = len(x.shape)
    padded = s.build.pad(
        s.mul(x, x),
        [before if axis == 1 else 0 for axis in range(rank)],
        [behind if axis == 1 else 0 for axis in range(rank)],
    )
    windows = padded.sliced(1, 0, x.shape[1]).with_axis(rank, size, padded.strides[1])
    total = s.build.reduce(Kind.SUM, windows)
    base = s.add(s.mul(total, node.attribute("alpha", 1e-4) / size), node.attribute("bias", 1.0))
    return s.div(x, s(Kind.EXP, s.mul(s(Kind.LOG, base), node.attribute("beta", 0.75))))


OPERATORS: dict[str, Lowering] = {
    "ArgMin": arg_min,
    "GroupNormalization": group_normalization,
    "InstanceNormalization": instance_normalization,
    "LayerNormalization": layer_normalization,
    "LRN": local_response_normalization,
    "LpNormalization": lp_normalization,
    "MeanVarianceNormalization": mean_variance_normalization,
    "ReduceL1": _reduction(lambda s, x, total: total(s.magnitude(x))),
    "ReduceL2": _reduction(lambda s, x, total: s(Kind.SQRT, total(s.mul(x, x)))),
    "ReduceLogSum": _reduction(lambda s, x, total: s(Kind.LOG, total(x))),
    "ReduceLogSumExp": log_sum_exp,
    "ReduceProd": product,
    "ReduceSumSquare": _reduction(lambda s, x, total: total(s.mul(x, x))),
}

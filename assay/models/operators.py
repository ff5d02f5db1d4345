"""How each operator of ONNX is made of instructions (docs/operators.md, section 8)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from assay.errors import InputError
from assay.machines.tensor.instruction import Kind
from assay.machines.tensor.strides import dense_strides
from assay.models import quantised
from assay.models.builder import Builder, Shape, Value
from assay.models.folding import new_shape, slice_ranges
from assay.models.windows import Windows, windows_of

if TYPE_CHECKING:
    from assay.models.onnx_import import Node

Lowering = Callable[["Node"], Value | Sequence[Value]]


# --- element by element ----------------------------------------------------------------------------------------------


def _unary(kind: Kind) -> Lowering:
    return lambda node: node.builder.unary(kind, floats(node.value(0)))


def _binary(kind: Kind) -> Lowering:
    return lambda node: node.builder.binary(kind, floats(node.value(0)), floats(node.value(1)))


def _chain(kind: Kind) -> Lowering:
    """Of any number of inputs, from the first to the last."""

    def lower(node: "Node") -> Value:
        result = floats(node.value(0))
        for place in range(1, len(node.inputs)):
            result = node.builder.binary(kind, result, floats(node.value(place)))
        return result

    return lower


def _compared(less: bool, equal: bool, swapped: bool = False) -> Lowering:
    """1 where the first input is less than the second one, or equal to it, or both; otherwise 0."""

    def lower(node: "Node") -> Value:
        a, b = (_comparable(node, place) for place in ((1, 0) if swapped else (0, 1)))
        results = [
            node.builder.binary(kind, a, b) for kind, wanted in ((Kind.LESS, less), (Kind.EQUAL, equal)) if wanted
        ]
        return results[0] if len(results) == 1 else node.builder.binary(Kind.LARGEST, *results)

    return lower


def _comparable(node: "Node", place: int) -> Value:
    """A float, or an integer as one: that changes no comparison with a constant below 2^24."""
    x, other = node.value(place), node.inputs[1 - place]
    if x.type == "float32":
        return x
    given = node.inputs[place]
    small = [each for each in (given, other) if isinstance(each, np.ndarray) and np.all(np.abs(each) < 1 << 24)]
    if not small:
        raise InputError("integers are compared with constants below 2^24 only")
    return node.builder.unary(Kind.FROM_INT, x)


def negation(node: "Node") -> Value:
    return node.builder.binary(Kind.SUB, node.builder.scalar(1.0), floats(node.value(0)))


def relu(node: "Node") -> Value:
    return node.builder.binary(Kind.LARGEST, node.builder.scalar(0.0), floats(node.value(0)))


def leaky_relu(node: "Node") -> Value:
    build, x = node.builder, floats(node.value(0))
    zero, slope = build.scalar(0.0), build.scalar(node.attribute("alpha", 0.01))
    scaled = build.binary(Kind.MUL, build.binary(Kind.LEAST, zero, x), slope)
    return build.binary(Kind.ADD, build.binary(Kind.LARGEST, zero, x), scaled)


def clip(node: "Node") -> Value:
    build, x = node.builder, floats(node.value(0))
    if node.has(1):
        x = build.binary(Kind.LARGEST, x, node.value(1))
    if node.has(2):
        x = build.binary(Kind.LEAST, x, node.value(2))
    return x


def negate(node: "Node") -> Value:
    return node.builder.binary(Kind.MUL, floats(node.value(0)), node.builder.scalar(-1.0))


def absolute(node: "Node") -> Value:
    x = floats(node.value(0))
    return node.builder.binary(Kind.LARGEST, x, negate(node))


def reciprocal(node: "Node") -> Value:
    return node.builder.binary(Kind.DIV, node.builder.scalar(1.0), floats(node.value(0)))


def parametric_relu(node: "Node") -> Value:
    build, x = node.builder, floats(node.value(0))
    zero = build.scalar(0.0)
    scaled = build.binary(Kind.MUL, build.binary(Kind.LEAST, zero, x), floats(node.value(1)))
    return build.binary(Kind.ADD, build.binary(Kind.LARGEST, zero, x), scaled)


def elu(node: "Node") -> Value:
    build, x = node.builder, floats(node.value(0))
    zero, one = build.scalar(0.0), build.scalar(1.0)
    below = build.binary(Kind.SUB, build.unary(Kind.EXP, build.binary(Kind.LEAST, zero, x)), one)
    scaled = build.binary(Kind.MUL, below, build.scalar(node.attribute("alpha", 1.0)))
    return build.binary(Kind.ADD, build.binary(Kind.LARGEST, zero, x), scaled)


def softplus(node: "Node") -> Value:
    """LARGEST(0, x) + LOG(1 + EXP(-|x|)), which overflows nowhere."""
    build, x = node.builder, floats(node.value(0))
    one, minus = build.scalar(1.0), build.scalar(-1.0)
    magnitude = build.binary(Kind.LARGEST, x, build.binary(Kind.MUL, x, minus))
    power = build.unary(Kind.EXP, build.binary(Kind.MUL, magnitude, minus))
    rest = build.unary(Kind.LOG, build.binary(Kind.ADD, one, power))
    return build.binary(Kind.ADD, build.binary(Kind.LARGEST, build.scalar(0.0), x), rest)


def hard_sigmoid(node: "Node") -> Value:
    build, x = node.builder, floats(node.value(0))
    scaled = build.binary(Kind.MUL, x, build.scalar(node.attribute("alpha", 0.2)))
    shifted = build.binary(Kind.ADD, scaled, build.scalar(node.attribute("beta", 0.5)))
    return build.binary(Kind.LEAST, build.binary(Kind.LARGEST, shifted, build.scalar(0.0)), build.scalar(1.0))


def hard_swish(node: "Node") -> Value:
    build, x = node.builder, floats(node.value(0))
    shifted = build.binary(Kind.ADD, build.binary(Kind.MUL, x, build.scalar(1 / 6)), build.scalar(0.5))
    gate = build.binary(Kind.LEAST, build.binary(Kind.LARGEST, shifted, build.scalar(0.0)), build.scalar(1.0))
    return build.binary(Kind.MUL, x, gate)


def cast(node: "Node") -> Value:
    x, to = node.value(0), node.attribute("to")
    if to == 1:
        return x if x.type == "float32" else node.builder.unary(Kind.FROM_INT, x)
    if to in (6, 7):
        return x if x.type == "int32" else node.builder.unary(Kind.TO_INT, x, "int32")
    if to == 9:
        number = x if x.type == "float32" else node.builder.unary(Kind.FROM_INT, x)
        is_zero = node.builder.binary(Kind.EQUAL, number, node.builder.scalar(0.0))
        return node.builder.binary(Kind.SUB, node.builder.scalar(1.0), is_zero)
    raise InputError(f"a cast to type {to}: bool, float32, int32 and int64 are supported")


# --- sums and products -----------------------------------------------------------------------------------------------


def matmul(node: "Node") -> Value:
    a = floats(node.value(0))
    row, column = len(a.shape) == 1, node.rank(1) == 1
    if row:
        a = a.with_axis(0, 1, 0)
    b = floats(node.value(1)).with_axis(0, 1, 0) if column else columns_of(node, 1)
    result = node.builder.dot(a, b)
    kept = result.shape[: -1 if column else None]
    return node.builder.reshape(result, (*kept[:-2], kept[-1]) if row and not column else kept[:-1] if row else kept)


def gemm(node: "Node") -> Value:
    build, a = node.builder, floats(node.value(0))
    a = a.transposed([1, 0]) if node.attribute("transA", 0) else a
    result = build.dot(a, floats(node.value(1)) if node.attribute("transB", 0) else columns_of(node, 1))
    if node.attribute("alpha", 1.0) != 1.0:
        result = build.binary(Kind.MUL, result, build.scalar(node.attribute("alpha")))
    if node.has(2):
        c = floats(node.value(2))
        if node.attribute("beta", 1.0) != 1.0:
            c = build.binary(Kind.MUL, c, build.scalar(node.attribute("beta")))
        result = build.binary(Kind.ADD, result, c)
    return result


def columns_of(node: "Node", place: int) -> Value:
    """The columns of an input as rows. Those of a constant are laid out so at import."""
    given = node.inputs[place]
    if isinstance(given, np.ndarray):
        return floats(node.constant_value(np.swapaxes(given, -1, -2)))
    value = floats(node.value(place))
    last = len(value.shape) - 1
    if last < 1:
        raise InputError("a product with a tensor of one axis")
    return value.transposed([*range(last - 1), last, last - 1])


def convolution(node: "Node") -> Value:
    build, given = node.builder, node.inputs[1]
    if given is None:
        raise InputError("input 1 is missing")
    w = given if isinstance(given, Value) else node.constant(1)
    result = convolved(node, floats(node.value(0)), w, Builder.dot)
    if node.has(2):
        bias = build.reshape(node.value(2), (w.shape[0],) + (1,) * (len(w.shape) - 2))
        result = build.binary(Kind.ADD, result, bias)
    return result


def convolved(
    node: "Node", x: Value, w: Value | NDArray[np.float32], dot: Callable[[Builder, Value, Value], Value]
) -> Value:
    """The convolution of `x` with `w`, with the attributes of the node and with products by `dot`."""
    build, groups, windows = node.builder, node.attribute("group", 1), windows_of(node, x.shape, w.shape[2:])
    rows = windows.convolution_rows(build, x, groups)
    shape = (groups, w.shape[0] // groups, rows.shape[-1])
    weights = build.reshape(w, shape) if isinstance(w, Value) else node.constant_value(w.reshape(shape))
    product = dot(build, floats(weights).broadcast((x.shape[0], *shape)), rows)
    return build.reshape(product, (x.shape[0], w.shape[0], *windows.sizes))


def _pooled(node: "Node", kind: Kind, x: Value, fill: float) -> tuple[Value, Windows]:
    """Each window reduced."""
    windows = windows_of(node, x.shape, node.attribute("kernel_shape"))
    reduced = node.builder.reduce(kind, windows.pooled_rows(node.builder, x, fill))
    return node.builder.reshape(reduced, (*x.shape[:2], *windows.sizes)), windows


def max_pool(node: "Node") -> Value:
    return _pooled(node, Kind.FOLD_LARGEST, floats(node.value(0)), float("-inf"))[0]


def average_pool(node: "Node") -> Value:
    x = floats(node.value(0))
    total, windows = _pooled(node, Kind.SUM, x, 0.0)
    return node.builder.binary(Kind.DIV, total, averaged_elements(node, x.shape, windows))


def averaged_elements(node: "Node", shape: Shape, windows: Windows) -> Value:
    """How many elements of each window AveragePool counts, as a tensor that broadcasts to its result."""
    build = node.builder
    if node.attribute("count_include_pad", 0) or (
        not any(node.attribute("pads", [0])) and node.attribute("auto_pad", b"NOTSET") in (b"NOTSET", b"VALID")
    ):
        if node.attribute("ceil_mode", 0):
            raise InputError("an average with ceil_mode")
        return build.scalar(windows.count)
    # How many elements of each window are not padding: they are counted by the machine, too.
    ones = build.constant(np.ones((1, 1, *shape[2:]), np.float32))
    return _pooled(node, Kind.SUM, ones, 0.0)[0]


def global_max_pool(node: "Node") -> Value:
    x = floats(node.value(0))
    return reduced(node.builder, Kind.FOLD_LARGEST, x, list(range(2, len(x.shape))), keep=True)


def global_average_pool(node: "Node") -> Value:
    x = floats(node.value(0))
    axes = list(range(2, len(x.shape)))
    return averaged(node.builder, x, axes, keep=True)


def batch_normalization(node: "Node") -> Value:
    build, x = node.builder, floats(node.value(0))
    scale, shift, mean, variance = (node.value(place) for place in range(1, 5))
    epsilon = build.scalar(node.attribute("epsilon", 1e-5))
    factor = build.binary(Kind.DIV, scale, build.unary(Kind.SQRT, build.binary(Kind.ADD, variance, epsilon)))
    offset = build.binary(Kind.SUB, shift, build.binary(Kind.MUL, mean, factor))
    shape = (scale.shape[0],) + (1,) * (len(x.shape) - 2)
    scaled = build.binary(Kind.MUL, x, factor.viewed(shape))
    return build.binary(Kind.ADD, scaled, offset.viewed(shape))


def reduced(build: Builder, kind: Kind, x: Value, axes: Sequence[int], keep: bool) -> Value:
    """A reduction over some axes, in row-major order of these axes."""
    axes = sorted(axis % len(x.shape) for axis in axes)
    others = [axis for axis in range(len(x.shape)) if axis not in axes]
    last = x.transposed([*others, *axes])
    count = int(np.prod([x.shape[axis] for axis in axes]))
    shape = tuple(x.shape[axis] for axis in others)

    def rows() -> Value:
        target = build.empty((*shape, count), x.type)
        inner = dense_strides([x.shape[axis] for axis in axes])
        build.emit(Kind.COPY, replace(target, shape=last.shape, strides=(*target.strides[:-1], *inner)), last)
        return target

    result = build.reduce(kind, build.once(("rows", last, shape, count), rows) if len(axes) > 1 else last)
    if not keep:
        return result
    for axis in axes:
        result = result.with_axis(axis, 1, 0)
    return result


def averaged(build: Builder, x: Value, axes: Sequence[int], keep: bool) -> Value:
    """The mean over some axes."""
    count = int(np.prod([x.shape[axis] for axis in axes]))
    return build.binary(Kind.DIV, reduced(build, Kind.SUM, x, axes, keep), build.scalar(count))


def axes_of(node: "Node", rank: int) -> list[int]:
    """The axes of a reduction; without any, all of them, or none if the node says so."""
    axes = node.integers("axes", 1)
    if not axes:
        return [] if node.attribute("noop_with_empty_axes", 0) else list(range(rank))
    return sorted(axis % rank for axis in axes)


def _reduce(kind: Kind, mean: bool = False) -> Lowering:
    def lower(node: "Node") -> Value:
        x = floats(node.value(0))
        axes, keep = axes_of(node, len(x.shape)), bool(node.attribute("keepdims", 1))
        if not axes:
            return x
        return averaged(node.builder, x, axes, keep) if mean else reduced(node.builder, kind, x, axes, keep)

    return lower


def softmax(node: "Node") -> Value:
    build, x = node.builder, floats(node.value(0))
    axis = node.attribute("axis", -1 if node.opset >= 13 else 1) % len(x.shape)
    axes = [axis] if node.opset >= 13 else list(range(axis, len(x.shape)))
    shifted = build.binary(Kind.SUB, x, reduced(build, Kind.FOLD_LARGEST, x, axes, keep=True))
    powers = build.unary(Kind.EXP, shifted)
    total = reduced(build, Kind.SUM, powers, axes, keep=True)
    if node.op == "LogSoftmax":
        return build.binary(Kind.SUB, shifted, build.unary(Kind.LOG, total))
    return build.binary(Kind.DIV, powers, total)


def arg_max(node: "Node") -> Value:
    build, x = node.builder, floats(node.value(0))
    if node.attribute("select_last_index", 0):
        raise InputError("select_last_index is not supported")
    axis = node.attribute("axis", 0) % len(x.shape)
    last = x.transposed([i for i in range(len(x.shape)) if i != axis] + [axis])
    rows = build.with_rows(last)
    place = build.find(rows, build.reduce(Kind.FOLD_LARGEST, rows))
    return place.with_axis(axis, 1, 0) if node.attribute("keepdims", 1) else place


# --- the movement of data --------------------------------------------------------------------------------------------


def identity(node: "Node") -> Value:
    return node.value(0)


def transpose(node: "Node") -> Value:
    x = node.value(0)
    return x.transposed(node.attribute("perm", list(reversed(range(len(x.shape))))))


def reshape(node: "Node") -> Value:
    x = node.value(0)
    return node.builder.reshape(x, new_shape(x.shape, [int(each) for each in node.constant(1)]))


def flatten(node: "Node") -> Value:
    x, axis = node.value(0), node.attribute("axis", 1)
    axis = axis + len(x.shape) if axis < 0 else axis
    return node.builder.reshape(x, (int(np.prod(x.shape[:axis])), int(np.prod(x.shape[axis:]))))


def squeeze(node: "Node") -> Value:
    x = node.value(0)
    axes = node.integers("axes", 1) or [axis for axis, size in enumerate(x.shape) if size == 1]
    kept = [axis for axis in range(len(x.shape)) if axis not in [each % len(x.shape) for each in axes]]
    return replace(x, shape=tuple(x.shape[i] for i in kept), strides=tuple(x.strides[i] for i in kept))


def unsqueeze(node: "Node") -> Value:
    x, axes = node.value(0), node.integers("axes", 1) or []
    rank = len(x.shape) + len(axes)
    for axis in sorted(each % rank for each in axes):
        x = x.with_axis(axis, 1, 0)
    return x


def expand(node: "Node") -> Value:
    x = node.value(0)
    return x.broadcast(tuple(np.broadcast_shapes(x.shape, tuple(int(each) for each in node.constant(1)))))


def concatenate(node: "Node") -> Value:
    values = [node.value(place) for place in range(len(node.inputs))]
    axis = node.attribute("axis") % len(values[0].shape)
    shape = values[0].shape
    whole = (*shape[:axis], sum(value.shape[axis] for value in values), *shape[axis + 1 :])
    target, start = node.builder.empty(whole, values[0].type), 0
    for value in values:
        node.builder.emit(Kind.COPY, target.sliced(axis, start, value.shape[axis]), value)
        start += value.shape[axis]
    return target


def split(node: "Node") -> list[Value]:
    x = node.value(0)
    axis = node.attribute("axis", 0) % len(x.shape)
    count = len(node.outputs)
    sizes = node.integers("split", 1) or [-(-x.shape[axis] // count)] * count
    sizes[-1] = x.shape[axis] - sum(sizes[:-1])
    starts = np.cumsum([0, *sizes[:-1]]).tolist()
    return [x.sliced(axis, start, size) for start, size in zip(starts, sizes, strict=True)]


def slice_(node: "Node") -> Value:
    x = node.value(0)
    for axis, places in slice_ranges(x.shape, node):
        if len(places) == 0:
            raise InputError("a slice without elements")
        x = x.sliced(axis, places.start, len(places), places.step)
    return x


def reduce_min(node: "Node") -> Value:
    """The largest of what has the other sign, with the other sign."""
    build, x = node.builder, negate(node)
    axes = axes_of(node, len(x.shape))
    if not axes:
        return floats(node.value(0))
    largest = reduced(build, Kind.FOLD_LARGEST, x, axes, bool(node.attribute("keepdims", 1)))
    return build.binary(Kind.MUL, largest, build.scalar(-1.0))


def one_hot(build: Builder, index: Value, count: int) -> Value:
    """Along a new last axis of `count` places, 1 at the place that a number names, and 0 at all others."""
    number = build.unary(Kind.FROM_INT, index) if index.type == "int32" else index
    places = build.constant(np.arange(count, dtype=np.float32))
    return build.binary(Kind.EQUAL, number.with_axis(len(index.shape), 1, 0), places)


def floats(x: Value) -> Value:
    if x.type != "float32":
        raise InputError("arithmetic on integers that are not constant is not supported")
    return x


OPERATORS: Mapping[str, Lowering] = {
    "Abs": absolute,
    "Add": _binary(Kind.ADD),
    "And": _binary(Kind.MUL),
    "ArgMax": arg_max,
    "AveragePool": average_pool,
    "BatchNormalization": batch_normalization,
    "Cast": cast,
    "Clip": clip,
    "Concat": concatenate,
    "Conv": convolution,
    "ConvInteger": quantised.conv_integer,
    "DequantizeLinear": quantised.dequantize_linear,
    "Div": _binary(Kind.DIV),
    "Dropout": identity,
    "DynamicQuantizeLinear": quantised.dynamic_quantize_linear,
    "Elu": elu,
    "Equal": _compared(less=False, equal=True),
    "Erf": _unary(Kind.ERF),
    "Exp": _unary(Kind.EXP),
    "Expand": expand,
    "Flatten": flatten,
    "Gemm": gemm,
    "GlobalAveragePool": global_average_pool,
    "GlobalMaxPool": global_max_pool,
    "Greater": _compared(less=True, equal=False, swapped=True),
    "GreaterOrEqual": _compared(less=True, equal=True, swapped=True),
    "HardSigmoid": hard_sigmoid,
    "HardSwish": hard_swish,
    "Identity": identity,
    "LeakyRelu": leaky_relu,
    "Less": _compared(less=True, equal=False),
    "LessOrEqual": _compared(less=True, equal=True),
    "Log": _unary(Kind.LOG),
    "LogSoftmax": softmax,
    "MatMul": matmul,
    "MatMulInteger": quantised.matmul_integer,
    "Max": _chain(Kind.LARGEST),
    "MaxPool": max_pool,
    "Min": _chain(Kind.LEAST),
    "Mul": _binary(Kind.MUL),
    "Neg": negate,
    "Not": negation,
    "Or": _binary(Kind.LARGEST),
    "PRelu": parametric_relu,
    "QLinearConv": quantised.qlinear_conv,
    "QLinearMatMul": quantised.qlinear_matmul,
    "QuantizeLinear": quantised.quantize_linear,
    "Reciprocal": reciprocal,
    "ReduceMax": _reduce(Kind.FOLD_LARGEST),
    "ReduceMean": _reduce(Kind.SUM, mean=True),
    "ReduceMin": reduce_min,
    "ReduceSum": _reduce(Kind.SUM),
    "Relu": relu,
    "Reshape": reshape,
    "Sigmoid": _unary(Kind.SIGMOID),
    "Slice": slice_,
    "Softmax": softmax,
    "Softplus": softplus,
    "Split": split,
    "Sqrt": _unary(Kind.SQRT),
    "Squeeze": squeeze,
    "Sub": _binary(Kind.SUB),
    "Sum": _chain(Kind.ADD),
    "Tanh": _unary(Kind.TANH),
    "Transpose": transpose,
    "Unsqueeze": unsqueeze,
}
"""By the names that ONNX gives them."""

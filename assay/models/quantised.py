"""Quantised operators of ONNX, made of instructions (docs/operators.md, section 8).

Integers of 8 bits are held as binary32 numbers, in which they, their differences and the products of two of them are
exact. A sum of at most 256 such products is below 2^24, and so it is exact as well, in whatever order it is formed.
"""

from typing import TYPE_CHECKING

import numpy as np

from assay.errors import InputError
from assay.machines.tensor.instruction import Kind
from assay.models.builder import Builder, Value

if TYPE_CHECKING:
    from assay.models.onnx_import import Node

EXACT = 256
"""Products of two differences of bytes, at most 255 * 255 each, whose sum is exact: 256 * 255^2 < 2^24."""
ROUNDER = 12582912.0
"""1.5 * 2^23: adding and subtracting it rounds what is below 2^22 to the nearest integer, ties to even."""
FAR = 1024.0
"""More than any integer of 8 bits with a zero point: what is beyond saturates in any case."""


def exact_dot(build: Builder, a: Value, b: Value) -> Value:
    """`Builder.dot` of integers: exact sums of EXACT terms each, which are added from the first to the last."""
    a, b = build.with_rows(a), build.with_rows(b)
    length, total = a.shape[-1], None
    for start in range(0, length, EXACT):
        size = min(EXACT, length - start)
        parts = (each.sliced(len(each.shape) - 1, start, size) for each in (a, b))
        part = build.dot(*parts)
        total = part if total is None else build.binary(Kind.ADD, total, part)
    assert total is not None
    return total


def quantize_linear(node: "Node") -> Value:
    x, low, high = _number(node, 0), *_range(node, 2)
    axis = node.attribute("axis", 1)
    zero = _along(_number(node, 2), x, axis) if node.has(2) else node.builder.scalar(0.0)
    ratio = node.builder.binary(Kind.DIV, x, _along(_number(node, 1), x, axis))
    return _saturated(node.builder, ratio, zero, low, high)


def dequantize_linear(node: "Node") -> Value:
    x, axis = _number(node, 0), node.attribute("axis", 1)
    if node.has(2):
        x = node.builder.binary(Kind.SUB, x, _along(_number(node, 2), x, axis))
    return node.builder.binary(Kind.MUL, x, _along(_number(node, 1), x, axis))


def dynamic_quantize_linear(node: "Node") -> list[Value]:
    """To bytes, with the scale and the zero point that the smallest and the largest number ask for."""
    build, x = node.builder, _number(node, 0)
    zero = build.scalar(0.0)
    row = build.reshape(x, (int(np.prod(x.shape)),))
    negated = build.binary(Kind.MUL, row, build.scalar(-1.0))
    high = build.binary(Kind.LARGEST, zero, build.reduce(Kind.FOLD_LARGEST, row))
    depth = build.binary(Kind.LARGEST, zero, build.reduce(Kind.FOLD_LARGEST, negated))
    scale = build.binary(Kind.DIV, build.binary(Kind.ADD, high, depth), build.scalar(255.0))
    scale = build.binary(Kind.ADD, scale, build.binary(Kind.EQUAL, scale, zero))  # all zeros: any scale will do
    point = _saturated(build, build.binary(Kind.DIV, depth, scale), zero, 0.0, 255.0)
    return [_saturated(build, build.binary(Kind.DIV, x, scale), point, 0.0, 255.0), scale, point]


def matmul_integer(node: "Node") -> Value:
    return _product(node, 0, 1, 2, 3)


def conv_integer(node: "Node") -> Value:
    return _convolution(node, 0, 1, 2, 3)


def qlinear_matmul(node: "Node") -> Value:
    return _requantised(node, _product(node, 0, 3, 2, 5), 1, 4, 6)


def qlinear_conv(node: "Node") -> Value:
    total = _convolution(node, 0, 3, 2, 5)
    if node.has(8):
        total = node.builder.binary(Kind.ADD, total, _along(_number(node, 8), total, 1))
    return _requantised(node, total, 1, 4, 6)


def _product(node: "Node", a_place: int, b_place: int, a_zero: int, b_zero: int) -> Value:
    """The exact product of two matrices of integers, without their zero points."""
    a, given = _shifted(node, a_place, a_zero, None), node.inputs[b_place]
    if isinstance(given, np.ndarray):
        b = node.builder.constant(np.ascontiguousarray(np.swapaxes(_constant_shifted(node, given, b_zero), -1, -2)))
    else:
        b = _shifted(node, b_place, b_zero, None)
        b = b.transposed([*range(len(b.shape) - 2), len(b.shape) - 1, len(b.shape) - 2])
    if len(a.shape) < 2 or len(b.shape) < 2:
        raise InputError("a product with a tensor of one axis")
    return exact_dot(node.builder, a, b)


def _convolution(node: "Node", x_place: int, w_place: int, x_zero: int, w_zero: int) -> Value:
    from assay.models.operators import convolved  # noqa: PLC0415 - which has these operators in its table

    w = node.constant(w_place)
    zeros = node.constant(w_zero) if node.has(w_zero) else np.zeros(1, np.int8)
    shifted = w.astype(np.float32) - zeros.astype(np.float32).reshape(-1, *(1,) * (w.ndim - 1))
    return convolved(node, _shifted(node, x_place, x_zero, 1), shifted, exact_dot)


def _requantised(node: "Node", total: Value, a_scale: int, b_scale: int, y_scale: int) -> Value:
    build, low, high = node.builder, *_range(node, y_scale + 1)
    axis = 1 if node.op == "QLinearConv" else len(total.shape) - 1
    scale = build.binary(Kind.MUL, _number(node, a_scale), _number(node, b_scale))
    factor = _along(build.binary(Kind.DIV, scale, _number(node, y_scale)), total, axis)
    ratio = build.binary(Kind.MUL, total, factor)
    return _saturated(build, ratio, _along(_number(node, y_scale + 1), total, axis), low, high)


def _shifted(node: "Node", place: int, zero: int, axis: int | None) -> Value:
    """Integers without their zero point."""
    x = _number(node, place)
    if not node.has(zero):
        return x
    point = _number(node, zero)
    if axis is None and int(np.prod(point.shape)) != 1:
        raise InputError("a zero point for each row is not supported")
    return node.builder.binary(Kind.SUB, x, _along(point, x, axis or 0))


def _constant_shifted(node: "Node", given: np.ndarray, zero: int) -> np.ndarray:
    """The same of a constant: its zero point is one number, or one for each column."""
    return given.astype(np.float32) - (node.constant(zero).astype(np.float32) if node.has(zero) else np.float32(0))


def _saturated(build: Builder, ratio: Value, zero: Value, low: float, high: float) -> Value:
    """Rounded to an integer, ties to even, moved by the zero point, and cut to the range."""
    near = build.binary(Kind.LEAST, build.binary(Kind.LARGEST, ratio, build.scalar(-FAR)), build.scalar(FAR))
    rounder = build.scalar(ROUNDER)
    rounded = build.binary(Kind.SUB, build.binary(Kind.ADD, near, rounder), rounder)
    moved = build.binary(Kind.ADD, rounded, zero)
    return build.binary(Kind.LEAST, build.binary(Kind.LARGEST, moved, build.scalar(low)), build.scalar(high))


def _number(node: "Node", place: int) -> Value:
    """An input as binary32 numbers."""
    given = node.inputs[place]
    if isinstance(given, np.ndarray):
        return node.builder.constant(given.astype(np.float32))
    value = node.value(place)
    return value if value.type == "float32" else node.builder.unary(Kind.FROM_INT, value)


def _range(node: "Node", place: int) -> tuple[float, float]:
    """The least and the largest integer of the type that a zero point has."""
    given = node.inputs[place] if node.has(place) else None
    kind = given.dtype if isinstance(given, np.ndarray) else np.dtype(np.uint8)
    if kind not in (np.dtype(np.int8), np.dtype(np.uint8)):
        raise InputError(f"quantisation to {kind}: int8 and uint8 are supported")
    return float(np.iinfo(kind).min), float(np.iinfo(kind).max)


def _along(numbers: Value, x: Value, axis: int) -> Value:
    """One number, or one for each place of an axis of `x`, as a view that broadcasts to `x`."""
    count = int(np.prod(numbers.shape))
    if count == 1:
        return numbers.viewed(())
    return numbers.viewed((count,) + (1,) * (len(x.shape) - 1 - axis % len(x.shape)))

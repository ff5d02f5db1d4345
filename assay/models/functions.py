"""Operators on single elements that take several instructions each (docs/operators.md, section 8)."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from assay.errors import InputError
from assay.machines.tensor.instruction import Kind
from assay.models.arithmetic import Sums
from assay.models.builder import Value
from assay.models.operators import Lowering, floats

if TYPE_CHECKING:
    from assay.models.onnx_import import Node

HALVES = 1 << 23
"""From here on every binary32 number is an integer."""
NEAR = 1 << 24
"""Integers up to here are binary32 numbers."""
POWERS = 64
"""The largest exponent that is made of products."""

# For sine and cosine: pi in three parts, so short that the products of the first two with n are exact below 2^13.
PI = (0x40490000, 0x3A7DA000, 0x34222169)
SINE = (0x362EDC66, 0xB94FB7D3, 0x3C088769, 0xBE2AAAA6)
"""sin(r) = r + P(z)·z·r, z = r·r, for |r| up to pi / 2; coefficients as bits, the highest power first."""


def _of_one(formula: Callable[[Sums, Value, "Node"], Value]) -> Lowering:
    def lower(node: "Node") -> Value:
        return formula(Sums(node.builder), floats(node.value(0)), node)

    return lower


def _floor(s: Sums, x: Value) -> Value:
    """x less its fraction; what is beyond 2^24 has none, and the difference is taken where there is one."""
    near = s.least(s.largest(x, float(-NEAR)), float(NEAR))
    whole = s.whole(near)
    return s.sub(x, s.sub(near, s.sub(whole, s.less(near, whole))))


def _ceil(s: Sums, x: Value) -> Value:
    return s.mul(_floor(s, s.mul(x, -1.0)), -1.0)


def _round(s: Sums, x: Value) -> Value:
    """To the nearest integer, ties to even: adding 2^23 leaves no fraction."""
    near = s.least(s.magnitude(x), float(HALVES))
    fraction = s.sub(near, s.sub(s.add(near, float(HALVES)), float(HALVES)))
    return s.sub(x, s.mul(s.sign(x), fraction))


def _sine(s: Sums, x: Value, shift: float = 0.0) -> Value:
    """(-1)^n · sin(r), where n is the integer nearest to x / pi + shift, and r = x - (n - shift)·pi."""
    turns = s.mul(x, 1 / np.pi)
    n = _round(s, s.add(turns, shift) if shift else turns)
    r, back = x, s.sub(n, shift) if shift else n
    for part in PI:
        r = s.sub(r, s.mul(back, _number(part)))
    z = s.mul(r, r)
    y: Value | float = _number(SINE[0])
    for coefficient in SINE[1:]:
        y = s.add(s.mul(y, z), _number(coefficient))
    near = s.add(r, s.mul(s.mul(y, z), r))
    odd = s.magnitude(s.sub(n, s.mul(_round(s, s.mul(n, 0.5)), 2.0)))
    return s.mul(near, s.sub(1.0, s.mul(odd, 2.0)))


def _number(bits: int) -> float:
    return float(np.uint32(bits).view(np.float32))


def _gelu(s: Sums, x: Value, node: "Node") -> Value:
    approximation = node.attribute("approximate", b"none")
    if approximation == b"none":
        return s.mul(s.mul(x, s.add(s(Kind.ERF, s.div(x, float(np.sqrt(2)))), 1.0)), 0.5)
    cube = s.mul(s.mul(s.mul(x, x), x), 0.044715)
    inner = s.mul(s.add(x, cube), float(np.sqrt(2 / np.pi)))
    return s.mul(s.mul(x, s.add(s(Kind.TANH, inner), 1.0)), 0.5)


def _softplus(s: Sums, x: Value) -> Value:
    power = s(Kind.EXP, s.mul(s.magnitude(x), -1.0))
    return s.add(s.largest(0.0, x), s(Kind.LOG, s.add(1.0, power)))


def _exponential_below(s: Sums, x: Value) -> Value:
    """EXP(LEAST(0, x)) - 1."""
    return s.sub(s(Kind.EXP, s.least(0.0, x)), 1.0)


def _selu(s: Sums, x: Value, node: "Node") -> Value:
    alpha, gamma = node.attribute("alpha", 1.6732632423543772), node.attribute("gamma", 1.0507009873554805)
    return s.mul(s.add(s.largest(0.0, x), s.mul(_exponential_below(s, x), alpha)), gamma)


def _celu(s: Sums, x: Value, node: "Node") -> Value:
    alpha = node.attribute("alpha", 1.0)
    return s.add(s.largest(0.0, x), s.mul(_exponential_below(s, s.div(x, alpha)), alpha))


def _thresholded_relu(s: Sums, x: Value, node: "Node") -> Value:
    """x, or the 0 that is the larger one of 0 and -infinity, where it is not above the threshold."""
    return s.chosen(s.less(node.attribute("alpha", 1.0), x), x, s.build.scalar(0.0))


def _shrink(s: Sums, x: Value, node: "Node") -> Value:
    bias, bound = node.attribute("bias", 0.0), node.attribute("lambd", 0.5)
    above = s.chosen(s.less(bound, x), s.sub(x, bias), s.build.scalar(0.0))
    return s.chosen(s.less(x, -bound), s.add(x, bias), above)


def _is_nan(s: Sums, x: Value) -> Value:
    return s.sub(1.0, s.equal(x, x))


def _is_infinite(s: Sums, x: Value, node: "Node") -> Value:
    signs = [sign for sign, name in ((1, "detect_positive"), (-1, "detect_negative")) if node.attribute(name, 1)]
    found = [s.equal(x, float("inf") * sign) for sign in signs]
    return s.largest(*found) if len(found) == 2 else found[0] if found else s.less(x, x)


def where(node: "Node") -> Value:
    """The second input where the first one is true, the third one elsewhere."""
    s, condition = Sums(node.builder), floats(node.value(0))
    a, b = node.value(1), node.value(2)
    if a.type == b.type == "float32":
        return s.chosen(condition, a, b)
    for given in node.inputs[1:]:
        if not isinstance(given, np.ndarray) or np.any(np.abs(given.astype(np.int64)) > NEAR):
            raise InputError("integers are chosen from constants up to 2^24 only")
    numbers = [node.builder.unary(Kind.FROM_INT, each) for each in (a, b)]
    return node.builder.unary(Kind.TO_INT, s.chosen(condition, *numbers), "int32")


def exclusive_or(node: "Node") -> Value:
    s = Sums(node.builder)
    return s.sub(1.0, s.equal(floats(node.value(0)), floats(node.value(1))))


def average(node: "Node") -> Value:
    """Of any number of inputs."""
    s, total = Sums(node.builder), floats(node.value(0))
    for place in range(1, len(node.inputs)):
        total = s.add(total, floats(node.value(place)))
    return s.div(total, float(len(node.inputs)))


def power(node: "Node") -> Value:
    """Products for an integer exponent, SQRT for a half, else EXP(exponent · LOG(x))."""
    s, x = Sums(node.builder), floats(node.value(0))
    given = node.inputs[1]
    exponent = float(given.ravel()[0]) if isinstance(given, np.ndarray) and given.size == 1 else None
    if exponent is None:
        return s(Kind.EXP, s.mul(floats(node.value(1)), s(Kind.LOG, x)))
    if isinstance(given, np.ndarray) and given.ndim > len(x.shape):
        x = x.broadcast((1,) * (given.ndim - len(x.shape)) + x.shape)
    if exponent == 0.0:
        return s.build.scalar(1.0).broadcast(x.shape)
    if exponent == 0.5:
        return s(Kind.SQRT, x)
    if exponent == -0.5:
        return s.div(1.0, s(Kind.SQRT, x))
    if not exponent.is_integer() or abs(exponent) > POWERS:
        return s(Kind.EXP, s.mul(exponent, s(Kind.LOG, x)))
    result = _product(s, x, int(abs(exponent)))
    return s.div(1.0, result) if exponent < 0 else result


def _product(s: Sums, x: Value, count: int) -> Value:
    """x to the power of a positive integer: squares, times x for each bit that is set, from the highest one down."""
    result = x
    for bit in f"{count:b}"[1:]:
        result = s.mul(result, result)
        result = s.mul(result, x) if bit == "1" else result
    return result


def remainder(node: "Node") -> Value:
    """a - b · whole(a / b): exact where a / b is below 2^24 and the product is."""
    if not node.attribute("fmod", 0):
        raise InputError("only the remainder of numbers (fmod=1) is supported")
    s, a, b = Sums(node.builder), floats(node.value(0)), floats(node.value(1))
    return s.sub(a, s.mul(b, s.whole(s.div(a, b))))


OPERATORS: dict[str, Lowering] = {
    "Ceil": _of_one(lambda s, x, _: _ceil(s, x)),
    "Celu": _of_one(_celu),
    "Cos": _of_one(lambda s, x, _: _sine(s, x, 0.5)),
    "Floor": _of_one(lambda s, x, _: _floor(s, x)),
    "Gelu": _of_one(_gelu),
    "IsInf": _of_one(_is_infinite),
    "IsNaN": _of_one(lambda s, x, _: _is_nan(s, x)),
    "Mean": average,
    "Mish": _of_one(lambda s, x, _: s.mul(x, s(Kind.TANH, _softplus(s, x)))),
    "Mod": remainder,
    "Pow": power,
    "Round": _of_one(lambda s, x, _: _round(s, x)),
    "Selu": _of_one(_selu),
    "Shrink": _of_one(_shrink),
    "Sign": _of_one(lambda s, x, _: s.sign(x)),
    "Sin": _of_one(lambda s, x, _: _sine(s, x)),
    "Softsign": _of_one(lambda s, x, _: s.div(x, s.add(1.0, s.magnitude(x)))),
    "Swish": _of_one(lambda s, x, node: s.mul(x, s(Kind.SIGMOID, s.mul(x, node.attribute("alpha", 1.0))))),
    "ThresholdedRelu": _of_one(_thresholded_relu),
    "Where": where,
    "Xor": exclusive_or,
}

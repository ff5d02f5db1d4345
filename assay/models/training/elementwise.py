"""Gradients of what is computed element by element. In the comments, x is the input, y the result, g its gradient."""

from collections.abc import Mapping
from math import pi, sqrt

from assay.errors import InputError
from assay.machines.tensor.instruction import Kind
from assay.models.builder import Value
from assay.models.training.applied import Applied, Rule


def _passed_on(at: Applied, _: int) -> Value:
    return at.gradient


def _cast(at: Applied, place: int) -> Value:
    if at.node.attribute("to") != 1 or at.value(place).type != "float32":
        raise InputError("a cast to or from integers or bools has no gradient")
    return at.gradient


def _sub(at: Applied, place: int) -> Value:
    return at.gradient if place == 0 else at.negated(at.gradient)


def _mul(at: Applied, place: int) -> Value:
    return at.mul(at.gradient, at.value(1 - place))


def _div(at: Applied, place: int) -> Value:
    """g / b for the first input; g / b * y * -1 for the second one."""
    quotient = at.div(at.gradient, at.value(1))
    return quotient if place == 0 else at.negated(at.mul(quotient, at.result))


def _neg(at: Applied, _: int) -> Value:
    return at.negated(at.gradient)


def _abs(at: Applied, place: int) -> Value:
    x = at.value(place)
    return at.mul(at.gradient, at.sub(at.less(0.0, x), at.less(x, 0.0)))


def _reciprocal(at: Applied, _: int) -> Value:
    return at.negated(at.mul(at.gradient, at.mul(at.result, at.result)))


def _pow(at: Applied, place: int) -> Value:
    exponent, x = float(at.node.constant(1).ravel()[0]), at.value(0)
    if exponent == 0.5:
        return _sqrt(at, place)
    return at.mul(at.gradient, at.mul(x if exponent == 2.0 else at.mul(x, x), exponent))


def _sqrt(at: Applied, _: int) -> Value:
    return at.mul(at.div(at.gradient, at.result), 0.5)


def _exp(at: Applied, _: int) -> Value:
    return at.mul(at.gradient, at.result)


def _log(at: Applied, place: int) -> Value:
    return at.div(at.gradient, at.value(place))


def _tanh(at: Applied, _: int) -> Value:
    return at.mul(at.gradient, at.sub(1.0, at.mul(at.result, at.result)))


def _sigmoid(at: Applied, _: int) -> Value:
    return at.mul(at.gradient, at.mul(at.result, at.sub(1.0, at.result)))


def _erf(at: Applied, place: int) -> Value:
    """g * exp(-x * x) * 2 / sqrt(pi)."""
    x = at.value(place)
    return at.mul(at.gradient, at.mul(at.build.unary(Kind.EXP, at.negated(at.mul(x, x))), 2 / sqrt(pi)))


def _relu(at: Applied, place: int) -> Value:
    return at.mul(at.gradient, at.less(0.0, at.value(place)))


def _leaky_relu(at: Applied, place: int) -> Value:
    return at.mul(at.gradient, _slope(at, at.value(place), at.build.scalar(at.node.attribute("alpha", 0.01))))


def _prelu(at: Applied, place: int) -> Value:
    x = at.value(0)
    if place == 0:
        return at.mul(at.gradient, _slope(at, x, at.value(1)))
    return at.mul(at.gradient, at.build.binary(Kind.LEAST, at.build.scalar(0.0), x))


def _elu(at: Applied, place: int) -> Value:
    x, zero = at.value(place), at.build.scalar(0.0)
    power = at.build.unary(Kind.EXP, at.build.binary(Kind.LEAST, zero, x))
    return at.mul(at.gradient, _slope(at, x, at.mul(power, at.node.attribute("alpha", 1.0))))


def _slope(at: Applied, x: Value, below: Value) -> Value:
    """1 where x is positive, otherwise `below`."""
    positive = at.less(0.0, x)
    return at.add(positive, at.mul(at.sub(1.0, positive), below))


def _softplus(at: Applied, place: int) -> Value:
    return at.mul(at.gradient, at.build.unary(Kind.SIGMOID, at.value(place)))


def _hard_sigmoid(at: Applied, _: int) -> Value:
    alpha, y = at.node.attribute("alpha", 0.2), at.result
    return at.mul(at.gradient, at.mul(at.mul(at.less(0.0, y), at.less(y, 1.0)), alpha))


def _hard_swish(at: Applied, place: int) -> Value:
    """g * (the gate, and where it is neither 0 nor 1 also x / 6)."""
    x = at.value(place)
    shifted = at.add(at.mul(x, 1 / 6), 0.5)
    gate = at.build.binary(
        Kind.LEAST, at.build.binary(Kind.LARGEST, shifted, at.build.scalar(0.0)), at.build.scalar(1.0)
    )
    inside = at.mul(at.less(0.0, gate), at.less(gate, 1.0))
    return at.mul(at.gradient, at.add(gate, at.mul(inside, at.mul(x, 1 / 6))))


def _clip(at: Applied, place: int) -> Value:
    """g where x is not beyond a bound; the bounds have no gradient."""
    if place != 0:
        raise InputError("the bounds have no gradient")
    x, gradient = at.value(0), at.gradient
    if at.node.has(1):
        gradient = at.mul(gradient, at.sub(1.0, at.less(x, at.value(1))))
    if at.node.has(2):
        gradient = at.mul(gradient, at.sub(1.0, at.less(at.value(2), x)))
    return gradient


def _largest(at: Applied, place: int) -> Value:
    return _chosen(at, place, Kind.LARGEST)


def _least(at: Applied, place: int) -> Value:
    return _chosen(at, place, Kind.LEAST)


def _chosen(at: Applied, place: int, kind: Kind) -> Value:
    """g where the input is the one that is chosen: of equal ones, the first."""
    before, gradient = at.value(0), at.gradient
    masks = []
    for later in range(1, len(at.node.inputs)):
        other = at.value(later)
        masks.append(at.less(before, other) if kind == Kind.LARGEST else at.less(other, before))
        before = at.build.binary(kind, before, other)
    for later in range(len(masks), 0, -1):
        if later == place:
            return at.mul(gradient, masks[later - 1])
        gradient = at.mul(gradient, at.sub(1.0, masks[later - 1]))
    return gradient


RULES: Mapping[str, Rule] = {
    "Abs": _abs,
    "Add": _passed_on,
    "Cast": _cast,
    "Clip": _clip,
    "Div": _div,
    "Dropout": _passed_on,
    "Elu": _elu,
    "Erf": _erf,
    "Exp": _exp,
    "HardSigmoid": _hard_sigmoid,
    "HardSwish": _hard_swish,
    "Identity": _passed_on,
    "LeakyRelu": _leaky_relu,
    "Log": _log,
    "Max": _largest,
    "Min": _least,
    "Mul": _mul,
    "Neg": _neg,
    "PRelu": _prelu,
    "Pow": _pow,
    "Reciprocal": _reciprocal,
    "Relu": _relu,
    "Sigmoid": _sigmoid,
    "Softplus": _softplus,
    "Sqrt": _sqrt,
    "Sub": _sub,
    "Sum": _passed_on,
    "Tanh": _tanh,
}

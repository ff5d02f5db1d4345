"""Gradients of matrix products."""

from collections.abc import Mapping
from math import prod

from assay.models.builder import Value
from assay.models.training.applied import Applied, Rule


def _matmul(at: Applied, place: int) -> Value:
    """For y = a b: g bᵀ and aᵀ g. One matrix for a whole batch takes the batch as more rows."""
    a, b, gradient = at.value(0), at.value(1), at.gradient
    if place == 0:
        return at.build.dot(gradient, b)
    if len(b.shape) == 2:
        a = at.build.reshape(a, (prod(a.shape[:-1]), a.shape[-1]))
        gradient = at.build.reshape(gradient, (prod(gradient.shape[:-1]), gradient.shape[-1]))
    return at.build.dot(_swapped(a), _swapped(gradient))


def _gemm(at: Applied, place: int) -> Value:
    """For y = alpha a' b' + beta c, where a' and b' may be transposed."""
    transposes = (at.node.attribute("transA", 0), at.node.attribute("transB", 0))
    if place == 2:
        return _scaled(at, at.gradient, at.node.attribute("beta", 1.0))
    gradient = _scaled(at, at.gradient, at.node.attribute("alpha", 1.0))
    a, b = (_swapped(at.value(i)) if transposes[i] else at.value(i) for i in range(2))
    if place == 0:
        result = at.build.dot(b, gradient) if transposes[0] else at.build.dot(gradient, b)
    else:
        columns, rows = _swapped(a), _swapped(gradient)
        result = at.build.dot(rows, columns) if transposes[1] else at.build.dot(columns, rows)
    return result


def _scaled(at: Applied, gradient: Value, factor: float) -> Value:
    return gradient if factor == 1.0 else at.mul(gradient, factor)


def _swapped(x: Value) -> Value:
    """The last two axes in the other order."""
    last = len(x.shape) - 1
    return x.transposed([*range(last - 1), last, last - 1])


RULES: Mapping[str, Rule] = {"Gemm": _gemm, "MatMul": _matmul}

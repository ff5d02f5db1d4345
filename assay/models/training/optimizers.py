"""What an optimizer makes of a parameter and its gradient (docs/operators.md, section 10).

Whatever an optimizer remembers is a tensor of the checkpoint. Numbers that are written here as 1 - b are computed at
import, with 53 bits, and rounded once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from assay.machines.tensor.instruction import Kind
from assay.models.builder import Builder, Shape, Value

Arrays = dict[str, NDArray[np.float32]]


class Optimizer(Protocol):
    """A rule by which parameters change."""

    def memory(self, parameters: Mapping[str, Shape]) -> Arrays:
        """What it remembers at the start, by names that begin with a parameter's or the optimizer's."""

    def update(
        self, build: Builder, state: Mapping[str, Value], gradients: Mapping[str, Value], rate: Value
    ) -> dict[str, Value]:
        """The parameters, and what it remembers, after a step. `state` has both by name."""


@dataclass(frozen=True)
class Sgd:
    """Gradient descent, with momentum if that is not 0."""

    momentum: float = 0.0

    def memory(self, parameters: Mapping[str, Shape]) -> Arrays:
        """A velocity for each parameter, if there is momentum."""
        if self.momentum == 0.0:
            return {}
        return {_velocity(name): np.zeros(shape, np.float32) for name, shape in parameters.items()}

    def update(
        self, build: Builder, state: Mapping[str, Value], gradients: Mapping[str, Value], rate: Value
    ) -> dict[str, Value]:
        """v' = momentum * v + g; w' = w - rate * v'."""
        after = {}
        for name, gradient in gradients.items():
            change = gradient
            if self.momentum != 0.0:
                kept = build.binary(Kind.MUL, state[_velocity(name)], build.scalar(self.momentum))
                change = after[_velocity(name)] = build.binary(Kind.ADD, kept, gradient)
            after[name] = build.binary(Kind.SUB, state[name], build.binary(Kind.MUL, change, rate))
        return after


@dataclass(frozen=True)
class Adam:
    """Adam with bias correction (Kingma and Ba, 2015, algorithm 1)."""

    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    def memory(self, parameters: Mapping[str, Shape]) -> Arrays:
        """Two moments for each parameter, and the powers of beta1 and beta2."""
        moments = {
            moment(name): np.zeros(shape, np.float32)
            for name, shape in parameters.items()
            for moment in (_mean, _square)
        }
        return {**moments, **{name: np.ones(1, np.float32) for name in _POWERS}}

    def update(
        self, build: Builder, state: Mapping[str, Value], gradients: Mapping[str, Value], rate: Value
    ) -> dict[str, Value]:
        """m' = b1 m + (1 - b1) g; v' = b2 v + (1 - b2) g g.

        w' = w - rate * (m' / (1 - b1^t)) / (sqrt(v' / (1 - b2^t)) + e).
        """
        after, corrections, one = {}, [], build.scalar(1.0)
        for name, beta in zip(_POWERS, (self.beta1, self.beta2), strict=True):
            after[name] = build.binary(Kind.MUL, state[name], build.scalar(beta))
            corrections.append(build.binary(Kind.SUB, one, after[name]))
        for name, gradient in gradients.items():
            square = build.binary(Kind.MUL, gradient, gradient)
            mean = _averaged(build, state[_mean(name)], gradient, self.beta1)
            squares = _averaged(build, state[_square(name)], square, self.beta2)
            unbiased = build.binary(Kind.DIV, mean, corrections[0])
            root = build.unary(Kind.SQRT, build.binary(Kind.DIV, squares, corrections[1]))
            ratio = build.binary(Kind.DIV, unbiased, build.binary(Kind.ADD, root, build.scalar(self.epsilon)))
            after[name] = build.binary(Kind.SUB, state[name], build.binary(Kind.MUL, ratio, rate))
            after[_mean(name)], after[_square(name)] = mean, squares
        return after


_POWERS = ("adam.beta1_power", "adam.beta2_power")


def _velocity(name: str) -> str:
    return f"{name}.velocity"


def _mean(name: str) -> str:
    return f"{name}.moment1"


def _square(name: str) -> str:
    return f"{name}.moment2"


def _averaged(build: Builder, before: Value, now: Value, beta: float) -> Value:
    """beta * before + (1 - beta) * now."""
    kept = build.binary(Kind.MUL, before, build.scalar(beta))
    return build.binary(Kind.ADD, kept, build.binary(Kind.MUL, now, build.scalar(1.0 - beta)))

"""A node that has been computed, as the rules see it that differentiate it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from assay.errors import InputError
from assay.machines.tensor.instruction import Kind
from assay.models.builder import Builder, Shape, Value
from assay.models.onnx_import import Node


@dataclass(frozen=True)
class Applied:
    """A node, what it has given, and the gradients of the loss by its results; None where the loss needs no result."""

    node: Node
    results: Sequence[Value]
    gradients: Sequence[Value | None]

    @property
    def build(self) -> Builder:
        """The program that grows."""
        return self.node.builder

    @property
    def result(self) -> Value:
        """The first result."""
        return self.results[0]

    @property
    def gradient(self) -> Value:
        """The gradient by the first result. Raises `InputError` if the loss depends on other results only."""
        if self.gradients[0] is None:
            raise InputError("only the first output can be differentiated")
        return self.gradients[0]

    def value(self, place: int) -> Value:
        """An input."""
        return self.node.value(place)

    def shape(self, place: int) -> Shape:
        """The shape of an input."""
        return self.node.value(place).shape

    # Arithmetic, with numbers as constants.

    def add(self, a: Value, b: Value | float) -> Value:
        """a + b."""
        return self.build.binary(Kind.ADD, a, self._operand(b))

    def sub(self, a: Value | float, b: Value) -> Value:
        """a - b."""
        return self.build.binary(Kind.SUB, self._operand(a), b)

    def mul(self, a: Value, b: Value | float) -> Value:
        """a * b."""
        return self.build.binary(Kind.MUL, a, self._operand(b))

    def div(self, a: Value | float, b: Value | float) -> Value:
        """a / b."""
        return self.build.binary(Kind.DIV, self._operand(a), self._operand(b))

    def less(self, a: Value | float, b: Value | float) -> Value:
        """1 where a < b, else 0."""
        return self.build.binary(Kind.LESS, self._operand(a), self._operand(b))

    def negated(self, a: Value) -> Value:
        """a * -1."""
        return self.mul(a, -1.0)

    def _operand(self, number: Value | float) -> Value:
        return number if isinstance(number, Value) else self.build.scalar(number)


Rule = Callable[[Applied, int], Value]
"""The gradient of the loss by one of a node's inputs, in the shape to which the input was broadcast."""

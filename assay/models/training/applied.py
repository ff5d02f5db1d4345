"""A node that has been computed, as the rules see it that differentiate it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from assay.errors import InputError
from assay.models.arithmetic import Arithmetic
from assay.models.builder import Builder, Shape, Value
from assay.models.onnx_import import Node


@dataclass(frozen=True)
class Applied(Arithmetic):
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

    def negated(self, a: Value) -> Value:
        """a * -1."""
        return self.mul(a, -1.0)


Rule = Callable[[Applied, int], Value]
"""The gradient of the loss by one of a node's inputs, in the shape to which the input was broadcast."""

"""Arithmetic on tensors of a program that is put together."""

from abc import ABC, abstractmethod

from assay.machines.tensor.instruction import Kind
from assay.models.builder import Builder, Value


class Arithmetic(ABC):
    """Arithmetic on tensors of one builder; numbers stand for constants."""

    @property
    @abstractmethod
    def build(self) -> Builder:
        """The program that grows."""

    def __call__(self, kind: Kind, *operands: Value | float) -> Value:
        """`kind` of one or two operands."""
        values = [each if isinstance(each, Value) else self.build.scalar(each) for each in operands]
        return self.build.unary(kind, values[0]) if len(values) == 1 else self.build.binary(kind, values[0], values[1])

    def add(self, a: Value | float, b: Value | float) -> Value:
        """a + b."""
        return self(Kind.ADD, a, b)

    def sub(self, a: Value | float, b: Value | float) -> Value:
        """a - b."""
        return self(Kind.SUB, a, b)

    def mul(self, a: Value | float, b: Value | float) -> Value:
        """a * b."""
        return self(Kind.MUL, a, b)

    def div(self, a: Value | float, b: Value | float) -> Value:
        """a / b."""
        return self(Kind.DIV, a, b)

    def largest(self, a: Value | float, b: Value | float) -> Value:
        """The larger one."""
        return self(Kind.LARGEST, a, b)

    def least(self, a: Value | float, b: Value | float) -> Value:
        """The smaller one."""
        return self(Kind.LEAST, a, b)

    def less(self, a: Value | float, b: Value | float) -> Value:
        """1 where a < b, else 0."""
        return self(Kind.LESS, a, b)

    def equal(self, a: Value | float, b: Value | float) -> Value:
        """1 where a = b, else 0."""
        return self(Kind.EQUAL, a, b)

    def magnitude(self, x: Value) -> Value:
        """|x|."""
        return self.largest(x, self.mul(x, -1.0))

    def sign(self, x: Value) -> Value:
        """1, 0 or -1."""
        return self.sub(self.less(0.0, x), self.less(x, 0.0))

    def whole(self, x: Value) -> Value:
        """x without its fraction, for |x| <= 2^24."""
        integer = self.build.unary(Kind.TO_INT, x, "int32")
        return self.build.unary(Kind.FROM_INT, integer)

    def chosen(self, condition: Value, a: Value, b: Value) -> Value:
        """a where the condition is 1, b where it is 0: the same numbers, but for a NaN in the one that is not chosen.

        Half less than the condition, divided by zero, is an infinity with its sign: the least of it and a is a or
        -infinity, and the largest of that and what b becomes in the same way is the one of the two that is chosen.
        """
        bound = self.div(self.sub(condition, 0.5), 0.0)
        other = self.mul(bound, -1.0)
        return self.largest(self.least(a, bound), self.least(b, other))


class Sums(Arithmetic):
    """Arithmetic and nothing else."""

    def __init__(self, build: Builder) -> None:
        self._build = build

    @property
    def build(self) -> Builder:
        """The program that grows."""
        return self._build

"""Losses, each with its gradient by what the model gives."""

from assay.errors import InputError
from assay.machines.tensor.instruction import Kind
from assay.models.builder import Builder, Shape, Value
from assay.models.operators import one_hot, reduced

CROSS_ENTROPY, SQUARED_ERROR = "cross-entropy", "squared-error"
LOSSES = (CROSS_ENTROPY, SQUARED_ERROR)


def target_of(loss: str, shape: Shape) -> tuple[str, Shape, str]:
    """The name, shape and type of what a model's output of this shape is compared with."""
    if loss == SQUARED_ERROR:
        return "target", shape, "float32"
    if not shape:
        raise InputError("cross-entropy needs an output with an axis of classes, the last one")
    return "labels", shape[:-1], "int32"


def loss_and_gradient(build: Builder, loss: str, output: Value, target: Value) -> tuple[Value, Value]:
    """A loss, as a tensor without axes, and its gradient by the output of the model."""
    return (squared_error if loss == SQUARED_ERROR else cross_entropy)(build, output, target)


def squared_error(build: Builder, output: Value, target: Value) -> tuple[Value, Value]:
    """The mean of (output - target)^2; 2 * (output - target) / n."""
    difference = build.binary(Kind.SUB, output, target)
    count = build.scalar(_elements(output.shape))
    total = _sum(build, build.binary(Kind.MUL, difference, difference))
    twice = build.binary(Kind.MUL, difference, build.scalar(2.0))
    return build.binary(Kind.DIV, total, count), build.binary(Kind.DIV, twice, count)


def cross_entropy(build: Builder, logits: Value, labels: Value) -> tuple[Value, Value]:
    """The mean of -log(softmax(logits)) at the labels, over all rows whose label is a class.

    The gradient is (softmax - one-hot) / n, and 0 in rows whose label is no class (-1, say).
    """
    rank, classes = len(logits.shape), logits.shape[-1]
    axes = [rank - 1]
    shifted = build.binary(Kind.SUB, logits, reduced(build, Kind.FOLD_LARGEST, logits, axes, keep=True))
    powers = build.unary(Kind.EXP, shifted)
    total = reduced(build, Kind.SUM, powers, axes, keep=True)
    chosen = one_hot(build, labels, classes)
    counts = reduced(build, Kind.SUM, chosen, axes, keep=True)
    rows = build.binary(Kind.LARGEST, _sum(build, counts), build.scalar(1.0))

    likelihoods = build.binary(Kind.SUB, shifted, build.unary(Kind.LOG, total))
    likelihood = _sum(build, build.binary(Kind.MUL, chosen, likelihoods))
    negated = build.binary(Kind.MUL, likelihood, build.scalar(-1.0))

    probabilities = build.binary(Kind.MUL, build.binary(Kind.DIV, powers, total), counts)
    difference = build.binary(Kind.SUB, probabilities, chosen)
    return build.binary(Kind.DIV, negated, rows), build.binary(Kind.DIV, difference, rows)


def _sum(build: Builder, x: Value) -> Value:
    """The sum of all elements: of each row first."""
    last = build.reduce(Kind.SUM, x) if x.shape else x
    count = _elements(last.shape)
    return build.reduce(Kind.SUM, build.reshape(last, (count,))) if last.shape else last


def _elements(shape: Shape) -> int:
    count = 1
    for size in shape:
        count *= size
    return count

"""The gradient of every operator is what differences of the loss say, in binary64."""

from collections.abc import Callable

import numpy as np
import pytest

from assay.errors import InputError
from assay.models.training.gradients import RULES
from assay.models.training.optimizers import Sgd
from assay.models.training.program import Plan, Training, training_program
from tests.unit.models.double import Doubles, in_double
from tests.unit.models.onnx_models import Array, Graph

RANDOM = np.random.default_rng(0)
STEP = 1e-5
DIRECTIONS = 2


def floats(*shape: int) -> Array:
    return RANDOM.standard_normal(shape).astype(np.float32)


def ints(*values: int) -> Array:
    return np.array(values, np.int64)


class Differences:
    """A program that trains, at its start, and the loss around it."""

    def __init__(self, training: Training, inputs: dict[str, Array]) -> None:
        self._training, self._inputs = training, inputs
        self._start = {name: array.astype(np.float64) for name, array in training.start.items()}

    def _run(self, state: dict[str, Doubles]) -> dict[str, Doubles]:
        checkpoint = np.concatenate([*(array.ravel() for array in state.values()), np.zeros(1)])
        return in_double(self._training.program, {**self._inputs, "checkpoint": checkpoint})

    def gradient(self, name: str) -> Doubles:
        """By the program: with a rate of 1, what it takes away."""
        return self._start[name] - self._run(self._start)[name]

    def slope(self, name: str, direction: Doubles) -> float:
        """How fast the loss grows in a direction."""
        losses = [
            self._run({**self._start, name: self._start[name] + sign * STEP * direction})["loss"][0] for sign in (1, -1)
        ]
        return float((losses[0] - losses[1]) / (2 * STEP))


def agrees(graph: Graph, output: str) -> None:
    """The gradients by all initializers, for a squared error."""
    model = graph.model([output])
    plan = Plan("squared-error", Sgd(), rate=1.0)
    training = training_program(model, plan)
    [target] = [each for each in training.program.inputs if each.name == "target"]
    differences = Differences(training, {**graph.inputs, "target": floats(*target.shape)})
    for name in training.parameters:
        gradient = differences.gradient(name)
        assert np.abs(gradient).max() > 0
        for _ in range(DIRECTIONS):
            direction = RANDOM.standard_normal(gradient.shape)
            assert np.sum(gradient * direction) == pytest.approx(
                differences.slope(name, direction), rel=1e-5, abs=1e-8
            ), name


def unary(op: str, x: Array, **attributes: object) -> Callable[[Graph], str]:
    return lambda g: g.node(op, g.constant(x), **attributes)


def binary(op: str, x: Array, y: Array) -> Callable[[Graph], str]:
    return lambda g: g.node(op, g.constant(x), g.constant(y))


ELEMENTWISE = ["Abs", "Elu", "Erf", "Exp", "HardSigmoid", "HardSwish", "LeakyRelu", "Neg", "Reciprocal", "Relu"]
ELEMENTWISE += ["Sigmoid", "Softplus", "Tanh", "Identity", "Dropout"]
POSITIVE = np.abs(floats(3, 5)) + np.float32(0.5)

NODES: dict[str, Callable[[Graph], str]] = {
    **{op: unary(op, floats(3, 5)) for op in ELEMENTWISE},
    **{op: unary(op, POSITIVE) for op in ("Log", "Sqrt")},
    **{op: binary(op, floats(2, 1, 5), floats(3, 1)) for op in ("Add", "Sub", "Mul", "Max", "Min", "Sum")},
    "Max of three": lambda g: g.node("Max", *(g.constant(floats(4, 3)) for _ in range(3))),
    "Div": binary("Div", floats(2, 1, 5), POSITIVE[:, :1]),
    "PRelu": lambda g: g.node("PRelu", g.constant(floats(2, 3, 4)), g.constant(floats(3, 1))),
    **{
        f"Pow {power}": lambda g, power=power: g.node("Pow", g.constant(POSITIVE), g.constant(np.float32(power)))
        for power in (2, 3, 0.5)
    },
    "Clip": lambda g: g.node("Clip", g.constant(floats(30)), g.constant(np.float32(-0.5)), g.constant(np.float32(0.5))),
    "Cast": unary("Cast", floats(3), to=1),
    "an input that is used twice": lambda g: g.node("Mul", *[g.constant(floats(3, 5))] * 2),
    # products
    "MatMul": binary("MatMul", floats(3, 70), floats(70, 5)),
    "MatMul of a batch": binary("MatMul", floats(2, 3, 7), floats(7, 5)),
    "MatMul of two batches": binary("MatMul", floats(2, 1, 3, 7), floats(4, 7, 5)),
    **{
        f"Gemm {a}{b}": lambda g, a=a, b=b: g.node(
            "Gemm",
            g.constant(floats(*((7, 3) if a else (3, 7)))),
            g.constant(floats(*((5, 7) if b else (7, 5)))),
            g.constant(floats(5)),
            transA=a,
            transB=b,
            alpha=0.5,
            beta=2.0,
        )
        for a in (0, 1)
        for b in (0, 1)
    },
    # movement
    "Transpose": unary("Transpose", floats(2, 3, 4), perm=[2, 0, 1]),
    "Reshape": lambda g: g.node("Reshape", g.constant(floats(2, 3, 4)), g.constant(ints(0, -1))),
    "Flatten": unary("Flatten", floats(2, 3, 5)),
    "Squeeze": lambda g: g.node("Squeeze", g.constant(floats(1, 3, 1)), g.constant(ints(0))),
    "Unsqueeze": lambda g: g.node("Unsqueeze", g.constant(floats(3, 5)), g.constant(ints(0, -1))),
    "Expand": lambda g: g.node("Expand", g.constant(floats(3, 1)), g.constant(ints(2, 1, 4))),
    "Concat": lambda g: g.node("Concat", g.constant(floats(2, 3)), g.constant(floats(2, 5)), axis=1),
    "Slice": lambda g: g.node(
        "Slice",
        g.constant(floats(5, 6)),
        *(g.constant(each) for each in (ints(4, 1), ints(-9, 6), ints(0, 1), ints(-2, 2))),
    ),
    "Split of which one part is used": lambda g: g.node("Split", g.constant(floats(4, 6)), outputs=2, axis=1),
    "Pad": lambda g: g.node("Pad", g.constant(floats(2, 3)), g.constant(ints(1, 0, 2, 1)), g.constant(np.float32(7))),
    "Gather": lambda g: g.node("Gather", g.constant(floats(9, 5)), g.input(np.array([[3, 0], [3, 8]])), axis=0),
    "Gather of columns": lambda g: g.node("Gather", g.constant(floats(4, 9, 2)), g.input(ints(3, 0, 3)), axis=1),
    "Gather of places from the end": lambda g: g.node("Gather", g.constant(floats(9, 5)), g.input(ints(-1, 3, -9))),
    "Gather of constant places": lambda g: g.node("Gather", g.constant(floats(4, 9)), g.constant(ints(-1, 2)), axis=1),
    "Gather of one place": lambda g: g.node("Gather", g.constant(floats(4, 9)), g.constant(np.int64(2)), axis=1),
    # reductions
    "ReduceSum over no axes": lambda g: g.node(
        "ReduceSum", g.constant(floats(3, 4)), g.constant(ints()), noop_with_empty_axes=1
    ),
    "ReduceMean": unary("ReduceMean", floats(2, 3, 4), axes=[0, 2], keepdims=0),
    "ReduceSum": lambda g: g.node("ReduceSum", g.constant(floats(2, 3, 4)), g.constant(ints(-2))),
    "ReduceMax": unary("ReduceMax", floats(2, 3, 4), axes=[0, 2], keepdims=0),
    "ReduceMin": unary("ReduceMin", floats(2, 3, 4), axes=[1]),
    "GlobalAveragePool": unary("GlobalAveragePool", floats(2, 3, 5, 7)),
    "GlobalMaxPool": unary("GlobalMaxPool", floats(2, 3, 5, 7)),
    **{op: unary(op, floats(2, 3, 5), axis=1) for op in ("Softmax", "LogSoftmax")},
    "LayerNormalization": lambda g: g.node(
        "LayerNormalization", *(g.constant(floats(*shape)) for shape in ((2, 3, 70), (70,), (70,)))
    ),
    "BatchNormalization": lambda g: g.node(
        "BatchNormalization",
        *(g.constant(each) for each in (floats(2, 3, 4, 4), floats(3), floats(3), floats(3), np.abs(floats(3)))),
    ),
    # windows
    "Conv": lambda g: g.node(
        "Conv", *(g.constant(floats(*each)) for each in ((2, 3, 5, 4), (4, 3, 3, 3), (4,))), pads=[1, 1, 1, 1]
    ),
    "Conv with strides and dilations": lambda g: g.node(
        "Conv", g.constant(floats(1, 2, 9, 7)), g.constant(floats(4, 2, 3, 2)), strides=[2, 1], dilations=[1, 2]
    ),
    "Conv in groups": lambda g: g.node(
        "Conv", g.constant(floats(2, 6, 4, 4)), g.constant(floats(6, 2, 3, 3)), group=3, auto_pad="SAME_UPPER"
    ),
    "MaxPool": unary("MaxPool", floats(2, 2, 6, 6), kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4),
    "AveragePool": unary("AveragePool", floats(2, 2, 6, 6), kernel_shape=[2, 2], strides=[2, 2]),
    "AveragePool with padding": unary("AveragePool", floats(1, 2, 6, 6), kernel_shape=[3, 3], pads=[1] * 4),
}


@pytest.mark.parametrize("name", NODES)
def test_a_gradient_is_what_differences_say(name: str) -> None:
    graph = Graph()
    agrees(graph, NODES[name](graph))


def test_every_rule_is_compared() -> None:
    assert {name.split()[0] for name in NODES if name.split()[0] in RULES} == set(RULES)


REFUSED: dict[str, Callable[[Graph], str]] = {
    r"node Equal0 \(Equal\): the operator cannot be differentiated, and a parameter depends on it": lambda g: g.node(
        "Cast", binary("Equal", floats(3), floats(3))(g), to=1
    ),
    r"node Cast1 \(Cast\): a cast to or from integers or bools has no gradient": lambda g: g.node(
        "Cast", g.node("Cast", g.constant(floats(3)), to=6), to=1
    ),
    r"node Clip0 \(Clip\): the bounds have no gradient": lambda g: g.node(
        "Clip", g.constant(floats(3)), g.constant(np.float32(0)), g.constant(np.float32(1))
    ),
    r"node Pow\d \(Pow\): only the powers 2, 3 and 0.5 have a gradient": lambda g: g.node(
        "Pow", g.constant(POSITIVE), g.node("Constant", value_float=1.5)
    ),
    r"node Pad\d \(Pad\): only padding with a constant": lambda g: g.node(
        "Pad", g.constant(floats(3, 4)), g.node("Constant", value_ints=[1, 0, 1, 0]), mode="reflect"
    ),
    r"node MatMul0 \(MatMul\): a product with a tensor of one axis": binary("MatMul", floats(3, 4), floats(4)),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_what_has_no_gradient_is_refused_by_its_node(reason: str) -> None:
    graph = Graph()
    output = REFUSED[reason](graph)
    every = frozenset(each.name for each in graph.initializers)
    with pytest.raises(InputError, match=reason):
        training_program(graph.model([output]), Plan("squared-error", Sgd(), 1.0, train=every))

"""Imported models give what onnxruntime gives, up to rounding; and what is not supported is refused by name."""

from collections.abc import Callable

import numpy as np
import pytest

from assay.errors import InputError
from assay.models.onnx_import import import_onnx
from tests.unit.models.onnx_models import Graph, by_machine, by_onnxruntime

RANDOM = np.random.default_rng(0)


def floats(*shape: int) -> np.ndarray:
    return RANDOM.standard_normal(shape).astype(np.float32)


def ints(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def agrees(graph: Graph, *outputs: str, tolerance: float = 2e-5) -> None:
    model = graph.model(outputs)
    program = import_onnx(model)
    assert import_onnx(model).documents() == program.documents()
    expected, found = by_onnxruntime(model, graph.inputs), by_machine(program, graph.inputs)
    for one, other in zip(expected, found, strict=True):
        assert one.shape == other.shape
        np.testing.assert_allclose(other, one, rtol=tolerance, atol=tolerance)


UNARY = ["Relu", "Sigmoid", "Tanh", "Erf", "Exp", "Neg", "Abs", "Reciprocal", "HardSigmoid", "HardSwish", "LeakyRelu"]
UNARY += ["Elu", "Softplus"]
NODES: dict[str, Callable[[Graph], str]] = {
    **{op: lambda g, op=op: g.node(op, g.input(floats(2, 5))) for op in (*UNARY, "Identity", "Softmax", "LogSoftmax")},
    **{op: lambda g, op=op: g.node(op, g.input(np.abs(floats(2, 5)))) for op in ("Sqrt", "Log")},
    **{
        op: lambda g, op=op: g.node(op, g.input(floats(2, 1, 5)), g.input(floats(3, 1)))
        for op in ("Add", "Sub", "Mul", "Div", "Max", "Min")
    },
    "MatMul": lambda g: g.node("MatMul", g.input(floats(2, 3, 70)), g.constant(floats(70, 5))),
    "MatMul of two inputs": lambda g: g.node("MatMul", g.input(floats(2, 3, 7)), g.input(floats(2, 7, 5))),
    "Gemm": lambda g: g.node(
        "Gemm", g.input(floats(7, 3)), g.constant(floats(5, 7)), g.constant(floats(5)), transA=1, transB=1, alpha=0.5
    ),
    "Conv": lambda g: g.node(
        "Conv", g.input(floats(2, 3, 9, 8)), g.constant(floats(4, 3, 3, 3)), g.constant(floats(4)), pads=[1, 1, 1, 1]
    ),
    "Conv with strides and dilations": lambda g: g.node(
        "Conv", g.input(floats(1, 2, 11, 9)), g.constant(floats(4, 2, 3, 2)), strides=[2, 1], dilations=[1, 2]
    ),
    "Conv in groups": lambda g: g.node(
        "Conv", g.input(floats(1, 6, 5, 5)), g.constant(floats(6, 1, 3, 3)), group=6, auto_pad="SAME_UPPER"
    ),
    "Conv of one axis": lambda g: g.node("Conv", g.input(floats(1, 3, 20)), g.constant(floats(2, 3, 5)), strides=[2]),
    "MaxPool": lambda g: g.node("MaxPool", g.input(floats(1, 2, 7, 7)), kernel_shape=[3, 3], pads=[1] * 4),
    "MaxPool rounded up": lambda g: g.node(
        "MaxPool", g.input(floats(1, 2, 7, 7)), kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1
    ),
    "AveragePool": lambda g: g.node("AveragePool", g.input(floats(1, 2, 6, 6)), kernel_shape=[2, 2], strides=[2, 2]),
    "AveragePool with padding": lambda g: g.node(
        "AveragePool", g.input(floats(1, 2, 6, 6)), kernel_shape=[3, 3], pads=[1] * 4
    ),
    "GlobalMaxPool": lambda g: g.node("GlobalMaxPool", g.input(floats(2, 3, 5, 7))),
    **{
        op: lambda g, op=op: g.node(
            "Cast", g.node(op, g.input(np.round(floats(2, 9))), g.input(np.round(floats(2, 9)))), to=1
        )
        for op in ("Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual")
    },
    "Equal to integers": lambda g: g.node(
        "Cast",
        g.node("Equal", g.input(ints(3, 1 << 24, (1 << 24) - 1)), g.constant(ints(3, (1 << 24) - 1, (1 << 24) - 1))),
        to=1,
    ),
    **{
        op: lambda g, op=op: g.node(
            "Cast", g.node(op, *(g.node("Cast", g.input(np.round(floats(9))), to=9) for _ in range(2))), to=1
        )
        for op in ("And", "Or")
    },
    "Not": lambda g: g.node("Cast", g.node("Not", g.node("Cast", g.input(np.round(floats(9))), to=9)), to=1),
    "PRelu": lambda g: g.node("PRelu", g.input(floats(2, 3, 4)), g.constant(floats(3, 1))),
    "ReduceMin": lambda g: g.node("ReduceMin", g.input(floats(2, 3, 4)), axes=[1]),
    "GlobalAveragePool": lambda g: g.node("GlobalAveragePool", g.input(floats(2, 3, 5, 7))),
    "BatchNormalization": lambda g: g.node(
        "BatchNormalization",
        g.input(floats(2, 3, 4, 4)),
        *(g.constant(each) for each in (floats(3), floats(3), floats(3), np.abs(floats(3)))),
    ),
    "LayerNormalization": lambda g: g.node(
        "LayerNormalization", g.input(floats(2, 3, 70)), g.constant(floats(70)), g.constant(floats(70))
    ),
    "ReduceMean": lambda g: g.node("ReduceMean", g.input(floats(2, 3, 4)), axes=[0, 2], keepdims=0),
    "ReduceMax": lambda g: g.node("ReduceMax", g.input(floats(2, 3, 4)), axes=[1]),
    "ReduceSum": lambda g: g.node("ReduceSum", g.input(floats(2, 3, 4)), g.constant(ints(-1))),
    "ArgMax": lambda g: g.node("ArgMax", g.input(floats(3, 100)), axis=1, keepdims=0),
    "Transpose": lambda g: g.node("Transpose", g.input(floats(2, 3, 4)), perm=[2, 0, 1]),
    "Reshape": lambda g: g.node("Reshape", g.input(floats(2, 3, 4)), g.constant(ints(0, -1))),
    "Flatten": lambda g: g.node("Flatten", g.input(floats(2, 3, 5))),
    "Squeeze": lambda g: g.node("Squeeze", g.input(floats(1, 3, 1)), g.constant(ints(0))),
    "Unsqueeze": lambda g: g.node("Unsqueeze", g.input(floats(3, 5)), g.constant(ints(0, -1))),
    "Expand": lambda g: g.node("Expand", g.input(floats(3, 1)), g.constant(ints(2, 1, 4))),
    "Concat": lambda g: g.node("Concat", g.input(floats(2, 3)), g.input(floats(2, 5)), axis=1),
    "Slice": lambda g: g.node(
        "Slice",
        g.input(floats(5, 6)),
        *(g.constant(each) for each in (ints(4, 1), ints(-9, 6), ints(0, 1), ints(-2, 2))),
    ),
    "Gather": lambda g: g.node("Gather", g.constant(floats(9, 5)), g.input(ints(3, 0, 8)), axis=0),
    "Gather of columns": lambda g: g.node("Gather", g.constant(floats(4, 9)), g.input(ints(3, 0)), axis=1),
    "Gather of constant places": lambda g: g.node("Gather", g.input(floats(4, 9)), g.constant(ints(-1, 2)), axis=1),
    "Pad": lambda g: g.node("Pad", g.input(floats(2, 3)), g.constant(ints(1, 0, 2, 1)), g.constant(np.float32(7))),
    "Clip": lambda g: g.node("Clip", g.input(floats(9)), g.constant(np.float32(-0.5)), g.constant(np.float32(0.5))),
    "Pow": lambda g: g.node("Pow", g.input(floats(9)), g.constant(np.float32(2))),
    "Cast": lambda g: g.node("Cast", g.input(floats(9) * 5), to=6),
    "Split": lambda g: g.node("Split", g.input(floats(4, 6)), outputs=2, axis=1),
}


@pytest.mark.parametrize("name", NODES)
def test_operator_agrees_with_onnxruntime(name: str) -> None:
    graph = Graph()
    agrees(graph, NODES[name](graph))


def test_perceptron_agrees() -> None:
    graph = Graph(opset=13)
    hidden = graph.node(
        "Gemm", graph.input(floats(3, 64)), graph.constant(floats(64, 32) / 8), graph.constant(floats(32))
    )
    logits = graph.node("MatMul", graph.node("Relu", hidden), graph.constant(floats(32, 10)))
    agrees(graph, graph.node("Softmax", logits, axis=-1), graph.node("ArgMax", logits, axis=1))


def test_convolutional_network_agrees() -> None:
    graph, x = Graph(opset=11), None
    x = graph.input(floats(1, 1, 28, 28))
    for channels, maps in ((1, 6), (6, 16)):
        weights = graph.constant(floats(maps, channels, 5, 5) / (5 * channels**0.5))
        x = graph.node("Relu", graph.node("Conv", x, weights, graph.constant(floats(maps))))
        x = graph.node("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
    x = graph.node("Flatten", x)
    for size, count in ((256, 120), (120, 10)):
        x = graph.node(
            "Gemm", x, graph.constant(floats(count, size) / size**0.5), graph.constant(floats(count)), transB=1
        )
    agrees(graph, graph.node("Softmax", x))


def test_attention_agrees() -> None:
    graph = Graph()
    tokens = graph.input(ints(3, 1, 4, 1, 5, 9))
    x = graph.node("Gather", graph.constant(floats(12, 32)), tokens)
    heads = []
    for order in ([1, 0, 2], [1, 2, 0], [1, 0, 2]):
        projected = graph.node("MatMul", x, graph.constant(floats(32, 32) / 6))
        split = graph.node("Reshape", projected, graph.constant(ints(6, 4, 8)))
        heads.append(graph.node("Transpose", split, perm=order))
    scores = graph.node("Div", graph.node("MatMul", heads[0], heads[1]), graph.constant(np.float32(8**0.5)))
    mixed = graph.node("MatMul", graph.node("Softmax", scores), heads[2])
    joined = graph.node("Reshape", graph.node("Transpose", mixed, perm=[1, 0, 2]), graph.constant(ints(6, 32)))
    added = graph.node("Add", x, joined)
    agrees(graph, graph.node("LayerNormalization", added, graph.constant(floats(32)), graph.constant(floats(32))))


def test_shapes_that_are_computed_are_folded() -> None:
    graph = Graph()
    x = graph.input(floats(2, 3, 4))
    shape = graph.node("Shape", x)
    first = graph.node("Gather", shape, graph.constant(ints(0)))
    wanted = graph.node("Concat", first, graph.constant(ints(-1)), axis=0)
    agrees(graph, graph.node("Reshape", x, wanted))


def test_an_operator_that_is_not_supported_is_refused_by_its_node() -> None:
    graph = Graph()
    with pytest.raises(InputError, match=r"node NonZero0 \(NonZero\): the operator is not supported"):
        import_onnx(graph.model([graph.node("NonZero", graph.input(floats(3)))]))


def test_a_shape_that_depends_on_an_input_is_refused_by_its_node() -> None:
    graph = Graph()
    y = graph.node("Reshape", graph.input(floats(6)), graph.input(ints(2, 3)))
    graph.nodes[-1].name = "shaper"
    graph.nodes.append(graph.nodes.pop())
    with pytest.raises(InputError, match=r"node shaper \(Reshape\): input 1 has to be a constant"):
        import_onnx(graph.model([graph.node("Flatten", y, axis=0)]))


def test_an_opset_that_is_too_new_and_bytes_that_are_no_model_are_refused() -> None:
    graph = Graph(opset=23)
    with pytest.raises(InputError, match="opset 23; 7 to 22"):
        import_onnx(graph.model([graph.node("Relu", graph.input(floats(3)))]))
    with pytest.raises(InputError, match="not an ONNX model"):
        import_onnx(b"no model")

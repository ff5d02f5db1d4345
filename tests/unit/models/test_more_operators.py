"""The operators that take several instructions each give what onnxruntime gives, up to rounding."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from assay.errors import InputError
from assay.models.onnx_import import import_onnx
from tests.unit.models.onnx_models import Array, Graph, by_machine, by_onnxruntime

RANDOM = np.random.default_rng(7)
INFINITY = np.float32(np.inf)


def floats(*shape: int) -> np.ndarray:
    return RANDOM.standard_normal(shape).astype(np.float32)


def ints(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def numbers(*values: float) -> np.ndarray:
    return np.array(values, np.float32)


def agrees(graph: Graph, *outputs: str, tolerance: float = 2e-5, like: Array | None = None) -> None:
    model = graph.model(outputs, like)
    expected, found = by_onnxruntime(model, graph.inputs), by_machine(import_onnx(model), graph.inputs)
    for one, other in zip(expected, found, strict=True):
        assert one.shape == other.shape
        np.testing.assert_allclose(other, one, rtol=tolerance, atol=tolerance)


def outputs_of(graph: Graph, op: str, inputs: Sequence[str], count: int, **attributes: Any) -> list[str]:
    first = graph.node(op, *inputs, outputs=count, **attributes)
    return [f"t{int(first[1:]) + number}" for number in range(count)]


EDGES = numbers(
    0.0, -0.0, 0.5, -0.5, 1.5, 2.5, -2.5, -0.3, 1e-30, -1e-30, 4194304.5, -8388607.5, 3e9, -3e9, 1e30, np.inf
)
FUNCTIONS: dict[str, dict[str, Any]] = {
    **{op: {} for op in ("Ceil", "Floor", "Round", "Sign", "Sin", "Cos", "Softsign", "Mish", "Selu", "Celu")},
    **{op: {} for op in ("ThresholdedRelu", "Shrink", "Gelu")},
    "Gelu by tanh": {"approximate": "tanh"},
    "Celu of 0.5": {"alpha": 0.5},
    "Shrink with a bias": {"lambd": 0.3, "bias": 0.2},
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_agree(name: str) -> None:
    op, graph = name.partition(" ")[0], Graph(opset=20)
    agrees(graph, graph.node(op, graph.input(floats(3, 40) * 3), **FUNCTIONS[name]))


@pytest.mark.parametrize("op", ["Ceil", "Floor", "Round", "Sign"])
def test_numbers_are_rounded_to_integers_as_they_should_be(op: str) -> None:
    graph = Graph()
    agrees(graph, graph.node(op, graph.input(EDGES)), tolerance=0)


def test_sines_of_larger_numbers_agree() -> None:
    graph = Graph()
    x = graph.input((RANDOM.random(2000) * 2000 - 1000).astype(np.float32))
    agrees(graph, graph.node("Sin", x), graph.node("Cos", x), tolerance=1e-6)


@pytest.mark.parametrize("exponent", [0.0, 1.0, 2.0, 3.0, 7.0, -1.0, -2.0, 0.5, -0.5, 1.7, -0.3])
def test_powers_agree(exponent: float) -> None:
    graph = Graph()
    agrees(graph, graph.node("Pow", graph.input(np.abs(floats(9))), graph.constant(np.float32(exponent))))


def test_powers_with_exponents_that_are_inputs_agree() -> None:
    graph = Graph()
    agrees(graph, graph.node("Pow", graph.input(np.abs(floats(9))), graph.input(floats(9))))


@pytest.mark.parametrize("op", ["IsNaN", "IsInf"])
def test_what_is_no_number_is_found(op: str) -> None:
    graph = Graph(opset=20)
    found = graph.node(op, graph.input(numbers(1, np.nan, np.inf, -np.inf, 0)))
    agrees(graph, graph.node("Cast", found, to=1), tolerance=0)


def test_a_choice_takes_what_is_infinite_as_it_is() -> None:
    graph = Graph()
    condition = graph.node("Less", graph.input(numbers(1, -1, 1, -1, 1, -1)), graph.constant(np.float32(0)))
    a, b = numbers(np.inf, -np.inf, -np.inf, np.inf, 3, -0.0), numbers(1, 2, np.inf, 4, -np.inf, 6)
    agrees(graph, graph.node("Where", condition, graph.input(a), graph.input(b)), tolerance=0)
    graph = Graph()
    mask = graph.node("Cast", graph.input(ints(1, 0, 1)), to=9)
    agrees(graph, graph.node("Where", mask, graph.input(floats(2, 1)), graph.constant(-INFINITY)), tolerance=0)


def test_a_choice_between_integers_agrees() -> None:
    graph = Graph()
    mask = graph.node("Cast", graph.input(ints(1, 0, 1)), to=9)
    agrees(graph, graph.node("Where", mask, graph.constant(ints(1, 2, 1 << 24)), graph.constant(ints(7))))


MORE: dict[str, Callable[[Graph], str]] = {
    "Mean": lambda g: g.node("Mean", g.input(floats(2, 3)), g.input(floats(3)), g.input(floats(2, 1))),
    "Mod": lambda g: g.node("Mod", g.input(numbers(5, -5, 5.5)), g.input(numbers(3, 3, -2)), fmod=1),
    "Xor": lambda g: g.node(
        "Cast", g.node("Xor", *(g.node("Cast", g.input(np.round(floats(9))), to=9) for _ in range(2))), to=1
    ),
    "Tile": lambda g: g.node("Tile", g.input(floats(2, 3, 1)), g.constant(ints(2, 1, 3))),
    **{
        f"Trilu with {upper} and {k}": lambda g, upper=upper, k=k: g.node(
            "Trilu", g.input(floats(2, 4, 5)), g.constant(np.array(k, np.int64)), upper=upper
        )
        for upper in (0, 1)
        for k in (-2, 0, 1, 9)
    },
    **{
        f"{op} over {axes}": lambda g, op=op, axes=axes: g.node(op, g.input(floats(2, 3, 5)), axes=axes, keepdims=0)
        for op in ("ReduceL1", "ReduceL2", "ReduceLogSumExp", "ReduceSumSquare", "ReduceProd")
        for axes in ([1], [0, 2], [-1])
    },
    "ReduceLogSum": lambda g: g.node("ReduceLogSum", g.input(np.abs(floats(2, 3, 5))), axes=[1]),
    "ArgMin": lambda g: g.node("ArgMin", g.input(floats(3, 5)), axis=0),
    **{
        f"CumSum {exclusive} {reverse}": lambda g, exclusive=exclusive, reverse=reverse: g.node(
            "CumSum", g.input(floats(2, 5, 3)), g.constant(np.array(1)), exclusive=exclusive, reverse=reverse
        )
        for exclusive in (0, 1)
        for reverse in (0, 1)
    },
    "GatherElements of constant places": lambda g: g.node(
        "GatherElements", g.input(floats(3, 4)), g.constant(np.array([[0, -1], [2, 3], [1, 1]])), axis=1
    ),
    "GatherElements of a constant": lambda g: g.node(
        "GatherElements", g.constant(floats(5, 4)), g.input(np.array([[0, 3, 1, 2], [4, 4, 0, 1]])), axis=0
    ),
    "GatherND": lambda g: g.node("GatherND", g.input(floats(3, 4, 2)), g.constant(np.array([[0, 1], [2, -1]]))),
    "GatherND in batches": lambda g: g.node(
        "GatherND", g.input(floats(2, 3, 4)), g.constant(np.array([[[1], [0]], [[2], [2]]])), batch_dims=1
    ),
    "ScatterND": lambda g: g.node(
        "ScatterND", g.input(floats(6, 3)), g.constant(np.array([[1], [2], [5], [0]])), g.input(floats(4, 3))
    ),
    "ScatterND of elements": lambda g: g.node(
        "ScatterND", g.input(floats(3, 3)), g.constant(np.array([[1, 1], [2, 0]])), g.input(floats(2))
    ),
    "Gather at computed places of computed rows": lambda g: g.node(
        "Gather", g.input(floats(5, 3)), g.node("ArgMax", g.input(floats(4, 5)), axis=1, keepdims=0), axis=0
    ),
    "Gather at computed places along the last axis": lambda g: g.node(
        "Gather", g.input(floats(2, 5)), g.input(np.array([[0, 4], [3, 2]])), axis=1
    ),
    "OneHot": lambda g: g.node("OneHot", g.input(ints(0, 2, -1)), g.constant(ints(4)), g.constant(numbers(-1, 2))),
    "OneHot along the first axis": lambda g: g.node(
        "OneHot", g.input(ints(0, 2)), g.constant(ints(3)), g.constant(ints(0, 1)), axis=0
    ),
    "DepthToSpace": lambda g: g.node("DepthToSpace", g.input(floats(1, 8, 2, 3)), blocksize=2),
    "DepthToSpace in columns": lambda g: g.node("DepthToSpace", g.input(floats(1, 8, 2, 3)), blocksize=2, mode="CRD"),
    "SpaceToDepth": lambda g: g.node("SpaceToDepth", g.input(floats(2, 3, 4, 6)), blocksize=2),
    **{
        f"Pad by {mode}": lambda g, mode=mode: g.node(
            "Pad", g.input(floats(3, 4)), g.constant(ints(1, 2, 2, 3)), mode=mode
        )
        for mode in ("reflect", "edge")
    },
    "Pad that cuts": lambda g: g.node("Pad", g.input(floats(3, 5)), g.constant(ints(1, -2, 0, -1))),
    "Slice backwards from before the start": lambda g: g.node(
        "Slice", g.input(floats(5, 2)), *(g.constant(ints(each)) for each in (-8, -9, 0, -1))
    ),
    "LpNormalization of zeros": lambda g: g.node("LpNormalization", g.input(np.zeros((2, 3), np.float32)), axis=1),
    "MatMul of a row": lambda g: g.node("MatMul", g.input(floats(4)), g.input(floats(2, 4, 3))),
    "MatMul with a column": lambda g: g.node("MatMul", g.input(floats(2, 3, 4)), g.constant(floats(4))),
    "MatMul of a row with a column": lambda g: g.node("MatMul", g.input(floats(4)), g.input(floats(4))),
    "GatherElements of constants of another size": lambda g: g.node(
        "Add",
        g.node("GatherElements", g.constant(floats(5, 4)), g.constant(np.array([[0, -1], [2, 3]])), axis=0),
        g.input(floats(1)),
    ),
    "InstanceNormalization": lambda g: g.node(
        "InstanceNormalization", g.input(floats(2, 3, 4, 5)), g.constant(floats(3)), g.constant(floats(3))
    ),
    "LpNormalization": lambda g: g.node("LpNormalization", g.input(floats(2, 3)), axis=1),
    "LpNormalization by sums": lambda g: g.node("LpNormalization", g.input(floats(2, 3)), axis=0, p=1),
    "LRN": lambda g: g.node("LRN", g.input(floats(2, 6, 3, 3)), size=3, alpha=0.1),
    "ConvTranspose": lambda g: g.node(
        "ConvTranspose", g.input(floats(1, 3, 4, 5)), g.constant(floats(3, 2, 3, 3)), g.constant(floats(2))
    ),
    "ConvTranspose with strides": lambda g: g.node(
        "ConvTranspose",
        g.input(floats(2, 4, 4, 5)),
        g.constant(floats(4, 1, 3, 2)),
        strides=[2, 3],
        pads=[1, 0, 1, 1],
        output_padding=[1, 0],
        dilations=[1, 2],
        group=2,
    ),
    "ConvTranspose to a shape": lambda g: g.node(
        "ConvTranspose", g.input(floats(1, 2, 4)), g.constant(floats(2, 2, 4)), strides=[3], output_shape=[12]
    ),
    "ConvTranspose cut by more than its kernel": lambda g: g.node(
        "ConvTranspose", g.input(floats(1, 1, 6)), g.constant(floats(1, 1, 2)), pads=[3, 2]
    ),
    **{
        f"Einsum of {equation}": lambda g, equation=equation, shapes=shapes: g.node(
            "Einsum", *(g.input(floats(*shape)) for shape in shapes), equation=equation
        )
        for equation, shapes in {
            "bij,bjk->bik": ((2, 3, 4), (2, 4, 5)),
            "bhid,bhjd->bhij": ((2, 2, 3, 4), (2, 2, 5, 4)),
            "ij->ji": ((2, 3),),
            "ij->i": ((2, 3),),
            "i,j->ij": ((2,), (3,)),
            "bijc,c->jb": ((2, 3, 4, 5), (5,)),
            "ab,bc": ((2, 3), (3, 4)),
        }.items()
    },
}


@pytest.mark.parametrize("name", MORE)
def test_operator_agrees_with_onnxruntime(name: str) -> None:
    graph = Graph()
    agrees(graph, MORE[name](graph))


def test_groups_are_normalised_with_a_scale_for_each_channel() -> None:
    graph = Graph(opset=21)
    x, scale, shift = graph.input(floats(2, 6, 3)), graph.constant(floats(6)), graph.constant(floats(6))
    agrees(graph, graph.node("GroupNormalization", x, scale, shift, num_groups=2), like=graph.inputs[x])


def test_one_tensor_is_reduced_over_an_axis_of_one_element_and_without_it() -> None:
    graph = Graph()
    x = graph.input(floats(2, 1, 5, 6))
    both = [graph.node("ReduceMean", x, axes=axes, keepdims=0) for axes in ([2, 3], [1, 2, 3])]
    agrees(graph, *both)


def test_means_and_variances_are_normalised() -> None:
    graph = Graph()
    x = graph.input(floats(2, 3, 4, 5))
    agrees(graph, graph.node("MeanVarianceNormalization", x), like=graph.inputs[x])


@pytest.mark.parametrize("largest", [0, 1])
def test_the_largest_and_their_places_agree(largest: int) -> None:
    graph = Graph()
    x = graph.input(np.round(floats(3, 9, 2) * 2))  # some are equal: the first one is meant
    agrees(graph, *outputs_of(graph, "TopK", [x, graph.constant(ints(4))], 2, axis=1, largest=largest), tolerance=0)


SIZES = [
    {"mode": mode, "coordinate_transformation_mode": coordinates}
    for mode in ("nearest", "linear", "cubic")
    for coordinates in ("half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel")
]
SIZES += [
    {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": rounding}
    for rounding in ("floor", "ceil", "round_prefer_ceil")
]


@pytest.mark.parametrize("attributes", SIZES, ids=lambda given: "-".join(given.values()))
@pytest.mark.parametrize("scales", [(2.0, 2.0), (0.6, 1.7), (3.0, 0.5)])
def test_other_sizes_agree(attributes: dict[str, str], scales: tuple[float, float]) -> None:
    graph = Graph(opset=13)
    x = graph.input(floats(1, 2, 5, 6))
    agrees(graph, graph.node("Resize", x, "", graph.constant(numbers(1, 1, *scales)), **attributes))


def test_a_size_may_be_given_instead_of_a_scale_and_older_opsets_say_it_otherwise() -> None:
    graph = Graph(opset=18)
    x = graph.input(floats(1, 2, 5, 6))
    agrees(graph, graph.node("Resize", x, "", "", graph.constant(ints(7, 4)), axes=[2, 3], mode="linear"))
    for opset, op in ((9, "Upsample"), (10, "Resize")):
        graph = Graph(opset=opset)
        scales = graph.constant(numbers(1, 1, 2, 3))
        agrees(graph, graph.node(op, graph.input(floats(1, 2, 3, 4)), scales, mode="nearest"))


def recurrent(op: str, gates: int, opset: int = 17, **attributes: Any) -> Graph:
    """A graph with all that a recurrent operator may have, but for lengths."""
    graph, directions = Graph(opset=opset), 2 if attributes.get("direction") == "bidirectional" else 1
    inputs = [graph.input(floats(5, 2, 3))]
    for shape in ((gates * 4, 3), (gates * 4, 4), (2 * gates * 4,)):
        inputs.append(graph.constant(floats(directions, *shape) / 2))
    inputs += ["", *(graph.input(floats(directions, 2, 4)) for _ in range(2 if op == "LSTM" else 1))]
    if op == "LSTM":
        inputs.append(graph.constant(floats(directions, 12)))
    graph.node(op, *inputs, outputs=3 if op == "LSTM" else 2, hidden_size=4, **attributes)
    return graph


@pytest.mark.parametrize("direction", ["forward", "reverse", "bidirectional"])
@pytest.mark.parametrize(("op", "gates"), [("LSTM", 4), ("GRU", 3), ("RNN", 1)])
def test_recurrent_operators_agree(op: str, gates: int, direction: str) -> None:
    graph = recurrent(op, gates, direction=direction)
    agrees(graph, *[f"t{number}" for number in range(3 if op == "LSTM" else 2)])
    if op == "GRU":
        agrees(recurrent(op, gates, direction=direction, linear_before_reset=1), "t0", "t1")
    if op == "RNN":
        names = ["Relu"] * (2 if direction == "bidirectional" else 1)
        agrees(recurrent(op, gates, direction=direction, activations=names), "t0", "t1")


def test_recurrent_operators_without_states_and_biases_agree() -> None:
    for op, gates in (("LSTM", 4), ("GRU", 3), ("RNN", 1)):
        graph = Graph()
        weights = [graph.constant(floats(1, gates * 4, size)) for size in (3, 4)]
        graph.node(op, graph.input(floats(3, 1, 3)), *weights, hidden_size=4)
        agrees(graph, "t0")


# --- what is known at import ------------------------------------------------------------------------------------------


def conditional() -> bytes:
    """A model with two branches that use a tensor from outside; which one it takes depends on an input."""
    branches = []
    for op in ("Relu", "Neg"):
        inner = [helper.make_node(op, ["x"], [f"{op}0"])]
        result = helper.make_tensor_value_info(f"{op}0", TensorProto.FLOAT, [3])
        branches.append(helper.make_graph(inner, op, [], [result]))
    node = helper.make_node("If", ["c"], ["y"], name="choice", then_branch=branches[0], else_branch=branches[1])
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [3])]
    inputs += [helper.make_tensor_value_info("n", TensorProto.INT64, [])]
    compared = helper.make_node("Equal", ["n", "sixteen"], ["c"])
    constant = onnx.numpy_helper.from_array(np.array(16), "sixteen")
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, [3])]
    graph = helper.make_graph([compared, node], "graph", inputs, outputs, [constant])
    return bytes(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()
    )


@pytest.mark.parametrize("number", [16, 8])
def test_an_input_that_becomes_a_constant_chooses_a_branch(number: int) -> None:
    model, given = conditional(), {"x": numbers(-1, 0, 2)}
    program = import_onnx(model, values={"n": np.array(number)})
    assert [each.name for each in program.inputs] == ["x"]
    [expected] = by_onnxruntime(model, {**given, "n": np.array(number)})
    [found] = by_machine(program, given)
    assert np.array_equal(found, expected)


def test_branches_that_an_input_chooses_and_constants_that_do_not_fit_are_refused() -> None:
    model = conditional()
    with pytest.raises(InputError, match=r"node choice \(If\): the condition has to be a constant"):
        import_onnx(model)
    with pytest.raises(InputError, match="the model has no input m"):
        import_onnx(model, values={"m": np.array(1)})
    with pytest.raises(InputError, match=r"'n' is int64, which does not hold 0\.5"):
        import_onnx(model, values={"n": np.array(0.5)})
    with pytest.raises(InputError, match=r"'n' has the shape \[\], where 0 is open, not \[1\]"):
        import_onnx(model, values={"n": np.array([1])})


def test_shapes_that_go_through_floats_and_booleans_are_computed_at_import() -> None:
    graph = Graph(opset=13)
    x = graph.input(floats(1, 2, 5, 6))
    height = graph.node("Gather", graph.node("Shape", x), graph.constant(ints(2)), axis=0)
    scaled = graph.node("Mul", graph.node("Cast", height, to=1), graph.constant(np.float32(1.5)))
    size = graph.node("Cast", graph.node("Floor", scaled), to=7)
    sizes = graph.node("Concat", graph.constant(ints(1, 2)), size, graph.constant(ints(9)), axis=0)
    agrees(graph, graph.node("Resize", x, "", "", sizes, mode="nearest"))
    graph = Graph(opset=13)
    places = graph.node("NonZero", graph.node("Greater", graph.constant(ints(3, 0, 5)), graph.constant(ints(1))))
    taken = graph.node("Gather", graph.input(floats(3, 2)), graph.node("Squeeze", places), axis=0)
    agrees(graph, graph.node("Reshape", taken, graph.constant(ints(4))))


REFUSED: dict[str, tuple[str, Callable[[Graph], str]]] = {
    "a sequence of its own length": (
        "sequences of different lengths",
        lambda g: g.node(
            "RNN",
            g.input(floats(3, 2, 3)),
            g.constant(floats(1, 4, 3)),
            g.constant(floats(1, 4, 4)),
            "",
            g.constant(np.array([3, 2], np.int32)),
            hidden_size=4,
        ),
    ),
    "antialias": (
        "antialias",
        lambda g: g.node(
            "Resize", g.input(floats(1, 1, 4, 4)), "", g.constant(numbers(1, 1, 0.5, 0.5)), mode="linear", antialias=1
        ),
    ),
    "an equation with dots": (
        "one or two terms",
        lambda g: g.node("Einsum", g.input(floats(2, 3)), g.input(floats(3, 2)), equation="...j,jk->...k"),
    ),
    "the places of the largest": (
        "uses 't1', an output that is not supported",
        lambda g: (
            g.node("MaxPool", g.input(floats(1, 1, 4)), kernel_shape=[2], outputs=2),
            g.node("Cast", "t1", to=1),
        )[1],
    ),
    "what training drops": (
        "training is not supported",
        lambda g: g.node("Dropout", g.input(floats(3)), g.constant(np.float32(0.5)), g.constant(np.array(True))),
    ),
    "zeros in a shape": (
        "attribute allowzero = 1",
        lambda g: g.node("Reshape", g.input(floats(2, 3)), g.constant(ints(3, 2)), allowzero=1),
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_supported_is_refused(name: str) -> None:
    message, make = REFUSED[name]
    graph = Graph(opset=18)
    with pytest.raises(InputError, match=message):
        import_onnx(graph.model([make(graph)]))


def test_a_constant_that_is_used_twice_is_there_once() -> None:
    graph, table = Graph(), floats(50, 64)
    x, w = graph.input(ints(1, 2)), graph.constant(table)
    y = graph.node("Add", graph.node("Gather", w, x), graph.node("Gather", w, graph.input(ints(3, 4))))
    agrees(graph, y)
    assert len(import_onnx(graph.model([y])).weights) == 50 * 64

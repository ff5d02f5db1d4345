"""Quantised models give the integers that onnxruntime gives."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from assay.errors import InputError
from assay.machines.tensor.instruction import Kind
from assay.models.onnx_import import import_onnx
from tests.unit.models.onnx_models import Array, Graph, by_machine, by_onnxruntime

RANDOM = np.random.default_rng(0)


def floats(*shape: int) -> Array:
    return RANDOM.standard_normal(shape).astype(np.float32)


def signed(*shape: int) -> Array:
    """Of seven bits: with eight, onnxruntime's sums of two products saturate on processors without VNNI."""
    return RANDOM.integers(-64, 64, shape).astype(np.int8)


def both(graph: Graph, *outputs: str) -> list[tuple[Array, Array]]:
    """What onnxruntime and what the machine computes, as numbers."""
    model = graph.model(outputs)
    found = by_machine(import_onnx(model), graph.inputs)
    return list(zip((each.astype(np.float64) for each in by_onnxruntime(model, graph.inputs)), found, strict=True))


def quantised(graph: Graph, x: Array, scale: float = 0.02, zero: int = 100) -> str:
    """An input, quantised to unsigned bytes."""
    return graph.node(
        "QuantizeLinear", graph.input(x), graph.constant(np.float32(scale)), graph.constant(np.uint8(zero))
    )


@pytest.mark.parametrize("length", [5, 256, 257, 1000])
def test_products_of_bytes_are_exact_where_their_sums_are(length: int) -> None:
    graph = Graph()
    x = quantised(graph, floats(3, length))
    w, zero = graph.constant(signed(length, 7)), graph.constant(signed(7))
    y = graph.node("MatMulInteger", x, w, graph.constant(np.uint8(100)), zero)
    [(expected, found)] = both(graph, y)
    assert np.abs(expected).max() < 1 << 24
    assert np.array_equal(expected, found)


def test_products_of_the_largest_bytes_are_exact() -> None:
    graph = Graph()
    x, length = np.full((1, 256), 1e9, np.float32), 256
    w, zero = graph.constant(np.zeros((length, 1), np.uint8)), graph.constant(np.uint8(255))
    y = graph.node("MatMulInteger", quantised(graph, x, zero=0), w, graph.constant(np.uint8(0)), zero)
    [found] = by_machine(import_onnx(graph.model([y])), graph.inputs)
    assert found.item() == -255 * 255 * length


def test_a_long_product_is_a_sum_of_exact_ones() -> None:
    graph = Graph()
    y = graph.node("MatMulInteger", quantised(graph, floats(1, 600)), graph.constant(signed(600, 1)))
    lengths = [each.length for each in import_onnx(graph.model([y])).instructions if each.kind == Kind.DOT]
    assert lengths == [256, 256, 88]


def test_convolutions_of_bytes_are_exact() -> None:
    graph = Graph()
    x = quantised(graph, floats(1, 4, 6, 6))
    zeros = (graph.constant(np.uint8(100)), graph.constant(np.int8(3)))
    y = graph.node("ConvInteger", x, graph.constant(signed(6, 2, 3, 3)), *zeros, group=2, pads=[1, 1, 1, 1])
    [(expected, found)] = both(graph, y)
    assert np.array_equal(expected, found)


@pytest.mark.parametrize("x", [floats(4, 50) * 3, np.abs(floats(4, 50)), np.zeros((2, 3), np.float32)])
def test_numbers_are_quantised_by_their_range(x: Array) -> None:
    graph = Graph()
    graph.node("DynamicQuantizeLinear", graph.input(x), outputs=3)
    for expected, found in both(graph, "t0", "t1", "t2"):
        np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize("kind", [np.int8, np.uint8])
def test_numbers_saturate_and_ties_go_to_even(kind: type) -> None:
    graph = Graph()
    x = np.array([0.0, 0.5, 1.5, 2.5, -0.5, -1.5, 1e9, -1e9, 126.5, 127.5, 254.5, np.inf, -np.inf], np.float32)
    y = graph.node("QuantizeLinear", graph.input(x), graph.constant(np.float32(1)), graph.constant(kind(0)))
    [(expected, found)] = both(graph, y)
    assert np.array_equal(expected, found)


LAYERS: dict[str, Callable[[Graph], str]] = {
    "DequantizeLinear by channel": lambda g: g.node(
        "DequantizeLinear",
        g.node("QuantizeLinear", g.input(floats(2, 3, 4)), g.constant(np.float32(0.1)), g.constant(np.int8(5)), axis=1),
        g.constant(np.array([0.1, 0.2, 0.3], np.float32)),
        g.constant(np.array([5, 0, -5], np.int8)),
        axis=1,
    ),
    "Conv by dequantised weights": lambda g: g.node(
        "Conv",
        g.input(floats(1, 3, 6, 6)),
        g.node(
            "DequantizeLinear",
            g.constant(signed(4, 3, 3, 3)),
            g.constant(np.abs(floats(4))),
            g.constant(signed(4)),
            axis=0,
        ),
    ),
}


@pytest.mark.parametrize("name", LAYERS)
def test_layers_that_go_back_to_floats(name: str) -> None:
    graph = Graph()
    [(expected, found)] = both(graph, LAYERS[name](graph))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("op", ["QLinearMatMul", "QLinearConv"])
def test_layers_from_bytes_to_bytes_differ_by_one_at_most_where_a_tie_is_near(op: str) -> None:
    graph = Graph()
    convolution = op == "QLinearConv"
    x = quantised(graph, floats(1, 3, 8, 8) if convolution else floats(5, 30))
    w = signed(4, 3, 3, 3) if convolution else signed(30, 4)
    scales = np.abs(floats(4)) / 10
    more = [graph.constant(RANDOM.integers(-5000, 5000, 4).astype(np.int32))] if convolution else []
    given = (np.float32(0.02), np.uint8(100), w, scales, np.zeros(4, np.int8), np.float32(3.0), np.uint8(128))
    y = graph.node(op, x, *(graph.constant(np.asarray(each)) for each in given), *more)
    [(expected, found)] = both(graph, y)
    assert len(np.unique(expected)) > 10
    assert np.abs(expected - found).max() <= 1
    assert np.mean(expected != found) < 0.02


def test_a_model_that_onnxruntime_has_quantised(tmp_path: Path) -> None:
    quantization = pytest.importorskip("onnxruntime.quantization")
    graph = Graph()
    hidden = graph.node("MatMul", graph.input(floats(4, 64)), graph.constant(floats(64, 300) / 8))
    y = graph.node("MatMul", graph.node("Relu", hidden), graph.constant(floats(300, 10) / 17))
    plain, small = tmp_path / "plain.onnx", tmp_path / "small.onnx"
    plain.write_bytes(graph.model([y]))
    quantization.quantize_dynamic(plain, small, reduce_range=True)
    program = import_onnx(small.read_bytes())
    [expected], [found] = by_onnxruntime(small.read_bytes(), graph.inputs), by_machine(program, graph.inputs)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3)


def test_other_integers_are_refused() -> None:
    graph = Graph(opset=17)
    x = quantised(graph, floats(2, 3))
    y = graph.node("MatMulInteger", x, graph.constant(signed(3, 2)), graph.constant(np.array([1, 2], np.uint8)))
    with pytest.raises(InputError, match=r"node MatMulInteger1 .*zero point for each row"):
        import_onnx(graph.model([y]))

"""Small networks to be trained, with their inputs and labels."""

import numpy as np
from onnx import numpy_helper

from tests.unit.models.onnx_models import Array, Graph


class Network(Graph):
    """A graph with random weights, the same each time."""

    def __init__(self) -> None:
        super().__init__()
        self.random = np.random.default_rng(0)

    def weights(self, *shape: int) -> str:
        """Random ones, so large that what is summed keeps its size."""
        spread = np.sqrt(shape[0] if len(shape) == 2 else np.prod(shape[1:]))
        return self.constant((self.random.standard_normal(shape) / spread).astype(np.float32))

    def zeros(self, size: int) -> str:
        return self.constant(np.zeros(size, np.float32))


def perceptron(x: Array, classes: int = 3) -> bytes:
    """Of one hidden layer; a Softmax gives what it says."""
    graph = Network()
    hidden = graph.node("Tanh", graph.node("Gemm", graph.input(x), graph.weights(x.shape[1], 7), graph.zeros(7)))
    logits = graph.node("Gemm", hidden, graph.weights(7, classes), graph.zeros(classes))
    return graph.model([graph.node("Softmax", logits)])


def convolutional_classifier(batch: int = 2, size: int = 8, classes: int = 4) -> tuple[bytes, list[Array], Array]:
    """Convolution, largest of windows, convolution, and a layer behind."""
    graph = Network()
    x = graph.input(graph.random.random((batch, 1, size, size), np.float32))
    x = graph.node("Relu", graph.node("Conv", x, graph.weights(8, 1, 3, 3), graph.zeros(8), pads=[1] * 4))
    x = graph.node("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
    x = graph.node("Relu", graph.node("Conv", x, graph.weights(12, 8, 3, 3), graph.zeros(12), pads=[1] * 4))
    x = graph.node("Flatten", graph.node("AveragePool", x, kernel_shape=[2, 2], strides=[2, 2]))
    width = 12 * (size // 4) ** 2
    y = graph.node("Softmax", graph.node("Gemm", x, graph.weights(width, classes), graph.zeros(classes)))
    return graph.model([y]), [graph.inputs["x0"]], graph.random.integers(0, classes, batch)


def character_model(
    vocabulary: int = 13, batch: int = 4, length: int = 12, width: int = 32, heads: int = 2
) -> tuple[bytes, list[Array], Array]:
    """One layer of a transformer that sees what was before: embeddings, attention, GELU, normalisations, logits."""
    graph, size = Network(), width // heads

    def numbers(*values: float) -> str:
        return graph.constant(np.array(values, np.float32))

    def sizes(*values: int) -> str:
        return graph.constant(np.array(values, np.int64))

    def dense(x: str, inputs: int, outputs: int) -> str:
        return graph.node("Add", graph.node("MatMul", x, graph.weights(inputs, outputs)), graph.zeros(outputs))

    def normalised(x: str) -> str:
        return graph.node("LayerNormalization", x, graph.constant(np.ones(width, np.float32)), graph.zeros(width))

    def in_heads(x: str, *order: int) -> str:
        return graph.node("Transpose", graph.node("Reshape", x, sizes(0, 0, heads, size)), perm=list(order))

    tokens = graph.input(graph.random.integers(0, vocabulary, (batch, length)))
    table, places = (graph.weights(count, width) for count in (vocabulary, length))
    x = graph.node("Add", graph.node("Gather", table, tokens), places)
    attended = normalised(x)
    query, key = (in_heads(dense(attended, width, width), *order) for order in ((0, 2, 1, 3), (0, 2, 3, 1)))
    value = in_heads(dense(attended, width, width), 0, 2, 1, 3)
    scores = graph.node("Div", graph.node("MatMul", query, key), numbers(np.sqrt(size)))
    later = np.triu(np.full((length, length), -1e9, np.float32), 1)
    mask = graph.node("Constant", value=numpy_helper.from_array(later))  # a node, and no initializer: it is not trained
    masked = graph.node("Add", scores, mask)
    mixed = graph.node("MatMul", graph.node("Softmax", masked, axis=-1), value)
    joined = graph.node("Reshape", graph.node("Transpose", mixed, perm=[0, 2, 1, 3]), sizes(0, 0, width))
    x = graph.node("Add", x, dense(joined, width, width))
    hidden = dense(normalised(x), width, 2 * width)
    erf = graph.node("Add", graph.node("Erf", graph.node("Div", hidden, numbers(np.sqrt(2)))), numbers(1))
    gelu = graph.node("Mul", graph.node("Mul", hidden, erf), numbers(0.5))
    x = normalised(graph.node("Add", x, dense(gelu, 2 * width, width)))
    model = graph.model([dense(x, width, vocabulary)])
    return model, [graph.inputs[tokens]], graph.random.integers(0, vocabulary, (batch, length))

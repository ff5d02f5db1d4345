"""How long models take on the tensor machine, and in onnxruntime: `make bench-models`.

Both run in this process, on one thread, in turn. The median of the CPU time counts, so that other processes matter
less; what the machine was loaded with is told all the same. Models have random weights: their bits cost no time.
"""

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from assay.machines.tensor.block_tree import BlockTree
from assay.machines.tensor.instruction import Kind
from assay.machines.tensor.trace import TensorTrace
from assay.machines.tensor_fast.machine import fast_engine
from assay.models.onnx_import import import_onnx
from tests.unit.models.onnx_models import Array, Graph, session_of

ROUNDS = 5
TOLERANCE = 1e-3


@dataclass(frozen=True)
class Figures:
    """CPU seconds, medians."""

    multiply_adds: int
    onnxruntime: float
    machine: float
    """A run, with the weights in order."""
    first: float
    """The first run: it brings the weights into their order."""
    weights: float
    """The root of the weights: once a program."""
    roots: float
    """The roots of the initial and the final state, on top of a run, where that of the weights is known."""

    @property
    def ratio(self) -> float:
        return self.machine / self.onnxruntime


class Network(Graph):
    """A graph with random weights."""

    def __init__(self) -> None:
        super().__init__()
        self.random = np.random.default_rng(1)

    def given(self, *shape: int) -> str:
        return self.input(self.random.standard_normal(shape).astype(np.float32))

    def weights(self, *shape: int) -> str:
        spread = np.sqrt(shape[0] if len(shape) == 2 else np.prod(shape[1:]))
        return self.constant((self.random.standard_normal(shape) / spread).astype(np.float32))

    def dense(self, x: str, inputs: int, outputs: int) -> str:
        return self.node("Add", self.node("MatMul", x, self.weights(inputs, outputs)), self.weights(outputs))


def product(rows: int, inner: int, columns: int) -> bytes:
    net = Network()
    return net.model([net.node("MatMul", net.given(rows, inner), net.weights(inner, columns))])


def perceptron() -> bytes:
    net = Network()
    x = net.given(1, 784)
    for inputs, outputs in ((784, 512), (512, 512)):
        x = net.node("Relu", net.dense(x, inputs, outputs))
    return net.model([net.node("Softmax", net.dense(x, 512, 10))])


def convolutional() -> bytes:
    net = Network()
    x = net.given(1, 3, 64, 64)
    for inputs, outputs in ((3, 32), (32, 64), (64, 128)):
        x = net.node("Conv", x, net.weights(outputs, inputs, 3, 3), net.weights(outputs), pads=[1, 1, 1, 1])
        x = net.node("MaxPool", net.node("Relu", x), kernel_shape=[2, 2], strides=[2, 2])
    x = net.node("Flatten", net.node("GlobalAveragePool", x))
    return net.model([net.dense(x, 128, 10)])


def transformer(layers: int = 6, tokens: int = 128, width: int = 384, heads: int = 12) -> bytes:
    """An encoder of MiniLM's measures."""
    net, size = Network(), width // heads
    x = net.given(1, tokens, width)

    def constant(*numbers: float) -> str:
        return net.constant(np.array(numbers, np.float32))

    def shape(*sizes: int) -> str:
        return net.constant(np.array(sizes, np.int64))

    def normalised(value: str) -> str:
        return net.node("LayerNormalization", value, net.weights(width), net.weights(width))

    def in_heads(value: str, *order: int) -> str:
        return net.node("Transpose", net.node("Reshape", value, shape(1, tokens, heads, size)), perm=list(order))

    for _ in range(layers):
        query, key = (in_heads(net.dense(x, width, width), *order) for order in ((0, 2, 1, 3), (0, 2, 3, 1)))
        value = in_heads(net.dense(x, width, width), 0, 2, 1, 3)
        scores = net.node("Div", net.node("MatMul", query, key), constant(np.sqrt(size)))
        mixed = net.node("MatMul", net.node("Softmax", scores, axis=-1), value)
        joined = net.node("Reshape", net.node("Transpose", mixed, perm=[0, 2, 1, 3]), shape(1, tokens, width))
        x = normalised(net.node("Add", x, net.dense(joined, width, width)))
        hidden = net.dense(x, width, 4 * width)
        erf = net.node("Add", net.node("Erf", net.node("Div", hidden, constant(np.sqrt(2)))), constant(1))
        gelu = net.node("Mul", net.node("Mul", hidden, erf), constant(0.5))
        x = normalised(net.node("Add", x, net.dense(gelu, 4 * width, width)))
    return net.model([x])


MODELS: dict[str, Callable[[], bytes]] = {
    "product 512x512x512": lambda: product(512, 512, 512),
    "product 16x384x1536": lambda: product(16, 384, 1536),
    "perceptron, 0.7M": perceptron,
    "convolutional, 64x64": convolutional,
    "transformer, 6 layers": transformer,
}


def measure(model: bytes) -> Figures:
    """Figures of one model. Fails if the outputs are not those of onnxruntime."""
    program, session = import_onnx(model), session_of(model)
    random = np.random.default_rng(2)
    inputs = {each.name: random.standard_normal(each.shape).astype(np.float32) for each in program.inputs}
    data = [inputs[each.name].tobytes() for each in program.inputs]
    engine, peer, own, roots, output = fast_engine(), [], [], [], b""
    weights, root = timed(lambda: BlockTree(program.weights).root())
    for _ in range(ROUNDS + 1):
        seconds, expected = timed(lambda: session.run(None, inputs))
        peer.append(seconds)
        trace = TensorTrace(program, program.initial(data), 16**15, lambda: engine, lambda: root)
        own.append(timed(trace.run)[0])
        roots.append(timed(lambda trace=trace: (trace.state_root(0), trace.state_root(16**15)))[0])
        output = output or trace.outcome().stdout
    check(output, expected)
    adds = sum(each.elements * each.length for each in program.instructions if each.kind == Kind.DOT)
    peer_median, own_median, roots_median = (statistics.median(each[1:]) for each in (peer, own, roots))
    return Figures(adds, peer_median, own_median, own[0], weights, roots_median)


def timed(what: Callable[[], Any]) -> tuple[float, Any]:
    """CPU seconds of this process, and what came of it."""
    start = time.process_time()
    result = what()
    return time.process_time() - start, result


def check(output: bytes, expected: list[Array]) -> None:
    wanted = np.concatenate([each.ravel() for each in expected])
    error = np.abs(np.frombuffer(output, "<f4") - wanted).max()
    if not error <= TOLERANCE * max(1.0, np.abs(wanted).max()):
        raise SystemExit(f"the outputs differ from those of onnxruntime by up to {error}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.models", description=__doc__.partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--only", action="append", metavar="TEXT", help="models whose names have this; repeatable")
    arguments = parser.parse_args()
    chosen = [name for name in MODELS if not arguments.only or any(text in name for text in arguments.only)]
    load = os.getloadavg()[0]
    results = {name: measure(MODELS[name]()) for name in chosen}
    if arguments.json:
        models = {name: {**asdict(each), "ratio": each.ratio} for name, each in results.items()}
        print(json.dumps({"rounds": ROUNDS, "load": load, "processors": os.cpu_count(), "models": models}, indent=2))
        return
    print(
        f"{'model':<24}{'multiply-adds':>15}{'onnxruntime':>13}{'assay':>10}{'ratio':>7}{'first':>10}{'weights':>10}{'roots':>8}"
    )
    for name, each in results.items():
        times = [f"{1000 * seconds:.2f}" for seconds in (each.onnxruntime, each.machine, each.first)]
        hashes = f"{1000 * each.weights:>10.2f}{1000 * each.roots:>8.2f}"
        print(
            f"{name:<24}{each.multiply_adds:>15,}{times[0]:>13}{times[1]:>10}{each.ratio:>7.2f}{times[2]:>10}{hashes}"
        )
    print(
        f"\nMilliseconds of CPU time on one thread, medians of {ROUNDS}; the machine's load was {load:.1f} on "
        f"{os.cpu_count()} processors.\nfirst: the run that brings the weights into their order. weights: their root, "
        "once a program. roots: of the initial and the final state."
    )


if __name__ == "__main__":
    main()

"""Random models: what they are made of by onnxruntime, by the reference, by the kernels and by the referee.

    python -m tests.differential.graph_fuzz --minutes 15

A graph grows node by node over tensors of random shapes. Each node of the imported model is compared with onnxruntime
on what the model gave to it, bit by bit, so that errors do not add up and a comparison that falls on either side is no
difference. The whole model is compared between the reference and the kernels, and some steps with the referee, both by
bits, and on words that are no ordinary numbers, too.
"""

import argparse
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from random import Random
from typing import Any

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from assay.machines.tensor.program import Program
from assay.machines.tensor.trace import TensorTrace
from assay.machines.tensor_fast.machine import fast_engine
from assay.models.onnx_import import import_onnx
from tests.differential.referee import Referee
from tests.differential.tensor_steps import SOURCE, random_words
from tests.support.anvil import anvil

Array = np.ndarray[Any, Any]
TYPES = {"float32": TensorProto.FLOAT, "int64": TensorProto.INT64, "bool": TensorProto.BOOL, "int32": TensorProto.INT32}
OPSET = 18
NODES = 6
LARGE = 100.0
"""Numbers beyond it are no operands: differences are measured by the size of an output."""
MOST = 3000
"""Elements of a tensor at most."""
TOLERANCE = 2e-5


class UnusableError(Exception):
    """Nothing comes of this draw."""


@dataclass
class Graph:
    """A model that grows, and what its tensors are by onnxruntime."""

    random: Random
    arrays: dict[str, Array] = field(default_factory=dict)
    inputs: list[str] = field(default_factory=list)
    constants: list[str] = field(default_factory=list)
    nodes: list[Any] = field(default_factory=list)

    # --- operands -----------------------------------------------------------------------------------------------------

    def number(self, low: int, high: int) -> int:
        return self.random.randint(low, high)

    def shape(self, low: int = 1, high: int = 4) -> tuple[int, ...]:
        sizes = [self.random.choice((1, 2, 3, 4, 5, 7)) for _ in range(self.number(low, high))]
        if sizes and self.random.random() < 0.1:
            sizes[-1] = self.random.choice((64, 65, 70, 130))
        return tuple(sizes)

    def floats(self, shape: Sequence[int]) -> Array:
        seeded = np.random.default_rng(self.random.getrandbits(32))
        numbers = seeded.standard_normal(shape) * self.random.choice((0.5, 1, 3))
        rounded = np.round(numbers * 2) / 2 if self.random.random() < 0.3 else numbers  # some are equal
        return np.asarray(rounded, np.float32)

    def input(self, array: Array) -> str:
        name = f"x{len(self.arrays)}"
        self.arrays[name] = array
        self.inputs.append(name)
        return name

    def constant(self, array: Array) -> str:
        name = f"w{len(self.arrays)}"
        self.arrays[name] = np.asarray(array)
        self.constants.append(name)
        return name

    def integers(self, *values: int) -> str:
        return self.constant(np.array(values, np.int64))

    def new(self, shape: Sequence[int]) -> str:
        """A new tensor of floats: an input, or a constant."""
        return (self.input if self.random.random() < 0.6 else self.constant)(self.floats(shape))

    def old(self, fits: Callable[[Array], bool], kind: str = "float32") -> str | None:
        """A tensor that is there and fits."""
        names = [name for name, array in self.arrays.items() if array.dtype == kind and fits(array)]
        return self.random.choice(names) if names else None

    def any(self, low: int = 1, high: int = 4) -> str:
        """A tensor of floats with so many axes."""
        found = self.old(lambda array: low <= array.ndim <= high and _usable(array))
        return found if found and self.random.random() < 0.8 else self.new(self.shape(low, high))

    def like(self, shape: Sequence[int]) -> str:
        """One of this shape."""
        found = self.old(lambda array: array.shape == tuple(shape) and _usable(array))
        return found if found and self.random.random() < 0.7 else self.new(shape)

    def beside(self, name: str) -> str:
        """One that broadcasts with it."""
        shape = self.arrays[name].shape[self.number(0, max(0, self.arrays[name].ndim - 1)) :]
        return self.like([1 if self.random.random() < 0.3 else size for size in shape])

    def truth(self) -> str:
        """A tensor of booleans."""
        found = self.old(lambda array: array.ndim > 0, "bool")
        if found and self.random.random() < 0.7:
            return found
        x = self.any()
        return self.node(self.random.choice(("Less", "Greater", "Equal", "LessOrEqual")), x, self.beside(x))

    def of(self, name: str) -> Array:
        return self.arrays[name]

    def axis(self, name: str) -> int:
        rank = self.of(name).ndim
        return self.number(-rank, rank - 1)

    # --- nodes --------------------------------------------------------------------------------------------------------

    def node(self, op: str, *inputs: str, outputs: int = 1, **attributes: Any) -> str:
        """One more node; the name of its first output. Raises `UnusableError` if onnxruntime does not take it."""
        names = [f"t{len(self.arrays)}_{number}" for number in range(outputs)]
        proto = helper.make_node(op, list(inputs), names, name=f"{op}{len(self.nodes)}", **attributes)
        results = one_node(proto, self)(self.arrays)
        if any(each.size == 0 or each.size > MOST for each in results):
            raise UnusableError
        self.nodes.append(proto)
        self.arrays.update(zip(names, results, strict=True))
        return names[0]

    def results(self) -> list[str]:
        """What the nodes give."""
        return [name for node in self.nodes for name in node.output]

    def model(self) -> bytes:
        """The file: everything that is computed is an output."""
        inputs = [_info(name, self.arrays[name]) for name in self.inputs]
        outputs = [_info(name, self.arrays[name]) for name in self.results()]
        constants = [numpy_helper.from_array(self.arrays[name], name) for name in self.constants]
        graph = helper.make_graph(self.nodes, "graph", inputs, outputs, constants)
        opset = helper.make_opsetid("", OPSET)
        return bytes(helper.make_model(graph, opset_imports=[opset], ir_version=8).SerializeToString())


def _usable(array: Array) -> bool:
    return bool(np.isfinite(array).all() and np.abs(array).max() <= LARGE)


def _info(name: str, array: Array) -> Any:
    return helper.make_tensor_value_info(name, TYPES[array.dtype.name], array.shape)


def one_node(proto: Any, graph: Graph) -> Callable[[dict[str, Array]], list[Array]]:
    """What gives the outputs of a node by onnxruntime."""
    given = [name for name in dict.fromkeys(proto.input) if name and name not in graph.constants]
    constants = [numpy_helper.from_array(graph.arrays[name], name) for name in set(proto.input) & set(graph.constants)]
    inputs = [_info(name, graph.arrays[name]) for name in given]
    results = [helper.make_empty_tensor_value_info(name) for name in proto.output]
    whole = helper.make_graph([proto], "node", inputs, results, constants)
    model = helper.make_model(whole, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 4
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise UnusableError(error) from error

    def run(arrays: dict[str, Array]) -> list[Array]:
        try:
            return [np.asarray(each) for each in session.run(None, {name: arrays[name] for name in given})]
        except Exception as error:
            raise UnusableError(error) from error

    return run


# --- what nodes there are -------------------------------------------------------------------------------------------

Draw = Callable[[Graph], str]

UNARY = (
    "Abs",
    "Ceil",
    "Celu",
    "Cos",
    "Elu",
    "Erf",
    "Exp",
    "Floor",
    "HardSigmoid",
    "HardSwish",
    "Identity",
    "LeakyRelu",
)
UNARY += ("Log", "Mish", "Neg", "Reciprocal", "Relu", "Round", "Selu", "Shrink", "Sigmoid", "Sign", "Sin", "Softplus")
UNARY += ("Softsign", "Sqrt", "Tanh", "ThresholdedRelu")
BINARY = ("Add", "Sub", "Mul", "Div", "Max", "Min")
COMPARED = ("Less", "LessOrEqual", "Greater", "GreaterOrEqual", "Equal")
REDUCED = ("ReduceSum", "ReduceMax", "ReduceMin", "ReduceMean", "ReduceL1", "ReduceL2", "ReduceProd", "ReduceSumSquare")
REDUCED += ("ReduceLogSumExp", "ReduceLogSum")


def binary(op: str, g: Graph) -> str:
    x = g.any()
    pair = [x, g.beside(x)]
    g.random.shuffle(pair)
    return g.node(op, *pair)


def logical(op: str, g: Graph) -> str:
    x = g.truth()
    return g.node(op, x) if op == "Not" else g.node(op, x, g.node("Not", x))


def choice(g: Graph) -> str:
    condition = g.truth()
    a = g.beside(condition)
    return g.node("Where", condition, a, g.beside(a))


def reduction(op: str, g: Graph) -> str:
    x = g.any()
    axes = g.random.sample(range(g.of(x).ndim), g.number(1, g.of(x).ndim))
    given = [] if g.random.random() < 0.1 else [g.integers(*axes)]
    return g.node(op, x, *given, keepdims=g.number(0, 1))


def along(op: str, g: Graph, **attributes: Any) -> str:
    x = g.any()
    return g.node(op, x, axis=g.axis(x), **attributes)


def top_k(g: Graph) -> str:
    x = g.any()
    axis = g.axis(x)
    k = g.number(1, min(4, g.of(x).shape[axis]))
    return g.node("TopK", x, g.integers(k), outputs=2, axis=axis, largest=g.number(0, 1))


def cumulated(g: Graph) -> str:
    x = g.any()
    axis = g.constant(np.array(g.axis(x), np.int64))
    return g.node("CumSum", x, axis, exclusive=g.number(0, 1), reverse=g.number(0, 1))


def layer_normalization(g: Graph) -> str:
    x = g.any()
    axis = g.number(0, g.of(x).ndim - 1)
    shape = g.of(x).shape[axis:]
    return g.node("LayerNormalization", x, g.new(shape), g.new(shape), axis=axis)


def by_channel(op: str, g: Graph) -> str:
    x = g.any(3, 4)
    channels = g.of(x).shape[1]
    if op == "InstanceNormalization":
        return g.node(op, x, g.constant(g.floats([channels])), g.constant(g.floats([channels])), epsilon=0.1)
    rest = [g.constant(g.floats([channels])) for _ in range(3)]
    return g.node(op, x, *rest, g.constant(np.abs(g.floats([channels])) + np.float32(0.1)))


def reshape(g: Graph) -> str:
    x = g.any()
    size, sizes = g.of(x).size, []
    for _ in range(g.number(0, 3)):
        sizes.append(g.random.choice([each for each in range(1, size + 1) if size % each == 0]))
        size //= sizes[-1]
    sizes.append(size)
    g.random.shuffle(sizes)
    if g.random.random() < 0.3:
        sizes[g.number(0, len(sizes) - 1)] = -1
    return g.node("Reshape", x, g.integers(*sizes))


def transpose(g: Graph) -> str:
    x = g.any(2)
    return g.node("Transpose", x, perm=g.random.sample(range(g.of(x).ndim), g.of(x).ndim))


def squeeze(g: Graph) -> str:
    x = g.any(2)
    ones = [axis for axis, size in enumerate(g.of(x).shape) if size == 1]
    if not ones or len(ones) == g.of(x).ndim:
        raise UnusableError
    return g.node("Squeeze", x, g.integers(*g.random.sample(ones, g.number(1, len(ones)))))


def unsqueeze(g: Graph) -> str:
    x = g.any(1, 3)
    return g.node("Unsqueeze", x, g.integers(*g.random.sample(range(g.of(x).ndim + 2), 2)))


def expand(g: Graph) -> str:
    x = g.any(1, 3)
    shape = [g.number(2, 3) if size == 1 else size for size in g.of(x).shape]
    return g.node("Expand", x, g.integers(*([2] if g.random.random() < 0.3 else []), *shape))


def concatenated(g: Graph) -> str:
    x = g.any()
    axis = g.axis(x)
    shape = list(g.of(x).shape)
    others = []
    for _ in range(g.number(1, 2)):
        shape[axis] = g.number(1, 4)
        others.append(g.like(shape))
    return g.node("Concat", x, *others, axis=axis)


def split(g: Graph) -> str:
    x = g.any()
    axis = g.axis(x)
    size = g.of(x).shape[axis]
    if size < 2:
        raise UnusableError
    first = g.number(1, size - 1)
    return g.node("Split", x, g.integers(first, size - first), outputs=2, axis=axis)


def sliced(g: Graph) -> str:
    x = g.any()
    axes = g.random.sample(range(g.of(x).ndim), g.number(1, g.of(x).ndim))
    starts, ends = ([g.number(-8, 8) for _ in axes] for _ in range(2))
    steps = [g.random.choice((1, 1, 2, -1, -2)) for _ in axes]
    return g.node("Slice", x, *(g.integers(*each) for each in (starts, ends, axes, steps)))


def places(g: Graph, size: int, shape: Sequence[int]) -> Array:
    return np.array([g.number(-size, size - 1) for _ in range(int(np.prod(shape)))], np.int64).reshape(shape)


def gather(g: Graph) -> str:
    x = g.any()
    axis = g.axis(x)
    size = g.of(x).shape[axis]
    if g.random.random() < 0.5:
        return g.node("Gather", x, g.constant(places(g, size, g.shape(0, 2))), axis=axis)
    # Places that are computed: not negative, because tables among the weights take them as they are.
    if x in g.inputs or g.random.random() < 0.5:
        x = g.constant(g.floats(g.of(x).shape))
    return g.node("Gather", x, g.input(np.abs(places(g, size, g.shape(0, 2)) % size)), axis=axis)


def gather_elements(g: Graph) -> str:
    x = g.any()
    axis = g.axis(x)
    shape = [g.number(1, size) for size in g.of(x).shape]
    shape[axis] = g.number(1, 5)
    return g.node("GatherElements", x, g.constant(places(g, g.of(x).shape[axis], shape)), axis=axis)


def gather_nd(g: Graph) -> str:
    x = g.any(2)
    depth = g.number(1, g.of(x).ndim)
    columns = [places(g, size, (4,)) for size in g.of(x).shape[:depth]]
    return g.node("GatherND", x, g.constant(np.stack(columns, axis=-1)))


def scatter_nd(g: Graph) -> str:
    x = g.any(2)
    depth = g.number(1, g.of(x).ndim)
    whole = list(np.ndindex(*g.of(x).shape[:depth]))
    chosen = g.random.sample(whole, g.number(1, len(whole)))
    updates = g.like((len(chosen), *g.of(x).shape[depth:]))
    return g.node("ScatterND", x, g.constant(np.array(chosen, np.int64)), updates)


def tile(g: Graph) -> str:
    x = g.any(1, 3)
    return g.node("Tile", x, g.integers(*(g.number(1, 3) for _ in g.of(x).shape)))


def triangle(g: Graph) -> str:
    return g.node("Trilu", g.any(2), g.constant(np.array(g.number(-3, 3), np.int64)), upper=g.number(0, 1))


def pad(g: Graph) -> str:
    x, mode = g.any(), g.random.choice(("constant", "reflect", "edge"))
    shape = g.of(x).shape
    pads = [g.number(0, min(3, size - 1) if mode == "reflect" else 3) for size in (*shape, *shape)]
    if mode == "constant" and g.random.random() < 0.3:
        pads[0] = -min(1, shape[0] - 1)
    fill = [g.constant(g.floats(()))] if mode == "constant" else []
    return g.node("Pad", x, g.integers(*pads), *fill, mode=mode)


def blocks(op: str, g: Graph) -> str:
    size = g.number(2, 3)
    shape = [g.number(1, 2) for _ in range(4)]
    if op == "DepthToSpace":
        x = g.like([shape[0], shape[1] * size**2, *shape[2:]])
        return g.node(op, x, blocksize=size, mode=g.random.choice(("DCR", "CRD")))
    return g.node(op, g.like([*shape[:2], shape[2] * size, shape[3] * size]), blocksize=size)


def product(g: Graph) -> str:
    a = g.any(1, 4)
    shape = g.of(a).shape
    batch = [1 if g.random.random() < 0.3 else size for size in shape[:-2][g.number(0, 2) :]]
    columns = () if g.random.random() < 0.1 and not batch else (g.number(1, 7),)
    return g.node("MatMul", a, g.like([*batch, shape[-1], *columns]))


def gemm(g: Graph) -> str:
    m, k, n = (g.random.choice((1, 2, 3, 5, 65)) for _ in range(3))
    left, right = g.number(0, 1), g.number(0, 1)
    a, b = g.like((k, m) if left else (m, k)), g.like((n, k) if right else (k, n))
    rest = [g.like(g.random.choice(((n,), (1, n), (m, 1), (m, n))))] if g.random.random() < 0.7 else []
    scales = {"alpha": g.random.choice((1.0, 0.5)), "beta": g.random.choice((1.0, -2.0))}
    return g.node("Gemm", a, b, *rest, transA=left, transB=right, **scales)


def window(g: Graph, spatial: int) -> dict[str, Any]:
    """Attributes of a convolution or pooling."""
    kernel = [g.number(1, 3) for _ in range(spatial)]
    pads = [g.number(0, size - 1) for size in (*kernel, *kernel)]
    return {"kernel_shape": kernel, "strides": [g.number(1, 3) for _ in kernel], "pads": pads}


def image(g: Graph, channels: int, spatial: int) -> str:
    return g.like([g.number(1, 2), channels, *(g.number(3, 8) for _ in range(spatial))])


def convolution(op: str, g: Graph) -> str:
    groups, spatial = g.number(1, 2), g.number(1, 3)
    ins, outs = groups * g.number(1, 3), groups * g.number(1, 3)
    attributes = window(g, spatial) | {"group": groups, "dilations": [g.number(1, 2) for _ in range(spatial)]}
    if op == "ConvTranspose" and g.random.random() < 0.3:
        attributes["output_padding"] = [g.number(0, step - 1) for step in attributes["strides"]]
    if g.random.random() < 0.2:
        del attributes["pads"]
        attributes["auto_pad"] = g.random.choice(("SAME_UPPER", "SAME_LOWER", "VALID"))
        attributes["dilations"] = [1] * spatial
        if op == "ConvTranspose":  # what lies between kernels that do not meet is not said by all in the same way
            attributes["strides"] = [
                min(pair) for pair in zip(attributes["strides"], attributes["kernel_shape"], strict=True)
            ]
    shape = (outs, ins // groups) if op == "Conv" else (ins, outs // groups)
    w = g.constant(g.floats((*shape, *attributes["kernel_shape"])))
    bias = [g.constant(g.floats([outs]))] if g.random.random() < 0.7 else []
    return g.node(op, image(g, ins, spatial), w, *bias, **attributes)


def pooling(op: str, g: Graph) -> str:
    spatial = g.number(1, 3)
    attributes = window(g, spatial)
    if op == "AveragePool":
        attributes["count_include_pad"] = g.number(0, 1)
    else:
        attributes["dilations"] = [g.number(1, 2) for _ in range(spatial)]
        attributes["ceil_mode"] = g.number(0, 1)
    x = image(g, g.number(1, 3), spatial)
    steps = attributes.get("dilations", [1] * spatial)
    extents = [(size - 1) * step + 1 for size, step in zip(attributes["kernel_shape"], steps, strict=True)]
    if any(size < extent for size, extent in zip(g.of(x).shape[2:], extents, strict=True)):
        raise UnusableError  # a window that is larger than what there is
    return g.node(op, x, **attributes)


def resize(g: Graph) -> str:
    x = image(g, g.number(1, 2), 2)
    mode = g.random.choice(("nearest", "linear", "cubic"))
    coordinates = g.random.choice(("half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel"))
    attributes = {"mode": mode, "coordinate_transformation_mode": coordinates}
    if mode == "nearest":
        attributes["nearest_mode"] = g.random.choice(("floor", "ceil", "round_prefer_floor", "round_prefer_ceil"))
    if g.random.random() < 0.5:
        sizes = g.integers(*g.of(x).shape[:2], g.number(1, 12), g.number(1, 12))
        return g.node("Resize", x, "", "", sizes, **attributes)
    scales = g.constant(np.array([1, 1, *(g.random.choice((0.5, 1, 2, 3, 1.5)) for _ in range(2))], np.float32))
    return g.node("Resize", x, "", scales, **attributes)


def einstein_sum(g: Graph) -> str:
    letters = "abcde"[: g.number(2, 5)]
    sizes = {each: g.number(1, 4) for each in letters}
    terms = ["".join(g.random.sample(letters, g.number(1, len(letters)))) for _ in range(g.number(1, 2))]
    known = sorted(set("".join(terms)))
    wanted = "".join(g.random.sample(known, g.number(1, len(known))))
    operands = [g.like([sizes[each] for each in term]) for term in terms]
    return g.node("Einsum", *operands, equation=f"{','.join(terms)}->{wanted}")


def recurrent(op: str, gates: int, g: Graph) -> str:
    direction = g.random.choice(("forward", "reverse", "bidirectional"))
    count, size, inputs, batch = (
        2 if direction == "bidirectional" else 1,
        g.number(1, 4),
        g.number(1, 4),
        g.number(1, 2),
    )
    given = [g.like((g.number(1, 4), batch, inputs))]
    given += [g.constant(g.floats((count, gates * size, width))) for width in (inputs, size)]
    given += [g.constant(g.floats((count, 2 * gates * size)))] if g.random.random() < 0.7 else [""]
    given += ["", *(g.like((count, batch, size)) for _ in range(2 if op == "LSTM" else 1))]
    more = {"linear_before_reset": g.number(0, 1)} if op == "GRU" else {}
    outputs = 3 if op == "LSTM" else 2
    return g.node(op, *given, outputs=outputs, hidden_size=size, direction=direction, **more)


def slope(g: Graph) -> str:
    x = g.any()
    return g.node("PRelu", x, g.beside(x))


def clip(g: Graph) -> str:
    bounds = [g.constant(np.float32(bound)) for bound in (-0.5, 0.75)]
    return g.node("Clip", g.any(), *bounds)


def one_hot(g: Graph) -> str:
    x = g.node("ArgMax", g.any(2, 3), axis=0, keepdims=0)
    return g.node("OneHot", x, g.integers(g.number(1, 6)), g.constant(g.floats([2])), axis=g.number(-1, 1))


DRAWS: dict[str, Draw] = {
    **{op: lambda g, op=op: g.node(op, g.any()) for op in UNARY},
    **{op: partial(binary, op) for op in (*BINARY, "Mean", "Sum", *COMPARED)},
    **{op: partial(logical, op) for op in ("And", "Or", "Xor", "Not")},
    **{op: partial(reduction, op) for op in REDUCED},
    **{op: partial(along, op) for op in ("ArgMax", "ArgMin", "Flatten", "LogSoftmax", "LpNormalization", "Softmax")},
    **{op: partial(by_channel, op) for op in ("BatchNormalization", "InstanceNormalization")},
    **{op: partial(blocks, op) for op in ("DepthToSpace", "SpaceToDepth")},
    **{op: partial(convolution, op) for op in ("Conv", "ConvTranspose")},
    **{op: partial(pooling, op) for op in ("MaxPool", "AveragePool")},
    **{op: lambda g, op=op: g.node(op, g.any(3, 4)) for op in ("GlobalMaxPool", "GlobalAveragePool")},
    **{op: partial(recurrent, op, gates) for op, gates in (("LSTM", 4), ("GRU", 3), ("RNN", 1))},
    "Cast": lambda g: g.node("Cast", g.any(), to=g.random.choice((6, 9))),
    "Clip": clip,
    "Concat": concatenated,
    "CumSum": cumulated,
    "Einsum": einstein_sum,
    "Expand": expand,
    "Gather": gather,
    "GatherElements": gather_elements,
    "GatherND": gather_nd,
    "Gemm": gemm,
    "LRN": lambda g: g.node("LRN", g.any(4, 4), size=g.random.choice((1, 3, 5)), alpha=0.1),
    "LayerNormalization": layer_normalization,
    "MatMul": product,
    "OneHot": one_hot,
    "PRelu": slope,
    "Pad": pad,
    "Pow": lambda g: g.node("Pow", g.any(), g.constant(np.float32(g.random.choice((0.5, 1, 2, 3, 4, -1))))),
    "Reshape": reshape,
    "Resize": resize,
    "ScatterND": scatter_nd,
    "Slice": sliced,
    "Split": split,
    "Squeeze": squeeze,
    "Tile": tile,
    "TopK": top_k,
    "Transpose": transpose,
    "Trilu": triangle,
    "Unsqueeze": unsqueeze,
    "Where": choice,
}


def random_graph(seed: int) -> Graph:
    """A graph of some nodes."""
    g = Graph(Random(seed))
    size = g.number(1, NODES)
    while len(g.nodes) < size:
        try:
            DRAWS[g.random.choice(list(DRAWS))](g)
        except UnusableError:
            continue
    used = {name for node in g.nodes for name in node.input}
    g.inputs = [name for name in g.inputs if name in used]
    return g


# --- comparisons ------------------------------------------------------------------------------------------------------


def differences(g: Graph, program: Program, trace: TensorTrace) -> Iterator[str]:
    """The nodes whose outputs are not what onnxruntime makes of what the model gave to them."""
    data, arrays = trace.outcome().stdout, dict(g.arrays)
    for tensor in program.outputs:
        part, data = data[: 4 * tensor.words], data[4 * tensor.words :]
        found = np.frombuffer(part, tensor.type).reshape(tensor.shape)
        arrays[tensor.name] = found.astype(g.arrays[tensor.name].dtype)
    for node in g.nodes:
        for name, wanted in zip(node.output, one_node(node, g)(arrays), strict=True):
            found = arrays[name]
            near = np.abs(wanted[np.isfinite(wanted)].astype(np.float64)).max(initial=1.0) * TOLERANCE
            same = wanted.shape == found.shape and np.allclose(found, wanted, TOLERANCE, near, equal_nan=True)
            if not same:
                yield f"{node.name}, output {name}:\n{helper.printable_node(node)}\nis {found}\nnot {wanted}"


def compare(g: Graph, referee: Referee | None, steps: int = 4) -> list[str]:
    """What is wrong with a graph: nothing, if all is well."""
    try:
        program = import_onnx(g.model())
    except Exception as error:  # noqa: BLE001 - whatever it is, it is wrong
        return [f"not imported: {error!r}"]
    given = [np.ascontiguousarray(g.arrays[each.name].astype(each.type)).tobytes() for each in program.inputs]
    wrong = []
    words = random_words(np.random.default_rng(g.random.getrandbits(32)))
    odd = [np.resize(words, each.words).astype("<u4").tobytes() for each in program.inputs]
    for number, data in enumerate((given, odd)):
        kernels = TensorTrace(program, program.initial(data), 16**10, fast_engine)
        defined = TensorTrace(program, program.initial(data), 16**10)
        kernels.run()
        with np.errstate(all="ignore"):
            defined.run()
        end = program.steps
        if kernels._final is None or defined._final is None or np.any(kernels._final != defined._final):
            wrong.append("the kernels and the reference differ")
        if number == 0:
            wrong += differences(g, program, kernels)
        if referee is not None and end:
            chosen = sorted({g.number(0, end - 1) for _ in range(steps)})
            calls = [(defined.state_root(step), defined.witness(step)) for step in chosen]
            verdicts = referee.step_all(calls)
            for step, verdict in zip(chosen, verdicts, strict=True):
                if verdict != defined.state_root(step + 1):
                    wrong.append(f"the referee takes step {step} otherwise: {verdict!r}")
    return wrong


def main() -> None:
    """Run as the module's documentation says."""
    parser = argparse.ArgumentParser(prog="python -m tests.differential.graph_fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--seed", type=int, default=0, help="of the first graph; each one has the next one")
    parser.add_argument("--no-referee", action="store_true", help="start no node, and ask no referee")
    arguments = parser.parse_args()
    end, ops, failed = time.monotonic() + 60 * arguments.minutes, Counter[str](), 0
    with ExitStack() as stack:
        referee = None
        if not arguments.no_referee:
            referee = Referee(stack.enter_context(anvil("--hardfork", "prague")), source=SOURCE)
        for seed in count(arguments.seed):
            if time.monotonic() > end:
                break
            graph = random_graph(seed)
            ops.update(node.op_type for node in graph.nodes)
            wrong = compare(graph, referee)
            failed += bool(wrong)
            for each in wrong:
                print(f"--- seed {seed}: {each}", flush=True)
    missing = sorted(set(DRAWS) - set(ops))
    print(f"{seed - arguments.seed} graphs, {ops.total()} nodes, {failed} graphs differ; none of {missing}")
    raise SystemExit(failed > 0)


if __name__ == "__main__":
    main()

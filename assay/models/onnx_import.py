"""From an ONNX file to a program of the tensor machine (docs/operators.md, section 9).

Shapes are fixed, and what depends on constants alone is computed, at import. The same file always gives the same
program. Needs the package `onnx`: `pip install assay[models]`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from assay.errors import InputError
from assay.machines.tensor.program import Program
from assay.models.builder import Array, Builder, Shape, Value
from assay.models.folding import FOLDABLE, evaluate, fold
from assay.models.table import OPERATORS

OPSETS = range(7, 23)
IMPLIED: Mapping[str, tuple[Any, ...]] = {
    "allowzero": (0,),
    "block_size": (0,),
    "direction": (b"LEFT", b"forward", b"reverse", b"bidirectional"),
    "output_dtype": (0,),
    "stash_type": (0, 1),
    "storage_order": (0,),
    "spatial": (1,),
    "training_mode": (0,),
}
"""Attributes of which only these values are what the operators do."""


@dataclass
class Node:
    """One node of the graph, with what its inputs are by now."""

    op: str
    name: str
    inputs: list[Value | np.ndarray[Any, Any] | None]
    attributes: dict[str, Any]
    outputs: list[str]
    opset: int
    builder: Builder
    proto: Any = None
    """As the file has it."""

    def attribute(self, name: str, default: Any = None) -> Any:
        """An attribute, or what the operator has instead of it."""
        return self.attributes.get(name, default)

    def has(self, place: int) -> bool:
        """Whether an optional input is there."""
        return place < len(self.inputs) and self.inputs[place] is not None

    def with_inputs(self, inputs: Sequence[Value]) -> "Node":
        """The same node with other inputs."""
        return replace(self, inputs=list(inputs))

    def value(self, place: int) -> Value:
        """An input as a tensor of the program; a constant becomes one."""
        given = self.inputs[place]
        if given is None:
            raise InputError(f"input {place} is missing")
        return given if isinstance(given, Value) else self.constant_value(given)

    def constant_value(self, array: np.ndarray[Any, Any]) -> Value:
        """A constant as a tensor of the program."""
        return self.builder.constant(machine_array(array))

    def constant(self, place: int) -> np.ndarray[Any, Any]:
        """An input that has to be known at import."""
        given = self.inputs[place]
        if not isinstance(given, np.ndarray):
            raise InputError(f"input {place} has to be a constant: shapes and indices are fixed at import")
        return given

    def rank(self, place: int) -> int:
        """The number of axes of an input."""
        given = self.inputs[place]
        return 0 if given is None else len(given.shape)

    def integers(self, name: str, place: int) -> list[int] | None:
        """A list that older opsets have as an attribute and newer ones as an input; None if it is not given."""
        if name in self.attributes:
            return [int(each) for each in np.atleast_1d(self.attributes[name])]
        return [int(each) for each in self.constant(place).ravel()] if self.has(place) else None


def machine_array(array: np.ndarray[Any, Any]) -> Array:
    """A constant in one of the machine's two types."""
    if array.dtype == np.float32:
        return array
    if array.dtype in (np.bool_, np.int8, np.uint8):
        return array.astype(np.float32)
    if array.dtype in (np.int32, np.int64):
        if array.size and (array.max() > np.iinfo(np.int32).max or array.min() < np.iinfo(np.int32).min):
            raise InputError("an integer constant that does not fit into 32 bits")
        return array.astype(np.int32)
    raise InputError(f"a constant of type {array.dtype}: float32, int32, int64 and bool are supported")


Given = Value | np.ndarray[Any, Any]
"""A tensor of the program, or what is known at import."""

Known = dict[str, Given]
"""What the names of a graph stand for."""


@dataclass(frozen=True)
class Operation:
    """One node of a graph as the file has it, its inputs and outputs by their names."""

    op: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Any]
    proto: Any


@dataclass(frozen=True)
class GraphInput:
    """An input of a graph; a size of 0 is open."""

    name: str
    shape: Shape
    dtype: np.dtype[Any]

    @property
    def type(self) -> str:
        """Its type in the machine. Raises `InputError` if the machine has none for it."""
        if self.dtype == np.float32:
            return "float32"
        if self.dtype in (np.int32, np.int64):
            return "int32"
        raise InputError(f"input {self.name!r} is {self.dtype}: float32, int32 and int64 are supported")

    def fixed(self, chosen: Sequence[int] | None) -> Shape:
        """Its shape, where `chosen` says what is open. Raises `InputError` if that does not fit."""
        if chosen is None:
            if 0 in self.shape:
                raise InputError(f"input {self.name!r} has a shape that is open: say which one it shall be")
            return self.shape
        if len(chosen) != len(self.shape) or any(d not in (0, c) for d, c in zip(self.shape, chosen, strict=False)):
            raise InputError(
                f"input {self.name!r} has the shape {list(self.shape)}, where 0 is open, not {list(chosen)}"
            )
        return tuple(int(each) for each in chosen)

    def constant(self, array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """This value of it, in the type that it has. Raises `InputError` if that or the shape does not fit."""
        self.fixed(array.shape)
        converted = array.astype(self.dtype)
        if not np.array_equal(converted, array):
            raise InputError(f"input {self.name!r} is {self.dtype}, which does not hold {array.tolist()}")
        return converted


@dataclass(frozen=True)
class OnnxGraph:
    """What an ONNX file holds: operations in an order in which they can be computed."""

    opset: int
    initializers: dict[str, np.ndarray[Any, Any]]
    inputs: tuple[GraphInput, ...]
    operations: tuple[Operation, ...]
    outputs: tuple[str, ...]

    def node(self, operation: Operation, known: Known, builder: Builder) -> Node:
        """An operation on what its inputs are by now. Raises `InputError` if one is no output of what came before."""
        user = f"node {operation.name} ({operation.op})"
        return Node(
            op=operation.op,
            name=operation.name,
            inputs=[_given(known, each, user) if each else None for each in operation.inputs],
            attributes=operation.attributes,
            outputs=list(operation.outputs),
            opset=self.opset,
            builder=builder,
            proto=operation.proto,
        )

    def results(self, known: Known, builder: Builder) -> list[tuple[str, Given]]:
        """What the graph gives, by name. What its operations give is added to what is known."""
        for operation in self.operations:
            node = self.node(operation, known, builder)
            given = self._branch(node, known) if node.op == "If" else results_of(node)
            known.update(zip(operation.outputs, given, strict=False))
        return [(name, _given(known, name, "the graph")) for name in self.outputs]

    def _branch(self, node: Node, known: Known) -> list[Given]:
        """What the branch gives that the condition takes, which has to be known at import."""
        condition = node.inputs[0]
        if not isinstance(condition, np.ndarray):
            raise InputError(f"node {node.name} (If): the condition has to be a constant: what runs is fixed at import")
        branch = _graph(node.attribute("then_branch" if bool(condition.ravel()[0]) else "else_branch"), self.opset)
        return [given for _, given in branch.results({**known, **branch.initializers}, node.builder)]


def import_onnx(
    data: bytes,
    shapes: Mapping[str, Sequence[int]] | None = None,
    values: Mapping[str, np.ndarray[Any, Any]] | None = None,
) -> Program:
    """The program of an ONNX model; `shapes` fixes those inputs whose shapes it leaves open.

    `values` are inputs that become constants: the program has no such input. Raises `InputError` that names the node
    for what is not supported.
    """
    graph, builder, constants = read_onnx(data), Builder(), dict(values or {})
    known: Known = dict(graph.initializers)
    for given in graph.inputs:
        if given.name in constants:
            known[given.name] = given.constant(constants.pop(given.name))
        else:
            known[given.name] = builder.input(given.name, given.fixed((shapes or {}).get(given.name)), given.type)
    if constants:
        raise InputError(f"the model has no input {', '.join(constants)}")
    outputs = []
    for name, found in graph.results(known, builder):
        outputs.append((name, found if isinstance(found, Value) else builder.constant(machine_array(found))))
    return builder.program(outputs)


def read_onnx(data: bytes) -> OnnxGraph:
    """The graph in an ONNX file. Raises `InputError` if it is none, or of another opset."""
    import onnx  # noqa: PLC0415 - only who imports models needs it

    try:
        model = onnx.load_from_string(data)
        onnx.checker.check_model(model)
    except Exception as error:
        raise InputError(f"not an ONNX model: {error}") from error
    return _graph(model.graph, _opset(model))


def _graph(graph: Any, opset: int) -> OnnxGraph:
    import onnx  # noqa: PLC0415 - as above

    operations = []
    for number, proto in enumerate(graph.node):
        attributes = {each.name: onnx.helper.get_attribute_value(each) for each in proto.attribute}
        for name, attribute in attributes.items():
            if isinstance(attribute, onnx.TensorProto):
                attributes[name] = onnx.numpy_helper.to_array(attribute)
        operations.append(
            Operation(
                op=proto.op_type if proto.domain in ("", "ai.onnx") else f"{proto.domain}.{proto.op_type}",
                name=proto.name or f"number {number}",
                inputs=tuple(proto.input),
                outputs=tuple(proto.output),
                attributes=attributes,
                proto=proto,
            )
        )
    initializers = {each.name: onnx.numpy_helper.to_array(each) for each in graph.initializer}
    return OnnxGraph(
        opset=opset,
        initializers=initializers,
        inputs=tuple(_input(each) for each in graph.input if each.name not in initializers),
        operations=tuple(operations),
        outputs=tuple(each.name for each in graph.output),
    )


def _input(given: Any) -> GraphInput:
    import onnx  # noqa: PLC0415 - as above

    tensor = given.type.tensor_type
    shape = tuple(max(d.dim_value, 0) if d.HasField("dim_value") else 0 for d in tensor.shape.dim)
    return GraphInput(given.name, shape, np.dtype(onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type)))


def _given(known: Known, name: str, user: str) -> Given:
    """What a name stands for. It may be an output that its node does not give here, such as the places of MaxPool."""
    if name not in known:
        raise InputError(f"{user} uses {name!r}, an output that is not supported")
    return known[name]


def results_of(node: Node) -> list[Given]:
    """What a node gives: computed now, or by instructions. Raises `InputError` with its name."""
    try:
        for name, values in IMPLIED.items():
            if node.attribute(name, values[0]) not in values:
                raise InputError(f"the attribute {name} = {node.attribute(name)} is not supported")
        if node.op == "Dropout" and node.has(2) and np.any(node.constant(2)):
            raise InputError("training is not supported")
        folded = _folded(node)
        if folded is not None:
            return folded
        if node.op in ("Shape", "Size"):
            return [_measured(node)]
        lower: Callable[[Node], Value | Sequence[Value]] | None = OPERATORS.get(node.op)
        if lower is None:
            raise InputError("the operator is not supported")
        results = lower(node)
        return [results] if isinstance(results, Value) else list(results)
    except InputError as error:
        raise InputError(f"node {node.name} ({node.op}): {error}") from error


def _folded(node: Node) -> list[Given] | None:
    """What a node gives that is computed at import."""
    constants = [each for each in node.inputs if isinstance(each, np.ndarray)]
    if len(constants) != sum(each is not None for each in node.inputs) or not (constants or node.op == "Constant"):
        return None
    if node.op in FOLDABLE:
        folded = fold(node.op, node.inputs, node)  # type: ignore[arg-type]
        if folded is not None:
            return [np.asarray(folded)]  # a scalar of NumPy is no array
    if "." in node.op or node.op == "Constant":
        return None
    computed = evaluate(node.proto, constants, node.opset)
    return None if computed is None else list(computed)


def _measured(node: Node) -> np.ndarray[Any, Any]:
    """The shape of an input, or a part of it; or the number of its elements."""
    given = node.inputs[0]
    shape = () if given is None else given.shape
    if node.op == "Size":
        return np.array(np.prod(shape), np.int64)
    return np.array(shape[node.attribute("start", 0) : node.attribute("end", len(shape))], np.int64)


def _opset(model: Any) -> int:
    for each in model.opset_import:
        if each.domain in ("", "ai.onnx"):
            if each.version not in OPSETS:
                raise InputError(f"the model has opset {each.version}; {OPSETS[0]} to {OPSETS[-1]} are supported")
            return int(each.version)
    raise InputError("the model does not say which opset it has")

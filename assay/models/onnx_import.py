"""From an ONNX file to a program of the tensor machine (docs/operators.md, section 9).

Shapes are fixed, and what depends on constants alone is computed, at import. The same file always gives the same
program. Needs the package `onnx`: `pip install assay[models]`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from assay.errors import InputError
from assay.machines.tensor.program import Program
from assay.models import operators
from assay.models.builder import Array, Builder, Shape, Value
from assay.models.folding import FOLDABLE, fold

OPSETS = range(11, 19)


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

    def attribute(self, name: str, default: Any = None) -> Any:
        """An attribute, or what the operator has instead of it."""
        return self.attributes.get(name, default)

    def has(self, place: int) -> bool:
        """Whether an optional input is there."""
        return place < len(self.inputs) and self.inputs[place] is not None

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


Known = dict[str, Value | np.ndarray[Any, Any]]
"""What the names of a graph stand for: tensors of the program, and what is known at import."""


@dataclass(frozen=True)
class Operation:
    """One node of a graph as the file has it, its inputs and outputs by their names."""

    op: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Any]


@dataclass(frozen=True)
class GraphInput:
    """An input of a graph: its type is the machine's, and a size of 0 is open."""

    name: str
    shape: Shape
    type: str

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


@dataclass(frozen=True)
class OnnxGraph:
    """What an ONNX file holds: operations in an order in which they can be computed."""

    opset: int
    initializers: dict[str, np.ndarray[Any, Any]]
    inputs: tuple[GraphInput, ...]
    operations: tuple[Operation, ...]
    outputs: tuple[str, ...]

    def node(self, operation: Operation, known: Known, builder: Builder) -> Node:
        """An operation on what its inputs are by now."""
        return Node(
            op=operation.op,
            name=operation.name,
            inputs=[known[each] if each else None for each in operation.inputs],
            attributes=operation.attributes,
            outputs=list(operation.outputs),
            opset=self.opset,
            builder=builder,
        )


def import_onnx(data: bytes, shapes: Mapping[str, Sequence[int]] | None = None) -> Program:
    """The program of an ONNX model; `shapes` fixes those inputs whose shapes it leaves open.

    Raises `InputError` that names the node for what is not supported.
    """
    graph, builder = read_onnx(data), Builder()
    known: Known = dict(graph.initializers)
    for given in graph.inputs:
        known[given.name] = builder.input(given.name, given.fixed((shapes or {}).get(given.name)), given.type)
    for operation in graph.operations:
        known.update(zip(operation.outputs, results_of(graph.node(operation, known, builder)), strict=False))
    outputs = []
    for name in graph.outputs:
        found = known[name]
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
    opset = _opset(model)
    operations = []
    for number, proto in enumerate(model.graph.node):
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
            )
        )
    initializers = {each.name: onnx.numpy_helper.to_array(each) for each in model.graph.initializer}
    inputs = [each for each in model.graph.input if each.name not in initializers]
    return OnnxGraph(
        opset=opset,
        initializers=initializers,
        inputs=tuple(GraphInput(each.name, _shape_of(each), _type_of(each, onnx.TensorProto)) for each in inputs),
        operations=tuple(operations),
        outputs=tuple(each.name for each in model.graph.output),
    )


def results_of(node: Node) -> list[Value | np.ndarray[Any, Any]]:
    """What a node gives: computed now, or by instructions. Raises `InputError` with its name."""
    try:
        if node.op in FOLDABLE and all(each is None or isinstance(each, np.ndarray) for each in node.inputs):
            folded = fold(node.op, [each for each in node.inputs], node)  # type: ignore[misc]
            if folded is not None:
                return [np.asarray(folded)]  # a scalar of NumPy is no array
        if node.op == "Shape":
            return [np.array(node.value(0).shape, np.int64)]
        lower: Callable[[Node], Value | Sequence[Value]] | None = operators.OPERATORS.get(node.op)
        if lower is None:
            raise InputError("the operator is not supported")
        results = lower(node)
        return [results] if isinstance(results, Value) else list(results)
    except InputError as error:
        raise InputError(f"node {node.name} ({node.op}): {error}") from error


def _opset(model: Any) -> int:
    for each in model.opset_import:
        if each.domain in ("", "ai.onnx"):
            if each.version not in OPSETS:
                raise InputError(f"the model has opset {each.version}; {OPSETS[0]} to {OPSETS[-1]} are supported")
            return int(each.version)
    raise InputError("the model does not say which opset it has")


def _shape_of(given: Any) -> Shape:
    return tuple(max(d.dim_value, 0) if d.HasField("dim_value") else 0 for d in given.type.tensor_type.shape.dim)


def _type_of(given: Any, types: Any) -> str:
    kind = given.type.tensor_type.elem_type
    if kind == types.FLOAT:
        return "float32"
    if kind in (types.INT32, types.INT64):
        return "int32"
    raise InputError(f"input {given.name!r} is {types.DataType.Name(kind)}: float32, int32 and int64 are supported")

"""From an ONNX file to a program of the tensor machine (docs/operators.md, section 9).

Shapes are fixed, and what depends on constants alone is computed, at import. The same file always gives the same
program. Needs the package `onnx`: `pip install assay[models]`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
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


@dataclass
class _Graph:
    """What the names of the graph stand for."""

    builder: Builder = field(default_factory=Builder)
    known: dict[str, Value | np.ndarray[Any, Any]] = field(default_factory=dict)


def import_onnx(data: bytes, shapes: Mapping[str, Sequence[int]] | None = None) -> Program:
    """The program of an ONNX model; `shapes` fixes those inputs whose shapes it leaves open.

    Raises `InputError` that names the node for what is not supported.
    """
    import onnx  # noqa: PLC0415 - only who imports models needs it

    try:
        model = onnx.load_from_string(data)
        onnx.checker.check_model(model)
    except Exception as error:
        raise InputError(f"not an ONNX model: {error}") from error
    opset = _opset(model)
    graph = _Graph()
    for initializer in model.graph.initializer:
        graph.known[initializer.name] = onnx.numpy_helper.to_array(initializer)
    for given in model.graph.input:
        if given.name not in graph.known:
            shape = _shape_of(given, (shapes or {}).get(given.name))
            graph.known[given.name] = graph.builder.input(given.name, shape, _type_of(given, onnx.TensorProto))

    for number, proto in enumerate(model.graph.node):
        attributes = {each.name: onnx.helper.get_attribute_value(each) for each in proto.attribute}
        for name, attribute in attributes.items():
            if isinstance(attribute, onnx.TensorProto):
                attributes[name] = onnx.numpy_helper.to_array(attribute)
        name = proto.name or f"number {number}"
        node = Node(
            op=proto.op_type if proto.domain in ("", "ai.onnx") else f"{proto.domain}.{proto.op_type}",
            name=name,
            inputs=[graph.known[each] if each else None for each in proto.input],
            attributes=attributes,
            outputs=list(proto.output),
            opset=opset,
            builder=graph.builder,
        )
        graph.known.update(zip(proto.output, _results(node), strict=False))

    outputs = []
    for wanted in model.graph.output:
        found = graph.known[wanted.name]
        value = found if isinstance(found, Value) else graph.builder.constant(machine_array(found))
        outputs.append((wanted.name, value))
    return graph.builder.program(outputs)


def _results(node: Node) -> list[Value | np.ndarray[Any, Any]]:
    """What a node gives."""
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


def _shape_of(given: Any, chosen: Sequence[int] | None) -> Shape:
    dimensions = [max(d.dim_value, 0) if d.HasField("dim_value") else 0 for d in given.type.tensor_type.shape.dim]
    if chosen is None:
        if not all(dimension > 0 for dimension in dimensions):
            raise InputError(f"input {given.name!r} has a shape that is open: say which one it shall be")
        return tuple(dimensions)
    if len(chosen) != len(dimensions) or any(d not in (0, c) for d, c in zip(dimensions, chosen, strict=False)):
        raise InputError(f"input {given.name!r} has the shape {dimensions}, where 0 is open, not {list(chosen)}")
    return tuple(int(each) for each in chosen)


def _type_of(given: Any, types: Any) -> str:
    kind = given.type.tensor_type.elem_type
    if kind == types.FLOAT:
        return "float32"
    if kind in (types.INT32, types.INT64):
        return "int32"
    raise InputError(f"input {given.name!r} is {types.DataType.Name(kind)}: float32, int32 and int64 are supported")

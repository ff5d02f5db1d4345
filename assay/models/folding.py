"""What is computed at import: operators on constants that give shapes, indices and the like.

Only what is exact: integers, booleans and the movement of data; the weights of quantised models, which take one rounded
product each; and operations of one rounding on a few floats, such as scales. Other arithmetic is left to the machine.
"""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from assay.errors import InputError

Constant = np.ndarray[Any, Any]

FOLDABLE = frozenset(
    {
        *("Constant", "ConstantOfShape", "Shape", "Gather", "Unsqueeze", "Squeeze", "Concat", "Slice", "Cast"),
        *("Reshape", "Transpose", "Range", "Add", "Sub", "Mul", "Div", "Equal", "Where", "Expand", "Identity"),
        *("Flatten", "DequantizeLinear"),
    }
)
MOVES = frozenset(
    {
        *(
            "Compress",
            "DepthToSpace",
            "GatherElements",
            "GatherND",
            "Pad",
            "ScatterElements",
            "ScatterND",
            "SpaceToDepth",
        ),
        *("Split", "Tile", "Trilu", "Where"),
    }
)
"""Operators that move constants of any type; `onnx` itself computes what they give."""
ROUNDED = frozenset({"Abs", "Add", "Cast", "Ceil", "Div", "Floor", "Max", "Min", "Mul", "Neg", "Sqrt", "Sub"})
"""Operators whose results are rounded once, as the machine rounds them, and so may be computed here."""
FEW = 64
"""Numbers at most that are."""
# The element types of ONNX that matter here, by number.
TYPES = {1: np.float32, 2: np.uint8, 3: np.int8, 6: np.int32, 7: np.int64, 9: np.bool_}


class Attributes(Protocol):
    """What folding needs of a node."""

    def attribute(self, name: str, default: Any = None) -> Any:
        """An attribute, or the default."""

    def integers(self, name: str, place: int) -> list[int] | None:
        """A list that is an attribute or an input."""


def fold(op: str, inputs: Sequence[Constant], node: Attributes) -> Constant | None:  # noqa: PLR0911, PLR0912
    """The result of an operator on constants; None if it is not computed at import."""
    if op == "Constant":
        return _constant(node)
    if op == "ConstantOfShape":
        value = node.attribute("value", np.zeros(1, np.float32))
        return np.full([int(each) for each in inputs[0]], value.ravel()[0])
    first = inputs[0]
    exact = first.dtype != np.float32
    match op:
        case "Identity":
            return first
        case "DequantizeLinear":
            return _dequantised(inputs, node.attribute("axis", 1))
        case "Shape":
            return np.array(first.shape, np.int64)
        case "Cast":
            kind = TYPES.get(node.attribute("to"))
            return first.astype(kind) if kind is not None and exact else None
        case "Gather":
            return np.asarray(np.take(first, inputs[1].astype(np.int64), axis=node.attribute("axis", 0)))
        case "Unsqueeze":
            return np.expand_dims(first, tuple(node.integers("axes", 1) or ()))
        case "Squeeze":
            axes = node.integers("axes", 1)
            return np.squeeze(first, None if axes is None else tuple(axes))
        case "Concat":
            return np.concatenate(inputs, axis=node.attribute("axis"))
        case "Transpose":
            return np.transpose(first, node.attribute("perm"))
        case "Reshape":
            return first.reshape(new_shape(first.shape, [int(each) for each in inputs[1]]))
        case "Flatten":
            axis = node.attribute("axis", 1)
            return first.reshape(int(np.prod(first.shape[:axis])), -1)
        case "Expand":
            return np.broadcast_to(first, np.broadcast_shapes(first.shape, tuple(int(each) for each in inputs[1])))
        case "Slice":
            return np.asarray(first[_slices(first, node)])
        case "Where":
            return np.where(first, inputs[1], inputs[2])
        case "Equal":
            return np.asarray(first == inputs[1])
        case "Range":
            return np.arange(*(each.item() for each in inputs), dtype=first.dtype) if exact else None
    if not exact:
        return None
    if op == "Div":
        return (np.abs(first) // np.abs(inputs[1]) * np.sign(first) * np.sign(inputs[1])).astype(first.dtype)
    return {"Add": np.add, "Sub": np.subtract, "Mul": np.multiply}[op](first, inputs[1])


def evaluate(proto: Any, inputs: Sequence[Constant], opset: int) -> list[Constant] | None:
    """The results of a node on constants, by the reference evaluator of `onnx`; None if they are not exact."""
    from onnx import helper  # noqa: PLC0415 - only who imports models needs it
    from onnx.reference import ReferenceEvaluator  # noqa: PLC0415

    few = proto.op_type in ROUNDED and all(each.size <= FEW for each in inputs)
    floats = [each for each in inputs if each.dtype.kind == "f"]
    if (floats and not (few or proto.op_type in MOVES)) or any(each.dtype != np.float32 for each in floats):
        return None
    names = [each for each in proto.input if each]
    given = [
        helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(each.dtype), each.shape)
        for name, each in zip(names, inputs, strict=True)
    ]
    results = [helper.make_empty_tensor_value_info(each) for each in proto.output if each]
    graph = helper.make_graph([proto], "node", given, results)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    try:
        with np.errstate(all="ignore"):
            found = ReferenceEvaluator(model).run(None, dict(zip(names, inputs, strict=True)))
    except Exception:  # noqa: BLE001 - what the evaluator does not do is left to the machine
        return None
    computed = [np.asarray(each) for each in found]
    allowed = floats or proto.op_type == "Cast"
    return computed if allowed or all(each.dtype.kind != "f" for each in computed) else None


def _dequantised(inputs: Sequence[Constant], axis: int) -> Constant:
    x, (scale, *zero) = inputs[0].astype(np.float32), (each.astype(np.float32) for each in inputs[1:])
    shape = (-1,) + (1,) * (x.ndim - 1 - axis % max(x.ndim, 1)) if scale.size > 1 else ()
    return np.asarray((x - zero[0].reshape(shape) if zero else x) * scale.reshape(shape), np.float32)


def new_shape(shape: Sequence[int], wanted: Sequence[int]) -> tuple[int, ...]:
    """The shape that Reshape gives: 0 keeps a size, and one -1 is whatever is left."""
    sizes = [shape[i] if size == 0 else size for i, size in enumerate(wanted)]
    if -1 in sizes:
        others = int(np.prod([size for size in sizes if size != -1]))
        sizes[sizes.index(-1)] = int(np.prod(shape)) // max(others, 1)
    if int(np.prod(sizes)) != int(np.prod(shape)):
        raise InputError(f"a tensor of shape {list(shape)} cannot become one of shape {list(wanted)}")
    return tuple(int(size) for size in sizes)


def slice_ranges(shape: Sequence[int], node: Attributes) -> list[tuple[int, range]]:
    """The axes that Slice cuts, and what it takes of each."""
    starts, ends = node.integers("starts", 1) or [], node.integers("ends", 2) or []
    axes = node.integers("axes", 3) or list(range(len(starts)))
    steps = node.integers("steps", 4) or [1] * len(starts)
    ranges = []
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        size, least = shape[axis], 0 if step > 0 else -1
        first, last = (place + size if place < 0 else place for place in (start, end))
        first, last = min(max(first, 0), size + least), min(max(last, least), size + least)
        ranges.append((axis % len(shape), range(first, last, step)))
    return ranges


def _slices(first: Constant, node: Attributes) -> tuple[Any, ...]:
    taken: list[Any] = [slice(None)] * first.ndim
    for axis, places in slice_ranges(first.shape, node):
        end = places.stop if places.stop >= 0 else None
        taken[axis] = slice(places.start, end, places.step)
    return tuple(taken)


def _constant(node: Attributes) -> Constant:
    for name, kind in (("value", None), ("value_float", np.float32), ("value_int", np.int64)):
        value = node.attribute(name)
        if value is not None:
            return np.array(value) if kind is None else np.array(value, kind)
    for name, kind in (("value_floats", np.float32), ("value_ints", np.int64)):
        value = node.attribute(name)
        if value is not None:
            return np.array(value, kind)
    raise InputError("a constant of a type that is not supported")

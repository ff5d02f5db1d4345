"""Programs, put together tensor by tensor (docs/operators.md, section 8).

A `Value` is a view of words: transposing, slicing and broadcasting make another view and cost nothing. A tensor is laid
out so that a row, its last axis, begins at a block or lies within one: then reductions and products read it in runs.

No word changes once it is written, so what was computed before is not computed again: it is looked up.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from assay.errors import InputError
from assay.machines.tensor.binary32 import Words
from assay.machines.tensor.instruction import BLOCK, MAX_AXES, Axis, Instruction, Kind, Operand
from assay.machines.tensor.program import OUTPUT, Input, Program, Tensor, check, keep
from assay.machines.tensor.strides import dense_strides, merged_axes, offsets

Shape = tuple[int, ...]
Array = NDArray[np.float32] | NDArray[np.int32]


@dataclass(frozen=True)
class Value:
    """A tensor: where its first element lies, and how far apart neighbours are along each axis, in words."""

    shape: Shape
    address: int
    strides: Shape
    weights: bool = False
    type: str = "float32"

    @property
    def is_dense(self) -> bool:
        """Whether the elements lie one behind the other in row-major order."""
        ones_apart = (s for s in zip(self.shape, self.strides, dense_strides(self.shape), strict=True) if s[0] > 1)
        return all(stride == dense for _, stride, dense in ones_apart)

    @property
    def has_rows(self) -> bool:
        """Whether each row can be read in runs: it is dense, and it begins at a block or lies within one."""
        if not self.shape:
            return False
        if self.shape[-1] > 1 and self.strides[-1] != 1:
            return False
        step = min(_pitch(self.shape[-1]), BLOCK)
        outer = zip(self.shape[:-1], self.strides[:-1], strict=True)
        return self.address % step == 0 and all(size == 1 or stride % step == 0 for size, stride in outer)

    def transposed(self, order: Sequence[int]) -> "Value":
        """The axes in another order."""
        shape, strides = tuple(self.shape[i] for i in order), tuple(self.strides[i] for i in order)
        return replace(self, shape=shape, strides=strides)

    def broadcast(self, shape: Shape) -> "Value":
        """The same elements along the axes that it lacks, or has once."""
        missing = len(shape) - len(self.shape)
        own = (1,) * missing + self.shape
        if missing < 0 or any(size not in (1, wanted) for size, wanted in zip(own, shape, strict=True)):
            raise InputError(f"a tensor of shape {list(self.shape)} does not broadcast to {list(shape)}")
        strides = (0,) * missing + self.strides
        kept = tuple(0 if size == 1 else stride for size, stride in zip(own, strides, strict=True))
        return replace(self, shape=shape, strides=kept)

    def sliced(self, axis: int, start: int, size: int, step: int = 1) -> "Value":
        """Every `step`-th element from `start` of an axis."""
        strides = (*self.strides[:axis], self.strides[axis] * step, *self.strides[axis + 1 :])
        shape = (*self.shape[:axis], size, *self.shape[axis + 1 :])
        return replace(self, address=self.address + start * self.strides[axis], shape=shape, strides=strides)

    def viewed(self, shape: Shape) -> "Value":
        """A dense tensor with other axes."""
        return replace(self, shape=shape, strides=dense_strides(shape))

    def with_axis(self, place: int, size: int, stride: int) -> "Value":
        """One more axis before axis `place`."""
        shape = (*self.shape[:place], size, *self.shape[place:])
        return replace(self, shape=shape, strides=(*self.strides[:place], stride, *self.strides[place:]))


class Builder:
    """A program that grows."""

    def __init__(self) -> None:
        self._weights: list[Words] = []
        self._weight_words = 0
        self._memory_words = 0
        self._inputs: list[tuple[str, Value]] = []
        self._instructions: list[Instruction] = []
        self._made: dict[Hashable, Value] = {}

    # --- tensors ------------------------------------------------------------------------------------------------------

    def constant(self, array: Array) -> Value:
        """A tensor among the weights."""
        dense: Array = array if array.flags.c_contiguous else array.copy()
        key = (dense.dtype.name, dense.shape, sha256(dense.data).digest())
        return self.once(key, lambda: self._constant(dense))

    def _constant(self, array: Array) -> Value:
        shape = array.shape
        strides, size = _layout(shape)
        words = np.zeros(size, np.uint32)
        words[offsets(shape, strides)] = array.reshape(-1).view(np.uint32)
        address = self._weight_words
        self._weights.append(words)
        self._weight_words += size
        return Value(shape, address, strides, True, array.dtype.name)

    def scalar(self, number: float) -> Value:
        """The binary32 number nearest to `number`, among the weights."""
        return self.constant(np.array(number, np.float32))

    def input(self, name: str, shape: Shape, kind: str = "float32") -> Value:
        """A tensor that each task brings."""
        value = self.empty(shape, kind)
        self._inputs.append((name, value))
        return value

    def empty(self, shape: Shape, kind: str = "float32") -> Value:
        """A tensor of zeros in memory, to be written to."""
        strides, size = _layout(shape)
        address = self._memory_words
        self._memory_words += size
        return Value(shape, address, strides, False, kind)

    def once(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """What `make` gives, or what it gave before under this key."""
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]

    # --- instructions -------------------------------------------------------------------------------------------------

    def unary(self, kind: Kind, a: Value, result: str = "float32") -> Value:
        """`kind` of each element."""
        return self._result((kind, a, result), a.shape, result, lambda target: self.emit(kind, target, a))

    def binary(self, kind: Kind, a: Value, b: Value) -> Value:
        """`kind` of each pair of elements, with broadcasting."""
        shape = np.broadcast_shapes(a.shape, b.shape)
        a, b = a.broadcast(shape), b.broadcast(shape)
        return self._result((kind, a, b), shape, "float32", lambda target: self.emit(kind, target, a, b))

    def reduce(self, kind: Kind, a: Value) -> Value:
        """A reduction of each row; the last axis is gone."""
        rows = self.with_rows(a)
        first = replace(rows, shape=rows.shape[:-1], strides=rows.strides[:-1])
        length = a.shape[-1]
        return self._result(
            (kind, rows), first.shape, "float32", lambda target: self.emit(kind, target, first, length=length)
        )

    def find(self, a: Value, sought: Value) -> Value:
        """The place in each row of the first element that is the sought one."""
        rows = self.with_rows(a)
        first = replace(rows, shape=rows.shape[:-1], strides=rows.strides[:-1])
        sought, length = sought.broadcast(first.shape), a.shape[-1]
        return self._result(
            (Kind.FIND, rows, sought),
            first.shape,
            "int32",
            lambda target: self.emit(Kind.FIND, target, first, sought, length),
        )

    def dot(self, a: Value, b: Value) -> Value:
        """The product of a row of a and a row of b, for all of them: [..., M, K] and [..., N, K] give [..., M, N]."""
        a, b = self.with_rows(a), self.with_rows(b)
        batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
        a, b = a.broadcast((*batch, *a.shape[-2:])), b.broadcast((*batch, *b.shape[-2:]))
        rows, columns, length = a.shape[-2], b.shape[-2], a.shape[-1]
        if b.shape[-1] != length:
            raise InputError(f"rows of {length} and of {b.shape[-1]} elements have no product")
        shape = (*batch, rows, columns)
        first = replace(a, shape=shape, strides=(*a.strides[:-1], 0))
        second = replace(b, shape=shape, strides=(*b.strides[:-2], 0, b.strides[-2]))
        return self._result(
            (Kind.DOT, first, second, length),
            shape,
            "float32",
            lambda target: self.emit(Kind.DOT, target, first, second, length),
        )

    def gather(self, a: Value, index: Value, axis: int) -> Value:
        """The slices of `a` along an axis at these places. `a` is among the weights."""
        if not a.weights:
            raise InputError("only constant tensors can be gathered from at places that are computed")
        before, behind = a.shape[:axis], a.shape[axis + 1 :]
        shape = (*before, *index.shape, *behind)
        target = self.empty(shape, a.type)
        nowhere = (0,) * len(index.shape)
        first = replace(a, shape=shape, strides=(*a.strides[:axis], *nowhere, *a.strides[axis + 1 :]))
        places = (*(0,) * len(before), *index.strides, *(0,) * len(behind))
        second = replace(index, shape=shape, strides=places)
        self.emit(Kind.GATHER, target, first, second, a.strides[axis])
        return target

    def copy(self, a: Value) -> Value:
        """The same elements, laid out anew."""
        return self.unary(Kind.COPY, a, a.type)

    def with_rows(self, a: Value) -> Value:
        """The same elements in rows that can be read in runs."""
        return a if a.has_rows else self.copy(a)

    def reshape(self, a: Value, shape: Shape) -> Value:
        """The same elements in row-major order, with other axes."""
        if a.shape == shape:
            return a
        dense = a if a.is_dense else self.once(("dense", a), lambda: self._dense_copy(a))
        return dense.viewed(shape)

    def _dense_copy(self, a: Value) -> Value:
        dense = self.empty((max(1, int(np.prod(a.shape))),), a.type).viewed(a.shape)
        self.emit(Kind.COPY, dense, a)
        return dense

    def pad(self, a: Value, before: Sequence[int], behind: Sequence[int], fill: float = 0.0) -> Value:
        """More elements along each axis, all `fill`."""
        if not any(before) and not any(behind):
            return a
        shape = tuple(b + size + e for b, size, e in zip(before, a.shape, behind, strict=True))
        padded = self.empty(shape, a.type)
        middle = padded
        for axis, (start, size) in enumerate(zip(before, a.shape, strict=True)):
            if np.float32(fill).view(np.uint32) != 0:
                for first, count in ((0, start), (start + size, behind[axis])):
                    if count:
                        border = middle.sliced(axis, first, count)
                        self.emit(Kind.COPY, border, self.scalar(fill).broadcast(border.shape))
            middle = middle.sliced(axis, start, size)
        self.emit(Kind.COPY, middle, a)
        return padded

    def _result(self, key: Hashable, shape: Shape, type_: str, emit: Callable[[Value], None]) -> Value:
        """A new tensor that one instruction fills, or the one that it filled before."""

        def make() -> Value:
            target = self.empty(shape, type_)
            emit(target)
            return target

        return self.once(key, make)

    def emit(self, kind: Kind, target: Value, a: Value, b: Value | None = None, length: int = 0) -> None:
        """One instruction; the operands have the shape of the result."""
        second = b if b is not None else Value(target.shape, 0, (0,) * len(target.shape), True)
        merged = merged_axes(target.shape, [target.strides, a.strides, second.strides])
        axes = tuple(Axis(*axis) for axis in merged)
        if len(axes) > MAX_AXES:
            raise InputError(f"a tensor of {len(axes)} axes: an instruction takes {MAX_AXES}")
        first, other = Operand(a.address, a.weights), Operand(second.address, second.weights)
        self._instructions.append(Instruction(kind, target.address, first, other, axes, length))

    # --- the end ------------------------------------------------------------------------------------------------------

    def program(self, outputs: Sequence[tuple[str, Value]]) -> Program:
        """The program that leaves these tensors as its outputs."""
        place, tensors = 0, []
        total = sum(int(np.prod(value.shape)) for _, value in outputs)
        base = OUTPUT + -(-total // BLOCK) * BLOCK
        for name, value in outputs:
            dense = Value(value.shape, OUTPUT + place - base, dense_strides(value.shape))
            self.emit(Kind.COPY, dense, value)
            place += int(np.prod(value.shape))
            tensors.append(Tensor(name=name, type=value.type, shape=list(value.shape)))  # type: ignore[arg-type]
        program = Program(
            weights=np.concatenate([*self._weights, np.zeros(0, np.uint32)]),
            memory=base + max(self._memory_words, BLOCK),
            inputs=tuple(
                Input(
                    name=name,
                    type=value.type,  # type: ignore[arg-type]
                    shape=list(value.shape),
                    address=base + value.address,
                    strides=list(value.strides),
                )
                for name, value in self._inputs
            ),
            outputs=tuple(tensors),
            instructions=(*(_moved(instruction, base) for instruction in self._instructions), keep(tensors)),
        )
        check(program)
        return program


def _moved(instruction: Instruction, base: int) -> Instruction:
    """The instruction with memory `base` words further up."""

    def moved(operand: Operand) -> Operand:
        return operand if operand.weights else Operand(operand.address + base)

    return replace(instruction, target=instruction.target + base, a=moved(instruction.a), b=moved(instruction.b))


def _pitch(length: int) -> int:
    """How far apart rows of this many elements begin."""
    return -(-length // BLOCK) * BLOCK if length > BLOCK else 1 << (length - 1).bit_length()


def _layout(shape: Shape) -> tuple[Shape, int]:
    """The strides of a new tensor, and the words that it takes: whole blocks."""
    if any(size < 1 for size in shape):
        raise InputError(f"a tensor of shape {list(shape)} has no elements")
    padded = (*shape[:-1], _pitch(shape[-1])) if shape else ()
    size = int(np.prod(padded, dtype=np.int64)) if shape else 1
    return dense_strides(padded), -(-size // BLOCK) * BLOCK

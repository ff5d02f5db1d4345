"""Whole instructions by native code and NumPy: the bits are those of `assay.machines.tensor.execution`.

What has no short way, addresses beyond the end of a space or a run that wraps around in its block, is left to the
definition.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import gcd, prod

import numpy as np

from assay.machines.tensor import binary32, execution
from assay.machines.tensor.binary32 import NAN, Floats, Words, canonical, floats, words
from assay.machines.tensor.execution import INITIAL, Spaces
from assay.machines.tensor.instruction import BINARY, BLOCK, REDUCTIONS, Addresses, Axis, Instruction, Kind, Operand
from assay.machines.tensor_fast.kernels import Kernels

_FUNCTIONS: Mapping[Kind, str] = {
    Kind.EXP: "exp",
    Kind.LOG: "log",
    Kind.TANH: "tanh",
    Kind.ERF: "erf",
    Kind.SIGMOID: "sigmoid",
}
_ROW_BY_ROW: Mapping[Kind, str] = {Kind.SUM: "sum", Kind.FOLD_LARGEST: "largest"}
_ARITHMETIC: Mapping[Kind, Callable[..., Floats]] = {
    Kind.ADD: np.add,
    Kind.SUB: np.subtract,
    Kind.MUL: np.multiply,
    Kind.DIV: np.divide,
}

# What things cost, in multiply-adds of a vector's lane: about 1/30 ns.
_PACKING = 30
"""To bring a word into a panel."""
_ONE_BY_ONE = 12
"""A multiply-add without vectors."""
_CALL = 1 << 20
"""To call kernels for one batch."""

_Key = tuple[int, tuple[int, ...], tuple[int, ...], int]


@dataclass(frozen=True)
class _Side:
    """An operand of a product, and the axes of the result along which it changes and the other one does not."""

    operand: Operand
    space: Words
    sizes: tuple[int, ...]
    strides: tuple[int, ...]
    targets: tuple[int, ...]
    """How far apart neighbours are in the result."""

    @property
    def rows(self) -> int:
        """Their number."""
        return prod(self.sizes)


class FastExecution:
    """Executes instructions. Keeps the weights of products in the order in which the kernels take them."""

    def __init__(self, kernels: Kernels) -> None:
        self._kernels = kernels
        self._weights: Words | None = None
        self._panels: dict[_Key, Words] = {}

    def __call__(self, instruction: Instruction, spaces: Spaces) -> None:
        """Execute a whole instruction. None of its operands may be among its results."""
        with np.errstate(all="ignore"):
            if not self._execute(instruction, spaces):
                execution.execute(instruction, spaces)

    def _execute(self, instruction: Instruction, spaces: Spaces) -> bool:
        """Whether there was a short way."""
        kind, axes = instruction.kind, instruction.axes
        sizes = _sizes(axes)
        target = _view(spaces.memory, instruction.target, sizes, [axis.target for axis in axes])
        if target is None or kind == Kind.KEEP:
            return False
        if kind == Kind.DOT:
            return self._product(instruction, spaces)
        a_space, b_space = _space(spaces, instruction.a), _space(spaces, instruction.b)
        b = _view(b_space, instruction.b.address, sizes, [axis.b for axis in axes])
        if kind in REDUCTIONS:
            return self._reduce(instruction, a_space, b, target)
        if kind == Kind.GATHER:
            return b is not None and _gather(instruction, a_space, b, target)
        a = _view(a_space, instruction.a.address, sizes, [axis.a for axis in axes])
        if a is None or (kind in BINARY and b is None):
            return False
        if kind in _FUNCTIONS:
            target[...] = self._kernels.function(_FUNCTIONS[kind], a.reshape(-1)).reshape(target.shape)
        elif kind in BINARY:
            assert b is not None
            _binary(kind, target, floats(a), floats(b))
        elif kind == Kind.COPY:
            target[...] = a
        elif kind == Kind.SQRT:
            target[...] = words(canonical(np.sqrt(floats(a))))
        elif kind == Kind.TO_INT:
            target[...] = binary32.to_int(floats(a)).view(np.uint32)
        else:
            target[...] = words(binary32.from_int(a.view(np.int32)))
        return True

    def _reduce(self, instruction: Instruction, space: Words, sought: Words | None, target: Words) -> bool:
        length, axes = instruction.length, instruction.axes
        strides = [axis.a for axis in axes]
        if not _has_rows(space, instruction.a.address, _sizes(axes), strides, length):
            return False
        rows = _addresses(instruction.a.address, _sizes(axes), strides)
        if instruction.kind in _ROW_BY_ROW:
            results = self._kernels.reduce(_ROW_BY_ROW[instruction.kind], space, rows, length)
            results = words(canonical(floats(results)))
        elif sought is None:
            return False
        else:
            terms = words(canonical(floats(_windows(space, length)[rows])))
            found = terms == words(canonical(floats(sought))).reshape(-1, 1)
            results = np.where(found.any(axis=1), found.argmax(axis=1), INITIAL[Kind.FIND]).astype(np.uint32)
        target[...] = results.reshape(target.shape)
        return True

    # --- products -----------------------------------------------------------------------------------------------------

    def _product(self, instruction: Instruction, spaces: Spaces) -> bool:
        """c[m, n] = the product of row m of one operand and row n of the other, for each m, n, and batch."""
        length, axes = instruction.length, instruction.axes
        a = _side(spaces, instruction.a, [(axis, axis.a) for axis in axes if not axis.b])
        b = _side(spaces, instruction.b, [(axis, axis.b) for axis in axes if axis.b and not axis.a])
        for side, strides in ((a, [axis.a for axis in axes]), (b, [axis.b for axis in axes])):
            if not _has_rows(side.space, side.operand.address, _sizes(axes), strides, length):
                return False
        batch = [axis for axis in axes if axis.a and axis.b]
        # One side is gone through row by row, the other one lies in panels: the side for which less is to be done.
        swapped = self._cost(b, a, length) < self._cost(a, b, length)
        rows, columns = (b, a) if swapped else (a, b)
        if _ONE_BY_ONE * a.rows * b.rows * length < self._cost(rows, columns, length):
            sizes = _sizes(axes)
            a_rows = _addresses(instruction.a.address, sizes, [axis.a for axis in axes])
            b_rows = _addresses(instruction.b.address, sizes, [axis.b for axis in axes])
            results = words(canonical(floats(self._kernels.dots(a.space, a_rows, b.space, b_rows, length))))
            target = _strided(spaces.memory, instruction.target, sizes, [axis.target for axis in axes])
            target[...] = results.reshape(sizes)
            return True
        for place in np.ndindex(*_sizes(batch)):
            a_start = instruction.a.address + sum(i * axis.a for i, axis in zip(place, batch, strict=True))
            b_start = instruction.b.address + sum(i * axis.b for i, axis in zip(place, batch, strict=True))
            start = instruction.target + sum(i * axis.target for i, axis in zip(place, batch, strict=True))
            rows_start, columns_start = (b_start, a_start) if swapped else (a_start, b_start)
            panels = self._packed(columns, columns_start, length)
            self._multiply(rows, rows_start, columns, panels, spaces.memory, start)
        return True

    def _cost(self, rows: _Side, columns: _Side, length: int) -> int:
        """Of one batch, in multiply-adds of vectors."""
        padded = -(-columns.rows // self._kernels.width) * self._kernels.width
        packing = 0 if columns.operand.weights else _PACKING * padded
        return _CALL + (rows.rows * padded + packing) * length

    def _packed(self, side: _Side, start: int, length: int) -> Words:
        weights = side.operand.weights
        if weights and self._weights is not side.space:
            self._weights, self._panels = side.space, {}
        key = (start, side.sizes, side.strides, length)
        if weights and key in self._panels:
            return self._panels[key]
        panels = self._kernels.pack(side.space, _addresses(start, side.sizes, side.strides), length)
        if weights:
            self._panels[key] = panels
        return panels

    def _multiply(self, rows: _Side, start: int, columns: _Side, panels: Words, memory: Words, target: int) -> None:
        """One batch. What does not fit the width of panels, or lies otherwise, takes the way through a buffer."""
        places = _addresses(start, rows.sizes, rows.strides)
        if columns.targets == (1,) and columns.rows % self._kernels.width == 0:
            results = _addresses(target, rows.sizes, rows.targets)
            self._kernels.products(rows.space, places, panels, memory, results)
            return
        pitch = len(panels) * self._kernels.width
        buffer = np.empty((len(places), pitch), np.uint32)
        self._kernels.products(rows.space, places, panels, buffer, np.arange(len(places), dtype=np.int64) * pitch)
        shape = (*rows.sizes, *columns.sizes)
        _strided(memory, target, shape, (*rows.targets, *columns.targets))[...] = buffer[:, : columns.rows].reshape(
            shape
        )


def _side(spaces: Spaces, operand: Operand, axes: Sequence[tuple[Axis, int]]) -> _Side:
    return _Side(
        operand,
        _space(spaces, operand),
        _sizes([axis for axis, _ in axes]),
        tuple(stride for _, stride in axes),
        tuple(axis.target for axis, _ in axes),
    )


def _gather(instruction: Instruction, space: Words, index: Words, target: Words) -> bool:
    """Rows, where the last axis goes along the operand and has one index; otherwise words."""
    axes = instruction.axes
    along = 1 if axes and (axes[-1].a, axes[-1].b) == (1, 0) else 0
    outer = axes[: len(axes) - along]
    starts = _addresses(instruction.a.address, _sizes(outer), [axis.a for axis in outer]).reshape(_sizes(outer))
    if along:
        index = index[..., 0]
    starts = starts + index.view(np.int32).astype(np.int64) * instruction.length
    length = target.shape[-1] if along else 1
    if starts.min() < 0 or starts.max() + length > len(space):
        return False
    target[...] = _windows(space, length)[starts] if along else space[starts]
    return True


def _binary(kind: Kind, target: Words, a: Floats, b: Floats) -> None:
    result = floats(target)
    if kind in _ARITHMETIC:
        _ARITHMETIC[kind](a, b, out=result)
    elif kind == Kind.LESS:
        result[...] = a < b
    elif kind == Kind.EQUAL:
        result[...] = a == b
    else:
        result[...] = np.where(a < b if kind == Kind.LARGEST else b < a, b, a)
        if _has_nan(b):  # those of a are in the result
            target[np.isnan(b)] = NAN
    if _has_nan(result):
        target[np.isnan(result)] = NAN


def _has_nan(numbers: Floats) -> bool:
    return bool(np.isnan(numbers.min()))


# --- where words are --------------------------------------------------------------------------------------------------


def _space(spaces: Spaces, operand: Operand) -> Words:
    return spaces.weights if operand.weights else spaces.memory


def _sizes(axes: Sequence[Axis]) -> tuple[int, ...]:
    return tuple(max(axis.size, 1) for axis in axes)


def _bounds(address: int, sizes: Sequence[int], strides: Sequence[int]) -> tuple[int, int]:
    """The lowest and the highest address."""
    spans = [(size - 1) * stride for size, stride in zip(sizes, strides, strict=True)]
    return address + sum(span for span in spans if span < 0), address + sum(span for span in spans if span > 0)


def _view(space: Words, address: int, sizes: Sequence[int], strides: Sequence[int]) -> Words | None:
    """The words at the addresses of all elements; None if one is beyond the space."""
    low, high = _bounds(address, sizes, strides)
    return _strided(space, address, sizes, strides) if low >= 0 and high < len(space) else None


def _strided(space: Words, address: int, sizes: Sequence[int], strides: Sequence[int]) -> Words:
    return np.ndarray(sizes, np.uint32, space, 4 * address, [4 * stride for stride in strides])


def _addresses(address: int, sizes: Sequence[int], strides: Sequence[int]) -> Addresses:
    total = np.array([address], np.int64)
    for size, stride in zip(sizes, strides, strict=True):
        total = (total[:, None] + np.arange(size, dtype=np.int64) * stride).ravel()
    return total


def _has_rows(space: Words, address: int, sizes: Sequence[int], strides: Sequence[int], length: int) -> bool:
    """Whether the terms of each element lie one behind the other: no run wraps around in its block, none is beyond."""
    low, high = _bounds(address, sizes, strides)
    moved = (stride for size, stride in zip(sizes, strides, strict=True) if size > 1)
    apart = gcd(BLOCK, address, *moved)
    return length > 0 and low >= 0 and high + length <= len(space) and apart >= min(length, BLOCK)


def _windows(space: Words, length: int) -> Words:
    """All sequences of so many words."""
    return _strided(space, 0, (len(space) - length + 1, length), (1, 1))

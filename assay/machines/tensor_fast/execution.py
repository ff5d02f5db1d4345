"""Whole instructions by native code and NumPy: the bits are those of `assay.machines.tensor.execution`.

What has no short way, addresses beyond the end of a space or a run that wraps around in its block, is left to the
definition.
"""

from collections.abc import Callable, Mapping, Sequence
from math import gcd

import numpy as np

from assay.machines.tensor import binary32, execution
from assay.machines.tensor.binary32 import NAN, Floats, Words, canonical, floats, words
from assay.machines.tensor.execution import INITIAL, Spaces
from assay.machines.tensor.instruction import BINARY, BLOCK, REDUCTIONS, Addresses, Axis, Instruction, Kind, Operand
from assay.machines.tensor_fast.buffers import WORD, Place, Room, Side
from assay.machines.tensor_fast.dots import Weights, product_tapes
from assay.machines.tensor_fast.folds import reduce_rows
from assay.machines.tensor_fast.kernels import Kernels, pointer
from assay.machines.tensor_fast.views import operation

FUNCTIONS = frozenset((Kind.EXP, Kind.LOG, Kind.TANH, Kind.ERF, Kind.SIGMOID))
_ROW_BY_ROW: Mapping[Kind, str] = {Kind.SUM: "sum", Kind.FOLD_LARGEST: "largest"}
_ARITHMETIC: Mapping[Kind, Callable[..., Floats]] = {
    Kind.ADD: np.add,
    Kind.SUB: np.subtract,
    Kind.MUL: np.multiply,
    Kind.DIV: np.divide,
}


class FastExecution:
    """Executes instructions. Keeps the weights of products in the order in which the kernels take them."""

    def __init__(self, kernels: Kernels) -> None:
        self._kernels = kernels
        self._weights = Weights(kernels, np.zeros(0, np.uint32))

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
        if kind in FUNCTIONS:
            target[...] = self._function(kind, a.reshape(-1)).reshape(target.shape)
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
            results = np.empty(len(rows), np.uint32)
            room, side = Room(), Side(pointer(space), rows, np.arange(length, dtype=np.int64), len(space))
            name, places = _ROW_BY_ROW[instruction.kind], np.arange(len(rows), dtype=np.int64)
            self._kernels.run(reduce_rows(self._kernels, room, name, side, None, pointer(results), places))
        elif sought is None:
            return False
        else:
            terms = words(canonical(floats(_windows(space, length)[rows])))
            found = terms == words(canonical(floats(sought))).reshape(-1, 1)
            results = np.where(found.any(axis=1), found.argmax(axis=1), INITIAL[Kind.FIND]).astype(np.uint32)
        target[...] = results.reshape(target.shape)
        return True

    def _function(self, kind: Kind, a: Words) -> Words:
        """An elementary function of each number. The kernels read whole vectors, also where there are no words."""
        lanes = self._kernels.lanes
        given = np.zeros(-(-len(a) // lanes) * lanes, np.uint32)
        given[: len(a)] = a
        self._kernels.run(self._kernels.tape(kind.name, pointer(given), pointer(given), len(given)))
        return given[: len(a)]

    def _product(self, instruction: Instruction, spaces: Spaces) -> bool:
        places = []
        for operand, strides in (
            (instruction.a, [axis.a for axis in instruction.axes]),
            (instruction.b, [axis.b for axis in instruction.axes]),
        ):
            space, sizes = _space(spaces, operand), _sizes(instruction.axes)
            if not _has_rows(space, operand.address, sizes, strides, instruction.length):
                return False
            start = WORD * operand.address
            places.append(Place(pointer(space) + start, len(space) - operand.address))
        room, target = Room(), pointer(spaces.memory) + WORD * instruction.target
        weights = self._weights
        if weights.space is not spaces.weights:
            self._weights = weights = Weights(self._kernels, spaces.weights)
        tapes = product_tapes(self._kernels, room, weights, operation(instruction), target, places, planned=False)
        self._kernels.run(np.concatenate(list(tapes)))
        return True


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

"""Whole instructions by native code and NumPy: the bits are those of `assay.machines.tensor.execution`.

What has no short way, addresses beyond the end of a space or a run that wraps around in its block, is left to the
definition.
"""

from collections.abc import Callable, Mapping

import numpy as np

from assay.machines.tensor import binary32, execution
from assay.machines.tensor.binary32 import NAN, Floats, Words, canonical, floats, words
from assay.machines.tensor.execution import Spaces
from assay.machines.tensor.instruction import BINARY, REDUCTIONS, Instruction, Kind, Operand
from assay.machines.tensor.places import Places, a_of, b_of, stay_in_blocks, target_of
from assay.machines.tensor.strides import offsets
from assay.machines.tensor_fast.buffers import WORD, Place, Room, Side
from assay.machines.tensor_fast.dots import Weights, product_tapes
from assay.machines.tensor_fast.folds import reduce_rows
from assay.machines.tensor_fast.kernels import Kernels, pointer
from assay.machines.tensor_fast.lookups import first_equal, rows_at, starts_of
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
        kind = instruction.kind
        target = target_of(instruction).view(spaces.memory)
        if target is None or kind == Kind.KEEP:
            return False
        if kind == Kind.DOT:
            return self._product(instruction, spaces)
        a_space, b_space = _space(spaces, instruction.a), _space(spaces, instruction.b)
        b = b_of(instruction).view(b_space)
        if kind in REDUCTIONS:
            return self._reduce(instruction, a_space, b, target)
        if kind == Kind.GATHER:
            return b is not None and _gather(instruction, a_space, b, target)
        a = a_of(instruction).view(a_space)
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
        length, places = instruction.length, a_of(instruction)
        if not _has_rows(space, places, length):
            return False
        rows = places.all()
        if instruction.kind in _ROW_BY_ROW:
            results = np.empty(len(rows), np.uint32)
            room, side = Room(), Side(pointer(space), rows, np.arange(length, dtype=np.int64), len(space))
            name, targets = _ROW_BY_ROW[instruction.kind], np.arange(len(rows), dtype=np.int64)
            self._kernels.run(reduce_rows(self._kernels, room, name, side, None, pointer(results), targets))
        elif sought is None:
            return False
        else:
            terms = rows_at(space, rows, length)
            assert terms is not None, "rows that are there"
            results = first_equal(terms, sought)
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
        for operand, rows in ((instruction.a, a_of(instruction)), (instruction.b, b_of(instruction))):
            space = _space(spaces, operand)
            if not _has_rows(space, rows, instruction.length):
                return False
            places.append(Place(pointer(space) + WORD * rows.first, len(space) - rows.first))
        room, target = Room(), pointer(spaces.memory) + WORD * instruction.target
        weights = self._weights
        if weights.space is not spaces.weights:
            self._weights = weights = Weights(self._kernels, spaces.weights)
        tapes = product_tapes(self._kernels, room, weights, operation(instruction), target, places, planned=False)
        self._kernels.run(np.concatenate(list(tapes)))
        return True


def _gather(instruction: Instruction, space: Words, index: Words, target: Words) -> bool:
    """Rows, where the last axis goes along the operand and has one index; otherwise words."""
    axes, a = instruction.axes, a_of(instruction)
    along = 1 if axes and (axes[-1].a, axes[-1].b) == (1, 0) else 0
    outer = len(axes) - along
    starts = a.first + offsets(a.sizes[:outer], a.strides[:outer]).reshape(a.sizes[:outer])
    if along:
        index = index[..., 0]
    found = rows_at(space, starts_of(starts, index, instruction.length), target.shape[-1] if along else 1)
    if found is None:
        return False
    target[...] = found if along else found[..., 0]
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


def _has_rows(space: Words, places: Places, length: int) -> bool:
    """Whether the terms of each element lie one behind the other: no run wraps around in its block, none is beyond."""
    inside = length > 0 and places.low >= 0 and places.high + length <= len(space)
    return inside and stay_in_blocks(places, length)

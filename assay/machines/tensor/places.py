"""The words that an instruction writes and reads, told apart without a list of them wherever that is possible."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import gcd, prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assay.errors import InputError
from assay.machines.tensor.instruction import ADDRESSES, BLOCK, READS_B, REDUCTIONS, Addresses, Instruction, Kind
from assay.machines.tensor.strides import offsets

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Places:
    """Addresses before wrapping around: a first one, and how far apart neighbours are along each axis."""

    first: int
    sizes: tuple[int, ...]
    strides: tuple[int, ...]

    @property
    def low(self) -> int:
        """The lowest."""
        return self.first + sum(min(0, span) for span in self._spans())

    @property
    def high(self) -> int:
        """The highest."""
        return self.first + sum(max(0, span) for span in self._spans())

    @property
    def are_distinct(self) -> bool:
        """Whether no two are surely the same: along each axis, a step leads beyond all that the finer ones span."""
        reach = 0
        for stride, size in sorted((abs(stride), size) for stride, size in self.moving()):
            if stride <= reach:
                return False
            reach += stride * (size - 1)
        return True

    def view(self, space: NDArray[Any]) -> NDArray[Any] | None:
        """Those words of a space; None if one lies beyond it."""
        if self.low < 0 or self.high >= len(space):
            return None
        strides = [stride * space.itemsize for stride in self.strides]
        return np.ndarray(self.sizes, space.dtype, space, self.first * space.itemsize, strides)

    def all(self) -> Addresses:
        """Each of them, wrapped around."""
        return self.first + offsets(self.sizes, self.strides) & (ADDRESSES - 1)

    def moving(self) -> Iterator[tuple[int, int]]:
        """Stride and size of the axes that have more than one place."""
        return ((stride, size) for stride, size in zip(self.strides, self.sizes, strict=True) if size > 1)

    def _spans(self) -> Iterator[int]:
        return (stride * (size - 1) for stride, size in self.moving())


def target_of(instruction: Instruction) -> Places:
    """Where the elements of an instruction's result are."""
    return Places(instruction.target, instruction.sizes, tuple(axis.target for axis in instruction.axes))


def a_of(instruction: Instruction) -> Places:
    """Where its first operand is, for each element."""
    return Places(instruction.a.address, instruction.sizes, tuple(axis.a for axis in instruction.axes))


def b_of(instruction: Instruction) -> Places:
    """Where its second operand is, for each element."""
    return Places(instruction.b.address, instruction.sizes, tuple(axis.b for axis in instruction.axes))


def stay_in_blocks(places: Places, length: int) -> bool:
    """Whether rows that begin there lie one word behind the other: no run of theirs wraps around in its block."""
    moved = (stride for stride, _ in places.moving())
    return gcd(BLOCK, places.first, *moved) >= min(length, BLOCK)


def mark(written: Flags, places: Places, what: str) -> None:
    """Note that these words are written; raises `InputError` if one was before, or twice, or is beyond memory."""
    view = places.view(written) if places.are_distinct else None
    if view is not None:
        if view.any():
            raise InputError(f"not a model: {what} overwrites what was written before")
        view[...] = True
        return
    if prod(places.sizes) > len(written):  # before they are listed, as they may be very many
        raise InputError(f"not a model: {what} writes more words than its memory of {len(written)} has")
    listed = places.all()
    if int(listed.max()) >= len(written):
        raise InputError(f"not a model: {what} lies beyond its memory of {len(written)} words")
    if written[listed].any() or len(np.unique(listed)) != prod(places.sizes):
        raise InputError(f"not a model: {what} overwrites what was written before")
    written[listed] = True


def reads_any_of(instruction: Instruction, target: Places) -> bool:
    """Whether an instruction reads a word, or a block for a run, of the memory that it writes to."""
    own: Addresses | None = None
    for read, unit in _reads(instruction):
        low, high = read.low // unit * unit, read.high // unit * unit + unit - 1
        apart = high < target.low or target.high < low
        if apart and min(low, target.low) >= 0 and max(high, target.high) < ADDRESSES:
            continue
        own = target.all() if own is None else own
        if np.isin(own // unit, np.unique(read.all() // unit)).any():
            return True
    return False


def _reads(instruction: Instruction) -> Iterator[tuple[Places, int]]:
    """The places in memory that an instruction reads, and how many words there: 1, or for a run its block."""
    kind = instruction.kind
    for operand, places, is_read, has_runs in (
        (instruction.a, a_of(instruction), kind != Kind.GATHER, kind in REDUCTIONS),
        (instruction.b, b_of(instruction), kind in READS_B, kind == Kind.DOT),
    ):
        if not is_read or operand.weights:
            continue
        if has_runs:
            yield Places(places.first, (*places.sizes, instruction.runs), (*places.strides, BLOCK)), BLOCK
        else:
            yield places, 1

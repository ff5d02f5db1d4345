"""Instructions: an arithmetic over the elements of a tensor, and where operands and results lie (docs/operators.md, 4).

Addresses are numbers of 32-bit words, modulo 2^30, in one of two spaces: the weights, which never change, and memory.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from math import prod

import numpy as np
from numpy.typing import NDArray

from assay.machines.tensor.strides import offsets

BLOCK = 64
"""Words of a leaf of either space, and the most that one step reads of an operand."""
ADDRESSES = 1 << 30
HEAD = struct.Struct(">BBIIII")
AXIS = struct.Struct(">Iiii")
MAX_AXES = 8

Addresses = NDArray[np.int64]


class Kind(IntEnum):
    """The arithmetic of an instruction."""

    COPY = 0
    ADD = 1
    SUB = 2
    MUL = 3
    DIV = 4
    LARGEST = 5
    LEAST = 6
    LESS = 7
    EQUAL = 8
    SQRT = 9
    EXP = 10
    LOG = 11
    TANH = 12
    ERF = 13
    SIGMOID = 14
    TO_INT = 15
    FROM_INT = 16
    GATHER = 17
    DOT = 18
    SUM = 19
    FOLD_LARGEST = 20
    FIND = 21
    KEEP = 22


BINARY = frozenset(range(Kind.ADD, Kind.EQUAL + 1))
REDUCTIONS = frozenset((Kind.DOT, Kind.SUM, Kind.FOLD_LARGEST, Kind.FIND))
READS_B = BINARY | {Kind.GATHER, Kind.DOT, Kind.FIND}


@dataclass(frozen=True)
class Operand:
    """Where an operand's first word is."""

    address: int
    weights: bool = False


@dataclass(frozen=True)
class Axis:
    """An axis of the result, and how far apart its neighbours are in the result and in the operands, in words."""

    size: int
    target: int
    a: int
    b: int = 0


@dataclass(frozen=True)
class Instruction:
    """For each element of the result, in row-major order, `kind` of what the operands have there."""

    kind: Kind
    target: int
    a: Operand
    b: Operand = Operand(0)
    axes: tuple[Axis, ...] = ()
    length: int = 0
    """The number of terms of a reduction; the stride of a gather."""

    @property
    def sizes(self) -> tuple[int, ...]:
        """Of the axes."""
        return tuple(max(axis.size, 1) for axis in self.axes)

    @property
    def elements(self) -> int:
        """The number of elements of the result."""
        return prod(self.sizes)

    @property
    def runs(self) -> int:
        """The number of steps that each element takes."""
        return max(1, -(-self.length // BLOCK)) if self.kind in REDUCTIONS else 1

    @property
    def steps(self) -> int:
        """The number of steps."""
        return self.elements * self.runs

    def place(self, element: int) -> tuple[int, int, int]:
        """The addresses that belong to an element: in the result, in a and in b, before wrapping around."""
        target, a, b = self.target, self.a.address, self.b.address
        for axis in reversed(self.axes):
            element, index = divmod(element, max(axis.size, 1))
            target, a, b = target + index * axis.target, a + index * axis.a, b + index * axis.b
        return target, a, b

    def places(self) -> tuple[Addresses, Addresses, Addresses]:
        """`place` of every element, wrapped around."""
        strides = (
            (self.target, [axis.target for axis in self.axes]),
            (self.a.address, [axis.a for axis in self.axes]),
            (self.b.address, [axis.b for axis in self.axes]),
        )
        target, a, b = (self._affine(start, each) for start, each in strides)
        return target, a, b

    def _affine(self, start: int, strides: Sequence[int]) -> Addresses:
        return start + offsets(self.sizes, strides) & (ADDRESSES - 1)

    def encode(self) -> bytes:
        """The bytes that the referee reads."""
        spaces = self.a.weights | self.b.weights << 1
        head = HEAD.pack(self.kind, spaces, self.length, self.target, self.a.address, self.b.address)
        return head + b"".join(AXIS.pack(axis.size, axis.target, axis.a, axis.b) for axis in self.axes)

    @staticmethod
    def decode(encoding: bytes) -> "Instruction | None":
        """The instruction that `encode` gave these bytes; None if they are none."""
        axes, rest = divmod(len(encoding) - HEAD.size, AXIS.size)
        if rest != 0 or not 0 <= axes <= MAX_AXES or encoding[0] > max(Kind) or encoding[1] > 3:
            return None
        kind, spaces, length, target, a, b = HEAD.unpack_from(encoding)
        return Instruction(
            kind=Kind(kind),
            target=target,
            a=Operand(a, bool(spaces & 1)),
            b=Operand(b, bool(spaces & 2)),
            axes=tuple(Axis(*AXIS.unpack_from(encoding, HEAD.size + AXIS.size * i)) for i in range(axes)),
            length=length,
        )


def run_addresses(start: Addresses, first: int, count: int) -> list[Addresses]:
    """The addresses of terms `first` to `first + count - 1` of a reduction, one array a term.

    A run begins at every 64th term. It stays in the block in which it begins, and wraps around at the block's end.
    """
    addresses = []
    for term in range(first, first + count):
        begin = start + term // BLOCK * BLOCK & ADDRESSES - 1
        addresses.append(begin - begin % BLOCK + (begin + term % BLOCK) % BLOCK)
    return addresses

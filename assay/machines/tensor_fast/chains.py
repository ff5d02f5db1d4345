"""Operations element by element that follow each other, carried out strip by strip (docs/adr/0018-plans.md).

So what is between them stays in the first cache.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from itertools import product
from math import prod

import numpy as np

from assay.machines.tensor.binary32 import Words
from assay.machines.tensor.instruction import Addresses, Kind
from assay.machines.tensor.strides import Sizes, merged_axes, offsets
from assay.machines.tensor_fast.buffers import WORD, Place, Room, buffer
from assay.machines.tensor_fast.kernels import Kernels, Tape
from assay.machines.tensor_fast.views import Operation, View, common_sizes

STRIP = 1024
"""Words of a strip."""

Locate = Callable[[View], Place]
"""Where the first word of a view is."""
Pointers = Addresses


@dataclass
class Chain:
    """Operations over the same elements. What one has computed, the next ones read where it is."""

    sizes: Sizes
    operations: list[Operation] = field(default_factory=list)

    def joined(self, operation: Operation) -> "Chain | None":
        """The chain with one more operation, over axes that all are made of; None if there are no such axes."""
        sizes = common_sizes(self.sizes, operation.sizes)
        if sizes is None:
            return None
        own = [each if each.sizes == sizes else each.split(sizes) for each in (*self.operations, operation)]
        return Chain(sizes, own)

    def source(self, place: int, view: View) -> int | None:
        """The operation before `place` whose results are what a view has."""
        for number in range(place - 1, -1, -1):
            if self.operations[number].target == view:
                return number
        return None


class ChainTapes:
    """Makes the tape of a chain."""

    def __init__(self, kernels: Kernels, room: Room, weights: Words, locate: Locate) -> None:
        self._kernels = kernels
        self._room = room
        self._weights = weights
        self._locate = locate

    def tape(self, chain: Chain, stored: Sequence[bool]) -> Tape:
        """`stored`: whether the results of each operation have to be in memory afterwards."""
        maker = _Strips(self._kernels, self._room, self._weights, self._locate, chain)
        return maker.tape(stored)


class _Strips:
    """The strips of one chain: some axes whole, and as much of the one before them as there is room for."""

    def __init__(self, kernels: Kernels, room: Room, weights: Words, locate: Locate, chain: Chain) -> None:
        self._kernels = kernels
        self._room = room
        self._weights = weights
        self._locate = locate
        self._chain = chain
        views = [view for each in chain.operations for view in each.views]
        axes = merged_axes(chain.sizes, [view.strides for view in views]) or [(1,) * (len(views) + 1)]
        self._sizes = tuple(axis[0] for axis in axes)
        strides = [tuple(axis[place + 1] for axis in axes) for place in range(len(views))]
        self._strides = dict(zip(views, strides, strict=True))
        first = len(self._sizes)
        while first > 0 and prod(self._sizes[first - 1 :]) <= STRIP:
            first -= 1
        self._first = max(first - 1, 0)  # the axis that is cut
        self._inner = prod(self._sizes[self._first + 1 :])
        size = self._sizes[self._first]
        self._cut = min(size, max(1, STRIP // self._inner))
        self._parts = -(-size // self._cut)
        self._outer = self._sizes[: self._first]
        count = prod(self._outer)
        lengths = np.full(self._parts, self._cut, np.int64)
        lengths[-1] = size - self._cut * (self._parts - 1)
        self._lengths = np.tile(lengths, count)
        self._words = self._lengths * self._inner
        self._entries: list[Tape] = []
        self._slots: dict[Hashable, int] = {}

    # --- where things are ---------------------------------------------------------------------------------------------

    def _starts(self, view: View) -> Pointers:
        """Of each strip."""
        strides = self._strides[view]
        steps = (*strides[: self._first], strides[self._first] * self._cut)
        return self._locate(view).pointer + WORD * offsets((*self._outer, self._parts), steps)

    def _axes(self, view: View) -> list[tuple[int, int]]:
        """Of a strip: sizes and strides. The first one is cut, and may be shorter in some strips."""
        strides = self._strides[view][self._first :]
        return list(zip((self._cut, *self._sizes[self._first + 1 :]), strides, strict=True))

    def _is_dense(self, view: View) -> bool:
        step = 1
        for size, stride in reversed(self._axes(view)):
            if size > 1 and stride != step:
                return False
            step *= size
        return True

    def _is_same_everywhere(self, view: View) -> bool:
        strides = self._strides[view]
        fixed = all(size == 1 or stride == 0 for size, stride in zip(self._outer, strides, strict=False))
        return view.weights and fixed and (self._parts == 1 or strides[self._first] == 0)

    def _everywhere(self, pointer: int) -> Pointers:
        """The same for each strip."""
        return np.full(len(self._words), pointer, np.int64)

    def _slot(self, key: Hashable) -> int:
        """A strip's room, until it is freed."""
        number = 0
        while number in self._slots.values():
            number += 1
        self._slots[key] = number
        return self._room.buffer(f"strip {number}", STRIP)

    # --- the tape -----------------------------------------------------------------------------------------------------

    def tape(self, stored: Sequence[bool]) -> Tape:
        chain = self._chain
        keys = [[self._key(number, view) for view in each.operands] for number, each in enumerate(chain.operations)]
        last = {key: number for number, own in enumerate(keys) for key in own}
        where: dict[Hashable, Pointers] = {}
        for number, each in enumerate(chain.operations):
            operands = [self._operand(key, view, where) for key, view in zip(keys[number], each.operands, strict=True)]
            own, kept = ("result", number), stored[number]
            direct = kept and self._is_dense(each.target)
            if each.kind == Kind.COPY and kept and not direct and own not in last:
                self._store(each.target, operands[0])
                self._free(number, last)
                continue
            target = self._starts(each.target) if direct else self._everywhere(self._slot(own))
            where[own] = target
            if each.kind == Kind.COPY:
                self._entries.append(self._kernels.tape("copy", target, operands[0], self._words, 1, 0, 0))
            else:
                self._entries.append(self._kernels.tape(each.kind.name, target, *operands, self._words))
            if kept and not direct:
                self._store(each.target, target)
            self._free(number, last)
        return np.stack(self._entries, axis=1).reshape(-1, self._entries[0].shape[1])

    def _key(self, number: int, view: View) -> Hashable:
        source = self._chain.source(number, view)
        return ("view", view) if source is None else ("result", source)

    def _free(self, number: int, last: dict[Hashable, int]) -> None:
        for key in [key for key in self._slots if last.get(key, number) <= number]:
            del self._slots[key]

    def _operand(self, key: Hashable, view: View, where: dict[Hashable, Pointers]) -> Pointers:
        if key not in where:
            if self._is_same_everywhere(view):
                sizes, strides = zip(*self._axes(view), strict=True)
                words = buffer(prod(sizes))
                words[: prod(sizes)] = self._weights[view.address + offsets(sizes, strides)]
                where[key] = self._everywhere(self._room.keep(words))
            elif self._is_dense(view):
                where[key] = self._starts(view)
            else:
                where[key] = self._everywhere(self._slot(key))
                self._load(view, where[key])
        return where[key]

    def _load(self, view: View, target: Pointers) -> None:
        self._move(target, self._starts(view), [(size, None, stride) for size, stride in self._axes(view)])

    def _store(self, view: View, source: Pointers) -> None:
        self._move(self._starts(view), source, [(size, stride, None) for size, stride in self._axes(view)])

    def _move(self, to: Pointers, of: Pointers, given: list[tuple[int, int | None, int | None]]) -> None:
        """Between a strip, where words are dense (None), and words that are apart."""
        axes: list[tuple[int, int, int]] = []
        dense = 1
        for place in range(len(given) - 1, -1, -1):
            size, first, second = given[place]
            a, b = (dense if each is None else each for each in (first, second))
            dense *= size
            whole = place > 0 or self._parts == 1
            if axes and (a, b) == (axes[-1][0] * axes[-1][1], axes[-1][0] * axes[-1][2]):
                axes[-1] = (axes[-1][0] * size, axes[-1][1], axes[-1][2])
            elif size > 1 or not whole:
                axes.append((size, a, b))
        axes.reverse()
        axes = axes or [(1, 1, 1)]
        # The number of elements along the first axis is that of the strip.
        times = self._words // prod(size for size, _, _ in axes[1:])
        words, to_step, of_step = axes[-1]
        counts: Addresses | int = times if len(axes) == 1 else words
        rows: Addresses | int = 1 if len(axes) == 1 else times if len(axes) == 2 else axes[-2][0]
        to_row, of_row = axes[-2][1:] if len(axes) > 1 else (0, 0)
        name = "scatter"
        if to_step == 1 and of_step in (0, 1):
            name = "copy" if of_step else "spread"
        steps = (to_step, of_step) if name == "scatter" else ()
        for outer in product(*(range(size) for size, _, _ in axes[:-2])):
            own = rows if not outer else np.where(outer[0] < times, rows, 0)
            first, second = (sum(i * axis[side] for i, axis in zip(outer, axes, strict=False)) for side in (1, 2))
            entry = self._kernels.tape(name, to + WORD * first, of + WORD * second, counts, own, to_row, of_row, *steps)
            self._entries.append(entry)

"""Instructions as a plan works on them: where the words of operands and results are, axis by axis.

A `View` can be re-expressed over words that are laid out in another way, if each of its axes is made of theirs: so a
copy need not be carried out if what reads it can read what it was copied from.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import prod

from assay.machines.tensor.instruction import READS_B, REDUCTIONS, Instruction, Kind
from assay.machines.tensor.strides import Sizes, merged_axes


@dataclass(frozen=True)
class View:
    """Words of a space: the first one, and how far apart neighbours are, among the elements and among the terms."""

    weights: bool
    address: int
    strides: Sizes
    terms: Sizes = ()


@dataclass(frozen=True)
class Operation:
    """An instruction. The length of a reduction has axes of its own."""

    kind: Kind
    sizes: Sizes
    target: View
    operands: tuple[View, ...]
    terms: Sizes = ()
    length: int = 0

    @property
    def elements(self) -> int:
        """Of the result."""
        return prod(self.sizes)

    @property
    def views(self) -> tuple[View, ...]:
        """The target and the operands."""
        return (self.target, *self.operands)

    def with_views(self, views: Sequence[View]) -> "Operation":
        """The same with other `views`."""
        return replace(self, target=views[0], operands=tuple(views[1:]))

    def box(self, place: int) -> tuple[int, int]:
        """The first word of one of the `views`, and the one behind the last."""
        view = self.views[place]
        low = high = view.address
        for sizes, strides in ((self.sizes, view.strides), (self.terms if view.terms else (), view.terms)):
            for size, stride in zip(sizes, strides, strict=True):
                low, high = low + min(0, (size - 1) * stride), high + max(0, (size - 1) * stride)
        return low, high + 1

    def merged(self) -> "Operation":
        """Without axes of one element, and with neighbours that lie as one taken for one."""
        views = self.views
        axes = merged_axes(self.sizes, [view.strides for view in views])
        terms = merged_axes(self.terms, [view.terms or (0,) * len(self.terms) for view in views])
        strides = [
            replace(
                view,
                strides=tuple(axis[place + 1] for axis in axes),
                terms=tuple(axis[place + 1] for axis in terms) if view.terms else (),
            )
            for place, view in enumerate(views)
        ]
        changed = replace(self, sizes=tuple(axis[0] for axis in axes), terms=tuple(axis[0] for axis in terms))
        if self.terms and not changed.terms:  # a single term
            changed = replace(changed, terms=(1,))
            strides = [replace(v, terms=(1,)) if old.terms else v for v, old in zip(strides, views, strict=True)]
        return changed.with_views(strides)

    def split(self, sizes: Sizes) -> "Operation":
        """With the axes of the elements in these parts, from the outermost one on. They divide those that there are."""
        strides: list[list[int]] = [[] for _ in self.views]
        parts = iter(sizes)
        for axis, size in enumerate(self.sizes):
            own, count = [], 1
            while count < size:
                own.append(next(parts))
                count *= own[-1]
            for view, found in zip(self.views, strides, strict=True):
                found += [view.strides[axis] * prod(own[place + 1 :]) for place in range(len(own))]
        views = [replace(view, strides=tuple(each)) for view, each in zip(self.views, strides, strict=True)]
        return replace(self, sizes=sizes).with_views(views)


def operation(instruction: Instruction) -> Operation:
    """An instruction, as it is."""
    kind, axes = instruction.kind, instruction.axes
    terms = (instruction.length,) if kind in REDUCTIONS else ()
    along_a, along_b = (1,) if terms else (), (1,) if kind == Kind.DOT else ()
    operands = [View(instruction.a.weights, instruction.a.address, tuple(axis.a for axis in axes), along_a)]
    if kind in READS_B:
        b = View(instruction.b.weights, instruction.b.address, tuple(axis.b for axis in axes), along_b)
        operands.append(b)
    target = View(False, instruction.target, tuple(axis.target for axis in axes))
    sizes = tuple(max(axis.size, 1) for axis in axes)
    return Operation(kind, sizes, target, tuple(operands), terms, instruction.length).merged()


def common_sizes(a: Sizes, b: Sizes) -> Sizes | None:
    """The coarsest axes that those of both are made of; None if there are none."""
    parts: list[int] = []
    left, right = list(a), list(b)
    while left and right:
        x, y = left.pop(), right.pop()
        if x % y and y % x:
            return None
        parts.append(min(x, y))
        if x > y:
            left.append(x // y)
        elif y > x:
            right.append(y // x)
    return tuple(reversed(parts)) if not left and not right else None


# --- other layouts ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Layout:
    """Words that lie, axis by axis, somewhere else."""

    start: int
    weights: bool
    """Where they lie now: in which space, and where the first one does."""
    new_start: int
    axes: tuple[tuple[int, int, int], ...]
    """The size of each axis, the stride until now, and the new one: from the longest stride to the shortest."""

    @staticmethod
    def of(start: int, weights: bool, new_start: int, axes: Sequence[tuple[int, int, int]]) -> "Layout | None":
        """None if words of different places are the same one."""
        ordered = sorted((axis for axis in axes if axis[0] > 1), key=lambda axis: -axis[1])
        inner = 1
        for size, stride, _ in reversed(ordered):
            if stride < inner:
                return None
            inner = size * stride
        return Layout(start, weights, new_start, tuple(ordered))

    def moved(self, operation: Operation, place: int) -> Operation | None:
        """The operation with one of its views where its words lie now; None if they are not all of this layout."""
        view = operation.views[place]
        coordinates, rest = [], view.address - self.start
        for _, stride, _ in self.axes:
            coordinate, rest = divmod(rest, stride)
            coordinates.append(coordinate)
        if rest:
            return None
        low, high = list(coordinates), list(coordinates)
        sizes, strides, fine = _parts(self.axes, operation.sizes, view.strides, low, high)
        terms, along, fine_too = _parts(self.axes, operation.terms if view.terms else (), view.terms, low, high)
        inside = all(a >= 0 and b < axis[0] for a, b, axis in zip(low, high, self.axes, strict=True))
        if not (fine and fine_too and inside):
            return None
        address = self.new_start + sum(c * axis[2] for c, axis in zip(coordinates, self.axes, strict=True))
        if operation.sizes != sizes:
            operation = operation.split(sizes)
        if view.terms and operation.terms != terms:
            views = [_with_terms(each, operation.terms, terms) for each in operation.views]
            operation = replace(operation, terms=terms).with_views(views)
        views = list(operation.views)
        views[place] = View(self.weights, address, strides, along)
        return operation.with_views(views).merged()


def _with_terms(view: View, old: Sizes, new: Sizes) -> View:
    if not view.terms:
        return view
    split = Operation(Kind.COPY, old, View(False, 0, view.terms), ()).split(new)
    return replace(view, terms=split.target.strides)


def _parts(
    axes: Sequence[tuple[int, int, int]], sizes: Sizes, strides: Sizes, low: list[int], high: list[int]
) -> tuple[Sizes, Sizes, bool]:
    """Axes as parts of those of a layout, with their new strides. `low` and `high` come to be the farthest places."""
    found: list[tuple[int, int]] = []
    for size, stride in zip(sizes, strides, strict=True):
        parts = list(_part(axes, size, stride, low, high))
        if prod(part[0] for part in parts) != size:
            return (), (), False
        found += reversed(parts)
    return tuple(size for size, _ in found), tuple(stride for _, stride in found), True


def _part(
    axes: Sequence[tuple[int, int, int]], size: int, stride: int, low: list[int], high: list[int]
) -> Iterator[tuple[int, int]]:
    """From the innermost part on; they are fewer elements than `size` if there is no way."""
    if size == 1 or stride == 0:
        yield size, 0
        return
    place = next((i for i, axis in enumerate(axes) if axis[1] <= abs(stride)), None)
    if place is None or stride % axes[place][1]:
        return
    own, distance, new = axes[place]
    factor = stride // distance
    fits = low[place] + min(0, factor * (size - 1)) >= 0 and high[place] + max(0, factor * (size - 1)) < own
    inner = own // abs(factor)
    whole = factor > 0 and inner > 1 and own % factor == 0 and size % inner == 0 and place > 0
    if fits or not whole or high[place] + factor * (inner - 1) >= own:
        inner = size
    low[place] += min(0, factor * (inner - 1))
    high[place] += max(0, factor * (inner - 1))
    yield inner, factor * new
    if inner < size:
        yield from _part(axes, size // inner, stride * inner, low, high)

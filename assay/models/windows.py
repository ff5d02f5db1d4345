"""The windows of convolutions and poolings: which elements each has, and how they come to lie in rows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING

from assay.machines.tensor.instruction import Kind
from assay.machines.tensor.strides import dense_strides
from assay.models.builder import Builder, Shape, Value

if TYPE_CHECKING:
    from assay.models.onnx_import import Node


@dataclass(frozen=True)
class Windows:
    """Where the windows of a tensor [batch, channels, sizes...] lie. All have a number for each of the sizes."""

    kernel: Shape
    strides: Shape
    dilations: Shape
    before: Shape
    """Padding before the first element."""
    behind: Shape
    """Padding behind the last one: what is asked for, and what the last window lacks."""
    sizes: Shape
    """How many windows there are."""

    @property
    def count(self) -> int:
        """The elements of a window."""
        return prod(self.kernel)

    @property
    def places(self) -> int:
        """The windows."""
        return prod(self.sizes)

    def padded(self, build: Builder, x: Value, fill: float) -> Value:
        """The tensor with its padding."""
        return build.pad(x, [0, 0, *self.before], [0, 0, *self.behind], fill)

    def padded_shape(self, shape: Shape) -> Shape:
        """The shape of that."""
        sizes = zip(self.before, shape[2:], self.behind, strict=True)
        return (*shape[:2], *(sum(each) for each in sizes))

    def _spatial(self, padded: Value) -> tuple[Shape, Shape]:
        """How far apart, in words, neighbours are among the windows, and within one."""
        own = padded.strides[2:]
        outer = tuple(stride * step for stride, step in zip(own, self.strides, strict=True))
        return outer, tuple(stride * step for stride, step in zip(own, self.dilations, strict=True))

    def view(self, padded: Value) -> Value:
        """All windows: [batch, channels, sizes..., kernel...]. They overlap."""
        outer, inner = self._spatial(padded)
        shape = (*padded.shape[:2], *self.sizes, *self.kernel)
        return replace(padded, shape=shape, strides=(*padded.strides[:2], *outer, *inner))

    def pooled_rows(self, build: Builder, x: Value, fill: float) -> Value:
        """Each window of each channel as a row: [batch, channels, places, count]."""

        def make() -> Value:
            rows = build.empty((*x.shape[:2], self.places, self.count))
            build.emit(Kind.COPY, self.spread(rows), self.view(self.padded(build, x, fill)))
            return rows

        return build.once(("pooled rows", self, x, fill), make)

    def spread(self, rows: Value) -> Value:
        """Rows [batch, channels, places, count] with the axes that `view` has."""
        outer = tuple(rows.strides[2] * step for step in dense_strides(self.sizes))
        inner = tuple(rows.strides[3] * step for step in dense_strides(self.kernel))
        shape = (*rows.shape[:2], *self.sizes, *self.kernel)
        return replace(rows, shape=shape, strides=(*rows.strides[:2], *outer, *inner))

    def convolution_rows(self, build: Builder, x: Value, groups: int) -> Value:
        """Each window of all channels of a group as a row, in the order of the weights: channel, row, column.

        [batch, groups, places, channels of a group * count]
        """

        def make() -> Value:
            channels = x.shape[1] // groups
            rows = build.empty((x.shape[0], groups, self.places, channels * self.count))
            views = split_axis(self.view(self.padded(build, x, 0.0)), 1, groups)
            # A row of the result is one window: row after row, so that the copy writes words in their order.
            build.emit(Kind.COPY, self._rows_first(self.spread_channels(rows, channels)), self._rows_first(views))
            return rows

        return build.once(("convolution rows", self, x, groups), make)

    def spread_channels(self, rows: Value, channels: int) -> Value:
        """Rows [batch, groups, places, length] as [batch, groups, channels, sizes..., kernel...]."""
        outer = tuple(rows.strides[2] * step for step in dense_strides(self.sizes))
        channel, *inner = (rows.strides[3] * step for step in dense_strides((channels, *self.kernel)))
        shape = (*rows.shape[:2], channels, *self.sizes, *self.kernel)
        return replace(rows, shape=shape, strides=(*rows.strides[:2], channel, *outer, *inner))

    def _rows_first(self, views: Value) -> Value:
        """[batch, groups, channels, sizes..., kernel...] with the channels behind the sizes."""
        spatial = len(self.sizes)
        sizes, kernel = range(3, 3 + spatial), range(3 + spatial, 3 + 2 * spatial)
        return views.transposed([0, 1, *sizes, 2, *kernel])

    def collected(self, build: Builder, views: Value, sizes: Shape) -> Value:
        """The sum, for each element of a tensor [..., sizes...], of what `views` has for it in all windows.

        `views` is [..., sizes of the result..., kernel...]. Each element has a row with a place for each element of the
        kernel, where a window has put its part, or zero.
        """
        spatial = len(sizes)
        lead = views.shape[: len(views.shape) - 2 * spatial]
        whole = tuple(sum(each) for each in zip(self.before, sizes, self.behind, strict=True))
        rows = build.empty((*lead, *whole, self.count))
        own = rows.strides[len(lead) : -1]
        outer = tuple(stride * step for stride, step in zip(own, self.strides, strict=True))
        inner = tuple(
            stride * step + part
            for stride, step, part in zip(own, self.dilations, dense_strides(self.kernel), strict=True)
        )
        target = replace(rows, shape=views.shape, strides=(*rows.strides[: len(lead)], *outer, *inner))
        build.emit(Kind.COPY, target, views)
        total = build.reduce(Kind.SUM, rows)
        for axis, (start, size) in enumerate(zip(self.before, sizes, strict=True), start=len(lead)):
            total = total.sliced(axis, start, size)
        return total


def windows_of(node: "Node", shape: Shape, kernel: Sequence[int]) -> Windows:
    """The windows that the attributes of a node ask for, over a tensor of this shape."""
    spatial = len(kernel)
    strides, dilations = node.attribute("strides", [1] * spatial), node.attribute("dilations", [1] * spatial)
    extents = [(size - 1) * step + 1 for size, step in zip(kernel, dilations, strict=True)]
    pads = list(node.attribute("pads", [0] * 2 * spatial))
    mode = node.attribute("auto_pad", b"NOTSET").decode()
    if mode in ("SAME_UPPER", "SAME_LOWER"):
        wanted = [
            max(0, (-(-size // step) - 1) * step + extent - size)
            for size, step, extent in zip(shape[2:], strides, extents, strict=True)
        ]
        less, more = [each // 2 for each in wanted], [each - each // 2 for each in wanted]
        pads = [*less, *more] if mode == "SAME_UPPER" else [*more, *less]
    elif mode == "VALID":
        pads = [0] * 2 * spatial
    sizes, extra = [], []
    for axis in range(spatial):
        room = shape[2 + axis] + pads[axis] + pads[spatial + axis] - extents[axis]
        size = (-(-room // strides[axis]) if node.attribute("ceil_mode", 0) else room // strides[axis]) + 1
        if node.attribute("ceil_mode", 0) and (size - 1) * strides[axis] >= shape[2 + axis] + pads[axis]:
            size -= 1
        sizes.append(size)
        extra.append(max(0, (size - 1) * strides[axis] - room))
    behind = [pads[spatial + axis] + extra[axis] for axis in range(spatial)]
    return Windows(
        kernel=tuple(kernel),
        strides=tuple(strides),
        dilations=tuple(dilations),
        before=tuple(pads[:spatial]),
        behind=tuple(behind),
        sizes=tuple(sizes),
    )


def split_axis(x: Value, axis: int, count: int) -> Value:
    """One axis as two, the first of which has `count` places."""
    size = x.shape[axis] // count
    shape = (*x.shape[:axis], count, size, *x.shape[axis + 1 :])
    return replace(x, shape=shape, strides=(*x.strides[:axis], size * x.strides[axis], *x.strides[axis:]))

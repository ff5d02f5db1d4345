"""Where the elements of a tensor are: sizes, and strides, which are how far apart neighbours are, in words."""

from collections.abc import Sequence
from math import prod

import numpy as np
from numpy.typing import NDArray

Sizes = tuple[int, ...]


def dense_strides(sizes: Sequence[int], step: int = 1) -> Sizes:
    """Strides in row-major order, with neighbours along the last axis so far apart."""
    return tuple(step * prod(sizes[place + 1 :]) for place in range(len(sizes)))


def offsets(sizes: Sequence[int], strides: Sequence[int]) -> NDArray[np.int64]:
    """The distances of all elements from the first one, in row-major order."""
    total = np.zeros(1, np.int64)
    for size, stride in zip(sizes, strides, strict=True):
        total = (total[:, None] + np.arange(size, dtype=np.int64) * stride).ravel()
    return total


def merged_axes(sizes: Sequence[int], strides: Sequence[Sequence[int]]) -> list[Sizes]:
    """Sizes, each with the strides of all tensors; axes of one element are left out, and what lies as one is one."""
    axes: list[Sizes] = []
    for axis in zip(sizes, *strides, strict=True):
        if axis[0] == 1:
            continue
        if axes and axes[-1][1:] == tuple(axis[0] * stride for stride in axis[1:]):
            axes[-1] = (axes[-1][0] * axis[0], *axis[1:])
        else:
            axes.append(axis)
    return axes

"""Tapes for copies."""

from assay.machines.tensor.strides import Sizes, merged_axes, offsets
from assay.machines.tensor_fast.buffers import WORD
from assay.machines.tensor_fast.kernels import Kernels, Tape


def copies(kernels: Kernels, sizes: Sizes, target: int, strides: Sizes, a: int, a_strides: Sizes) -> Tape:
    """Words that are laid out anew."""
    axes = sorted(merged_axes(sizes, [strides, a_strides]), key=lambda axis: abs(axis[1]))
    inner = next((i for i, axis in enumerate(axes) if axis[1] == 1), 0)
    words, to_step, of_step = axes.pop(inner) if axes else (1, 1, 1)
    longest = max(range(len(axes)), key=lambda i: axes[i][0]) if axes else 0
    rows, to_row, of_row = axes.pop(longest) if axes else (1, 0, 0)
    outer = axes[::-1]
    outer_sizes = tuple(axis[0] for axis in outer)
    to = target + WORD * offsets(outer_sizes, tuple(axis[1] for axis in outer))
    of = a + WORD * offsets(outer_sizes, tuple(axis[2] for axis in outer))
    given = (to, of, words, rows, to_row, of_row)
    if to_step == 1 and of_step in (0, 1):
        return kernels.tape("copy" if of_step else "spread", *given)
    return kernels.tape("scatter", *given, to_step, of_step)

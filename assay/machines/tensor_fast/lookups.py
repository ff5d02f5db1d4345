"""GATHER and FIND: words at places that are computed, and the place of a word."""

import numpy as np

from assay.machines.tensor.binary32 import Words, canonical, floats, words
from assay.machines.tensor.execution import INITIAL
from assay.machines.tensor.instruction import Addresses, Kind


def rows_at(space: Words, starts: Addresses, length: int) -> Words | None:
    """`length` words from each of these places on, along a last axis; None if one is not in the space."""
    if starts.min() < 0 or starts.max() + length > len(space):
        return None
    return np.lib.stride_tricks.sliding_window_view(space, length)[starts]


def starts_of(starts: Addresses, index: Words, stride: int) -> Addresses:
    """Where the operands of a GATHER are: so far from `starts` as the integers in `index` say, times the stride."""
    return starts + index.view(np.int32).astype(np.int64) * stride


def first_equal(rows: Words, sought: Words) -> Words:
    """The place in each row of the first word that is the sought one, or what FIND says if there is none."""
    equal = words(canonical(floats(rows))) == words(canonical(floats(sought))).reshape(-1, 1)
    return np.where(equal.any(axis=1), equal.argmax(axis=1), INITIAL[Kind.FIND]).astype(np.uint32)

"""Where words are: buffers, views of spaces, and rows of operands.

Pointers are addresses in bytes, places are distances from them in words.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assay.machines.tensor.binary32 import Words
from assay.machines.tensor.instruction import Addresses
from assay.machines.tensor_fast.kernels import pointer

WORD, NUMBER = 4, 8
"""Bytes of a word, and of a number in a table or on a tape."""
SLACK = 64
"""Words behind every buffer that kernels may read, and write where they are told so: they take whole vectors."""


class Room:
    """Buffers for what is needed while one operation is carried out, and what has to be kept for tapes."""

    def __init__(self) -> None:
        self._kept: list[NDArray[Any]] = []
        self._buffers: dict[str, Words] = {}

    def keep(self, array: NDArray[Any]) -> int:
        """Keep an array for as long as the room is kept; where it is."""
        self._kept.append(array)
        return pointer(array)

    def buffer(self, name: str, words: int) -> int:
        """A buffer of at least so many words, and SLACK. Another call may give the same one."""
        if name not in self._buffers or len(self._buffers[name]) < words + SLACK:
            self._buffers[name] = buffer(words)
            self.keep(self._buffers[name])
        return pointer(self._buffers[name])


def buffer(words: int) -> Words:
    """So many words and SLACK, which begin with a line of the caches."""
    room = np.empty(words + SLACK + 16, np.uint32)
    start = -pointer(room) % 64 // WORD
    return room[start : start + words + SLACK]


@dataclass(frozen=True)
class Place:
    """Where the first word of a view is, and how many words can be read from there on."""

    pointer: int
    readable: int


@dataclass(frozen=True)
class Side:
    """The rows of an operand of a product: term k of row i is at `places[i] + terms[k]`."""

    pointer: int
    places: Addresses
    terms: Addresses
    readable: int
    """How many words can be read from the pointer on."""

    @property
    def step(self) -> int | None:
        """How far apart terms are, if it is the same everywhere."""
        steps = np.diff(self.terms)
        if len(steps) == 0:
            return 1
        return int(steps[0]) if np.all(steps == steps[0]) and self.terms[0] == 0 else None

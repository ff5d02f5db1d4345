"""Where regions are in an arena whose parts are used again and again."""

from collections.abc import Sequence
from itertools import pairwise

from assay.machines.tensor_fast.buffers import SLACK

LINE = 16
"""Words of a line of the caches: each region begins with one."""


def places_of(spans: Sequence[tuple[int, int, int, int]]) -> tuple[dict[int, int], int]:
    """Places of regions, by their addresses, and the words that are needed.

    A span is the first and the last step at which a region is there, its address, and its size in words. SLACK words
    behind each region belong to it, too.
    """
    places: dict[int, int] = {}
    free: list[tuple[int, int]] = []  # places and sizes
    taken: list[tuple[int, int, int]] = []  # the last step, places and sizes
    end = 0
    for first, last, address, words in sorted(spans, key=lambda span: span[0]):
        free = _joined([*free, *(each[1:] for each in taken if each[0] < first)])
        taken = [each for each in taken if each[0] >= first]
        size = -(-(words + SLACK) // LINE) * LINE
        fitting = min((each for each in free if each[1] >= size), key=lambda each: each[1], default=None)
        if fitting is None:
            place, end = end, end + size
        else:
            free.remove(fitting)
            place = fitting[0]
            if fitting[1] > size:
                free.append((place + size, fitting[1] - size))
        taken.append((last, place, size))
        places[address] = place
    return places, end


def _joined(free: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Neighbours as one."""
    free = sorted(free)
    found = free[:1]
    for _, (place, size) in pairwise(free):
        if found[-1][0] + found[-1][1] == place:
            found[-1] = (found[-1][0], found[-1][1] + size)
        else:
            found.append((place, size))
    return found

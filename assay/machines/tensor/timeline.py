"""Memory at any step of a run, and the tree over it.

No word is written twice. So what memory holds at a step is what it holds in the end, for what was written by then, and
what it held at the start elsewhere; and going from one step to another changes what was written between them alone.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate as running_sum

import numpy as np

from assay.machines.tensor.binary32 import Words
from assay.machines.tensor.block_tree import BlockTree
from assay.machines.tensor.instruction import ADDRESSES, BLOCK, Addresses, Instruction
from assay.machines.tensor.places import target_of


class Timeline:
    """Goes to and fro between the start and the end of a run."""

    def __init__(self, instructions: Sequence[Instruction], initial: Words, everything: Words) -> None:
        """`initial` and `everything` are all words of memory before and after these instructions."""
        self._instructions = instructions
        self._starts = list(running_sum((each.steps for each in instructions), initial=0))
        self._initial = _whole_blocks(initial)
        self._everything = _whole_blocks(everything)
        self._step = 0
        self._changed = np.zeros(len(self._initial), bool)
        self.memory = self._initial.copy()
        """What memory holds at the step gone to; whole blocks of it."""
        self.tree = BlockTree(self.memory)
        """The tree over that."""

    def go(self, step: int) -> None:
        """Go to the state after `step` steps."""
        first, last = sorted((self._step, step))
        source = self._everything if step >= self._step else self._initial
        low, high = len(self.memory), 0
        for number in range(bisect_right(self._starts, first) - 1, bisect_left(self._starts, last)):
            instruction, start = self._instructions[number], self._starts[number]
            done, to_do = (
                max(0, min((each - start) // instruction.runs, instruction.elements)) for each in (first, last)
            )
            lowest, behind = self._bring(instruction, done, to_do, source)
            low, high = min(low, lowest), max(high, behind)
        self._step = step
        if low < high:
            self._rehash(low // BLOCK, -(-high // BLOCK))

    def _bring(self, instruction: Instruction, first: int, last: int, source: Words) -> tuple[int, int]:
        """Take the results `first` to `last` of an instruction from `source`; between which addresses they lie."""
        if first == last:
            return len(self.memory), 0
        target = target_of(instruction)
        whole = target.view(self.memory) if last - first == instruction.elements else None
        if whole is not None:
            there, changed = target.view(source), target.view(self._changed)
            assert there is not None
            assert changed is not None
            whole[...], changed[...] = there, True
            return target.low, target.high + 1
        places = _places(instruction, first, last)
        self.memory[places], self._changed[places] = source[places], True
        return int(places.min()), int(places.max()) + 1

    def _rehash(self, first: int, last: int) -> None:
        changed = self._changed[first * BLOCK : last * BLOCK]
        blocks = np.nonzero(changed.view(np.uint64).reshape(-1, BLOCK // 8).any(axis=1))[0]
        changed[:] = False
        self.tree.update(blocks + first)


def _places(instruction: Instruction, first: int, last: int) -> Addresses:
    """Where elements `first` to `last` of an instruction's result are."""
    numbers = np.arange(first, last, dtype=np.int64)
    total = np.full(len(numbers), instruction.target, np.int64)
    for axis in reversed(instruction.axes):
        numbers, coordinate = np.divmod(numbers, max(axis.size, 1))
        total += coordinate * axis.target
    return total & (ADDRESSES - 1)


def _whole_blocks(words: Words) -> Words:
    return words if len(words) % BLOCK == 0 else np.concatenate([words, np.zeros(-len(words) % BLOCK, np.uint32)])

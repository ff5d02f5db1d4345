"""Lies about models that matter: an engine forgets what it computes on the way, so few others are ever seen."""

from collections.abc import Sequence

import numpy as np

from assay.machines.base import Progress
from assay.machines.tensor import execution
from assay.machines.tensor.binary32 import Words
from assay.machines.tensor.engine import Engine
from assay.machines.tensor.execution import Execute, Spaces
from assay.machines.tensor.program import OUTPUT, Program
from assay.machines.tensor.trace import TensorTrace
from demo.tampering import flipping


def telling_step(program: Program, number: int, inputs: Sequence[bytes], execute: Execute = execution.execute) -> int:
    """The first step that writes an element of instruction `number` whose lowest bit is seen in the outputs."""
    chosen, initial = program.instructions[number], program.initial(inputs)
    true = Engine(execute).final(program, initial)
    for element in range(chosen.elements):
        if not np.array_equal(Engine(flipping(chosen, element, execute)).final(program, initial), true):
            return sum(each.steps for each in program.instructions[:number]) + (element + 1) * chosen.runs - 1
    raise AssertionError(f"no bit that instruction {number} writes is seen in the outputs")


class Forger(Engine):
    """Tells another word at one address, as if all that follows were right; and another output, if that is none."""

    def __init__(self, address: int, word: int, execute: Execute = execution.execute) -> None:
        super().__init__(execute)
        self._address = address
        self._word = np.uint32(word)

    def final(self, program: Program, initial: Spaces, progress: Progress | None = None) -> Words:
        """A lie."""
        memory = super().final(program, initial, progress)
        if self._address < len(memory):
            memory[self._address] = self._word
        else:
            memory[OUTPUT] ^= np.uint32(1)
        return memory

    def everything(self, program: Program, initial: Spaces, progress: Progress | None = None) -> Words:
        """A lie."""
        memory = super().everything(program, initial, progress)
        memory[self._address] = self._word
        return memory


def forged(honest: TensorTrace, address: int, word: int, execute: Execute = execution.execute) -> TensorTrace:
    """The trace of a forger about the same task."""
    return TensorTrace(honest.program, honest.initial, honest.step_limit, lambda: Forger(address, word, execute))

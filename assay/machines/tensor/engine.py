"""What runs programs: instruction by instruction here, and sooner elsewhere."""

from collections.abc import Callable
from itertools import accumulate

from assay.machines.base import Progress
from assay.machines.tensor.binary32 import Words
from assay.machines.tensor.execution import Execute, Spaces, execute
from assay.machines.tensor.program import Program


class Engine:
    """Runs programs, one instruction behind the other."""

    def __init__(self, execute: Execute = execute) -> None:
        """`execute` executes a whole instruction as the definition does, or lies."""
        self._execute = execute

    def final(self, program: Program, initial: Spaces, progress: Progress | None = None) -> Words:
        """What memory holds at the end of the code: `program.kept` words.

        Nothing in between is asked for, so an engine is free not to compute it as the instructions say.
        """
        memory = self.everything(program, initial, progress)
        for keep in program.instructions[len(program.writing) :]:
            self._execute(keep, Spaces(initial.weights, memory))
        return memory[: program.kept]

    def everything(self, program: Program, initial: Spaces, progress: Progress | None = None) -> Words:
        """What all instructions have written, before the last one drops what is not kept: `program.memory` words."""
        spaces = program.whole(initial)
        ends = accumulate(instruction.steps for instruction in program.writing)
        for instruction, end in zip(program.writing, ends, strict=True):
            self._execute(instruction, spaces)
            if progress is not None:
                progress(end)
        return spaces.memory


MakeEngine = Callable[[], Engine]
"""Gives the engine of one run: asked when there is something to run."""

"""Lies about models that matter: an engine forgets what it computes on the way, so few others are ever seen."""

from collections.abc import Sequence

import numpy as np

from assay.machines.tensor import execution
from assay.machines.tensor.engine import Engine
from assay.machines.tensor.execution import Execute, Spaces
from assay.machines.tensor.instruction import Instruction
from assay.machines.tensor.program import Program


def telling_step(program: Program, number: int, inputs: Sequence[bytes], execute: Execute = execution.execute) -> int:
    """The first step that writes an element of instruction `number` whose lowest bit is seen in the outputs."""
    chosen, initial = program.instructions[number], program.initial(inputs)
    true = Engine(execute).final(program, initial)
    for element in range(chosen.elements):

        def lying(instruction: Instruction, spaces: Spaces, element: int = element) -> None:
            execute(instruction, spaces)
            if instruction is chosen:
                spaces.memory[chosen.place(element)[0]] ^= np.uint32(1)

        if not np.array_equal(Engine(lying).final(program, initial), true):
            return sum(each.steps for each in program.instructions[:number]) + (element + 1) * chosen.runs - 1
    raise AssertionError(f"no bit that instruction {number} writes is seen in the outputs")

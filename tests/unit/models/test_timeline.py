"""Memory at any step, whichever way it is come to, is what the steps until then have written."""

from random import Random

import numpy as np
import pytest

from assay.machines.tensor.binary32 import Words
from assay.machines.tensor.block_tree import BlockTree
from assay.machines.tensor.engine import Engine
from assay.machines.tensor.instruction import ADDRESSES, Axis, Instruction, Kind, Operand
from assay.machines.tensor.program import Program
from assay.machines.tensor.timeline import Timeline
from tests.unit.models.small import an_input, every_kind


def step_by_step(program: Program, initial: Words, everything: Words) -> list[Words]:
    """Memory after each step, from the start."""
    states = [initial.copy()]
    for instruction in program.writing:
        for element in range(instruction.elements):
            states += [states[-1]] * (instruction.runs - 1)
            after = states[-1].copy()
            address = instruction.place(element)[0] % ADDRESSES
            after[address] = everything[address]
            states.append(after)
    return states


def scattered() -> Program:
    """Instructions that write backwards, with gaps and beyond the end of all addresses, and one of no terms."""
    weights = np.arange(1, 301, dtype=np.float32).view(np.uint32)
    instructions = (
        Instruction(Kind.COPY, 900, Operand(0, True), axes=(Axis(20, -3, 1), Axis(3, -1, 20))),
        Instruction(Kind.SUM, 64, Operand(0, True), axes=(Axis(5, 65, 1),), length=130),
        Instruction(Kind.COPY, ADDRESSES + 500, Operand(7, True), axes=(Axis(9, 7, 1),)),
        Instruction(Kind.DOT, 901, Operand(0, True), Operand(64, True), (Axis(0, 0, 0, 0),), 0),
    )
    return Program(weights, 1000, (), (), instructions)


@pytest.mark.parametrize(("program", "inputs"), [(every_kind(), [an_input()]), (scattered(), [])])
def test_memory_and_its_tree_at_any_step(program: Program, inputs: list[bytes]) -> None:
    if inputs:
        start = program.initial(inputs)
        initial, everything = program.whole(start).memory, Engine().everything(program, start)
    else:
        random = np.random.default_rng(1)
        initial, everything = (random.integers(0, 1 << 32, 1000, dtype=np.uint64).astype(np.uint32) for _ in range(2))
    states = step_by_step(program, initial, everything)
    timeline, random_steps = Timeline(program.writing, initial, everything), Random(1)
    for step in [0, len(states) - 1, *(random_steps.randrange(len(states)) for _ in range(200)), 0]:
        timeline.go(step)
        assert np.array_equal(timeline.memory[: len(initial)], states[step]), step
        assert timeline.tree.root() == BlockTree(states[step]).root(), step
    assert np.array_equal(timeline.memory[: len(initial)], initial)

"""The referee of the tensor machine takes every step as the reference does, and finds every lie."""

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest

from assay.machines.tensor.block_tree import BlockTree
from assay.machines.tensor.instruction import Instruction, Kind
from assay.machines.tensor.trace import TensorTrace
from tests.differential.referee import REFUSED, Referee
from tests.differential.tensor_steps import SOURCE, disagreements, name_of, random_steps
from tests.support.lies import forged
from tests.unit.models.small import an_input, every_kind, loaded


@pytest.fixture(scope="module")
def tensor_referee(node: str) -> Referee:
    return Referee(node, source=SOURCE)


def test_random_steps_agree(tensor_referee: Referee) -> None:
    steps = list(islice(random_steps(seed=1), 1500))
    assert {name_of(step) for step in steps} >= {"spoilt", "no instruction", *(kind.name for kind in Kind)}
    refused = sum(step.expected == REFUSED for step in steps)
    assert len(steps) / 20 < refused < len(steps) / 5
    wrong = disagreements(steps, tensor_referee)
    assert not wrong, wrong[0]


def test_every_step_of_a_program_agrees(tensor_referee: Referee) -> None:
    trace = loaded(every_kind(), an_input())
    count = trace.run() + 1
    roots = [trace.state_root(step) for step in range(count + 1)]
    calls = [(roots[step], trace.witness(step)) for step in range(count)]
    assert tensor_referee.step_all(calls) == roots[1:]


def lies(word: int) -> set[int]:
    """Another rounding, the other sign, and another NaN; whichever are something else."""
    changed = {word ^ 1, word ^ 0x80000000}
    return changed | ({0xFFC00000, 0x7FC00001} if word == 0x7FC00000 else set())


def writes(trace: TensorTrace, instruction: Instruction, start: int) -> list[tuple[int, int, int]]:
    """The step, the address and the word of each element of an instruction."""
    found = []
    for element in range(min(instruction.elements, 3)):
        step = start + (element + 1) * instruction.runs - 1
        address = instruction.place(element)[0]
        found.append((step, address, int(trace._memory(step + 1)[address])))
    return found


def test_a_lie_about_one_element_of_every_kind_is_found(tensor_referee: Referee) -> None:
    program, data = every_kind(), an_input()
    honest = loaded(program, data)
    honest.run()
    calls, claimed, kinds = [], [], set()
    for instruction, start in zip(program.writing, honest._starts, strict=False):
        for step, address, word in writes(honest, instruction, start):
            for lie in lies(word):
                liar = forged(honest, address, lie)
                calls.append((honest.state_root(step), honest.witness(step)))
                claimed.append((liar.state_root(step + 1), honest.state_root(step + 1)))
                assert liar.state_root(step) == honest.state_root(step)
                kinds.add(instruction.kind)
    assert kinds == set(Kind) - {Kind.KEEP}
    for verdict, (lie_root, true_root) in zip(tensor_referee.step_all(calls), claimed, strict=True):
        assert verdict == true_root != lie_root


def test_what_is_dropped_at_the_end_cannot_be_lied_about(tensor_referee: Referee) -> None:
    program, data = every_kind(), an_input()
    trace = loaded(program, data)
    end = trace.run()
    assert program.instructions[-1].kind == Kind.KEEP
    before, after = trace._state(end - 1), trace._state(end)
    [verdict] = tensor_referee.step_all([(before.root(), trace.witness(end - 1))])
    outputs = np.frombuffer(trace.outcome().stdout, "<u4")
    cut = np.concatenate([trace._memory(0)[:64], outputs, np.zeros(-len(outputs) % 64, np.uint32)])
    nothing_dropped, one_too_many, one_more = before.memory, BlockTree(cut[:-64]).root(), trace._memory(end - 1).copy()
    one_more[len(cut) + 64 :] = 0
    assert verdict == after.root() == replace(after, memory=BlockTree(cut).root()).root()
    for lie in (nothing_dropped, one_too_many, BlockTree(one_more).root()):
        assert verdict != replace(after, memory=lie).root()


def test_a_run_in_the_middle_of_a_product_cannot_be_lied_about(tensor_referee: Referee) -> None:
    trace = loaded(every_kind(), an_input())
    [verdict] = tensor_referee.step_all([(trace.state_root(0), trace.witness(0))])
    state = trace._state(1)
    assert state.run == 1
    assert verdict == state.root() != replace(state, accumulator=state.accumulator ^ 1).root()


def test_a_lie_about_a_weight_has_no_witness(tensor_referee: Referee) -> None:
    program, data = every_kind(), an_input()
    trace = loaded(program, data)
    forged = program.weights.copy()
    forged[5] ^= np.uint32(1)
    other = TensorTrace(program, type(trace.initial)(forged, trace.initial.memory), trace.step_limit)
    assert other.state_root(0) != trace.state_root(0)
    # The liar's blocks under the true root, and under the root of the honest trace's own tree.
    assert tensor_referee.step_all([(trace.state_root(0), other.witness(0))]) == [REFUSED]
    mixed = trace.witness(0).replace(BlockTree(program.weights).block(0), BlockTree(forged).block(0))
    assert mixed != trace.witness(0)
    assert tensor_referee.step_all([(trace.state_root(0), mixed)]) == [REFUSED]

"""Random states and words. `python -m tests.differential.fuzz` takes as many more as one has time for."""

from collections.abc import Iterable
from itertools import islice, pairwise

import pytest

from assay.machines.riscv.bits import M64
from assay.machines.riscv.decode import TABLE, decode
from assay.machines.riscv.instruction import Instruction
from assay.machines.riscv.instructions import atomic, memory
from assay.machines.riscv.instructions.system import illegal, mret
from assay.machines.riscv.traps import Cause
from tests.differential.cases import GROUPS, LEAF, MEMORY_END
from tests.differential.compare import Step, disagreements
from tests.differential.fuzz import random_steps, with_spoilt
from tests.differential.referee import REFUSED, Referee
from tests.unit.machines.assembler import AUIPC, JAL, LUI

STEPS = 4000
SEED = 2


@pytest.fixture(scope="module")
def steps() -> list[Step]:
    return list(with_spoilt(SEED, islice(random_steps(SEED), STEPS)))


def test_referee_takes_random_steps_as_the_reference_does(referee: Referee, steps: list[Step]) -> None:
    for _, found in disagreements(steps, referee):
        assert not found, f"{found[0]}"


def executed(steps: Iterable[Step]) -> list[tuple[Step, Instruction]]:
    """The steps that fetch an instruction, with it."""
    return [(step, decode(step.word)) for step in steps if step.word is not None]


def traps(steps: Iterable[Step]) -> list[Step]:
    """The steps that trap, unless they look like another one."""
    return [step for step in steps if step.after.mepc == step.before.pc and step.after.pc == step.before.mtvec]


def accesses(steps: Iterable[Step]) -> set[tuple[int, int]]:
    """Address and size of all loads and stores, those that trap included."""
    found = set()
    for step, i in executed(steps):
        if i.execute.__module__ == memory.__name__:
            base = (0, *step.before.x)[i.rs1]
            found.add((base + i.immediate & M64, 1 << (i.word >> 12 & 3)))
    return found


def walks(steps: Iterable[Step]) -> list[tuple[Step, Step]]:
    """The pairs of steps of which one follows the other."""
    return [(one, other) for one, other in pairwise(steps) if one.after == other.before]


def test_random_steps_are_of_every_instruction_and_of_words_that_are_none(steps: list[Step]) -> None:
    words = executed(steps)
    assert {i.execute for _, i in words} == {execute for _, _, execute in TABLE} | {illegal}
    assert {i.word & 0x7F for _, i in words if i.execute is illegal} > GROUPS.keys() - {LUI, AUIPC, JAL}
    assert len({i.word & 0x7F for _, i in words if i.execute is illegal}) > 50
    assert sum(i.word >> 7 & 31 == 0 for _, i in words) > STEPS / 20


def test_random_steps_trap_for_every_cause_with_a_handler_and_without(steps: list[Step]) -> None:
    trapped = traps(steps)
    assert {step.after.mcause for step in trapped} >= set(Cause)
    assert {step.origin for step in trapped} & {step.origin for step, i in executed(steps) if i.execute is mret}
    assert any(step.after.pc == 0 for step in trapped)
    assert any(step.after.pc >= MEMORY_END for step in trapped)


def test_random_steps_access_memory_at_every_edge(steps: list[Step]) -> None:
    reached = accesses(steps)
    assert {size for address, size in reached if address % LEAF == LEAF - size} == {1, 2, 4, 8}
    assert {size for address, size in reached if address == MEMORY_END - size} == {1, 2, 4, 8}
    assert any(address == MEMORY_END for address, _ in reached)
    assert any(address >= 1 << 63 for address, _ in reached)


def test_random_steps_are_atomic_in_every_order(steps: list[Step]) -> None:
    order = set()
    for pair in walks(steps):
        found = executed(pair)
        if len(found) == 2 and all(i.execute.__module__ == atomic.__name__ for _, i in found):
            order.add(tuple(i.execute.__name__[:2] for _, i in found))
    assert order == {(first, second) for first in ("lr", "sc", "am") for second in ("lr", "sc", "am")}

    conditional = [(step, i.rd) for step, i in executed(steps) if i.execute in (atomic.sc_w, atomic.sc_d)]
    assert {(*step.after.x, 0, 0)[rd - 1] for step, rd in conditional if step not in traps([step])} >= {0, 1}


def test_random_steps_overwrite_code_before_it_is_fetched(steps: list[Step]) -> None:
    def leaf(step: Step) -> int:
        return step.before.pc // LEAF

    changing = [(one, other) for one, other in walks(steps) if one.before.memory_root != one.after.memory_root]
    assert sum(leaf(one) == leaf(other) and len(executed([other])) == 1 for one, other in changing) > 20


def test_random_steps_come_with_wrong_witnesses_too(steps: list[Step]) -> None:
    refused = sum(step.expected == REFUSED for step in steps)
    assert len(steps) / 30 < refused < len(steps) / 5


def test_random_steps_depend_on_the_seed_alone() -> None:
    first = [step.witness for step in islice(random_steps(1), 50)]
    assert first == [step.witness for step in islice(random_steps(1), 50)]
    assert first != [step.witness for step in islice(random_steps(2), 50)]

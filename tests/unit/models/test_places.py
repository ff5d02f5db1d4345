"""What instructions write and read, told by spans and views, is what a list of all addresses says."""

from random import Random

import numpy as np
import pytest

from assay.errors import InputError
from assay.machines.tensor.instruction import (
    ADDRESSES,
    BLOCK,
    READS_B,
    REDUCTIONS,
    Axis,
    Instruction,
    Kind,
    Operand,
    run_addresses,
)
from assay.machines.tensor.places import Flags, Places, mark, reads_any_of, target_of

MEMORY = 64 * 20


def random_instruction(random: Random) -> Instruction:
    """Over little memory, so that what is written and what is read often meet."""

    def address() -> int:
        return random.choice((random.randrange(MEMORY), random.randrange(MEMORY), ADDRESSES - random.randrange(1, 90)))

    def stride() -> int:
        return random.choice((0, 1, 1, -1, 2, 3, 7, 64, 65, -64, 130))

    kind = random.choice([kind for kind in Kind if kind != Kind.KEEP])
    axes = tuple(Axis(random.choice((0, 1, 2, 3, 5)), stride(), stride(), stride()) for _ in range(random.randrange(4)))
    length = random.choice((0, 1, 60, 64, 130)) if kind in REDUCTIONS else random.randrange(5)
    a = Operand(address(), random.random() < 0.2 or kind == Kind.GATHER)
    return Instruction(kind, address(), a, Operand(address(), random.random() < 0.3), axes, length)


def written_by(instruction: Instruction) -> list[int]:
    return [instruction.place(element)[0] % ADDRESSES for element in range(instruction.elements)]


def read_by(instruction: Instruction) -> set[int]:
    """Word by word; for each run the whole block, as its witness brings it."""
    found: set[int] = set()
    for element in range(instruction.elements):
        _, a, b = instruction.place(element)
        operands = [(instruction.a, a, instruction.kind in REDUCTIONS)] if instruction.kind != Kind.GATHER else []
        if instruction.kind in READS_B:
            operands.append((instruction.b, b, instruction.kind == Kind.DOT))
        for operand, address, in_runs in operands:
            if operand.weights:
                continue
            if not in_runs:
                found.add(address % ADDRESSES)
                continue
            for run in range(instruction.runs):
                [begin] = run_addresses(np.array([address]), run * BLOCK, 1)
                block = int(begin[0]) // BLOCK * BLOCK
                found.update(range(block, block + BLOCK))
    return found


def test_what_is_written_is_what_a_list_of_its_words_says() -> None:
    random, seen = Random(1), {True: 0, False: 0}
    for _ in range(4000):
        instruction = random_instruction(random)
        written: Flags = np.zeros(MEMORY, bool)
        taken = random.randrange(MEMORY)
        written[taken] = True
        words = written_by(instruction)
        is_right = max(words) < MEMORY and len(set(words)) == len(words) and taken not in words
        seen[is_right] += 1
        if not is_right:
            with pytest.raises(InputError, match="not a model: it "):
                mark(written, target_of(instruction), "it")
            assert np.nonzero(written)[0].tolist() == [taken]
            continue
        mark(written, target_of(instruction), "it")
        assert set(np.nonzero(written)[0].tolist()) == {taken, *words}
    assert min(seen.values()) > 500


def test_whether_an_instruction_reads_what_it_writes_is_what_lists_of_both_say() -> None:
    random, seen = Random(2), {True: 0, False: 0}
    for _ in range(4000):
        instruction = random_instruction(random)
        meets = bool(read_by(instruction) & set(written_by(instruction)))
        seen[meets] += 1
        assert reads_any_of(instruction, target_of(instruction)) == meets, instruction
    assert min(seen.values()) > 100


def test_more_elements_than_memory_has_words_are_refused_before_they_are_listed() -> None:
    many = Places(0, (1 << 31, 1 << 31), (1, 0))
    with pytest.raises(InputError, match="more words than its memory of 1280 has"):
        mark(np.zeros(MEMORY, bool), many, "instruction 3")

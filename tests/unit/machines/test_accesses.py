"""Which accesses are checked together: all that a group's checks let pass can be made, and nothing else fails them."""

from random import Random

import pytest

from assay.machines.riscv.bits import M64
from assay.machines.riscv.decode import decode
from assay.machines.riscv_fast.accesses import MAX_SPAN, Form, groups_of, rounds_ahead
from assay.machines.riscv_fast.layout import MARGIN
from assay.machines.riscv_fast.region import Placed
from tests.unit.machines.assembler import A0, A1, A2, SP, START, ZERO, add, addi, bne, jal, ld, sd


def placed(*words: int) -> list[Placed]:
    return [Placed(START + 4 * place, decode(word)) for place, word in enumerate(words)]


def test_stores_to_a_frame_are_one_group_that_is_known_at_first() -> None:
    groups = groups_of(placed(addi(SP, SP, -32), sd(A0, SP, 24), sd(A1, SP, 8), addi(SP, SP, 32), ld(A0, SP, -8)))
    assert list(groups.after) == [None]
    (group,) = groups.after[None]
    assert group.tested() == [Form(((SP, 1),), -24), Form(((SP, 1),), -8)]
    assert group.stored() == [Form(((SP, 1),), -24), Form(((SP, 1),), -8)]


def test_an_address_that_was_loaded_is_known_after_that() -> None:
    groups = groups_of(placed(ld(A0, A1, 0), ld(A2, A0, 8), ld(A0, A0, 16)))
    assert [len(group.accesses) for group in groups.after[None]] == [1]
    assert [len(group.accesses) for group in groups.after[0]] == [2]


def test_sums_of_what_registers_held_are_known_at_first() -> None:
    groups = groups_of(placed(add(A0, A1, A2), add(A0, A0, A2), ld(A0, A0, 8)))
    assert groups.after[None][0].tested() == [Form(((A1, 1), (A2, 2)), 8)]


@pytest.mark.parametrize(
    ("words", "distance", "step"),
    [
        ((addi(A0, A0, 8), bne(A0, A1, -4)), Form(((A1, 1), (A0, -1)), -8), 8),
        ((addi(A0, A0, -1), bne(A0, ZERO, -4)), Form(((A0, 1),), -1), 1),
        ((addi(A0, A0, 8), addi(A1, A1, 4), bne(A1, A0, -8)), Form(((A1, 1), (A0, -1)), -4), 4),
    ],
)
def test_the_rounds_of_a_loop_are_foreseen(words: tuple[int, ...], distance: Form, step: int) -> None:
    assert rounds_ahead(placed(*words)) == (distance, step)


@pytest.mark.parametrize(
    "words",
    [
        (ld(A0, A0, 0), bne(A0, ZERO, -4)),
        (add(A0, A0, A1), bne(A0, A2, -4)),
        (addi(A0, A0, 8), addi(A1, A1, 8), bne(A1, A0, -8)),
        (addi(A0, A1, 8), bne(A0, ZERO, -4)),
        (addi(A0, A0, 8), jal(ZERO, -4)),
    ],
)
def test_no_rounds_are_foreseen_where_they_depend_on_more(words: tuple[int, ...]) -> None:
    assert rounds_ahead(placed(*words)) is None


@pytest.mark.parametrize("seed", range(50))
def test_a_group_stands_for_its_accesses(seed: int) -> None:
    random = Random(seed)
    kinds = (0x03, 0x1003, 0x2003, 0x3003, 0x23, 0x1023, 0x2023, 0x3023)
    words = []
    for _ in range(random.randrange(1, 12)):
        offset = random.choice((8 * random.randrange(16), random.randrange(-2048, 2048)))
        kind = random.choice(kinds)
        if kind & 0x20:
            words.append(kind | A1 << 15 | A0 << 20 | (offset & 31) << 7 | (offset >> 5 & 127) << 25)
        else:
            words.append(kind | A1 << 15 | A0 << 7 | (offset & 0xFFF) << 20)
    code = placed(*words)
    found = groups_of(code)
    groups = found.after[None]
    for _ in range(200):
        base = random.choice((0, 1 << 32, 1 << 16)) + random.choice((0, 8 * random.randrange(-400, 400), 4, 2, 1))
        passed = all(
            (base + form.offset & M64) < 1 << 32 and (base + group.base.offset) % group.size == 0
            for group in groups
            for form in group.tested()
        )
        pages = {base + form.offset >> 12 for group in groups for form in group.stored()}
        possible = True
        for place, each in enumerate(code):
            address, size = base + each.instruction.immediate & M64, 1 << (each.instruction.word >> 12 & 3)
            possible &= address < 1 << 32 and address % size == 0
            group, distance = found.of[place]
            assert (base + group.base.offset + distance - address) & M64 == 0
            assert 0 <= distance < MARGIN - size
            if passed and each.name[0] == "s":
                assert address >> 12 in pages
        assert passed == possible
    assert all(max(a.offset for a in g.accesses) - min(a.offset for a in g.accesses) < MAX_SPAN for g in groups)

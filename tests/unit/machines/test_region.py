"""Regions of code that was made to be hard on who looks for them."""

from random import Random

import pytest

from assay.machines.riscv_fast.region import MAX_INSTRUCTIONS, MAX_RETURNS, Region, find_region
from tests.unit.machines.assembler import RA, START, WFI, ZERO, addi, b_type, bne, jal, jalr


def region_of(words: list[int]) -> Region:
    found = find_region(START, {START + 4 * place: word for place, word in enumerate(words)}.get)
    assert found is not None
    return found


@pytest.mark.parametrize("seed", range(60))
def test_every_block_of_calls_and_returns_at_random_can_be_reached(seed: int) -> None:
    random = Random(seed)
    size = random.choice((20, 60, 150, 400))

    def word(place: int) -> int:
        offset = 4 * (random.randrange(size) - place) or 4
        kinds = (jal(RA, offset), jal(RA, offset), jalr(ZERO, RA, 0), b_type(1, 5, 6, offset))
        return random.choice(kinds[: random.choice((3, 4))])

    region = region_of([jal(RA, 8), *(word(place) for place in range(1, size))])
    assert region.pruned().blocks == region.blocks
    # A cycle that no head is on would have no longest path, and the search for it no end.
    assert all(region.longest_path(head) < 10 * MAX_INSTRUCTIONS for head in region.heads)


def test_many_returns_to_many_places_are_not_all_foreseen() -> None:
    calls, returns = 60, 18
    ways_back = [b_type(1, 5, 6, 8), jalr(ZERO, RA, 0)] * returns
    region = region_of([*(jal(RA, 4 * (calls + 1 - place)) for place in range(calls)), WFI, *ways_back])
    pairs = sum(len(sites) for sites in region.return_sites.values())
    assert 0 < pairs <= MAX_RETURNS


def test_a_loop_has_a_head() -> None:
    region = region_of([addi(5, 5, 1), bne(5, 6, -4), WFI])
    assert region.heads == {START}
    assert region.longest_path(START) == 2

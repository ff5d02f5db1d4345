"""The engine's interpreter against the reference: single steps from the states that the referee is fuzzed with."""

from random import Random

import pytest

from assay.machines.riscv.interpreter import run
from assay.machines.riscv.memory import PAGE
from assay.machines.riscv_fast.core import Core
from assay.machines.riscv_fast.guest import GuestMemory
from tests.differential.cases import Case, random_case

CASES = 600


def step(case: Case) -> None:
    """Compare all that a step changes, and what the engine says of it."""
    hart, memory = case.machine()
    guest = GuestMemory()
    captured: dict[int, bytes | None] = {}
    core = Core(guest, captured.__setitem__)
    before_pages = memory.pages()
    guest.load(before_pages)
    core.set_hart(hart)
    before = hart.state(b"")

    taken, ended = core.run(1)
    core.drain()
    run(hart, 1)

    after, after_pages = hart.state(b""), memory.pages()
    assert core.hart().state(b"") == after
    assert (taken, ended) == ((0, True) if after == before else (1, False))
    zero = bytes(PAGE)
    for page in before_pages.keys() | after_pages.keys() | captured.keys():
        assert guest.read_page(page) == after_pages.get(page, zero)
    for page, content in captured.items():
        assert (content or zero) == before_pages.get(page, zero)
    changed = {page for page in after_pages if after_pages[page] != before_pages.get(page, zero)}
    assert changed <= captured.keys()


@pytest.mark.parametrize("part", range(4))
def test_steps_from_random_states_equal_the_references(part: int) -> None:
    random = Random(f"engine {part}")
    for _ in range(CASES // 4):
        step(random_case(random))

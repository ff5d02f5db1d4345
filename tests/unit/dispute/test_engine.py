"""Disputes about long runs: the engine's traces win against a lie anywhere, and re-execute little for all turns."""

from functools import cache
from pathlib import Path

import pytest

from assay.dispute.game import Side
from assay.machines.riscv.elf import parse_elf
from assay.machines.riscv.hart import Hart
from assay.machines.riscv.machine import initial_pages
from assay.machines.riscv.memory import Memory
from assay.machines.riscv.witness import replay
from assay.machines.riscv_fast.trace import FastTrace
from demo.tampering import Lie, TamperedTrace, _alter_riscv
from tests.support.programs import program
from tests.unit.dispute.test_strategy import play_with

PROGRAMS = Path(__file__).resolve().parents[2] / "bench" / "programs"
ROUNDS = 8
NOWHERE = 0xD8000000
"""An address in the output region that no program writes to."""
MOST_STEPS = 2.5
"""Times the steps of a plain run, for the run and all turns of one side."""


def engine_trace(name: str, size: int, step_limit: int) -> FastTrace:
    pages = initial_pages(parse_elf(program(PROGRAMS / name)), [name, str(size)], b"")
    return FastTrace(Hart(Memory()), pages, step_limit)


@cache
def length(name: str, size: int, step_limit: int) -> int:
    return engine_trace(name, size, step_limit).run()


@pytest.mark.parametrize(
    ("name", "size", "honest_side", "before_the_end"),
    [
        ("sieve.c", 110, Side.CHALLENGER, 300),
        ("sieve.c", 110, Side.DEFENDER, 1 << 27),
        ("bytecode.c", 200, Side.CHALLENGER, 1 << 27),
        ("bytecode.c", 200, Side.DEFENDER, 300),
    ],
)
def test_all_turns_of_a_dispute_take_few_steps_again(
    name: str, size: int, honest_side: Side, before_the_end: int
) -> None:
    limit = 16**ROUNDS
    steps = length(name, size, limit)
    assert steps > 1 << 28
    honest, basis = engine_trace(name, size, limit), engine_trace(name, size, limit)
    at = steps - before_the_end
    liar = TamperedTrace(basis, at, _alter_riscv(basis, at, Lie(at - 1, address=NOWHERE)))
    for trace in (honest, liar):
        trace.run()
        trace.result()
    sides = (honest, liar) if honest_side is Side.CHALLENGER else (liar, honest)

    board = play_with(replay, *sides, ROUNDS)

    assert board.winner is honest_side
    assert honest.steps_run <= MOST_STEPS * steps

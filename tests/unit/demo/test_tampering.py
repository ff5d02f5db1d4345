"""The saboteur's runs are what it says: right up to one step, wrong after it, and consistent with themselves."""

from collections.abc import Mapping
from typing import Any

import pytest

from assay.dispute.game import Side
from assay.machines.base import Trace
from assay.machines.counter.state import replay
from assay.machines.registry import machine_named
from assay.machines.riscv.hart import Hart
from assay.machines.riscv.memory import Memory
from assay.machines.riscv.trace import RiscvTrace
from demo.tampering import STDOUT, Lie, TamperedTrace, _alter_riscv, tampered_machines
from tests.unit.dispute.test_strategy import play_with

ROUNDS = 2
LIMIT = 16**ROUNDS
COUNT = {"start": 7, "target": 10**6}


def no_blobs(blob_id: str) -> bytes:
    raise AssertionError(blob_id)


def load(machine: Any, task: Mapping[str, Any] = COUNT) -> Trace:
    trace: Trace = machine.load(None, task, LIMIT, no_blobs)
    return trace


@pytest.mark.parametrize(("step", "meant"), [(0, 0), (100, 100), (LIMIT - 1, LIMIT - 1), (-1, LIMIT - 1), (-LIMIT, 0)])
def test_a_counters_lie_begins_at_the_step_that_was_asked_for(step: int, meant: int) -> None:
    honest, liar = load(machine_named("counter")), load(tampered_machines(Lie(step))["counter"])

    assert liar.state_root(meant) == honest.state_root(meant)
    assert liar.state_root(meant + 1) != honest.state_root(meant + 1)
    assert liar.state_root(LIMIT) != honest.state_root(LIMIT)
    wrong = [at for at in range(LIMIT) if replay(liar.state_root(at), liar.witness(at)) != liar.state_root(at + 1)]
    assert wrong == [meant]


@pytest.mark.parametrize("honest_side", list(Side))
@pytest.mark.parametrize("step", [0, 100, LIMIT - 1])
def test_the_referee_finds_a_counters_lie_on_either_side(honest_side: Side, step: int) -> None:
    honest, liar = load(machine_named("counter")), load(tampered_machines(Lie(step))["counter"])
    sides = (honest, liar) if honest_side is Side.CHALLENGER else (liar, honest)

    board = play_with(replay, *sides, ROUNDS)

    assert board.winner is honest_side


@pytest.mark.parametrize("lie", [Lie(5, register=10), Lie(5, address=STDOUT)], ids=["register", "memory"])
def test_a_harts_lie_begins_at_its_step_and_stays(lie: Lie) -> None:
    """Bare code that counts in x5 for ever: addi x5, x5, 1; jal x0, -4."""
    code = bytes.fromhex("93821200 6ff0dfff".replace(" ", "")).ljust(4096, b"\0")
    honest = RiscvTrace(Hart(Memory(), pc=0x1000), {1: code}, LIMIT)

    liar = TamperedTrace(honest, 6, _alter_riscv(honest, 6, lie))

    same = [at for at in range(LIMIT + 1) if liar.state_root(at) == honest.state_root(at)]
    assert same == list(range(6))
    assert liar.step_limit == LIMIT

"""The speed that `provider-agent check` tells."""

import pytest

from assay.machines.registry import Execution, riscv_machine
from assay.machines.riscv.elf import parse_elf
from provider_agent import speed


@pytest.mark.parametrize("reference", [False, True])
def test_the_loop_runs_until_its_steps_are_used_up(reference: bool) -> None:
    trace = riscv_machine(Execution(reference=reference)).start(speed._program(), ["speed"], b"", 16**3)
    assert trace.run() == 16**3
    assert trace.outcome().status.name == "OUT_OF_STEPS"
    assert parse_elf(speed._program()).segments


def test_the_first_run_that_takes_long_enough_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "_ENOUGH", 0.0)
    monkeypatch.setattr(speed, "_LIMITS", (16**3, 16**30))
    assert speed.measure_speed(Execution(reference=True)) > 0

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


class _Clock:
    """A start that takes a second the first time, and steps of a microsecond each."""

    def __init__(self) -> None:
        self.now, self.started = 0.0, False

    def start(self, _program: bytes, _arguments: list[str], _stdin: bytes, limit: int) -> "_Clock":
        self._limit = limit
        return self

    def run(self) -> int:
        self.now += (0.0 if self.started else 1.0) + self._limit / 1e6
        self.started = True
        return self._limit


def test_what_starting_takes_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = _Clock()
    monkeypatch.setattr(speed, "riscv_machine", lambda _: clock)
    monkeypatch.setattr(speed.time, "perf_counter", lambda: clock.now)
    assert speed.measure_speed(Execution()) == pytest.approx(1e6, rel=0.001)

"""The heap and the mappings: the program checks them itself, and says what is wrong."""

from pathlib import Path

import pytest

from assay.machines.base import Outcome, RunStatus
from tests.support.programs import run

MEMORY = Path(__file__).parent / "programs" / "memory.c"


@pytest.mark.parametrize("action", ["refusals", "heap", "mappings", "holes", "remap", "fixed", "advice", "churn"])
def test_memory_is_as_linux_has_it(action: str) -> None:
    assert run(MEMORY, [action]) == Outcome(RunStatus.EXITED, 0, b"fine\n", b"")

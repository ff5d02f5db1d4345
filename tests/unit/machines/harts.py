"""Harts for tests of single instructions."""

from collections.abc import Mapping
from typing import Any

from assay.machines.riscv.hart import Hart
from assay.machines.riscv.interpreter import run
from assay.machines.riscv.memory import Memory
from tests.unit.machines.assembler import START


def hart_at(word: int, x: Mapping[int, int] | None = None, pc: int = START, **registers: Any) -> Hart:
    """A hart that is about to execute `word`; registers that are not given hold what no instruction would put there."""
    memory = Memory()
    if pc < 1 << 32:
        memory.load(pc, word.to_bytes(4, "little"))
    numbers = [0, *(0x1111_0000_0000_0000 + number for number in range(1, 32)), 0]
    for number, value in (x or {}).items():
        numbers[number] = value
    return Hart(memory, pc=pc, x=numbers, **registers)


def step(hart: Hart) -> Hart:
    """The hart one step later, on a memory of its own."""
    assert isinstance(hart.memory, Memory)
    stepped = hart.on(Memory(hart.memory.pages()))
    run(stepped, 1)
    return stepped


def registers(hart: Hart) -> dict[str, Any]:
    """All that the hart holds, by name."""
    state = hart.state(memory_root=b"")
    return {**vars(state), **{f"x{number}": value for number, value in enumerate(state.x, 1)}}


def changes(hart: Hart) -> dict[str, Any]:
    """What one step changes: the new values of the registers that are not as before, pc always included."""
    before, after = registers(hart), registers(step(hart))
    return {name: value for name, value in after.items() if name != "x" and (name == "pc" or value != before[name])}

"""Translations that are kept for the next run: found again by the code that they stand for, and by nothing else."""

from pathlib import Path

import pytest

from assay.machines.riscv.hart import Hart
from assay.machines.riscv.memory import PAGE
from assay.machines.riscv_fast import translate as module
from assay.machines.riscv_fast.core import Core
from assay.machines.riscv_fast.guest import GuestMemory
from assay.machines.riscv_fast.shelf import runs_of
from assay.machines.riscv_fast.translator import Translator
from assay.native.cache import DiskCache
from tests.unit.machines.assembler import START, T0, T1, WFI, ZERO, addi, bne, lui, program

ROUNDS = 0x2000
STEPS = 1 + 3 * ROUNDS


def counting(step: int) -> list[int]:
    """A loop of three instructions."""
    return [lui(T0, ROUNDS >> 12), addi(T0, T0, -1), addi(T1, T1, step), bne(T0, ZERO, -8), WFI]


def run(words: list[int], folder: Path) -> tuple[Core, Translator]:
    """The same number of steps in pieces, so that what is asked for gets translated in between."""
    memory = GuestMemory()
    memory.load(program(words))
    cache = DiskCache(folder)
    core = Core(memory, cache=cache, hot=100)
    core.set_hart(Hart(memory, START))
    translator = Translator(core, cache, background=False)
    while not core.run(1000)[1]:
        translator.poll()
    return core, translator


def test_the_next_run_finds_what_the_last_one_translated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, translator = run(counting(1), tmp_path)
    assert translator.placed
    monkeypatch.setattr(module, "translate", lambda *_: pytest.fail("it is translated again"))
    again, translator = run(counting(1), tmp_path)
    assert not translator.placed
    assert again.steps == first.steps == STEPS
    assert again.registers == first.registers


def test_what_was_kept_of_other_code_is_not_used(tmp_path: Path) -> None:
    run(counting(1), tmp_path)
    other, translator = run(counting(2), tmp_path)
    assert translator.placed
    assert other.registers[T1] == 2 * ROUNDS


def test_code_in_another_page_counts_too(tmp_path: Path) -> None:
    """The loop begins in the first page and ends in the second, where it is another one the second time."""
    before = [addi(ZERO, ZERO, 0)] * ((PAGE - START % PAGE) // 4 - 3)
    run(before + counting(1), tmp_path)
    changed = [*before, *counting(1)[:3], addi(T1, T1, 1), bne(T0, ZERO, -12), WFI]
    core, translator = run(changed, tmp_path)
    assert core.registers[T1] == 2 * ROUNDS
    assert translator.placed


def test_a_damaged_index_is_as_good_as_none(tmp_path: Path) -> None:
    run(counting(1), tmp_path)
    for file in tmp_path.iterdir():
        file.write_bytes(b"nothing of use")
    core, translator = run(counting(1), tmp_path)
    assert core.registers[T1] == ROUNDS
    assert translator.placed


def test_words_make_runs() -> None:
    runs, digest = runs_of({0x1008: 3, 0x1000: 1, 0x1004: 2, 0x2000: 4})
    assert runs == ((0x1000, 12), (0x2000, 4))
    assert digest != runs_of({0x1008: 3, 0x1000: 1, 0x1004: 2, 0x2000: 5})[1]

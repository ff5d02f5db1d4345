"""Memory that code runs from: bounded, never writable and executable, and given back."""

import ctypes
import gc
import re
from pathlib import Path

import pytest

from assay.errors import NativeError
from assay.native.code import Code
from assay.native.compile import compile_ir
from assay.native.memory import CodeArena

PAGE = 4096


def constant(value: int) -> Code:
    return compile_ir(f"define i64 @f() {{\n ret i64 {value}\n}}", level=1)


def call(address: int) -> int:
    return int(ctypes.CFUNCTYPE(ctypes.c_int64)(address)())


def mappings() -> list[tuple[int, int, str]]:
    """Start, end and protection of every mapping of this process."""
    found = re.findall(r"^([0-9a-f]+)-([0-9a-f]+) (\S+)", Path("/proc/self/maps").read_text(), re.MULTILINE)
    return [(int(start, 16), int(end, 16), protection) for start, end, protection in found]


def protection_of(address: int) -> str | None:
    return next((protection for start, end, protection in mappings() if start <= address < end), None)


def test_a_full_arena_refuses_more_and_keeps_what_it_has() -> None:
    arena = CodeArena(2 * PAGE)
    first, second = arena.load(constant(1))["f"], arena.load(constant(2))["f"]
    with pytest.raises(NativeError, match="do not fit: 0 of 8192 are free"):
        arena.load(constant(3))
    assert (call(first), call(second)) == (1, 2)


def test_loaded_code_cannot_be_written_and_free_room_cannot_be_touched() -> None:
    arena = CodeArena(4 * PAGE)
    address = arena.load(constant(1))["f"]
    assert [protection_of(address + offset) for offset in (0, PAGE)] == ["r-xp", "---p"]
    arena.load(constant(2))
    assert [protection_of(address + offset) for offset in (0, PAGE, 2 * PAGE)] == ["r-xp", "r-xp", "---p"]


def test_a_cleared_arena_takes_as_much_again_and_has_nothing_of_what_it_had() -> None:
    arena = CodeArena(PAGE)
    address = arena.load(constant(1))["f"]
    arena.clear()
    assert arena.free == PAGE
    assert protection_of(address) == "---p"
    assert call(arena.load(constant(2))["f"]) == 2


@pytest.mark.parametrize("way", ["close", "forget"])
def test_an_arena_gives_its_memory_back(way: str) -> None:
    arena = CodeArena(1 << 20)
    address = arena.load(constant(1))["f"]
    if way == "close":
        arena.close()
    else:
        del arena
        gc.collect()
    assert protection_of(address) is None

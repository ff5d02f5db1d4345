"""The machine code of translations reaches nothing but what is the guest's (docs/engine.md)."""

import platform
from collections.abc import Iterator
from random import Random

import pytest

from assay.machines.riscv_fast.accesses import Group, Groups
from assay.machines.riscv_fast.layout import MARGIN, UNREACHABLE
from assay.machines.riscv_fast.region import Region, find_region
from assay.machines.riscv_fast.translate import Translation, translate
from assay.native.compile import Target, compile_ir
from tests.differential.engine_programs import random_program
from tests.differential.engine_run import record
from tests.support.confinement import Checker, Escape

PROGRAMS = 30
STEPS = 400
X86_64 = Target("x86_64-unknown-linux-gnu", "x86-64-v3", "")


def regions() -> Iterator[Region]:
    for number in range(PROGRAMS):
        random = Random(f"confinement {number}")
        program = random_program(random)
        places = {registers[33] for registers in record(program, STEPS).registers}
        reached = sorted(pc for pc in places if not pc & UNREACHABLE)
        code = {pc: program.memory.read(pc, 4) for pc in reached}
        for place in random.sample(reached, min(2, len(reached))):
            region = find_region(place, code.get)
            if region is not None:
                yield region


def checked() -> Checker:
    """All that is found in the code of the regions together."""
    total = Checker(b"")
    for number, region in enumerate(regions()):
        text, level = translate(region)
        checker = Checker(compile_ir(text, level, X86_64).text)
        checker.check()
        total.frame = max(total.frame, checker.frame)
        total.accesses |= {number << 32 | address for address in checker.accesses}
        total.escapes |= {number << 32 | address: why for address, why in checker.escapes.items()}
        total.unasked |= {number << 32 | address: why for address, why in checker.unasked.items()}
    return total


def test_translations_are_confined() -> None:
    found = checked()
    assert len(found.accesses) > 200
    assert not found.escapes, "\n".join(found.escapes.values())
    assert not found.unasked, "\n".join(found.unasked.values())
    assert found.frame <= 1024


def test_addresses_that_are_not_confined_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Translation, "confined", lambda _, value, __=1: value)
    found = checked()
    assert len(found.escapes) > 0.3 * len(found.accesses)


def test_distances_that_are_too_long_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Groups, "of", property(_far))
    assert any("outside of memory" in why for why in checked().escapes.values())


def _far(groups: Groups) -> dict[int, tuple[Group, int]]:
    return {place: (group, distance + MARGIN) for place, (group, distance) in OF.func(groups).items()}


def test_stores_that_do_not_ask_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Group, "stored", lambda _: [])
    found = checked()
    assert not found.escapes
    assert len(found.unasked) > 50


OF = vars(Groups)["of"]

# What an assembler makes of these.
ESCAPES = {
    "syscall": b"\x0f\x05",
    "int 0x80": b"\xcd\x80",
    "ret": b"\xc3",
    "call rax": b"\xff\xd0",
    "jmp rax": b"\xff\xe0",
    "jmp qword ptr [r13]": b"\x41\xff\x65\x00",
    "mov rax, qword ptr fs:[0]": b"\x64\x48\x8b\x04\x25\x00\x00\x00\x00",
    "mov rax, qword ptr [rax]": b"\x48\x8b\x00",
    "mov rax, qword ptr [rip + 0]": b"\x48\x8b\x05\x00\x00\x00\x00",
    "mov qword ptr [r12 + 0x108], rax (pc)": b"\x49\x89\x84\x24\x08\x01\x00\x00",
    "mov qword ptr [r12 + rax*8], rax": b"\x49\x89\x04\xc4",
    "mov byte ptr [r14 + rax], 2": b"\x41\xc6\x04\x06\x02",
    "mov rax, qword ptr [rsp + 8]": b"\x48\x8b\x44\x24\x08",
    "pop rax": b"\x58",
    "sub rsp, rax": b"\x48\x29\xc4",
    "jmp into the middle of an instruction": b"\xeb\x01\x48\x31\xc0",
}


@pytest.mark.parametrize("code", ESCAPES.values(), ids=ESCAPES.keys())
def test_code_that_leaves_is_found(code: bytes) -> None:
    with pytest.raises(Escape):
        Checker(code + b"\xeb\xfe").check()


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the checker reads x86-64 code")
def test_the_code_for_this_host_is_confined() -> None:
    region = next(regions())
    text, level = translate(region)
    Checker(compile_ir(text, level).text).check()

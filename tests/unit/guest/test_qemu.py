"""The kernel against Linux: the same program files write the same and end the same under qemu-riscv64.

What is different is different by design, and named here.
"""

import re
from pathlib import Path

import pytest

from assay.machines.base import RunStatus
from tests.support.programs import run
from tests.support.qemu import run_qemu

PROGRAMS = Path(__file__).parent / "programs"
TEXT = b"one fish two fish\nred fish blue fish\n"

SAME = [
    *(("streams.c", action) for action in ("bytes", "blocks", "pieces", "vectors", "both", "status", "large")),
    *(("faults.c", f"misaligned{what}") for what in ("", " atomic", " reserve")),
    *(("faults.c", action) for action in ("load", "store", "load across the end", "null function", "far jump")),
    *(("faults.c", action) for action in ("trap", "breakpoint", "registers")),
    *(("memory.c", action) for action in ("mappings", "holes", "churn")),
    *(("process.c", f"exit {status}") for status in (0, 7, 255, 256, -1)),
    *(("process.c", action) for action in ("_exit 3", "raise 15", "abort")),
    *(("signals.c", action) for action in ("actions", "masks", "stacks")),
    ("descriptors.c", "positions"),
    ("descriptors.c", "maps"),
    ("words.zig", ""),
    ("words.zig", "fail"),
]

DIFFERENT = [
    # There are no files here.
    ("streams.c", "refusals", r"open: .*|stream 3's status: .*"),
    ("descriptors.c", "names", r"(no file|new file|access nothing): .*"),
    ("descriptors.c", "status", r"of no file: .*"),
    # There are 64 descriptors, and a closed standard output can be opened again by its name.
    ("descriptors.c", "numbers", r"(too far|the lowest again|close twice|no more|the last|flags): .*"),
    # Chance is the same in every run.
    ("descriptors.c", "devices", r"0{16}(78){8}.*"),
    ("start.c", "one two", r"random: (?:.|\n)*?\nfile: .*"),
    # And there are no threads.
    ("words.cpp", "7", r"\d+ 2\.5|Resource temporarily unavailable"),
    ("words.cpp", "seven", r"\d+ 2\.5|Resource temporarily unavailable"),
]


def lines(stream: bytes, ignored: str = "(?!)") -> list[str]:
    """The lines of a stream but those that are different by design."""
    return re.sub(rf"^(?:{ignored})(?:\n|\Z)", "", stream.decode(errors="replace"), flags=re.MULTILINE).split("\n")


def assert_the_same(name: str, arguments: list[str], ignored: str = "(?!)") -> None:
    stdin, environment = TEXT if name.startswith("words") else b"abcdefgh" * 50, ["NAME=somebody"]
    done = run_qemu(PROGRAMS / name, arguments, stdin, environment)
    outcome = run(PROGRAMS / name, arguments, stdin, environment=environment)
    told = lines(outcome.stderr, ignored)
    if outcome.status is RunStatus.FAULTED:
        del told[-2]  # the kernel tells of a fault, as otherwise a shell would
    assert outcome.status in (RunStatus.EXITED, RunStatus.FAULTED)
    assert (lines(outcome.stdout, ignored), told, outcome.exit_status) == (
        lines(done.stdout, ignored),
        lines(done.stderr, ignored),
        done.returncode,
    )


@pytest.mark.parametrize(("name", "action"), SAME)
def test_a_program_does_what_it_does_on_linux(name: str, action: str) -> None:
    has_number = re.fullmatch(r"\w+ -?\d+", action)
    assert_the_same(name, action.split() if has_number else [action] if action else [])


@pytest.mark.parametrize(("name", "action", "ignored"), DIFFERENT)
def test_what_is_different_by_design_is_only_that(name: str, action: str, ignored: str) -> None:
    assert_the_same(name, action.split(), ignored)

"""Programs in C++ and Zig run as they do elsewhere, with all that their own start code asks of a system."""

from pathlib import Path

from assay.machines.base import Outcome, RunStatus
from tests.support.programs import run
from tests.unit.guest.test_process import split_mix

PROGRAMS = Path(__file__).parent / "programs"
TEXT = b"one fish two fish\nred fish blue fish\n"


def test_a_program_in_cpp_has_streams_containers_and_exceptions() -> None:
    chance = int.from_bytes(split_mix(1)[:4], "little")
    assert run(PROGRAMS / "words.cpp", ["7"], TEXT) == Outcome(
        RunStatus.EXITED,
        7,
        f"fish 4\nblue 1\none 1\nred 1\ntwo 1\n{chance} 2.5\n".encode(),
        b"not a number: twelve\nResource temporarily unavailable\n",
    )


def test_an_exception_that_nobody_catches_ends_the_run_as_elsewhere() -> None:
    outcome = run(PROGRAMS / "words.cpp", ["seven"])
    assert (outcome.status, outcome.exit_status) == (RunStatus.FAULTED, 128 + 6)
    assert b"uncaught exception of type std::runtime_error: not a number: seven" in outcome.stderr
    assert outcome.stderr.endswith(b"Aborted\n")


def test_a_program_in_zig_reads_writes_and_has_an_environment() -> None:
    assert run(PROGRAMS / "words.zig", [], TEXT, environment=["NAME=somebody"]) == Outcome(
        RunStatus.EXITED, 0, b"one 1\nfish 4\ntwo 1\nred 1\nblue 1\nsomebody 2.500\n", b"done\n"
    )


def test_an_error_that_main_returns_in_zig_is_told() -> None:
    assert run(PROGRAMS / "words.zig", ["fail"]) == Outcome(RunStatus.EXITED, 1, b"nobody 2.500\n", b"error: AsAsked\n")

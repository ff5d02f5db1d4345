"""What a process asks about itself, and how it ends."""

from pathlib import Path

import pytest

from assay.machines.base import Outcome, RunStatus
from tests.support.programs import run

PROCESS = Path(__file__).parent / "programs" / "process.c"
MASK = (1 << 64) - 1


def lines(action: str) -> list[str]:
    outcome = run(PROCESS, [action])
    assert (outcome.status, outcome.exit_status, outcome.stderr) == (RunStatus.EXITED, 0, b"")
    return outcome.stdout.decode().splitlines()


def split_mix(words: int) -> bytes:
    """SplitMix64 from seed 0, as guest/README.md promises it to `getrandom`."""
    stream = b""
    for i in range(1, words + 1):
        z = i * 0x9E3779B97F4A7C15 & MASK
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & MASK
        z = (z ^ z >> 27) * 0x94D049BB133111EB & MASK
        stream += (z ^ z >> 31).to_bytes(8, "little")
    return stream


def test_what_linux_refuses_is_refused_with_its_error() -> None:
    assert lines("refusals") == [
        "socket: -1, Function not implemented",
        "9999: -1, Function not implemented",
        "fork: -1, Resource temporarily unavailable",
        "limit 99: -1, Invalid argument",
        "random kernel: -1, Bad address",
        "look for another: -1, No such process",
        "look for itself: 0",
        "raise an ignored signal: 0",
    ]


def test_waiting_for_another_thread_without_a_timeout_ends_the_run() -> None:
    assert run(PROCESS, ["wait"]) == Outcome(
        RunStatus.FAULTED,
        128 + 6,
        b"-1, Resource temporarily unavailable\n-1, Operation timed out\n",
        b"Deadlock: the program waits for something that can never happen\n",
    )


def test_abort_ends_the_run_with_sigabrt() -> None:
    assert run(PROCESS, ["abort"]) == Outcome(RunStatus.FAULTED, 128 + 6, b"", b"Aborted\n")


def test_a_deadly_signal_to_itself_ends_the_run() -> None:
    assert run(PROCESS, ["raise", "15"]) == Outcome(RunStatus.FAULTED, 128 + 15, b"", b"Killed by a signal\n")


@pytest.mark.parametrize(("code", "exit_status"), [("0", 0), ("7", 7), ("255", 255), ("256", 0), ("-1", 255)])
def test_the_exit_status_is_the_lowest_byte(code: str, exit_status: int) -> None:
    assert run(PROCESS, ["exit", code]) == Outcome(RunStatus.EXITED, exit_status, b"not lost", b"")


def test_an_exit_at_once_leaves_buffers_unwritten() -> None:
    assert run(PROCESS, ["_exit", "3"]) == Outcome(RunStatus.EXITED, 3, b"", b"")


def test_what_a_start_sets_is_accepted_and_the_exit_of_the_only_thread_ends_the_run() -> None:
    said = b"thread: 1\nrobust list: 0\nyield: 0\nwake: 0\n"
    assert run(PROCESS, ["starts"]) == Outcome(RunStatus.EXITED, 5, said, b"")


def test_the_process_is_number_1_on_one_processor() -> None:
    assert lines("identity") == [
        "process 1 of 0, user 0, group 0",
        "Linux assay riscv64 in /",
        "processors 1: 1",
        "limits 8388608 1 64 -1",
        "memory 2147479552, used about 24 MiB, processes 1",
    ]


def test_the_clock_goes_on_by_a_microsecond_a_reading_and_by_what_is_slept() -> None:
    assert lines("clocks") == ["1000 2000", "5.000010", "100000001000", "100000002000", "1", "1000 100.000003 0"]


def test_random_bytes_are_the_documented_ones() -> None:
    assert lines("chance") == [split_mix(3)[:20].hex()]

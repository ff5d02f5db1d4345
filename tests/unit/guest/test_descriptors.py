"""Descriptors: what can be opened by name, duplicated and asked about."""

import random
from pathlib import Path

import pytest

from assay.machines.base import Outcome, RunStatus
from tests.support.programs import run
from tests.unit.guest.test_process import split_mix

DESCRIPTORS = Path(__file__).parent / "programs" / "descriptors.c"


def descriptors(action: str) -> tuple[bytes, list[str]]:
    """Standard output, and the lines that it says on standard error."""
    outcome = run(DESCRIPTORS, [action], b"abcdefgh")
    assert (outcome.status, outcome.exit_status) == (RunStatus.EXITED, 0)
    return outcome.stdout, outcome.stderr.decode().splitlines()


def test_the_streams_can_be_opened_by_name_and_nothing_else_can() -> None:
    assert descriptors("names") == (
        b"abc",
        [
            "standard input: 3, fine",
            "standard output: 4, fine",
            "read 3: 3, fine",
            "write what was read: 3, fine",
            "read the rest by the other: 5, fine",
            "write to input: -1, Bad file descriptor",
            "read from output: -1, Bad file descriptor",
            "no file: -1, No such file or directory",
            "new file: -1, Read-only file system",
            "no folder: -1, Not a directory",
            "nothing before: -1, No such file or directory",
            "nothing behind: -1, No such file or directory",
            "a path in the kernel: -1, Bad address",
            "access: 0, fine",
            "access nothing: -1, No such file or directory",
        ],
    )


def test_the_devices_are_as_on_linux_and_chance_is_what_getrandom_gives() -> None:
    stdout, lines = descriptors("devices")
    assert stdout.decode() == bytes(8).hex() + b"x".hex() * 8 + split_mix(1).hex()
    assert lines == [
        "read nothing: 0, fine",
        "write nothing: 8, fine",
        "read zeros: 8, fine",
        "write zeros: 8, fine",
        "read chance: 8, fine",
        "into the kernel: -1, Bad address",
    ]


def test_descriptors_are_duplicated_and_closed_as_on_linux() -> None:
    assert descriptors("numbers") == (
        b"abc",
        [
            "duplicate: 3, fine",
            "to a number: 10, fine",
            "write there: 3, fine",
            "to itself: 1, fine",
            "to itself, strictly: -1, Invalid argument",
            "too far: -1, Bad file descriptor",
            "of none: -1, Bad file descriptor",
            "at least 7: 7, fine",
            "close standard output: 0, fine",
            "write to it: -1, Bad file descriptor",
            "the lowest again: 1, fine",
            "close twice: -1, Bad file descriptor",
            "no more: -1, No file descriptors available",
            "the last: 63, fine",
            "flags: 12, fine",
        ],
    )


def test_standard_input_is_read_at_any_position_and_nothing_else_has_one() -> None:
    assert descriptors("positions") == (
        b"de\ncdef\nbcdf\n",
        [
            "at first: 0, fine",
            "to 3: 3, fine",
            "read 2: 2, fine",
            "on by 1: 6, fine",
            "before the beginning: -1, Invalid argument",
            "far before the end: -1, Invalid argument",
            "no such way: -1, Invalid argument",
            "read 4 at 2: 4, fine",
            "read 3 at 1: 3, fine",
            "still there: 6, fine",
            "read from there: 2, fine",
            "at nothing: -1, Invalid argument",
            "write: -1, Bad file descriptor",
            "1 before the end: 1, fine",
            "read the last: 1, fine",
            "behind the end: 1, fine",
            "read there: 0, fine",
            "read far behind: 0, fine",
            "of a pipe: -1, Invalid seek",
            "read from it: -1, Invalid seek",
            "write to it: -1, Invalid seek",
            "read several: -1, Invalid seek",
            "write several: -1, Invalid seek",
            "of a device: 0, fine",
            "read it: 0, fine",
            "write it: 1, fine",
            "of none: -1, Bad file descriptor",
            "of none: -1, Bad file descriptor",
        ],
    )


@pytest.mark.parametrize("size", [0, 8, 4096, 5000])
def test_standard_input_can_be_mapped_and_nothing_else(size: int) -> None:
    outcome = run(DESCRIPTORS, ["maps"], random.Random(size).randbytes(size))
    assert outcome.stderr.decode().splitlines() == [
        "map: 0, fine",
        "map: 0, fine",
        *["is there: 1, fine"] * -(-size // 4096),
        "behind the end: 0, fine",
        "still at: 0, fine",
        "map: -1, Invalid argument",
        "map: -1, Permission denied",
        "map: -1, Bad file descriptor",
        "map: -1, No such device",
    ]


def test_the_status_is_that_of_a_file_a_pipe_or_a_device() -> None:
    assert descriptors("status")[1] == [
        "/dev/stdin: 0, 100444 100444, size 8",
        "/dev/null: 0, 20666 20666, size 0",
        "of a number: 0, fine",
        "a pipe: 1, fine",
        "of none: -1, Bad file descriptor",
        "of nothing: -1, No such file or directory",
        "of no file: -1, No such file or directory",
    ]


def test_what_can_be_used_is_ready_at_once_and_else_time_goes_by() -> None:
    outcome = run(DESCRIPTORS, ["polls"])
    assert outcome == Outcome(
        RunStatus.FAULTED,
        128 + 6,
        b"",
        b"poll: 3, fine\n14320\nnothing: 0, fine\nseconds: 5, fine\n"
        b"Deadlock: the program waits for something that can never happen\n",
    )

"""Standard input, output and error."""

import random
from functools import reduce
from operator import xor
from pathlib import Path

import pytest

from assay.errors import InputError
from assay.machines.base import Outcome, RunStatus
from tests.support.programs import run

STREAMS = Path(__file__).parent / "programs" / "streams.c"
LAST = STREAMS.with_name("last.c")
NOISE = random.Random(1).randbytes(9001)


def streams(action: str, stdin: bytes = b"") -> Outcome:
    outcome = run(STREAMS, [action], stdin)
    assert (outcome.status, outcome.exit_status) == (RunStatus.EXITED, 0)
    return outcome


def test_what_linux_refuses_is_refused_with_its_error() -> None:
    assert streams("refusals").stdout.decode().splitlines() == [
        "read from standard output: -1, Bad file descriptor",
        "write to standard input: -1, Bad file descriptor",
        "write to stream 3: -1, Bad file descriptor",
        "read over the kernel: -1, Bad address",
        "write what is not there: -1, Bad address",
        "write from the null page: -1, Bad address",
        "write nothing from nowhere: 0, fine",
        "write a length that wraps: -1, Bad address",
        "too many vectors: -1, Invalid argument",
        "vectors in the kernel: -1, Bad address",
        "seek: 0, fine",
        "terminal: -1, Not a tty",
        "open: -1, No such file or directory",
        "stream 3's status: -1, Bad file descriptor",
        "flags: 1, fine",
        "close stream 9: -1, Bad file descriptor",
    ]


def test_a_full_output_takes_what_fits_and_then_refuses() -> None:
    assert streams("full").stdout == b"10, then -1: No space left on device; written 1, beyond 0\n"


def test_a_full_standard_error_takes_what_fits_and_then_refuses() -> None:
    assert streams("full error").stdout == b"10, then -1: No space left on device; written 1, beyond 0\n"


@pytest.mark.parametrize("action", ["bytes", "blocks", "pieces"])
@pytest.mark.parametrize("length", [0, 1, len(NOISE)])
def test_output_echoes_input_byte_for_byte(action: str, length: int) -> None:
    assert streams(action, NOISE[:length]).stdout == NOISE[:length]


def test_an_input_of_some_mebibytes_is_read_to_its_end() -> None:
    large = NOISE[:8] + bytes(2 << 20) + b"the end"
    words = (int.from_bytes(large[i : i + 8], "little") for i in range(0, len(large), 1 << 16))
    outcome = run(STREAMS, ["large"], large)
    assert outcome.stdout.decode().split() == [str(len(large)), f"{reduce(xor, words):x}", "end"]


def test_the_last_bytes_of_the_largest_input_are_read_at_once() -> None:
    largest = bytes((512 << 20) - 8) + b"the end."
    assert run(LAST, [], largest, step_limit=16**4) == Outcome(
        RunStatus.EXITED, 0, b"8 bytes read of 536870912: the end.\n", b""
    )


def test_an_input_that_is_larger_by_a_byte_is_refused() -> None:
    with pytest.raises(InputError, match="has 536870913 bytes; at most 536870912 fit"):
        run(LAST, [], bytes((512 << 20) + 1))


def test_vectors_are_filled_and_written_in_order() -> None:
    assert streams("vectors", b"abcdefgh").stdout == b"efghdabc 8\nfirst 5\n"


def test_standard_error_is_apart_from_standard_output() -> None:
    outcome = streams("both")
    assert outcome.stdout == b"to standard output\n-42 text 2.500 beef\n"
    assert outcome.stderr == b"to standard error, at once\n"


def test_standard_input_looks_like_a_file_and_output_like_pipes() -> None:
    assert streams("status", b"123").stdout.decode().splitlines() == [
        "0: 0, mode 100444, size 3, block 4096",
        "1: 0, mode 10600, size 0, block 4096",
        "2: 0, mode 10600, size 0, block 4096",
    ]

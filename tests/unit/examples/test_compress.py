"""The compressor: its files are gzip files, and the same everywhere."""

import gzip
import random
from pathlib import Path

import pytest

from assay.machines.base import Outcome, RunStatus
from tests.support.native import run_native
from tests.support.programs import run

FOLDER = Path(__file__).resolve().parents[3] / "examples" / "compress"
COMPRESS = FOLDER / "compress.c"
TEXT = (FOLDER / "text.txt").read_bytes()


def fibonacci_text() -> bytes:
    """Letters so unequally frequent that a plain Huffman code for them has more than 15 bits."""
    counts = [1, 1]
    while len(counts) < 24:
        counts.append(counts[-1] + counts[-2])
    letters = [letter for letter, count in enumerate(counts) for _ in range(count)]
    random.Random(1).shuffle(letters)
    return bytes(letters)


INPUTS = {
    "nothing": b"",
    "one byte": b"x",
    "three equal bytes": b"aaa",
    "one byte many times": bytes(100_000),
    "a short period": b"abcabd" * 9_000,
    "noise": random.Random(1).randbytes(60_000),
    "a text": TEXT,
    "repetitions beyond the window": b"".join(random.Random(2).randbytes(33_000) for _ in range(1)) * 2,
    "very unequal letters": fibonacci_text(),
}


@pytest.mark.parametrize("arguments", [["-0"], ["-10"], ["9"], ["-6", "-6"]])
def test_a_wrong_level_is_refused(arguments: list[str]) -> None:
    outcome = run(COMPRESS, arguments, TEXT)
    assert (outcome.status, outcome.exit_status, outcome.stdout) == (RunStatus.EXITED, 2, b"")
    assert outcome.stderr.startswith(b"usage:")


@pytest.mark.parametrize("level", ["-1", "-6", "-9"])
@pytest.mark.parametrize("name", INPUTS)
def test_gunzip_gives_back_the_input(name: str, level: str) -> None:
    done = run_native(COMPRESS, level, stdin=INPUTS[name])
    assert (done.returncode, done.stderr) == (0, b"")
    assert gzip.decompress(done.stdout) == INPUTS[name]


@pytest.mark.parametrize("name", ["nothing", "three equal bytes", "a text"])
def test_the_machine_writes_the_same_file_as_this_computer(name: str) -> None:
    expected = run_native(COMPRESS, stdin=INPUTS[name]).stdout
    assert run(COMPRESS, stdin=INPUTS[name]) == Outcome(RunStatus.EXITED, 0, expected, b"")


def test_a_text_becomes_about_as_small_as_by_gzip() -> None:
    done = run_native(COMPRESS, "-9", stdin=TEXT)
    assert len(done.stdout) <= len(gzip.compress(TEXT, 9)) * 1.01

"""The hash: SHA-256 of a file and of its chunks, and the tree over them, as hashlib and RFC 6962 have them."""

import random
from hashlib import sha256
from pathlib import Path

import pytest

from assay.machines.base import Outcome, RunStatus
from tests.support.native import run_native
from tests.support.programs import run

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
HASH = EXAMPLES / "hash" / "hash.c"
PICTURE = (EXAMPLES / "render" / "dusk.png").read_bytes()


def tree(leaves: list[bytes]) -> bytes:
    """The root over the leaves' hashes, by the definition of RFC 6962, 2.1."""
    if not leaves:
        return sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\1" + tree(leaves[:half]) + tree(leaves[half:])).digest()


def hashes(data: bytes, chunk: int = 4096) -> bytes:
    """What the program is to write."""
    leaves = [sha256(b"\0" + data[at : at + chunk]).digest() for at in range(0, len(data), chunk)]
    lines = [f"chunk {leaf.hex()}" for leaf in leaves]
    lines += [f"tree {tree(leaves).hex()}", f"bytes {len(data)}", f"sha256 {sha256(data).hexdigest()}"]
    return "".join(f"{line}\n" for line in lines).encode()


@pytest.mark.parametrize("arguments", [["0"], ["-1"], ["4k"], [""], ["99999999999"], ["1", "2"]])
def test_a_wrong_chunk_size_is_refused(arguments: list[str]) -> None:
    done = run_native(HASH, *arguments, stdin=b"x")
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(b"usage:")


@pytest.mark.parametrize("length", [0, 1, 54, 55, 56, 63, 64, 65, 119, 120, 1000])
def test_hashes_of_any_length_are_those_of_hashlib(length: int) -> None:
    data = random.Random(length).randbytes(length)
    assert run_native(HASH, stdin=data).stdout == hashes(data)


@pytest.mark.parametrize("count", range(1, 18))
def test_trees_over_any_number_of_chunks_are_those_of_rfc_6962(count: int) -> None:
    data = random.Random(count).randbytes(100 * count - 7)
    assert run_native(HASH, "100", stdin=data).stdout == hashes(data, 100)


def test_a_large_file_is_hashed() -> None:
    data = random.Random(0).randbytes(16 << 20)
    assert run_native(HASH, "65536", stdin=data).stdout == hashes(data, 65536)


def test_the_picture_has_the_hashes_of_hashlib() -> None:
    assert run_native(HASH, stdin=PICTURE).stdout == hashes(PICTURE)


def test_the_machine_writes_the_same_hashes() -> None:
    part = PICTURE[:5000]
    assert run(HASH, ["1024"], part) == Outcome(RunStatus.EXITED, 0, hashes(part, 1024), b"")

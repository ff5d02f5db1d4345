"""Programs for the RISC-V machine: built by the toolchain, run by the reference."""

import importlib.util
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from assay.machines.base import Outcome
from assay.machines.riscv.elf import parse_elf
from assay.machines.riscv.machine import trace_of
from assay.toolchain.build import build

STEP_LIMIT = 16**6


def require_toolchain() -> None:
    """Skip the test where the optional toolchain is not installed."""
    if importlib.util.find_spec("ziglang") is None:
        pytest.skip("the C toolchain (assay[build]) is not installed")


def sources_of(source: Path) -> list[Path]:
    """A program's sources: it is one file, or all of a folder's C files."""
    return sorted(source.glob("*.c")) if source.is_dir() else [source]


@cache
def program(source: Path) -> bytes:
    """The ELF file of a C program, built once a session."""
    require_toolchain()
    with TemporaryDirectory() as folder:
        output = Path(folder) / source.with_suffix(".elf").name
        build(sources_of(source), output)
        return output.read_bytes()


def run_program(file: Path, arguments: Sequence[str] = (), stdin: bytes = b"", step_limit: int = STEP_LIMIT) -> Outcome:
    """What a run of an ELF file leaves behind; `arguments` follow its name."""
    return _outcome(file.read_bytes(), [file.stem, *arguments], stdin, step_limit)


def run(
    source: Path,
    arguments: Sequence[str] = (),
    stdin: bytes = b"",
    step_limit: int = STEP_LIMIT,
    environment: Sequence[str] = (),
) -> Outcome:
    """What a run of the program leaves behind; `arguments` follow its name."""
    return _outcome(program(source), [source.stem, *arguments], stdin, step_limit, environment)


def _outcome(
    file: bytes, arguments: Sequence[str], stdin: bytes, step_limit: int, environment: Sequence[str] = ()
) -> Outcome:
    trace = trace_of(parse_elf(file), arguments, stdin, step_limit, environment)
    trace.run()
    return trace.outcome()

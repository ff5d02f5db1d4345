"""Programs for the RISC-V machine: built by the toolchain, run by the engine, which is as fast as tests want it."""

import importlib.util
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from assay.machines.base import Outcome
from assay.machines.riscv.elf import parse_elf
from assay.machines.riscv.hart import Hart
from assay.machines.riscv.machine import initial_pages
from assay.machines.riscv.memory import Memory
from assay.machines.riscv.trace import RiscvTrace
from assay.machines.riscv_fast.trace import FastTrace
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
    trace_type: type[FastTrace] | type[RiscvTrace] = FastTrace,
) -> Outcome:
    """What a run of the program leaves behind; `arguments` follow its name."""
    return _outcome(program(source), [source.stem, *arguments], stdin, step_limit, environment, trace_type)


def _outcome(
    file: bytes,
    arguments: Sequence[str],
    stdin: bytes,
    step_limit: int,
    environment: Sequence[str] = (),
    trace_type: type[FastTrace] | type[RiscvTrace] = FastTrace,
) -> Outcome:
    pages = initial_pages(parse_elf(file), arguments, stdin, environment)
    trace = trace_type(Hart(Memory()), pages, step_limit)
    trace.run()
    return trace.outcome()

"""Programs built for this computer, to compare with what they do on the machine."""

import importlib.util
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.support.programs import sources_of


def _compiler() -> list[str]:
    """The computer's own C compiler, or the toolchain's."""
    if compiler := shutil.which("cc"):
        return [compiler]
    if importlib.util.find_spec("ziglang") is None:
        pytest.skip("there is no C compiler for this computer")
    return [sys.executable, "-m", "ziglang", "cc"]


@cache
def _folder() -> TemporaryDirectory[str]:
    """Where the programs are until the session ends."""
    return TemporaryDirectory()


@cache
def native(source: Path) -> Path:
    """A C program, built once a session."""
    output = Path(_folder().name) / source.stem
    subprocess.run([*_compiler(), "-O2", *map(str, sources_of(source)), "-o", str(output)], check=True)
    return output


def run_native(source: Path, *arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run a program on this computer."""
    return subprocess.run([str(native(source)), *arguments], input=stdin, capture_output=True, check=False)

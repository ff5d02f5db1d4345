"""Builds programs for the RISC-V machine, with the compiler of the Zig toolchain (PyPI: ziglang).

The toolchain carries clang, a linker and the sources of the musl C library. The library is compiled for the machine by
the first build and kept in the toolchain's own cache, so the first build takes about a minute and later ones a fraction
of a second.
"""

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from assay.errors import InputError
from assay.machines.riscv.elf import parse_elf

MACHINE = "-mcpu=generic_rv64+m+a"
"""What the hart executes: no compressed and no floating-point instructions (docs/machine.md)."""

PROGRAM_FLAGS = ("-target", "riscv64-linux-musl", MACHINE, "-static", "-no-pie", "-O2", "-s")

COMPILERS = {".c": "cc"}
"""Toolchain command by the suffix of a source."""

FIRST_BUILD = "the toolchain compiles its C library for the machine; the first build takes about a minute"
SLOW_SECONDS = 3.0
MOST_LINES = 40
"""Of a compiler's messages: the first ones tell what is wrong."""

Told = Callable[[str], None]
"""Told what a build that takes long is doing, and what the compiler warns of."""


def build(sources: Sequence[Path], output: Path, *, flags: Sequence[str] = (), told: Told | None = None) -> None:
    """Compile and link `sources` to one static program at `output`, replacing what is there.

    `flags` go to the compiler after ours, for example `-DLEVEL=3`. Raises `InputError`, with the compiler's own
    messages, if the sources cannot be built for the machine; `output` is then left as it was.
    """
    if not sources:
        raise InputError("no sources to build: name at least one C file")
    for source in sources:
        if source.suffix not in COMPILERS:
            raise InputError(f"{source} cannot be built: only {', '.join(COMPILERS)} files can")
        if not source.is_file():
            raise InputError(f"{source} is not there: check the path")
    if not output.parent.is_dir():
        raise InputError(f"{output} cannot be written: make the folder {output.parent} first")
    if output.is_dir() or not os.access(output.parent, os.W_OK):
        raise InputError(f"{output} cannot be written: name a file in a folder of yours")

    names = [str(source) for source in sources]
    with TemporaryDirectory(dir=output.parent, prefix=".build-") as folder:
        program = Path(folder) / output.name
        arguments = [*PROGRAM_FLAGS, *flags, *names, "-o", str(program)]
        run_toolchain([COMPILERS[sources[0].suffix], *arguments], f"{' '.join(names)} cannot be built", told=told)
        _check(program, output)
        program.replace(output)


def run_toolchain(
    arguments: Sequence[str], refusal: str, *, folder: Path | None = None, told: Told | None = None
) -> None:
    """Run one command of the Zig toolchain, in `folder`.

    Raises `InputError` if the toolchain is not installed, or, starting with `refusal`, if the command fails.
    """
    if importlib.util.find_spec("ziglang") is None:
        raise InputError("the C toolchain is not installed: run `pip install 'assay[build]'`")

    command = [sys.executable, "-m", "ziglang", *arguments]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        try:
            messages, _ = process.communicate(timeout=SLOW_SECONDS)
        except subprocess.TimeoutExpired:
            if told is not None:
                told(FIRST_BUILD)
            messages, _ = process.communicate()
    text = _head(messages.decode(errors="replace").strip())
    if text and told is not None and process.returncode == 0:
        told(text)
    if process.returncode != 0:
        raise InputError(f"{refusal}: correct what the compiler says and build again\n{text}")


def _head(text: str) -> str:
    lines = text.splitlines()
    if len(lines) > MOST_LINES:
        lines[MOST_LINES:] = [f"... and {len(lines) - MOST_LINES} more lines"]
    return "\n".join(lines)


def _check(program: Path, output: Path) -> None:
    """Refuse what `flags` may have made of the program now, rather than when a job is posted."""
    try:
        parse_elf(program.read_bytes())
    except InputError as error:
        raise InputError(f"{output} cannot be built, its flags are to blame: {error}") from error

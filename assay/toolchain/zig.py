"""Runs the Zig toolchain."""

import importlib.util
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from assay.errors import InputError
from assay.toolchain.advice import advice_on

MACHINE = "-mcpu=generic_rv64+m+a"
"""What the hart executes: no compressed and no floating-point instructions (docs/machine.md)."""

SLOW_BUILD = "still building; the first time, the toolchain compiles its libraries too, which takes a minute or two"
SLOW_SECONDS = 3.0
MOST_LINES = 40
"""Of a compiler's messages: the first ones tell what is wrong."""

Told = Callable[[str], None]
"""Told what a build that takes long is doing, and what the compiler warns of."""


def run_zig(arguments: Sequence[str], refusal: str, *, folder: Path | None = None, told: Told | None = None) -> str:
    """Run one command of the toolchain, in `folder`; what it writes to standard output.

    Raises `InputError` if the toolchain is not installed, or, starting with `refusal`, if the command fails.
    """
    if importlib.util.find_spec("ziglang") is None:
        raise InputError("the toolchain is not installed: run `pip install 'assay[build]'`")

    command = [sys.executable, "-m", "ziglang", *arguments]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            output, messages = process.communicate(timeout=SLOW_SECONDS)
        except subprocess.TimeoutExpired:
            if told is not None:
                told(SLOW_BUILD)
            output, messages = process.communicate()
    text = messages.decode(errors="replace").strip()
    if process.returncode != 0:
        raise InputError(f"{refusal}:\n{_head(text)}\nTo do: {advice_on(text)}")
    if text and told is not None:
        told(_head(text))
    return output.decode(errors="replace")


def zig_version() -> str:
    """The version of the toolchain that is installed."""
    from importlib.metadata import version  # noqa: PLC0415 - it takes a twentieth of a second

    return version("ziglang")


def _head(text: str) -> str:
    lines = text.splitlines()
    if len(lines) > MOST_LINES:
        lines[MOST_LINES:] = [f"... and {len(lines) - MOST_LINES} more lines"]
    return "\n".join(lines)

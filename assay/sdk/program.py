"""What is run: programs and their inputs, as Python programs name them."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from assay.client.order import Order, order_tasks, riscv_task, rounds_for
from assay.errors import InputError
from assay.machines.base import Machine
from assay.sdk.terms import variables
from assay.settings import Settings
from assay.toolchain.build import Options, is_source
from assay.toolchain.cache import build_or_reuse

Program = str | os.PathLike[str] | bytes
"""A file that `assay build` made, or one source file, which is built; or the bytes of such a program."""

Input = bytes | os.PathLike[str]
"""Standard input: bytes, or the file that has them."""


@dataclass(frozen=True)
class Run:
    """One task: arguments after the program's name, and standard input."""

    arguments: tuple[str, ...]
    stdin: bytes


@dataclass(frozen=True)
class Loaded:
    """A program, ready to be run."""

    name: str
    code: bytes

    def order(
        self, runs: Sequence[Run], environment: Mapping[str, str], step_limit: int, machines: Mapping[str, Machine]
    ) -> Order:
        """A job with a task for each of `runs`. Raises `InputError`."""
        tasks = [riscv_task((self.name, *run.arguments), run.stdin, variables(environment)) for run in runs]
        inputs = [run.stdin for run in runs if run.stdin]
        return order_tasks("riscv", self.code, tasks, inputs, rounds_for(step_limit), machines)


def load(program: Program, settings: Settings) -> Loaded:
    """The program, built first if it is a source file. Raises `InputError`."""
    if isinstance(program, bytes):
        return Loaded("program", program)
    path = Path(program)
    if is_source(path):
        return Loaded(path.with_suffix(".elf").name, build_or_reuse(path, settings.programs, Options()))
    return Loaded(path.name, _read(path))


def runs_of(arguments: Iterable[str], inputs: Iterable[Input]) -> list[Run]:
    """A task for each of `inputs`, all with the same arguments. Raises `InputError`."""
    if isinstance(arguments, str):
        raise InputError(f"arguments are a list of texts, such as [{arguments!r}]")
    shared = tuple(arguments)
    return [Run(shared, read_input(each)) for each in inputs]


def read_input(stdin: Input) -> bytes:
    """The bytes of an input. Raises `InputError` for text, which has no bytes before somebody encodes it."""
    if isinstance(stdin, bytes):
        return stdin
    if isinstance(stdin, os.PathLike):
        return _read(Path(stdin))
    raise InputError(f"standard input is bytes or a Path, not {type(stdin).__name__}: encode text, or name its file")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as fault:
        raise InputError(f"{path} cannot be read: {fault.strerror}") from fault

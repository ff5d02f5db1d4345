"""From sources to a program for the machine."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from assay.errors import InputError
from assay.machines.riscv.elf import parse_elf
from assay.toolchain.advice import warnings_about
from assay.toolchain.zig import MACHINE, Told, run_zig

TARGET = ("-target", "riscv64-linux-musl", MACHINE, "-static")

PLAIN = ("-UNDEBUG", "-fno-sanitize=undefined", "-mllvm", "-trap-unreachable")
"""For C and C++: as with other compilers, assertions count unless a macro turns them off, and no sanitizer is linked
that nobody asked for. What the language leaves undefined ends the run where the compiler sees it, rather than leading
anywhere."""

C = {".c", ".s", ".S"}
CPP = {".cc", ".cpp", ".cxx", ".C"}
ZIG = {".zig"}
SUFFIXES = (*sorted(C), *sorted(CPP), *sorted(ZIG))
"""Of the files that can be built."""

LEVELS = {
    "0": "Debug",
    "1": "ReleaseSafe",
    "2": "ReleaseFast",
    "3": "ReleaseFast",
    "s": "ReleaseSmall",
    "z": "ReleaseSmall",
}
"""Levels of optimisation, and what Zig calls them."""


@dataclass(frozen=True)
class Options:
    """How to build."""

    level: str = "2"
    """A key of `LEVELS`."""
    defines: Sequence[str] = ()
    """Macros for C and C++: `NAME` or `NAME=VALUE`."""
    includes: Sequence[Path] = ()
    """Folders of headers."""
    flags: Sequence[str] = ()
    """For the compiler, after ours."""


def is_source(path: Path) -> bool:
    """Whether a file is one that can be built, by its name."""
    return path.suffix in SUFFIXES


def build(sources: Sequence[Path], output: Path, options: Options | None = None, *, told: Told | None = None) -> None:
    """Compile and link `sources` to one static program at `output`, replacing what is there.

    Raises `InputError`, with the compiler's own messages and what to do about them, if the sources cannot be built for
    the machine; `output` is then left as it was.
    """
    options = options or Options()
    _check_files(sources, output, options)
    names = " ".join(str(source) for source in sources)
    with TemporaryDirectory(dir=output.parent, prefix=".build-") as folder:
        program = Path(folder) / output.name
        link_map = run_zig(_command(sources, program, options), f"{names} cannot be built", told=told)
        _check_program(program, output)
        if told is not None:
            for warning in warnings_about(link_map):
                told(warning)
        program.replace(output)


def _command(sources: Sequence[Path], program: Path, options: Options) -> list[str]:
    """The toolchain's command. What it writes to standard output is the linker's map, except for Zig."""
    files = [str(source) for source in sources]
    common = [*(f"-D{define}" for define in options.defines), *(f"-I{folder}" for folder in options.includes)]
    suffixes = {source.suffix for source in sources}
    if suffixes & ZIG:
        libraries = ["-lc"] * bool(suffixes & (C | CPP)) + ["-lc++"] * bool(suffixes & CPP)
        how: tuple[str, ...] = ("-O", LEVELS[options.level], "-fstrip", "-fsingle-threaded")
        parts = ["-cflags", *PLAIN, "--", *files]
        return ["build-exe", *TARGET, *how, *common, *libraries, *options.flags, *parts, f"-femit-bin={program}"]
    compiler = "c++" if suffixes & CPP else "cc"
    how = ("-no-pie", f"-O{options.level}", "-s", "-Wl,--gc-sections", "-Wl,--print-map")
    return [compiler, *TARGET, *PLAIN, *how, *common, *options.flags, *files, "-o", str(program)]


def _check_files(sources: Sequence[Path], output: Path, options: Options) -> None:
    if not sources:
        raise InputError("no sources to build: name at least one file")
    for source in sources:
        if not is_source(source):
            raise InputError(f"{source} cannot be built: name files that end in {', '.join(SUFFIXES)}")
        if not source.is_file():
            raise InputError(f"{source} is not there: check the path")
    if len([source for source in sources if source.suffix in ZIG]) > 1:
        raise InputError("of a program in Zig, name only the file with `main`: it imports the others")
    if options.level not in LEVELS:
        raise InputError(f"there is no level of optimisation {options.level!r}; there are {', '.join(LEVELS)}")
    for folder in options.includes:
        if not folder.is_dir():
            raise InputError(f"{folder} is no folder of headers: check the path")
    if not output.parent.is_dir():
        raise InputError(f"{output} cannot be written: make the folder {output.parent} first")
    if output.is_dir() or not os.access(output.parent, os.W_OK):
        raise InputError(f"{output} cannot be written: name a file in a folder of yours")


def _check_program(program: Path, output: Path) -> None:
    """Refuse what `flags` may have made of the program now, rather than when a job is posted."""
    try:
        parse_elf(program.read_bytes())
    except InputError as error:
        raise InputError(f"{output} cannot be built, its flags are to blame: {error}") from error

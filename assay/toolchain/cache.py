"""Programs that are built to be run at once, kept for the next time.

The toolchain keeps what it compiles of C and C++ and has it ready at once, but a program in Zig it builds anew each
time, which takes seconds. So those are kept here, by the hash of all that goes into them.
"""

import hashlib
import json
import re
from pathlib import Path
from tempfile import TemporaryDirectory

from assay.errors import InputError
from assay.toolchain.build import ZIG, Options, build
from assay.toolchain.zig import Told, zig_version

_IMPORT = re.compile(rb'@(import|embedFile)\(\s*(?:"([^"\n]*)"\s*\))?')
"""Zig names the files that it imports as they stand. The name of one that it embeds can be computed."""


def build_or_reuse(source: Path, cache: Path, options: Options, *, told: Told | None = None) -> bytes:
    """The program that `build` makes of one source file, which may be in the folder `cache` already."""
    kept = _place(source, cache, options)
    if kept is None:
        with TemporaryDirectory(prefix="assay-") as folder:
            return _build(source, Path(folder) / "program.elf", options, told)
    if kept.is_file():
        return kept.read_bytes()
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise InputError(f"{cache} cannot be made, to keep the program there: {fault.strerror}") from fault
    return _build(source, kept, options, told)


def _build(source: Path, output: Path, options: Options, told: Told | None) -> bytes:
    build([source], output, options, told=told)
    return output.read_bytes()


def _place(source: Path, cache: Path, options: Options) -> Path | None:
    """Where in the cache the program is, or will be; None if it is not kept, or if not all of its files are known."""
    files = _files_of(source) if source.suffix in ZIG and source.is_file() and not options.includes else None
    if files is None:
        return None
    key = [zig_version(), options.level, list(options.defines), list(options.flags), files]
    return cache / f"{hashlib.sha256(json.dumps(key).encode()).hexdigest()}.elf"


def _files_of(root: Path) -> list[tuple[str, str]] | None:
    """All files that make up a program in Zig, by their names from its root's folder on, and their hashes."""
    hashes: dict[str, str] = {}
    pending = [root]
    while pending:
        file = pending.pop().resolve()
        if str(file) in hashes or not file.is_file():
            continue
        content = file.read_bytes()
        hashes[str(file)] = hashlib.sha256(content).hexdigest()
        for how, name in _IMPORT.findall(content) if file.suffix in ZIG else ():
            used = file.parent / name.decode(errors="replace")
            if how == b"embedFile" and not used.is_file():
                return None
            pending.append(used)
    folder = str(root.resolve().parent)
    return sorted((name.removeprefix(folder), digest) for name, digest in hashes.items())

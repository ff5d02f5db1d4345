"""Compiling many variants of the same sources at once."""

import json
import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import solcx

from tests.support.anvil import CHECKOUT

VERSION = "0.8.37"
OURS = "contracts/"
"""Where what may differ between variants is; everything else is compiled once."""
REMAPPED = {"@openzeppelin/": "node_modules/@openzeppelin/", "solady/": "node_modules/solady/"}

# As little optimizing as lets the sources compile: it takes a fraction of the time.
OPTIMIZER = {
    "enabled": False,
    "details": {
        "peephole": True,
        "inliner": False,
        "jumpdestRemover": True,
        "orderLiterals": False,
        "deduplicate": False,
        "cse": False,
        "constantOptimizer": False,
        "yul": True,
    },
}

Sources = Mapping[str, bytes]
"""File contents by path in the checkout, or by the name that they are imported under."""


@dataclass(frozen=True)
class Entry:
    """A contract to compile: the file that it is in, and its name."""

    file: str
    name: str


def sources_of(entry: str) -> dict[str, bytes]:
    """The file `entry` and everything that it imports."""
    found: dict[str, bytes] = {}
    waiting = [entry]
    while waiting:
        name = waiting.pop()
        if name not in found:
            prefix = next((prefix for prefix in REMAPPED if name.startswith(prefix)), "")
            found[name] = (CHECKOUT / (REMAPPED.get(prefix, "") + name.removeprefix(prefix))).read_bytes()
            imports = re.findall(rb'^import [^;]*?"([^"]+)";', found[name], re.MULTILINE)
            waiting += [_absolute(name, imported.decode()) for imported in imports]
    return found


def syntax_trees(sources: Sources) -> dict[str, dict[str, Any]]:
    """What the compiler makes of each file."""
    output = _solc({name: text.decode() for name, text in sources.items()}, {"*": {"": ["ast"]}})
    return {name: file["ast"] for name, file in output["sources"].items()}


DEPLOYED, CREATING = "deployedBytecode", "bytecode"
"""The code that a contract has, and the code that makes it."""


def compile_all(entry: Entry, variants: Sequence[Sources], code: str = DEPLOYED) -> list[str | None]:
    """The code of the contract in each of the variants, in hexadecimal; None for one that does not compile."""
    sources, outputs = {}, {}
    for number, variant in enumerate(variants):
        folder = f"v{number}/"
        for name, text in variant.items():
            if name.startswith(OURS):
                sources[folder + name] = _moved(folder, name, text).decode()
            else:
                sources[name] = text.decode()
        outputs[folder + entry.file] = {entry.name: [f"evm.{code}.object"]}
    output = _solc(sources, outputs)

    wrong = {file.split("/")[0] for file in _files_with_errors(output)}
    if not wrong and "contracts" in output:
        contracts = (output["contracts"][f"v{number}/{entry.file}"] for number in range(len(variants)))
        return [contract[entry.name]["evm"][code]["object"] for contract in contracts]
    if len(variants) == 1:
        return [None]
    if not wrong:  # an error that names no file
        return [each for variant in variants for each in compile_all(entry, [variant], code)]
    right = [number for number in range(len(variants)) if f"v{number}" not in wrong]
    chosen = [variants[number] for number in right]
    codes = dict(zip(right, compile_all(entry, chosen, code), strict=True)) if right else {}
    return [codes.get(number) for number in range(len(variants))]


def _moved(folder: str, name: str, text: bytes) -> bytes:
    """A file that imports those of this project from `folder`."""

    def moved(match: re.Match[bytes]) -> bytes:
        imported = _absolute(name, match[2].decode())
        return match[1] + (folder + imported if imported.startswith(OURS) else imported).encode() + match[3]

    return re.sub(rb'^(import [^;]*?")([^"]+)(";)', moved, text, flags=re.MULTILINE)


def _absolute(importer: str, imported: str) -> str:
    """The name of an imported file, which may be relative to the one that imports it."""
    if imported.startswith("."):
        return posixpath.normpath(posixpath.join(posixpath.dirname(importer), imported))
    return imported


def _files_with_errors(output: dict[str, Any]) -> set[str]:
    errors = (error for error in output.get("errors", ()) if error["severity"] == "error")
    return {error["sourceLocation"]["file"] for error in errors if "sourceLocation" in error}


def _solc(sources: Mapping[str, str], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The compiler's answer, with its errors if there are any."""
    request = {
        "language": "Solidity",
        "sources": {name: {"content": text} for name, text in sources.items()},
        "settings": {
            "evmVersion": "cancun",
            "optimizer": OPTIMIZER,
            "metadata": {"appendCBOR": False, "bytecodeHash": "none"},
            "outputSelection": wanted,
        },
    }
    try:
        return cast(dict[str, Any], solcx.compile_standard(request, solc_version=VERSION))
    except solcx.exceptions.SolcError as error:
        return cast(dict[str, Any], json.loads(error.stdout_data or ""))

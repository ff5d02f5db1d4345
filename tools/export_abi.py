"""Write the ABIs that `assay.chain` uses to assay/chain/abi/, from the Solidity sources.

The compiler is asked for ABIs alone, so nothing has to be built first. With `--check` nothing is written, and the exit
status says whether what is committed is current.
"""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

import solcx

CHECKOUT = Path(__file__).resolve().parent.parent
TARGET = CHECKOUT / "assay" / "chain" / "abi"
VERSION = "0.8.37"
CONTRACTS = {
    "market": ("contracts/market/JobMarket.sol", "JobMarket"),
    "game": ("contracts/dispute/DisputeGame.sol", "DisputeGame"),
    "referee": ("interfaces/IReferee.sol", "IReferee"),
    "directory": ("contracts/market/Directory.sol", "Directory"),
    "access": ("contracts/market/AccessLists.sol", "AccessLists"),
    "courier": ("contracts/courier/Courier.sol", "Courier"),
    "token": ("contracts/token/AssayToken.sol", "AssayToken"),
}
"""By the name of the file in assay/chain/abi: source file and contract."""


def compile_abis() -> dict[str, list[dict[str, Any]]]:
    """The ABI of each of CONTRACTS, its entries in a stable order and without compiler-internal types."""
    request = {
        "language": "Solidity",
        "sources": {source: {"content": (CHECKOUT / source).read_text()} for source, _ in CONTRACTS.values()},
        "settings": {
            "remappings": [
                "@openzeppelin/=node_modules/@openzeppelin/",
                "solady/=node_modules/solady/",
                "interfaces/=interfaces/",
                "contracts/=contracts/",
            ],
            "outputSelection": {source: {name: ["abi"]} for source, name in CONTRACTS.values()},
        },
    }
    os.chdir(CHECKOUT)  # imports are found from here
    allowed = [str(CHECKOUT), str((CHECKOUT / "node_modules").resolve())]
    answer = solcx.compile_standard(request, solc_version=VERSION, allow_paths=allowed)
    return {key: tidy(answer["contracts"][source][name]["abi"]) for key, (source, name) in CONTRACTS.items()}


def tidy(abi: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """`abi` without its constructor, sorted by kind and name."""
    entries = [entry for entry in abi if entry["type"] in ("function", "event", "error")]
    return sorted(entries, key=lambda entry: (entry["type"], entry["name"], len(entry["inputs"])))


def render(abi: list[dict[str, Any]]) -> str:
    """The text of one file: an entry a line, so that a change reads well in a diff."""
    lines = ",\n".join(json.dumps(entry, sort_keys=True) for entry in abi)
    return f"[\n{lines}\n]\n"


def main() -> None:
    """Write or check the files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if a file is outdated")
    check = parser.parse_args().check
    outdated = []
    for name, abi in compile_abis().items():
        path = TARGET / f"{name}.json"
        text = render(abi)
        if path.exists() and path.read_text() == text:
            continue
        outdated.append(path.name)
        if not check:
            path.write_text(text)
    if check and outdated:
        sys.exit(f"outdated: {', '.join(outdated)}. Run `python tools/export_abi.py`.")
    print(f"{len(outdated)} of {len(CONTRACTS)} files changed")


if __name__ == "__main__":
    main()

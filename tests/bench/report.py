"""The benchmark's results, as a table and as JSON."""

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from tests.bench.peers import Peer

BASE = "native"
NOTE = """\
Ratios of CPU time to native code; start-up is subtracted. {rounds} runs, medians, interleaved; size {size:g}.
The base and wasmtime have hardware floats; assay, qemu and unicorn run a program that computes floats in integers
(mandelbrot, and the sums of query): their ratios there are mostly the price of that."""


@dataclass(frozen=True)
class Figures:
    """CPU seconds: of the program, of what is before it, and of what the first run of all took longer."""

    run: float
    start: float
    first: float


Results = Mapping[str, Mapping[str, Figures]]
"""By program and peer."""


def ratios(results: Results) -> dict[str, dict[str, float]]:
    """By program and peer, to the base."""
    return {
        program: {peer: figures.run / row[BASE].run for peer, figures in row.items()}
        for program, row in results.items()
        if BASE in row
    }


def means(kinds: Mapping[str, str], results: Results) -> dict[str, dict[str, float]]:
    """Geometric means of the ratios by peer: over the integer kernels, without the one with floats, and over all."""
    table = ratios(results)
    found = {
        "integer kernels": {program: row for program, row in table.items() if kinds[program] == "integer"},
        "all but floats": {program: row for program, row in table.items() if kinds[program] != "float"},
        "all programs": table,
    }
    return {
        name: {
            peer: statistics.geometric_mean(row[peer] for row in table.values()) for peer in next(iter(table.values()))
        }
        for name, table in found.items()
        if table
    }


def as_text(everyone: Sequence[Peer], kinds: Mapping[str, str], results: Results, rounds: int, size: float) -> str:
    """A table for people."""
    present = list(next(iter(results.values())))
    others = [name for name in present if name != BASE]
    table = [["program", f"{BASE}, s", *others]]
    for program, row in ratios(results).items():
        table.append([program, f"{results[program][BASE].run:.2f}", *(f"{row[name]:.2f}" for name in others)])
    for name, row in means(kinds, results).items():
        table.append([f"geometric mean, {name}", "", *(f"{row[peer]:.2f}" for peer in others)])
    for title, of in (("start-up, s", "start"), ("first run, s more", "first")):
        medians = [statistics.median(getattr(row[name], of) for row in results.values()) for name in present]
        table.append([title, *(f"{median:.2f}" for median in medians)])
    legend = [f"{peer.name}: {peer.what}" for peer in everyone if peer.name in present]
    absent = [f"missing: {peer.name}, {_absence(peer)}" for peer in everyone if peer.name not in present]
    return "\n".join([*_aligned(table), "", NOTE.format(rounds=rounds, size=size), *legend, *absent])


def as_json(everyone: Sequence[Peer], kinds: Mapping[str, str], results: Results, rounds: int, size: float) -> str:
    """The same for programs."""
    present = next(iter(results.values()))
    by_program = ratios(results)
    programs = {
        program: {
            "kind": kinds[program],
            "peers": {peer: {**asdict(at), "ratio": by_program.get(program, {}).get(peer)} for peer, at in row.items()},
        }
        for program, row in results.items()
    }
    about = {
        peer.name: {"what": peer.what, "missing": None if peer.name in present else _absence(peer)} for peer in everyone
    }
    means_ = means(kinds, results)
    return json.dumps(
        {"rounds": rounds, "size": size, "peers": about, "programs": programs, "geometric_means": means_}, indent=2
    )


def _absence(peer: Peer) -> str:
    return peer.missing or "left out"


def _aligned(table: Sequence[Sequence[str]]) -> list[str]:
    first, *widths = (max(map(len, column)) for column in zip(*table, strict=True))
    return ["  ".join([line[0].ljust(first), *map(str.rjust, line[1:], widths)]) for line in table]

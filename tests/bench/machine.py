"""How long programs take on the machine, and on others: `make bench-machine`.

Every program is run by every peer in turn, several times over, and the median of the CPU time (user and system, of the
child process) counts. What a peer takes to start, with the program given nothing to do, is measured in the same way,
subtracted, and shown apart; so is what the first of all runs took longer than the others, with nothing in a cache.
All have to write the same, or the benchmark fails.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.peers import Peer, peers
from tests.bench.report import Figures, as_json, as_text
from tests.bench.workloads import CHECKOUT, WORKLOADS, Workload


@dataclass
class Runs:
    """What has been measured of one program under one peer: seconds."""

    size: int
    start: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)
    first: float = 0.0

    def figures(self, share: float) -> Figures:
        start = statistics.median(self.start)
        whole = statistics.median(self.whole)
        return Figures(run=max(whole - start, 1e-3) / share, start=start, first=max(self.first - whole, 0.0))


def main() -> int:
    arguments = _arguments()
    everyone = peers(arguments.engine)
    chosen = [workload for workload in WORKLOADS if not arguments.only or workload.name in arguments.only]
    with TemporaryDirectory() as name:
        folder = Path(name)
        present = [peer for peer in everyone if peer.missing is None and peer.name not in arguments.without]
        measured = {workload.name: _measure(workload, present, folder, arguments) for workload in chosen}
    results = {
        workload.name: {peer.name: measured[workload.name][peer.name].figures(_share(peer, workload, arguments.size))
                        for peer in present}
        for workload in chosen
    }  # fmt: skip
    kinds = {workload.name: workload.kind for workload in chosen}
    show = as_json if arguments.json else as_text
    print(show(everyone, kinds, results, arguments.rounds, arguments.size))
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.machine", description=__doc__.partition("\n")[0])
    names = [workload.name for workload in WORKLOADS]
    parser.add_argument("--rounds", type=int, default=5, help="how often each is run (5)")
    parser.add_argument("--size", type=float, default=1.0, help="of the programs: 0.1 takes a tenth of the time (1)")
    parser.add_argument("--only", nargs="+", default=[], choices=names, metavar="PROGRAM", help=", ".join(names))
    parser.add_argument("--without", nargs="+", default=[], metavar="PEER", help="peers to leave out")
    parser.add_argument(
        "--engine", default="", help="a machine to measure, as module:name, instead of that of `assay run`"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser.parse_args()


def _share(peer: Peer, workload: Workload, size: float) -> float:
    """The part of a program's size that a peer is given, relative to the others."""
    return _size(peer, workload, size) / max(1, round(workload.size * size))


def _size(peer: Peer, workload: Workload, size: float) -> int:
    return max(1, round(workload.size * size * peer.share))


def _measure(
    workload: Workload, present: Iterable[Peer], folder: Path, arguments: argparse.Namespace
) -> dict[str, Runs]:
    programs = {peer.name: peer.build(workload, folder) for peer in present}
    runs = {peer.name: Runs(_size(peer, workload, arguments.size)) for peer in present}
    outputs: dict[int, bytes] = {}
    cache = folder / f"cache-{workload.name}"
    for turn in range(-1, arguments.rounds):
        for peer in present:
            own, command = runs[peer.name], peer.command(programs[peer.name])
            _say(f"{workload.name}: {peer.name}, {'first run' if turn < 0 else f'run {turn + 1}'}")
            seconds, output = _run(command, workload, own.size, cache)
            if output != outputs.setdefault(own.size, output):
                raise SystemExit(f"{workload.name} of size {own.size} writes something else under {peer.name}")
            if turn < 0:
                own.first = seconds
                continue
            own.whole.append(seconds)
            own.start.append(_run(command, workload, 0, cache)[0])
    return runs


def _run(command: list[str], workload: Workload, size: int, cache: Path) -> tuple[float, bytes]:
    """CPU seconds, and what it wrote."""
    arguments, stdin = workload.invocation(size)
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT), "XDG_CACHE_HOME": str(cache)}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([*command, *arguments], input=stdin, capture_output=True, check=False, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if size and done.returncode:
        raise SystemExit(f"{command[-1]} ends with status {done.returncode}: {done.stderr.decode(errors='replace')}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout


def _say(what: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{what}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())

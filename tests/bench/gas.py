"""What settling a job costs: `make bench-gas`, with `JSON=1` for one JSON object.

Every figure is gas that transactions on a local chain used, all of it: their base, calldata by EIP-7623, and refunds.
Jobs of the same kind were settled in the same slot by the same parties before, as in the steady state of a market.

The peers' figures were measured in the same way in November 2026, on each system's own contracts: all transactions of
one job's life, after one to warm up. They are constants here, because those contracts are not part of this project.
"""

import argparse
import json
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.gas_chain import Cost, gas_chain
from tests.bench.gas_paths import PATHS, Desk, dispute

PEERS = {
    "iExec PoCo 6.2, trust 1": (5, 1_684_000, 44),
    "iExec PoCo 6.2, contributeAndFinalize": (3, 1_416_000, 41),
    "iExec PoCo Boost": (2, 577_000, 12),
    "Lilypad": (4, 1_769_000, 44),
    "Truebit-os, without a verifier": (8, 893_000, 23),
    "Ritual Infernet": (2, 365_000, 10),
    "Chainlink Functions": (2, 357_000, 3),
    "ORA": (2, 308_000, 8),
}
"""Transactions, gas and new storage words of one job."""
DISPUTES = {
    "Optimism FaultDisputeGame, a move": 254_000,
    "Optimism FaultDisputeGame, a line of 73 moves": 18_600_000,
    "Cartesi PRT, a full match": 8_300_000,
}
"""Gas."""


def measure() -> dict[str, dict[str, int]]:
    """Gas a job or task, transactions, new storage words and the target of each path."""
    with TemporaryDirectory() as folder, gas_chain(Path(folder)) as chain:
        desk = Desk(chain)
        found: dict[str, dict[str, int]] = {}
        for path in PATHS:
            path.play(desk)
            costs = path.play(desk)
            found[path.name] = {**_summary(costs, path.shares), "target": path.target}
        for name, (gas, target) in dispute(desk).items():
            found[name] = {"gas": gas, "target": target}
    return found


def _summary(costs: list[Cost], shares: int) -> dict[str, int]:
    return {
        "gas": -(-sum(cost.gas for cost in costs) // shares),
        "transactions": len(costs),
        "new_words": sum(cost.new_words for cost in costs),
    }


def as_text(found: dict[str, dict[str, int]]) -> str:
    """A table for people."""
    width = max(map(len, [*found, *PEERS, *DISPUTES]))
    lines = [f"{'Assay':{width}}  transactions  new words        gas  target"]
    for name, row in found.items():
        mark = "" if row["gas"] <= row["target"] else f"  over by {row['gas'] / row['target'] - 1:.1%}"
        counts = f"{row.get('transactions', ''):>12}  {row.get('new_words', ''):>9}"
        lines.append(f"{name:{width}}  {counts}  {row['gas']:>9,}  {row['target']:,}{mark}")
    lines += ["", f"{'Others, one job (constants: see --help)':{width}}"]
    lines += [f"{name:{width}}  {count:>12}  {words:>9}  {gas:>9,}" for name, (count, gas, words) in PEERS.items()]
    lines += [f"{name:{width}}  {'':>12}  {'':>9}  {gas:>9,}" for name, gas in DISPUTES.items()]
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.gas", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="one JSON object: a key a path")
    arguments = parser.parse_args()
    found = measure()
    print(json.dumps(found, indent=2) if arguments.json else as_text(found))


if __name__ == "__main__":
    main()

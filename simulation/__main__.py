"""`make simulate`: plays the experiments, prints tables, and draws docs/economics.svg. `JSON=1`: one JSON object."""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from simulation.experiments import Seen, learning, thresholds
from simulation.figure import draw
from simulation.tables import all_tables, as_markdown

FIGURE = Path(__file__).resolve().parents[1] / "docs" / "economics.svg"


def as_text(seen: list[Seen]) -> str:
    """What was seen, as a Markdown table."""
    head = "| what | at | formula | played | standard error | off, in errors |\n| --- | --- | --- | --- | --- | --- |"
    rows = [
        f"| {row.what} | {row.at:g} | {row.expected:.4f} | {row.measured:.4f} | {row.error:.5f} | {row.off:+.1f} |"
        for row in seen
    ]
    return "\n".join([head, *rows])


def main() -> None:
    """Play, print and draw."""
    parser = argparse.ArgumentParser(prog="python -m simulation", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object: tables, and what was played")
    arguments = parser.parse_args()
    tables, seen = all_tables(), thresholds() + learning()
    draw(seen, FIGURE)
    if arguments.json:
        print(json.dumps({"tables": tables, "played": [asdict(row) for row in seen]}, indent=2))
        return
    for title, rows in tables.items():
        print(f"{title}\n\n{as_markdown(rows)}\n")
    print(f"played, beside the formulas\n\n{as_text(seen)}")


if __name__ == "__main__":
    main()

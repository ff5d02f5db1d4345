"""Print how many branches of the market, the dispute game and the courier the Foundry tests take.

    python tools/branch_coverage.py build/coverage.info

reads what `forge coverage --report lcov` wrote. Ends with status 1 if the tests do not take a branch that
docs/verification.md does not list, or if it lists one that they do take. `make coverage` does both.
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).parent.parent
LIST = CHECKOUT / "docs" / "verification.md"
COVERED = ("contracts/market/", "contracts/dispute/", "contracts/courier/")
ROW = re.compile(r"^\| `(\S+\.sol)` \| `(.+?)` \| (then|else) \|", re.MULTILINE)


@dataclass(frozen=True)
class Branch:
    """One way out of a condition."""

    file: str
    line: str
    """Of the source: what stays the same when other lines change."""
    way: str
    """`then`, or `else`; of a `require`, that it is refused, or met."""

    def __str__(self) -> str:
        return f"{self.file}: {self.line} ({self.way})"


def branches_in(report: str) -> Iterator[tuple[Branch, bool]]:
    """Every branch, and whether it was taken, of an lcov tracefile (geninfo(1), "TRACEFILE FORMAT")."""
    file, lines = "", [""]
    for record in report.splitlines():
        kind, _, value = record.partition(":")
        if kind == "SF":
            file = value
            lines = (CHECKOUT / file).read_text().splitlines() if file.startswith(COVERED) else []
        elif kind == "BRDA" and lines:
            line, _, way, taken = value.split(",")
            yield Branch(file, lines[int(line) - 1].strip(), "else" if int(way) else "then"), taken not in ("-", "0")


def main(report: Path) -> int:
    """The status of the process."""
    branches = list(branches_in(report.read_text()))
    files = sorted({branch.file for branch, _ in branches})
    for file in files:
        taken = [was_taken for branch, was_taken in branches if branch.file == file]
        print(f"{sum(taken):4} of {len(taken):4}  {file}")
    print(f"{sum(was_taken for _, was_taken in branches):4} of {len(branches):4}  branches")

    listed = {Branch(*row) for row in ROW.findall(LIST.read_text())}
    missed = {branch for branch, was_taken in branches if not was_taken}
    for branch in sorted(map(str, missed - listed)):
        print(f"No test takes {branch}: add one, or say in {LIST.name} why none can.")
    for branch in sorted(map(str, listed - missed)):
        print(f"{LIST.name} lists {branch}, which is taken, or not there: take it out.")
    if not branches:
        print(f"{report} has no branch of these contracts.")
    return 1 if missed ^ listed or not branches else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))

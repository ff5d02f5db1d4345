"""The gas that commands tell is what docs/market.md says was measured."""

import re
from pathlib import Path

from assay.client import costs

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "market.md").read_text()


def row(start: str) -> list[int]:
    """The figures of the table's row that starts so."""
    found = re.search(rf"^\| {re.escape(start)}(.*)$", PAGE, re.MULTILINE)
    assert found, f"docs/market.md has no row {start!r}"
    return [int(number.replace(",", "")) for number in re.findall(r"\d[\d,]{2,}", found[1])]


def test_the_figures_are_those_of_the_page() -> None:
    assert row("post, accept, claim, finalize")[-1] == costs.PLAIN
    assert row("signed order and claim, finalize")[-1] == costs.SIGNED
    assert costs.TASK in row("a task of 100 in one job")
    opening, turn, whole = row("opening a dispute")[-3:]
    assert (opening, turn) == (costs.OPENING, costs.TURN)
    assert whole <= costs.dispute_cost(8).both


def test_the_cost_of_a_job_goes_through_what_was_measured() -> None:
    assert costs.plain_cost(1) == costs.PLAIN
    assert costs.plain_cost(100) == 100 * costs.TASK


def test_a_longer_dispute_costs_each_side_more() -> None:
    short, long = costs.dispute_cost(2), costs.dispute_cost(8)
    assert short.challenger < long.challenger
    assert short.defender < long.defender

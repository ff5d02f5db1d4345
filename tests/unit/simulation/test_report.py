"""The tables and the figure of docs/economics.md."""

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from simulation.__main__ import FIGURE, as_text
from simulation.experiments import BONDS, Seen, thresholds
from simulation.figure import draw
from simulation.tables import all_tables, as_markdown

DOCUMENT = FIGURE.with_name("economics.md")
SOME = [
    *(Seen(what, bond, 0.1, 0.11, 0.01) for what in ("threshold alone", "lone liars: lies") for bond in BONDS),
    Seen("liars with friends: lies", 0.08, 0.02, 0.03, 0.01),
]


@pytest.mark.parametrize("title", all_tables())
def test_the_document_has_the_tables_of_today(title: str) -> None:
    assert as_markdown(all_tables()[title]) in DOCUMENT.read_text(), f"put the table of `make simulate` into {DOCUMENT}"


def test_the_figure_is_the_same_for_the_same_figures_and_another_for_others(tmp_path: Path) -> None:
    first, second = tmp_path / "first.svg", tmp_path / "second.svg"
    draw(SOME, first)
    draw(SOME, second)
    assert first.read_bytes() == second.read_bytes() != FIGURE.read_bytes()


def test_the_documents_figure_is_an_image_without_a_date() -> None:
    text = FIGURE.read_text()
    assert ET.fromstring(text).tag.endswith("svg")
    assert "dc:date" not in text
    assert "(economics.svg)" in DOCUMENT.read_text()


def test_what_was_played_is_told_with_its_error() -> None:
    seen = thresholds(seeds=3, jobs=20_000)
    assert all(abs(row.off) < 5 for row in seen)
    assert f"| {seen[0].what} | 5 | {seen[0].expected:.4f} |" in as_text(seen)

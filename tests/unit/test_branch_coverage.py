"""The command that judges the contracts' branch coverage finds what the tests have missed."""

from pathlib import Path

import pytest

from tools import branch_coverage
from tools.branch_coverage import Branch, branches_in, main

SOURCE = "contracts/market/libraries/Openings.sol"
LINE = "if (elapsed >= period) return ceiling;"
TAKEN, MISSED = "3", "-"


@pytest.fixture
def numbered() -> int:
    """Where the line is in its file."""
    lines = (branch_coverage.CHECKOUT / SOURCE).read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if line.strip() == LINE)


def report(folder: Path, number: int, then: str, otherwise: str) -> Path:
    """A tracefile of one condition of ours, and of one that is not."""
    file = folder / "coverage.info"
    ours = f"SF:{SOURCE}\nBRDA:{number},0,0,{then}\nBRDA:{number},0,1,{otherwise}\nend_of_record\n"
    file.write_text(f"{ours}SF:tests/solidity/support/Proofs.sol\nBRDA:1,0,0,-\nend_of_record\n")
    return file


@pytest.fixture
def listing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A document without a list."""
    document = tmp_path / "verification.md"
    document.write_text("# What is proven\n")
    monkeypatch.setattr(branch_coverage, "LIST", document)
    return document


def test_branches_are_known_by_their_line(tmp_path: Path, numbered: int) -> None:
    found = list(branches_in(report(tmp_path, numbered, TAKEN, MISSED).read_text()))
    assert found == [(Branch(SOURCE, LINE, "then"), True), (Branch(SOURCE, LINE, "else"), False)]


def test_a_branch_that_is_not_taken_fails(
    tmp_path: Path, numbered: int, listing: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert listing.exists()
    assert main(report(tmp_path, numbered, TAKEN, MISSED)) == 1
    assert f"No test takes {SOURCE}: {LINE} (else)" in capsys.readouterr().out
    assert main(report(tmp_path, numbered, TAKEN, TAKEN)) == 0


def test_a_branch_that_is_listed_may_be_missed_and_may_not_be_taken(
    tmp_path: Path, numbered: int, listing: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    listing.write_text(
        f"| file | line | way | why |\n|---|---|---|---|\n| `{SOURCE}` | `{LINE}` | else | it cannot |\n"
    )
    assert main(report(tmp_path, numbered, TAKEN, MISSED)) == 0
    assert main(report(tmp_path, numbered, TAKEN, TAKEN)) == 1
    assert "which is taken, or not there" in capsys.readouterr().out


def test_a_report_without_the_contracts_fails(tmp_path: Path, listing: Path) -> None:
    assert listing.exists()
    empty = tmp_path / "coverage.info"
    empty.write_text("")
    assert main(empty) == 1

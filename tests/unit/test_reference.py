"""The reference is complete: each event and error, each end of a job, and no rule that does not exist."""

import json
import re
from pathlib import Path

import pytest

from assay.chain.records import End, Verdict
from tools.reference import PAGES

CHECKOUT = Path(__file__).resolve().parents[2]
DOCS = CHECKOUT / "docs"
TROUBLE = (DOCS / "trouble.md").read_text()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_what_the_code_says_now(name: str) -> None:
    assert (DOCS / name).read_text() == PAGES[name](), "run `make reference`"


@pytest.mark.parametrize(("kind", "page"), [("event", "events.md"), ("error", "errors.md")])
def test_what_the_contracts_declare_is_on_its_page(kind: str, page: str) -> None:
    """By the ABIs that are shipped, which come from the compiler and not from what the pages are made of."""
    text, names = (DOCS / page).read_text(), set()
    for abi in (CHECKOUT / "assay" / "chain" / "abi").glob("*.json"):
        names |= {entry["name"] for entry in json.loads(abi.read_text()) if entry["type"] == kind}
    missing = {name for name in names if f"| `{name}(" not in text}
    assert not missing
    assert len(names) > 10


def test_every_end_and_every_verdict_is_explained() -> None:
    for member in (*End, *Verdict):
        assert f"| `{member.name.title().replace('_', '')}` |" in TROUBLE


def test_every_rule_that_is_cited_exists() -> None:
    rules = set(re.findall(r"^\*\*([A-Z]\d+)\.\*\*", (CHECKOUT / "SPEC.md").read_text(), re.MULTILINE))
    cited = set(re.findall(r"\*\*([A-Z]\d+)\*\*", TROUBLE))
    assert len(cited) > 10
    assert cited <= rules

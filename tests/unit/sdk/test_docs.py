"""docs/sdk.md has all of the library: each name, each method, each argument, each exception."""

import inspect
import re
from pathlib import Path
from typing import Any

import pytest

import assay
from assay.chain.records import End
from assay.sdk.client import Client
from assay.sdk.errors import _ENDS
from assay.sdk.job import JobState
from assay.sdk.terms import Deal

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "sdk.md").read_text()
CLASSES = [name for name in assay.__all__ if not issubclass(getattr(assay, name), Exception)]
ERRORS = [name for name in assay.__all__ if issubclass(getattr(assay, name), Exception)]


def section(name: str) -> str:
    found = re.search(rf"^## `{name}`\n.*?(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found, f"docs/sdk.md has no section about {name}"
    return found[0]


def public(of: Any) -> list[str]:
    names = {*vars(of), *getattr(of, "__annotations__", {})}
    return sorted(name for name in names if not name.startswith("_") and not name.isupper())


@pytest.mark.parametrize("name", CLASSES)
def test_every_class_is_documented_with_all_that_it_has(name: str) -> None:
    text = section(name)
    for member in public(getattr(assay, name)):
        assert re.search(rf"`{member}\b", text), f"{name}.{member} is not documented"


def test_every_argument_of_a_client_is_documented() -> None:
    text = section("Client")
    for argument in list(inspect.signature(assay.Client.__init__).parameters)[1:]:
        assert f"`{argument}`" in text, argument
    for method in ("submit", "map", "infer", "executor"):
        row = re.search(rf"^\| `{method}\(.*$", text, re.MULTILINE)
        assert row
        for argument in list(inspect.signature(getattr(assay.Client, method)).parameters)[1:]:
            assert argument in row[0] or "..." in row[0], f"{argument} of {method}"


def test_every_part_of_a_deal_and_every_state_is_documented() -> None:
    for key in Deal.__annotations__:
        assert f"| `{key}` |" in section("Client")
    for state in JobState:
        assert f"`{state.name}`" in section("JobState")


@pytest.mark.parametrize("name", ERRORS)
def test_every_exception_is_documented_and_says_where_the_money_is(name: str) -> None:
    if name == "AssayError":
        assert "an `AssayError`" in PAGE
        return
    assert re.search(rf"^\| `{name}` \| [^|]+ \| [^|]+ \|$", PAGE, re.MULTILINE)


def test_every_end_but_the_good_one_has_its_exception() -> None:
    assert set(_ENDS) == set(End) - {End.FINALIZED}


def test_names_are_imported_when_they_are_asked_for_and_others_are_not_there() -> None:
    assert assay.Client is Client
    with pytest.raises(AttributeError, match="no attribute 'Server'"):
        _ = assay.Server

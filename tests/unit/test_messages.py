"""One style for all errors: they begin in lower case and end without a full stop, to be part of other sentences."""

import ast
from collections.abc import Iterator
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
PARTS = ("assay", "provider_agent", "scripts", "demo")
NAMES = ("JobMarket", "DisputeGame", "HTTP")
"""What begins with a capital letter wherever it stands."""


def texts_in(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """The literal beginning and end of every error's message; empty where it is none."""
    for node in ast.walk(tree):
        match node:
            case ast.Raise(exc=ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=[message, *_])):
                parts = message.values if isinstance(message, ast.JoinedStr) else [message]
                ends = [part.value if isinstance(part, ast.Constant) else "" for part in (parts[0], parts[-1])]
                if name.endswith("Error"):
                    yield str(ends[0]), str(ends[1])


def is_in_style(start: str, end: str) -> bool:
    return (not start[:1].isupper() or start.startswith(NAMES)) and (
        end.endswith("...") or not end.endswith((".", "!"))
    )


def test_the_rule_finds_what_breaks_it() -> None:
    wrong = ast.parse("raise InputError('It is wrong')\nraise click.UsageError(f'{x} is wrong.')")
    assert [is_in_style(*text) for text in texts_in(wrong)] == [False, False]


def test_errors_begin_in_lower_case_and_end_without_a_full_stop() -> None:
    wrong, seen = [], 0
    for source in (path for part in PARTS for path in sorted((CHECKOUT / part).rglob("*.py"))):
        for start, end in texts_in(ast.parse(source.read_text())):
            seen += 1
            if not is_in_style(start, end):
                wrong.append(f"{source.relative_to(CHECKOUT)}: {start} ... {end}")
    assert wrong == []
    assert seen > 100

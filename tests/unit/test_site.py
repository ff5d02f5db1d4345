"""The documentation's site: every page is in it, no link leads nowhere, and nothing comes from elsewhere."""

import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from assay.cli.main import cli
from provider_agent.cli import cli as agent_cli

CHECKOUT = Path(__file__).resolve().parents[2]
DOCS = CHECKOUT / "docs"
GENERATED_ELSEWHERE = {"CONTRIBUTING.md", "CHANGELOG.md", "SPEC.md"}
HOW_TO = ("requesters.md", "providers.md", "verifiers.md", "tutorial.md", "trouble.md", "protocol.md")
PROGRAMS = {"assay": cli, "provider-agent": agent_cli}


def navigated(entry: Any) -> Iterator[str]:
    """The pages that the navigation leads to."""
    if isinstance(entry, str):
        yield entry
    for each in entry.values() if isinstance(entry, dict) else entry if isinstance(entry, list) else ():
        yield from navigated(each)


def test_the_navigation_leads_to_every_page_once() -> None:
    pages = list(navigated(tomllib.loads((CHECKOUT / "zensical.toml").read_text())["project"]["nav"]))
    there = {str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md")} | GENERATED_ELSEWHERE
    assert sorted(pages) == sorted(there)


def test_the_site_is_built_without_a_warning_and_loads_nothing_from_elsewhere() -> None:
    done = subprocess.run([sys.executable, CHECKOUT / "tools" / "site.py"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    pages = list((CHECKOUT / "build" / "site").rglob("*.html"))
    assert len(pages) > 20
    for page in pages:
        loaded = re.findall(r'<(?:script|link|img|iframe)\b[^>]*?(?:src|href)="?(https?:)?//[^">]*', page.read_text())
        assert not loaded, page


def commands_in(page: Path) -> Iterator[list[str]]:
    """The words of each command line of ours in a page: in its blocks of shell commands, and between backquotes."""
    text = page.read_text()
    for inline in re.findall(r"`((?:assay|provider-agent) [a-z][^`]*)`", text):
        yield shlex.split(inline)
    for language, block in re.findall(r"^```(\w*)\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        if language in ("", "sh", "console"):
            for line in block.replace("\\\n", " ").splitlines():
                words = shlex.split(line.removeprefix("$ ").split(" > ")[0].rstrip("&"), comments=True)
                if words and words[0] in PROGRAMS:
                    yield words


@pytest.mark.parametrize("name", HOW_TO)
def test_the_commands_of_a_page_exist_with_the_options_that_it_gives_them(name: str) -> None:
    for words in commands_in(DOCS / name):
        command: click.Command = PROGRAMS[words[0]]
        rest = words[1:]
        while isinstance(command, click.Group):
            found = command.get_command(click.Context(command), rest[0])
            assert found is not None, f"{name}: {shlex.join(words)}: there is no {rest[0]}"
            command, rest = found, rest[1:]
        options = {option for parameter in command.params for option in parameter.opts} | {"--help"}
        for word in rest[: rest.index("--")] if "--" in rest else rest:
            if word.startswith("-") and word != "-":
                assert word.split("=")[0] in options, f"{name}: {shlex.join(words)}: there is no {word}"

"""docs/agent.md has every command, setting and log event, and none that is not there."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from provider_agent.cli import cli
from provider_agent.duty import State
from provider_agent.settings import Setting, describe_settings, load_settings

CHECKOUT = Path(__file__).resolve().parents[3]
DOCS = (CHECKOUT / "docs" / "agent.md").read_text()


def logged_events() -> Iterator[str]:
    """Every event that the agent logs at level info or above, or its connection to the chain."""
    parts = ("provider_agent", "assay/chain")
    for source in (path for part in parts for path in (CHECKOUT / part).rglob("*.py")):
        for node in ast.walk(ast.parse(source.read_text())):
            match node:
                case ast.Call(
                    func=ast.Attribute(value=ast.Name(id="log"), attr="info" | "warning" | "error"),
                    args=[ast.Constant(value=str(event)), *_],
                ):
                    yield event
                case ast.Call(
                    func=ast.Attribute(value=ast.Name(id="log"), attr="log"),
                    args=[_, ast.Constant(value=str(event)), *_],
                ):
                    yield event


def test_every_setting_is_documented_with_its_default_and_no_other() -> None:
    rows = re.findall(r"^\| `(\w[\w.]*)` \| (?:`(.*?)`)? ?\| (.*) \|$", section("Settings"), re.MULTILINE)

    assert [Setting(*row) for row in rows] == list(describe_settings())


def test_every_command_and_option_is_documented() -> None:
    for name, command in cli.commands.items():
        assert f"`provider-agent {name}" in DOCS
        (row,) = (line for line in section("Commands").splitlines() if f"`provider-agent {name}" in line)
        for parameter in command.params:
            written = parameter.opts[0] if isinstance(parameter, click.Option) else f"{parameter.name}".upper()
            assert written in row, f"{name} {written}"


def test_every_logged_event_is_documented_and_no_other() -> None:
    cells = re.findall(r"^\| (`.*?`) \|", section("The log"), re.MULTILINE)
    documented = {event for cell in cells for event in re.findall(r"`([^`]+)`", cell)}

    assert documented == set(logged_events())


def test_the_example_is_a_settings_file_that_works(tmp_path: Path) -> None:
    example = re.search(r"```toml\n(.*?)```", DOCS, re.DOTALL)
    assert example is not None
    path = tmp_path / "agent.toml"
    path.write_text(example[1])

    settings = load_settings(path)

    assert settings.journal == str(tmp_path / "journal.db")
    assert settings.store.location == "http://127.0.0.1:8600"


@pytest.mark.parametrize("state", list(State))
def test_every_state_of_a_duty_is_documented(state: State) -> None:
    assert f"`{state}`" in DOCS


def section(title: str) -> str:
    """The text under a heading of the second level."""
    return DOCS.split(f"\n## {title}\n")[1].split("\n## ")[0]

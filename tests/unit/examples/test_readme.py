"""The examples' page: each program is on it, with commands that can be copied and do what they should."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.support.native import native

CHECKOUT = Path(__file__).resolve().parents[3]
EXAMPLES = CHECKOUT / "examples"
PROGRAMS = sorted(path for path in EXAMPLES.iterdir() if path.is_dir())
PAGE = (EXAMPLES / "README.md").read_text()
FINDS_VALUES = 10
"""The exit status of `solve` for a formula that can be satisfied."""


def section(name: str) -> str:
    """What the page has about a program."""
    found = re.search(rf"^## {name}\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE)
    assert found, f"the page has no section about {name}"
    return found[1]


def commands(name: str) -> list[str]:
    blocks = re.findall(r"^```\n(.*?)^```", section(name), re.DOTALL | re.MULTILINE)
    return re.findall(r"^assay (?:.|\n(?= ))*", "\n".join(blocks), re.MULTILINE)


def test_the_page_has_every_program_in_its_table_and_no_other() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)
    assert rows == [program.name for program in PROGRAMS]
    assert len(rows) >= 8


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.name)
def test_a_program_has_a_test_of_its_own(program: Path) -> None:
    assert Path(__file__).with_name(f"test_{program.name}.py").is_file()


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.name)
def test_its_commands_build_all_of_its_sources_and_run_it_on_input_that_is_there(program: Path) -> None:
    build, *runs = commands(program.name)
    *patterns, _, output = build.split()[2:]
    built = sorted(path for pattern in patterns for path in CHECKOUT.glob(pattern))
    assert built == sorted(program.glob("*.c"))

    assert runs
    for line in runs:
        before, _, after = line.rpartition("<")
        assert after.split()[0].startswith("examples/")
        _, _, name, *arguments = shlex.split(before)
        assert name == output
        stdin = (CHECKOUT / after.split()[0]).read_bytes()
        done = subprocess.run([native(program), *arguments], input=stdin, capture_output=True, check=False)
        assert done.returncode in (0, FINDS_VALUES)
        assert done.stdout

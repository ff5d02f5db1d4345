"""The kernel's committed build, and its page."""

import re
from pathlib import Path

from guest.build import KERNEL, SOURCES, build
from tests.support.programs import require_toolchain


def test_the_committed_kernel_is_what_its_sources_build(tmp_path: Path) -> None:
    require_toolchain()
    build(tmp_path / "kernel.bin")
    assert (tmp_path / "kernel.bin").read_bytes() == KERNEL.read_bytes(), (
        "run `python guest/build.py` and commit the result"
    )


def test_the_readme_lists_every_call_and_no_other() -> None:
    rows = re.search(r"\| call \| answer \|\n\|---\|---\|\n(.*?)\n\n", (SOURCES / "README.md").read_text(), re.DOTALL)
    assert rows
    listed = {name for row in rows[1].splitlines() for name in re.findall(r"`(\w+)`", row.split("|")[1])}
    answered = set(re.findall(r"case CALL_(\w+):", (SOURCES / "calls.c").read_text()))
    assert listed - {"AT_EMPTY_PATH"} == answered


def test_the_readme_lists_every_file() -> None:
    readme = (SOURCES / "README.md").read_text()
    names = {path.name for path in SOURCES.iterdir() if path.suffix in (".c", ".h", ".S", ".ld")}
    assert {name for name in names if f"`{name}`" not in readme} == set()

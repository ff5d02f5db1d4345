"""The README's map of the folders is complete, and its two set-up commands exist."""

import re
import subprocess
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
README = (CHECKOUT / "README.md").read_text()
LISTED_ONE_LEVEL_DOWN = ("assay", "contracts", "provider_agent", "tests")


def tracked_folders() -> set[str]:
    """Every folder at the top, and those below the parts whose rooms the map names."""
    listing = subprocess.run(["git", "ls-files"], cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout
    folders = set()
    for path in listing.splitlines():
        parts = Path(path).parts[:-1]
        if parts and not parts[0].startswith("."):
            folders.add(f"{parts[0]}/")
            if parts[0] in LISTED_ONE_LEVEL_DOWN and len(parts) > 1:
                folders.add(f"{parts[0]}/{parts[1]}/")
    return folders


def mapped_folders() -> set[str]:
    """The folders that the README's map names, each line of it being an indented folder and what it is for."""
    found = re.search(r"## The map\n.*?```\n(.*?)```", README, re.DOTALL)
    assert found, "the README has no map"
    folders, top = set(), ""
    for line in found[1].splitlines():
        entry = re.match(r"( *)([\w.]+/)\s+\S", line)
        if entry and not entry[1]:
            top = entry[2]
            folders.add(top)
        elif entry:
            folders.add(top + entry[2])
    return folders


def test_the_map_names_each_folder_and_no_folder_that_is_not_there() -> None:
    assert mapped_folders() == tracked_folders()


def test_a_command_runs_before_line_12_and_both_are_targets_of_the_makefile() -> None:
    start = "\n".join(README.splitlines()[:12])
    targets = re.findall(r"^([a-z-]+):", (CHECKOUT / "Makefile").read_text(), re.MULTILINE)
    for command in ("demo", "test"):
        assert f"make {command}" in start
        assert command in targets

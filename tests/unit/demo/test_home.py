"""The folder of the demo: nothing is removed that a demo has not made."""

from pathlib import Path

import pytest

from assay.errors import InputError
from demo.__main__ import clear


def test_a_folder_with_something_else_in_it_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match="not from an earlier demo"):
        clear(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="not from an earlier demo"):
        clear(tmp_path / "file")


@pytest.mark.parametrize("folder", [".", "new/folder"])
def test_what_an_earlier_demo_left_is_removed(tmp_path: Path, folder: str) -> None:
    home = tmp_path / folder
    clear(home)
    (home / "wallets").mkdir()
    clear(home)
    assert not (home / "wallets").exists()

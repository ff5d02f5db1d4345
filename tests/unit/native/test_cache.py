"""The cache of native code: whom it trusts, and that nothing that happens to its files can harm a run."""

import logging
import os
from pathlib import Path

import pytest

from assay.native.cache import DiskCache, cache_key, default_folder
from assay.native.code import Code

CODE = Code(b"\xc3" * 16, {"f": 0})
KEY = cache_key("module")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "assay" / "native"


@pytest.fixture
def cache(folder: Path) -> DiskCache:
    cache = DiskCache(folder)
    cache.put(KEY, b"kept")
    return cache


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir())


def test_nothing_is_found_before_it_is_kept(folder: Path) -> None:
    assert DiskCache(folder).get(KEY) is None
    assert not folder.exists()


@pytest.mark.usefixtures("cache")
def test_what_is_kept_is_found_by_another_process(folder: Path) -> None:
    assert DiskCache(folder).get(KEY) == b"kept"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / KEY).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("damage", [b"", b"short", b"x" * 36])
def test_a_damaged_file_is_not_believed_and_is_replaced(cache: DiskCache, folder: Path, damage: bytes) -> None:
    (folder / KEY).write_bytes(damage)
    assert cache.get(KEY) is None
    cache.put(KEY, b"again")
    assert cache.get(KEY) == b"again"


def test_every_bit_counts(cache: DiskCache, folder: Path) -> None:
    whole = (folder / KEY).read_bytes()
    for place in range(len(whole)):
        (folder / KEY).write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        assert cache.get(KEY) is None


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777])
def test_a_folder_that_others_may_write_to_is_not_used(
    cache: DiskCache, folder: Path, mode: int, caplog: pytest.LogCaptureFixture
) -> None:
    folder.chmod(mode)
    assert cache.get(KEY) is None
    cache.put("other", b"new")
    assert names(folder) == [KEY]
    assert [record.levelno for record in caplog.records] == [logging.WARNING]  # said once
    assert "chmod 700" in caplog.text


@pytest.mark.parametrize("what", ["folder", "file"])
def test_what_somebody_else_owns_is_not_used(cache: DiskCache, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    owner = os.geteuid()
    seen = iter([owner + 1, owner + 1] if what == "folder" else [owner, owner + 1])
    monkeypatch.setattr(os, "geteuid", lambda: next(seen, owner))
    assert cache.get(KEY) is None


def test_a_file_that_others_may_write_to_is_not_used(cache: DiskCache, folder: Path) -> None:
    (folder / KEY).chmod(0o666)
    assert cache.get(KEY) is None


@pytest.mark.parametrize("what", ["link", "folder", "pipe"])
def test_what_is_no_file_is_not_read(cache: DiskCache, folder: Path, tmp_path: Path, what: str) -> None:
    (folder / KEY).rename(tmp_path / "moved")
    match what:
        case "link":
            (folder / KEY).symlink_to(tmp_path / "moved")
        case "folder":
            (folder / KEY).mkdir()
        case "pipe":
            os.mkfifo(folder / KEY, 0o600)
    assert cache.get(KEY) is None


def test_a_link_in_place_of_the_folder_is_not_followed(cache: DiskCache, folder: Path) -> None:
    folder.rename(folder.with_name("moved"))
    folder.symlink_to("moved")
    assert cache.get(KEY) is None


def test_a_folder_that_cannot_be_made_is_no_failure(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("")
    cache = DiskCache(tmp_path / "file" / "native")
    assert cache.code(KEY, lambda: CODE) == CODE
    assert "no use" in caplog.text


def test_what_was_used_longest_ago_goes_first(folder: Path) -> None:
    cache = DiskCache(folder, limit=1000)
    for age, name in enumerate(("d", "c", "b", "a")):
        cache.put(name, bytes(200))
        os.utime(folder / name, (1000 - age, 1000 - age))
    assert cache.get("a") == bytes(200)  # the oldest, but used just now
    cache.put("e", bytes(200))
    assert names(folder) == ["a", "d", "e"]


def test_what_other_processes_added_counts_too(folder: Path) -> None:
    ours, theirs = DiskCache(folder, limit=1000), DiskCache(folder, limit=1000)
    for name in "abcdefgh":
        theirs.put(name, bytes(100))
        ours.put(name.upper(), bytes(100))
    assert size(folder) <= 2000  # each knows of its own until it cleans up
    ours.put("last", bytes(800))
    assert size(folder) <= 1000


def test_what_is_larger_than_the_limit_is_not_kept(folder: Path) -> None:
    cache = DiskCache(folder, limit=1000)
    cache.put("a", bytes(969))
    assert cache.get("a") is None


def test_code_is_made_once(folder: Path) -> None:
    made = []

    def make() -> Code:
        made.append(1)
        return CODE

    assert [DiskCache(folder).code(KEY, make) for _ in range(3)] == [CODE] * 3
    assert made == [1]


def test_code_that_does_not_unpack_is_made_again(cache: DiskCache) -> None:
    assert cache.code(KEY, lambda: CODE) == CODE
    assert cache.code(KEY, lambda: pytest.fail("it was kept")) == CODE


def test_keys_tell_parts_apart() -> None:
    assert len({cache_key(), cache_key("ab"), cache_key("a", "b"), cache_key("", "ab"), cache_key("ab", "")}) == 5
    assert cache_key("a", b"b") == cache_key(b"a", "b")


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"XDG_CACHE_HOME": "/c"}, Path("/c/assay/native")),
        ({"XDG_CACHE_HOME": ""}, Path.home() / ".cache/assay/native"),
        ({"XDG_CACHE_HOME": "relative"}, Path.home() / ".cache/assay/native"),
        ({}, Path.home() / ".cache/assay/native"),
    ],
)
def test_the_cache_is_where_the_desktop_specification_puts_it(environ: dict[str, str], expected: Path) -> None:
    assert default_folder(environ) == expected

"""The store in a folder: what it refuses, and that it keeps what it was given."""

import os
from pathlib import Path

import pytest

from assay.content import content_id
from assay.errors import BlobTooLargeError, InputError, IntegrityError, MissingBlobError
from assay.store.local import LocalStore


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "blobs")


def files_in(store: LocalStore) -> list[Path]:
    return [path for path in store.folder.rglob("*") if path.is_file()]


def test_a_missing_blob_is_named(store: LocalStore) -> None:
    with pytest.raises(MissingBlobError, match="0" * 64):
        store.get("0" * 64)


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "A" * 64, "0" * 63, "0" * 64 + "\n"])
def test_nothing_but_a_content_id_becomes_a_path(store: LocalStore, name: str) -> None:
    with pytest.raises(InputError, match="content id"):
        store.get(name)


def test_a_tampered_file_is_refused_and_a_new_put_repairs_it(store: LocalStore) -> None:
    blob_id = store.put(b"what was meant")
    store.path_of(blob_id).write_bytes(b"something else")
    with pytest.raises(IntegrityError, match="hash does not match"):
        store.get(blob_id)
    assert store.put(b"what was meant") == blob_id
    assert store.get(blob_id) == b"what was meant"


def test_a_file_that_was_cut_off_is_refused(store: LocalStore) -> None:
    blob_id = store.put(bytes(1000))
    store.path_of(blob_id).write_bytes(bytes(999))
    with pytest.raises(IntegrityError):
        store.get(blob_id)


def test_a_blob_above_the_readers_limit_is_refused(store: LocalStore) -> None:
    blob_id = store.put(bytes(100))
    with pytest.raises(BlobTooLargeError, match="99 bytes"):
        store.get(blob_id, limit=99)
    assert store.get(blob_id, limit=100) == bytes(100)


def test_an_incoming_blob_that_is_not_what_it_should_be_leaves_nothing(store: LocalStore) -> None:
    with pytest.raises(IntegrityError), store.receive(content_id(b"announced")) as incoming:
        incoming.write(b"delivered")
    assert files_in(store) == []


def test_an_incoming_blob_that_breaks_off_leaves_nothing(store: LocalStore) -> None:
    def break_off() -> None:
        with store.receive(content_id(b"announced")) as incoming:
            incoming.write(b"ann")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        break_off()
    assert files_in(store) == []


def test_a_folder_that_cannot_be_written_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match="cannot be written"):
        LocalStore(tmp_path / "file").put(b"data")


@pytest.mark.parametrize("data", [b"", b"x", bytes(range(256)) * 1000])
def test_what_is_put_comes_back_under_its_hash(store: LocalStore, data: bytes) -> None:
    blob_id = store.put(data)
    assert blob_id == content_id(data)
    assert store.has(blob_id)
    assert store.get(blob_id) == data
    assert store.put(data) == blob_id
    assert files_in(store) == [store.path_of(blob_id)]


def test_what_is_dropped_is_gone(store: LocalStore) -> None:
    blob_id = store.put(b"data")
    assert store.drop(blob_id)
    assert not store.has(blob_id)
    assert not store.drop(blob_id)


def test_a_sweep_removes_what_was_left_half_written_and_nothing_else(store: LocalStore) -> None:
    blob_id = store.put(b"data")
    stale, fresh = (store.path_of(blob_id).with_name(f".incoming-{name}") for name in ("stale", "fresh"))
    for path in (stale, fresh):
        path.write_bytes(b"half")
    os.utime(stale, (0, 0))

    assert store.sweep(older_than=3600) == 1
    assert not stale.exists()
    assert fresh.exists()
    assert store.has(blob_id)

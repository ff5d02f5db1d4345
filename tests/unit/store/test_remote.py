"""Stores at fsspec's URLs: in memory, in a folder by its own kind of URL, and S3 with a real server."""

import socket
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import boto3
import pytest
from moto.server import ThreadedMotoServer

from assay.content import content_id
from assay.errors import BlobTooLargeError, InputError, IntegrityError, MissingBlobError, TransientError
from assay.store import remote
from assay.store.layered import LayeredStore
from assay.store.location import open_store
from assay.store.remote import RemoteStore

pytestmark = pytest.mark.enable_socket


@pytest.fixture(autouse=True)
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "FIRST_PAUSE", 0.001)


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """The endpoint of a server with a bucket, and the environment that every S3 tool reads."""
    with pytest.MonkeyPatch.context() as environment:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        server = ThreadedMotoServer("127.0.0.1", port)
        server.start()
        endpoint = f"http://127.0.0.1:{port}"
        for name, value in (
            ("AWS_ENDPOINT_URL", endpoint),
            ("AWS_ACCESS_KEY_ID", "id"),
            ("AWS_SECRET_ACCESS_KEY", "s3cret"),
            ("AWS_DEFAULT_REGION", "us-east-1"),
        ):
            environment.setenv(name, value)
        boto3.client("s3").create_bucket(Bucket="blobs")
        yield endpoint
        server.stop()


@pytest.fixture(params=["s3", "memory", "folder"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A place of its own for each test."""
    if request.param == "s3":
        request.getfixturevalue("s3")
        return f"s3://blobs/{uuid4()}"
    return f"memory://{uuid4()}" if request.param == "memory" else f"file://{tmp_path}"


@pytest.fixture
def store(url: str) -> RemoteStore:
    return RemoteStore(url)


def overwrite(store: RemoteStore, blob_id: str, data: bytes) -> None:
    """What somebody else who can write there may do."""
    store._files.pipe_file(store._path_of(blob_id), data)


def test_a_missing_blob_is_named(store: RemoteStore) -> None:
    with pytest.raises(MissingBlobError, match="0" * 64):
        store.get("0" * 64)
    assert not store.has("0" * 64)
    assert not store.drop("0" * 64)


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "A" * 64, "0" * 63])
def test_nothing_but_a_content_id_becomes_a_path(store: RemoteStore, name: str) -> None:
    for action in (store.get, store.has, store.drop):
        with pytest.raises(InputError, match="content id"):
            action(name)


def test_a_tampered_blob_is_refused_and_one_of_another_size_repaired(store: RemoteStore) -> None:
    blob_id = store.put(b"what was meant")
    overwrite(store, blob_id, b"something else")
    with pytest.raises(IntegrityError, match="damaged, cut off or exchanged"):
        store.get(blob_id)
    overwrite(store, blob_id, b"longer than what was meant")
    assert store.put(b"what was meant") == blob_id
    assert store.get(blob_id) == b"what was meant"


def test_a_blob_that_is_too_large_is_not_read(store: RemoteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    blob_id = store.put(b"four")
    monkeypatch.setattr(store._files, "cat_file", lambda *_, **__: pytest.fail("it was read"))
    with pytest.raises(BlobTooLargeError):
        store.get(blob_id, limit=3)


@pytest.mark.parametrize("size", [0, 1, 100, 1000])
def test_what_is_put_comes_back_in_pieces_too(store: RemoteStore, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "_PIECE", 100)
    data = bytes(range(250)) * 4
    blob_id = store.put(data[:size])
    assert store.put(data[:size]) == blob_id == content_id(data[:size])
    assert store.has(blob_id)
    assert store.get(blob_id) == data[:size]


def test_a_transfer_that_breaks_off_goes_on_with_the_piece_that_is_missing(
    store: RemoteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "_PIECE", 100)
    data = bytes(range(250))
    blob_id = store.put(data)
    cat, asked = store._files.cat_file, []

    def breaking(path: str, start: int, end: int) -> bytes:
        asked.append(start)
        if len(asked) % 2:
            raise ConnectionResetError
        return cat(path, start=start, end=end)  # type: ignore[no-any-return]

    monkeypatch.setattr(store._files, "cat_file", breaking)
    assert store.get(blob_id) == data
    assert asked == [0, 0, 100, 100, 200, 200]


def test_what_is_dropped_is_gone(store: RemoteStore) -> None:
    blob_id = store.put(b"data")
    assert store.drop(blob_id)
    assert not store.has(blob_id)


@pytest.mark.usefixtures("s3")
def test_a_store_is_opened_by_its_url_with_a_cache_before_it(tmp_path: Path) -> None:
    location = f"s3://blobs/{uuid4()}"
    blob_id = open_store(location).put(b"data")
    cached = open_store(location, tmp_path)
    assert isinstance(cached, LayeredStore)
    assert cached.get(blob_id) == b"data"
    boto3.resource("s3").Bucket("blobs").objects.all().delete()
    assert cached.get(blob_id) == b"data"


@pytest.mark.usefixtures("s3")
def test_a_bucket_that_is_not_there_has_nothing_and_is_not_made() -> None:
    store = RemoteStore("s3://nowhere/x", attempts=1)
    assert not store.has("0" * 64)
    with pytest.raises(InputError, match="make it first"):
        store.put(b"data")
    assert [bucket["Name"] for bucket in boto3.client("s3").list_buckets()["Buckets"]] == ["blobs"]


def test_a_service_that_is_down_may_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("ENDPOINT_URL", "http://127.0.0.1:1"), ("ACCESS_KEY_ID", "id"), ("SECRET_ACCESS_KEY", "x")):
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(TransientError, match="does not answer"):
        RemoteStore("s3://blobs/x", attempts=1).get("0" * 64)

"""A store in an IPFS network, by a node that speaks Kubo's RPC."""

from collections.abc import Iterator

import pytest

from assay.content import content_id
from assay.errors import BlobTooLargeError, InputError, IntegrityError, MissingBlobError, TransientError
from assay.store import client
from assay.store.kubo import CHUNK, KuboStore, cid_of
from assay.store.location import open_store
from tests.support.kubo import Kubo, kubo

pytestmark = pytest.mark.enable_socket

LARGE = bytes(range(256)) * 4096 * 2 + b"and more"


@pytest.fixture(autouse=True)
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "FIRST_PAUSE", 0.001)


@pytest.fixture
def node() -> Iterator[Kubo]:
    with kubo() as running:
        yield running


def test_the_cid_of_a_small_blob_is_its_content_id_in_other_words() -> None:
    """The empty raw block is known by this name everywhere."""
    assert cid_of(content_id(b"")) == "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"


def test_a_blob_that_nobody_has_is_missing(node: Kubo) -> None:
    store = KuboStore(node.url)
    with pytest.raises(MissingBlobError, match="0" * 64):
        store.get("0" * 64)
    assert not store.has("0" * 64)
    assert not store.drop("0" * 64)


def test_a_node_that_is_down_may_pass() -> None:
    with pytest.raises(TransientError, match="is it running"):
        open_store("ipfs+http://127.0.0.1:1").get("0" * 64)


@pytest.mark.parametrize("name", ["../x", "A" * 64, "0" * 64 + "&arg=/"])
def test_nothing_but_a_content_id_becomes_part_of_a_request(node: Kubo, name: str) -> None:
    for action in (KuboStore(node.url).get, KuboStore(node.url).has, KuboStore(node.url).drop):
        with pytest.raises(InputError, match="content id"):
            action(name)
    assert node.asked == []


@pytest.mark.parametrize("data", [b"small", LARGE], ids=["one block", "a tree"])
def test_what_the_network_sends_is_not_believed(node: Kubo, data: bytes) -> None:
    store = KuboStore(node.url)
    blob_id = store.put(data)
    (root,) = node.files
    node.files[root] = data[:-1] + b"!"
    with pytest.raises(IntegrityError, match="damaged, cut off or exchanged"):
        store.get(blob_id)
    node.files[root] = data + b"!"
    with pytest.raises(BlobTooLargeError):
        store.get(blob_id, limit=len(data))


@pytest.mark.parametrize("data", [b"", b"small", bytes(CHUNK), LARGE], ids=["empty", "small", "a block", "a tree"])
def test_what_is_put_is_pinned_and_comes_back(node: Kubo, data: bytes) -> None:
    store = open_store(node.url.replace("http", "ipfs+http"))
    blob_id = store.put(data)
    assert store.put(data) == blob_id == content_id(data)
    node.collect_garbage()

    assert store.has(blob_id)
    assert store.get(blob_id) == data


def test_a_small_blob_comes_from_whoever_in_the_network_has_it(node: Kubo) -> None:
    blob_id = content_id(b"from afar")
    node.network[cid_of(blob_id)] = b"from afar"

    assert not KuboStore(node.url).has(blob_id)
    assert KuboStore(node.url).get(blob_id) == b"from afar"


@pytest.mark.parametrize("data", [b"small", LARGE], ids=["one block", "a tree"])
def test_what_is_dropped_is_left_to_the_nodes_garbage_collection(node: Kubo, data: bytes) -> None:
    store = KuboStore(node.url)
    blob_id = store.put(data)
    assert store.drop(blob_id)
    node.collect_garbage()

    assert not store.has(blob_id)
    assert not store.drop(blob_id)

"""A store in an IPFS network, through the RPC of a Kubo node (https://docs.ipfs.tech/reference/kubo/rpc/).

A blob of at most `CHUNK` bytes is one raw block, whose CID is the content id in other words: version 1, codec raw,
SHA-256. Whoever knows the id can have it from anybody in the network. A larger one is a tree of blocks, whose root has
another hash; the node's own files (MFS) name it by its content id, so that agents of the same node find it.
"""

import base64

import requests

from assay.content import content_id
from assay.errors import InputError, MissingBlobError, TransientError
from assay.store.base import MAX_BLOB, check_id
from assay.store.client import ATTEMPTS, READ_TIMEOUT, Client

CHUNK = 2**20
"""Bytes of a block: the largest that nodes make and exchange."""

SEARCH_TIMEOUT = 60
"""Seconds that the node looks for a blob in the network."""

_FOLDER = "/assay"
_RAW_SHA256 = bytes([1, 0x55, 0x12, 32])
"""CID version 1, codec raw, multihash SHA-256 of 32 bytes."""


def cid_of(blob_id: str) -> str:
    """The CID of a blob that is one raw block, in base 32."""
    encoded = base64.b32encode(_RAW_SHA256 + bytes.fromhex(check_id(blob_id))).decode()
    return "b" + encoded.lower().rstrip("=")


class KuboStore:
    """The store behind the RPC address of a Kubo node, such as `http://127.0.0.1:5001`."""

    def __init__(self, url: str, attempts: int = ATTEMPTS) -> None:
        self._api = f"{url.rstrip('/')}/api/v0"
        self._client = Client(url, attempts)

    def get(self, blob_id: str, limit: int = MAX_BLOB) -> bytes:
        """The blob with this id (`Store.get`)."""
        cid = self._named(blob_id) or cid_of(blob_id)
        url = f"{self._api}/cat?arg={cid}&length={limit + 1}&timeout={SEARCH_TIMEOUT}s"
        return self._client.download("POST", url, blob_id, limit, self._check)

    def put(self, data: bytes) -> str:
        """Keep `data`, pinned; its content id (`Store.put`)."""
        if len(data) > MAX_BLOB:
            raise InputError(f"{len(data)} bytes are too many for a blob: {MAX_BLOB} are allowed")
        blob_id = content_id(data)
        query = f"add?cid-version=1&raw-leaves=true&hash=sha2-256&chunker=size-{CHUNK}&pin=true&quieter=true"
        added = self._call(query, blob_id, files={"file": (blob_id, data)}).json()
        cid = added.get("Hash") if isinstance(added, dict) else None
        if not isinstance(cid, str) or (len(data) <= CHUNK and cid != cid_of(blob_id)):
            raise TransientError(f"the IPFS node at {self._client.place} added blob {blob_id} under another name")
        if len(data) > CHUNK and self._named(blob_id) is None:
            self._call(f"files/cp?arg=/ipfs/{cid}&arg={_path_of(blob_id)}&parents=true", blob_id)
        return blob_id

    def has(self, blob_id: str) -> bool:
        """Whether this very node has the blob."""
        if self._named(blob_id) is not None:
            return True
        try:
            self._call(f"block/stat?arg={cid_of(blob_id)}&offline=true", blob_id)
        except MissingBlobError:
            return False
        return True

    def drop(self, blob_id: str) -> bool:
        """Keep the blob no longer than the node's own garbage collection likes (`Store.drop`)."""
        cid = self._named(blob_id)
        if cid is not None:
            self._call(f"files/rm?arg={_path_of(blob_id)}&force=true", blob_id)
        try:
            self._call(f"pin/rm?arg={cid or cid_of(blob_id)}", blob_id)
        except MissingBlobError:
            return cid is not None
        return True

    def _named(self, blob_id: str) -> str | None:
        """The CID of a larger blob that this node has a name for."""
        try:
            found = self._call(f"files/stat?arg={_path_of(blob_id)}&hash=true", blob_id).json()
        except MissingBlobError:
            return None
        cid = found.get("Hash") if isinstance(found, dict) else None
        # It becomes a part of the next URL.
        return cid if isinstance(cid, str) and cid.isalnum() else None

    def _call(self, query: str, blob_id: str, **options: object) -> requests.Response:
        def ask() -> requests.Response:
            timeout = SEARCH_TIMEOUT + READ_TIMEOUT
            response = self._client.request("POST", f"{self._api}/{query}", timeout=timeout, **options)
            self._check(response, blob_id)
            return response

        return self._client.retry(ask)

    def _check(self, response: requests.Response, blob_id: str) -> None:
        """Raise for any answer but success. Kubo has one status, 500, for all that went wrong, and words for what."""
        if response.status_code == 500:
            said = response.text[:200].lower()
            absent = (
                "not found",
                "does not exist",
                "not pinned",
                "no link named",
                "could not find",
                "deadline exceeded",
            )
            if any(words in said for words in absent):
                raise MissingBlobError(f"the IPFS node at {self._client.place} has no blob {blob_id}, and found none")
        self._client.check(response, blob_id)


def _path_of(blob_id: str) -> str:
    return f"{_FOLDER}/{check_id(blob_id)[:2]}/{blob_id}"

"""Another's store, over HTTP. Nothing that it sends is believed."""

from assay.content import content_id
from assay.errors import InputError, MissingBlobError
from assay.store.base import MAX_BLOB, check_id
from assay.store.client import ATTEMPTS, Client


class HttpStore:
    """The store at a URL: `GET`, `HEAD` and `PUT` of `URL/blobs/<content id>`."""

    def __init__(self, url: str, attempts: int = ATTEMPTS) -> None:
        self.url = url.rstrip("/")
        self._client = Client(url, attempts)

    def get(self, blob_id: str, limit: int = MAX_BLOB) -> bytes:
        """The blob with this id (`Store.get`)."""
        return self._client.download("GET", self._url_of(blob_id), blob_id, limit)

    def put(self, data: bytes) -> str:
        """Keep `data`; its content id (`Store.put`)."""
        if len(data) > MAX_BLOB:
            raise InputError(f"{len(data)} bytes are too many for a blob: {MAX_BLOB} are allowed")
        blob_id = content_id(data)
        if not self.has(blob_id):
            url, client = self._url_of(blob_id), self._client
            client.retry(lambda: client.check(client.request("PUT", url, data=data), blob_id))
        return blob_id

    def has(self, blob_id: str) -> bool:
        """Whether the store says that it has the blob."""
        url, client = self._url_of(blob_id), self._client
        try:
            client.retry(lambda: client.check(client.request("HEAD", url), blob_id))
        except MissingBlobError:
            return False
        return True

    def drop(self, blob_id: str) -> bool:  # noqa: ARG002
        """What others keep is theirs to drop: False (`Store.drop`)."""
        return False

    def _url_of(self, blob_id: str) -> str:
        return f"{self.url}/blobs/{check_id(blob_id)}"

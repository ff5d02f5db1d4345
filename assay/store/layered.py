"""A near store before a far one."""

from assay.errors import IntegrityError, MissingBlobError
from assay.store.base import MAX_BLOB, Store


class LayeredStore:
    """Reads from `near`, and what is not there from `far`, keeping it in `near`. Writes to both."""

    def __init__(self, near: Store, far: Store) -> None:
        self._near = near
        self._far = far

    def get(self, blob_id: str, limit: int = MAX_BLOB) -> bytes:
        """The blob with this id (`Store.get`). A damaged copy in `near` is replaced."""
        try:
            return self._near.get(blob_id, limit)
        except (MissingBlobError, IntegrityError):
            data = self._far.get(blob_id, limit)
        self._near.put(data)
        return data

    def put(self, data: bytes) -> str:
        """Keep `data` in both; its content id (`Store.put`)."""
        self._near.put(data)
        return self._far.put(data)

    def drop(self, blob_id: str) -> bool:
        """Keep the blob in neither any longer (`Store.drop`)."""
        self._near.drop(blob_id)
        return self._far.drop(blob_id)

    def has(self, blob_id: str) -> bool:
        """Whether others can get the blob: whether `far` has it."""
        return self._far.has(blob_id)

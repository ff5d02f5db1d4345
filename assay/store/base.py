"""What a store is."""

from typing import Protocol

from assay.content import content_id, is_content_id
from assay.errors import BlobTooLargeError, InputError, IntegrityError

MAX_BLOB = 2**29
"""Bytes of the largest blob: the largest standard input (docs/machine.md, section 6)."""


class Store(Protocol):
    """Keeps blobs by their content ids. A blob that `get` returns is the one that was asked for, whatever keeps it."""

    def get(self, blob_id: str, limit: int = MAX_BLOB) -> bytes:
        """The blob with this id, of at most `limit` bytes.

        Raises `MissingBlobError`, `IntegrityError` (other bytes than the id says, or too many), `TransientError`, and
        `InputError` if `blob_id` is no content id.
        """

    def put(self, data: bytes) -> str:
        """Keep `data`; its content id. Raises `InputError` if it is too large, and `TransientError`."""

    def has(self, blob_id: str) -> bool:
        """Whether the store says that it has the blob. Raises `TransientError`."""

    def drop(self, blob_id: str) -> bool:
        """Keep the blob no longer; False if it was not there, or is not ours to drop. Raises `TransientError`."""


def check_id(blob_id: str) -> str:
    """`blob_id`, if it is a content id. Raises `InputError`: nothing else may become part of a path or a URL."""
    if not is_content_id(blob_id):
        raise InputError(f"{blob_id!r} is no content id: one is 64 lowercase hexadecimal digits")
    return blob_id


def check_size(size: int, limit: int, blob_id: str) -> None:
    """Raise `BlobTooLargeError` for a blob that is larger than it may be."""
    if size > limit:
        raise BlobTooLargeError(f"blob {blob_id} has more than the {limit} bytes that are allowed here")


def check_blob(data: bytes, blob_id: str, place: str) -> bytes:
    """`data`, if it has this id. Raises `IntegrityError`, which names the place that it came from."""
    if content_id(data) != blob_id:
        raise IntegrityError(f"what {place} has as blob {blob_id} is something else: its hash does not match")
    return data

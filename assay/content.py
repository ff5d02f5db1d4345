"""Content ids: the names of blobs in a content-addressed store (docs/documents.md)."""

import hashlib
import re


def content_id(data: bytes) -> str:
    """The SHA-256 of `data`, 64 lowercase hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def is_content_id(text: str) -> bool:
    """Whether `text` has the form of a content id."""
    return re.fullmatch("[0-9a-f]{64}", text) is not None

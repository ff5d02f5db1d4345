"""What the models of documents from outside share (docs/documents.md)."""

import re
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints, ValidationError


class DocumentModel(BaseModel):
    """A part of a document: no conversions, no unknown keys, no changes."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


def _bytes_of_hex(value: Any) -> Any:
    if not isinstance(value, str) or re.fullmatch("([0-9a-f]{2})*", value) is None:
        raise ValueError("has to be bytes in lowercase hexadecimal digits without a prefix")
    return bytes.fromhex(value)


HexBytes = Annotated[bytes, BeforeValidator(_bytes_of_hex)]
"""Bytes, written as lowercase hexadecimal digits without a prefix."""

ContentId = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]
"""The SHA-256 of a blob, 64 lowercase hexadecimal digits."""


def explain(error: ValidationError) -> str:
    """One line for a person: where the first mistake is, what it is, and how many more there are."""
    details = error.errors(include_url=False)
    place = ".".join(str(part) for part in details[0]["loc"])
    more = f" (and {len(details) - 1} more)" if len(details) > 1 else ""
    return (f"{place}: " if place else "") + details[0]["msg"] + more

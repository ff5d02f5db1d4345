"""The one tree of exceptions. Every message says what happened and, where there is one, what to do about it."""

from collections.abc import Mapping
from typing import Any


class AssayError(Exception):
    """Whatever Assay refuses or cannot do, told to a person."""


class InputError(AssayError):
    """A file, an argument, a setting or a document that cannot be used."""


class MissingBlobError(InputError):
    """A store that answers does not have a blob. Somebody may yet put it there."""


class IntegrityError(AssayError):
    """Bytes from a store, a peer or a node that are not what they are claimed to be."""


class BlobTooLargeError(IntegrityError):
    """A blob has more bytes than it may have where it is wanted."""


class NativeError(AssayError):
    """Machine code that cannot be made, or cannot be loaded, on this host."""


class ResourceError(AssayError):
    """A program that wants more of the host than it is given here."""


class TransientError(AssayError):
    """A fault that may pass: a node or a store that does not answer. Worth another try."""


class ChainError(AssayError):
    """The chain, or a contract on it, refuses."""


class ContractError(ChainError):
    """A contract reverted, or would revert, with an error that it declares.

    `error` is its name, `arguments` its arguments by name, so that code can act on them; the message is for people.
    """

    def __init__(self, message: str, error: str, arguments: Mapping[str, Any]) -> None:
        super().__init__(message)
        self.error = error
        self.arguments = arguments

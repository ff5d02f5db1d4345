"""A store by its URL or path."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from assay.errors import InputError
from assay.store.base import Store
from assay.store.http import HttpStore
from assay.store.kubo import KuboStore
from assay.store.layered import LayeredStore
from assay.store.local import LocalStore
from assay.urls import public_part

_OURS = {"", "http", "https", "ipfs+http", "ipfs+https", "file", "local"}
"""Not fsspec's."""


def open_store(location: str, cache: Path | None = None) -> Store:
    """The store at a URL, or in the folder of a path.

    `http://` and `https://` are stores like `assay store serve`, `ipfs+http://` is the RPC of a Kubo node, `file://` a
    folder, and any other URL is fsspec's: `s3://bucket/folder` for example.

    What comes over a network is also kept in the folder `cache`, if one is given. Raises `InputError`.
    """
    try:
        parts = urlsplit(location)
    except ValueError as malformed:
        raise InputError(f"the store's URL is malformed: {malformed}") from malformed
    match parts.scheme:
        case "http" | "https" if parts.hostname:
            return _near(HttpStore(location), cache)
        case "ipfs+http" | "ipfs+https" if parts.hostname:
            return _near(KuboStore(location.removeprefix("ipfs+")), cache)
        case "file" if parts.path:
            return LocalStore(Path(unquote(parts.path)))
        case "" if location:
            return LocalStore(Path(location).expanduser())
        case scheme if scheme not in _OURS:
            # Imported here because it takes 0.2 s, and few need it.
            from assay.store.remote import RemoteStore  # noqa: PLC0415

            return _near(RemoteStore(location), cache)
    raise InputError(
        f"{public_part(location)!r} is no store: give an http://, https://, ipfs+http://, s3:// or file:// URL, "
        "another one that fsspec knows, or the path of a folder"
    )


def _near(far: Store, cache: Path | None) -> Store:
    return LayeredStore(LocalStore(cache), far) if cache else far

"""A store by its URL or path."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from assay.errors import InputError
from assay.store.base import Store
from assay.store.http import HttpStore
from assay.store.layered import LayeredStore
from assay.store.local import LocalStore
from assay.urls import public_part


def open_store(location: str, cache: Path | None = None) -> Store:
    """The store at an `http://`, `https://` or `file://` URL, or in the folder of that path.

    What comes over a network is also kept in the folder `cache`, if one is given. Raises `InputError`.
    """
    try:
        parts = urlsplit(location)
    except ValueError as malformed:
        raise InputError(f"the store's URL is malformed: {malformed}") from malformed
    match parts.scheme:
        case "http" | "https" if parts.hostname:
            far = HttpStore(location)
            return LayeredStore(LocalStore(cache), far) if cache else far
        case "file" if parts.path:
            return LocalStore(Path(unquote(parts.path)))
        case "" if location:
            return LocalStore(Path(location).expanduser())
    raise InputError(
        f"{public_part(location)!r} is no store: give an http://, https:// or file:// URL, or the path of a folder"
    )

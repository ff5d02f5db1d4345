"""URLs as they can be shown: many a node or store is reached by one that holds a password or a key."""

from urllib.parse import urlsplit


def public_part(url: str) -> str:
    """Scheme, host and port of a URL; a path as it is."""
    if "://" not in url:
        return url
    try:
        parts = urlsplit(url)
        if parts.scheme == "file":
            return url
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        return f"{parts.scheme}://{host or '?'}" + (f":{parts.port}" if parts.port else "")
    except ValueError:
        return "a malformed URL"

"""What of a URL is shown."""

import pytest

from assay.errors import AssayError
from assay.store.location import open_store
from assay.urls import public_part


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://127.0.0.1:8545", "http://127.0.0.1:8545"),
        ("https://user:key@node.example/v3/key?key=key#key", "https://node.example"),
        ("https://key@[2001:db8::1]:8545/key", "https://[2001:db8::1]:8545"),
        ("http://node.example:key/", "a malformed URL"),
        ("http://[key", "a malformed URL"),
        ("https:///key", "https://?"),
        ("file:///srv/blobs", "file:///srv/blobs"),
        ("/srv/blobs", "/srv/blobs"),
    ],
)
def test_no_key_is_shown(url: str, shown: str) -> None:
    assert public_part(url) == shown


@pytest.mark.enable_socket
@pytest.mark.parametrize("location", ["http://u:s3cret@127.0.0.1:1/s3cret", "ftp://u:s3cret@host/", "http://[s3cret"])
def test_a_store_that_cannot_be_used_is_told_without_its_secrets(location: str) -> None:
    with pytest.raises(AssayError) as raised:
        open_store(location).has("0" * 64)
    assert "s3cret" not in str(raised.value)

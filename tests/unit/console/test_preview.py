"""What output is taken for: by its bytes alone, and never for something that could act."""

import pytest

from assay.console.preview import MAX_TEXT, describe, picture_type


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", "empty"),
        (b"plain\n", "text"),
        ("Grüße, 世界\n".encode(), "text"),
        (b"\x1b[31mred\x1b[0m\n", "text"),
        (b"a\x00b", "binary"),
        (b"\xff\xfe\x00", "binary"),
        (b"caf\xe9", "binary"),
        (b"\x89PNG\r\n\x1a\n....", "picture"),
        (b"\xff\xd8\xff\xe0", "picture"),
        (b"GIF89a", "picture"),
        (b"BM....", "picture"),
        # What could hold a script is text, whatever it says that it is.
        (b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', "text"),
        (b"<!doctype html><script>alert(1)</script>", "text"),
        (b"%PDF-1.7", "text"),
    ],
)
def test_output_is_told_by_its_bytes(data: bytes, kind: str) -> None:
    described = describe(data)
    assert (described["kind"], described["size"]) == (kind, len(data))
    assert (described["text"] is not None) == (kind == "text")
    assert (picture_type(data) is not None) == (kind == "picture")


def test_of_a_long_text_the_beginning_is_shown() -> None:
    described = describe(b"x" * (MAX_TEXT + 1))
    assert (described["text"], described["truncated"]) == ("x" * MAX_TEXT, True)
    assert not describe(b"x" * MAX_TEXT)["truncated"]

"""Signatures in the form that calls bring them."""

import pytest
from eth_account import Account
from eth_account.messages import encode_defunct
from hypothesis import given
from hypothesis import strategies as st

from assay.chain.signing import compact
from assay.errors import InputError

SECP256K1 = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141
words = st.binary(min_size=32, max_size=32)


@given(words, st.integers(0, 2**255 - 1), st.sampled_from([27, 28]))
def test_a_signature_has_the_compact_form_of_eip_2098(r: bytes, s: int, v: int) -> None:
    """yParity, one bit, above the 255 bits of s."""
    signature = r + s.to_bytes(32, "big") + bytes([v])
    assert compact(signature) == (r, ((v - 27) << 255 | s).to_bytes(32, "big"))


def test_the_examples_of_eip_2098() -> None:
    """Its two test cases: the same key signs two texts."""
    key = "0x" + 6 * "1234567890" + "1234"
    texts = ("Hello World", "It's a small(er) world")
    signed = (bytes(Account.sign_message(encode_defunct(text=text), key).signature) for text in texts)
    (r, vs), (other_r, other_vs) = map(compact, signed)
    assert r.hex() == "68a020a209d3d56c46f38cc50a33f704f4a9a10a59377f8dd762ac66910e9b90"
    assert vs.hex() == "7e865ad05c4035ab5792787d4a0297a43617ae897930a6fe4d822b8faea52064"
    assert other_r.hex() == "9328da16089fcba9bececa81663203989f2df5fe1faa6291a45381c81bd17f76"
    assert other_vs.hex() == "939c6d6b623b42da56557e5e734a43dc83345ddfadec52cbe24d0cc64f550793"


@pytest.mark.parametrize(
    "signature",
    [
        b"",
        bytes(64),
        bytes(64) + b"\x00",
        bytes(64) + b"\x1d",
        bytes(66),
        bytes(32) + b"\x80" + bytes(31) + b"\x1b",
        bytes(32) + (SECP256K1 - 1).to_bytes(32, "big") + b"\x1c",
        bytes(64) + b"\x1b" + bytes(36),
    ],
    ids=["nothing", "64 bytes", "v is 0", "v is 29", "66 bytes", "s of 256 bits", "the twin", "one of many"],
)
def test_what_has_no_compact_form_is_refused(signature: bytes) -> None:
    with pytest.raises(InputError, match="EIP-2098"):
        compact(signature)

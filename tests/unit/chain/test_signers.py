"""Keys that are not in a keystore: in the environment, or with a signer that is a process of its own."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from eth_account.signers.local import LocalAccount

from assay.chain.signers import NoSigner, RemoteSigner, key_from
from assay.errors import ChainError, InputError
from tests.support.signer import signer

pytestmark = pytest.mark.enable_socket

KEY = b"\x01" * 32
ACCOUNT: LocalAccount = Account.from_key(KEY)
FIELDS: dict[str, Any] = {
    "type": 2,
    "chainId": 31337,
    "nonce": 5,
    "to": b"\x33" * 20,
    "value": 0,
    "data": b"call",
    "gas": 50_000,
    "maxFeePerGas": 30,
    "maxPriorityFeePerGas": 2,
}

Start = Callable[..., RemoteSigner]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a signer with the key, and options; an account of it."""
    (tmp_path / "key").write_text(KEY.hex())
    with ExitStack() as running:
        yield lambda *options, account=ACCOUNT.address: RemoteSigner(
            running.enter_context(signer(tmp_path / "key", *options)), account, timeout=10
        )


# A signer


@pytest.mark.parametrize(
    "field", ["to", "data", "nonce", "gas", "value", "maxFeePerGas", "maxPriorityFeePerGas", "chainId"]
)
def test_another_transaction_than_was_asked_for_goes_no_further(start: Start, field: str) -> None:
    with pytest.raises(ChainError, match=f"signed another {field} than it was asked to"):
        start("--spoil", field).sign_transaction(FIELDS)


def test_a_transaction_by_another_key_goes_no_further(start: Start) -> None:
    with pytest.raises(ChainError, match="signed for 0x"):
        start("--spoil", "key").sign_transaction(FIELDS)


def test_a_refusal_is_told_with_its_reason(start: Start) -> None:
    with pytest.raises(ChainError, match="request denied"):
        start("--deny").sign_transaction(FIELDS)
    with pytest.raises(ChainError, match="unknown account"):
        start(account="0x" + 40 * "1").sign_transaction(FIELDS)


def test_a_signer_that_is_not_there_is_told_without_its_secrets() -> None:
    with pytest.raises(ChainError, match=r"no signer answers at http://127.0.0.1:1:") as raised:
        RemoteSigner("http://me:s3cret@127.0.0.1:1/s3cret", ACCOUNT.address).sign_transaction(FIELDS)
    assert "s3cret" not in str(raised.value)


def test_what_is_no_url_is_told() -> None:
    with pytest.raises(InputError, match="URL is none"):
        RemoteSigner("http://", ACCOUNT.address).version()


def test_a_signer_signs_what_the_key_would_have_signed(start: Start) -> None:
    remote = start()
    signed, expected = remote.sign_transaction(FIELDS), ACCOUNT.sign_transaction(FIELDS)

    assert signed.raw_transaction == bytes(expected.raw_transaction)
    assert signed.hash == bytes(expected.hash)
    assert remote.version() == "6.1.0"


# Others


@pytest.mark.parametrize("text", ["", "  ", "0x12", "zz" * 32, "00" * 32, "ff" * 32])
def test_what_is_no_key_is_told_and_not_shown(text: str) -> None:
    with pytest.raises(InputError, match="AGENT_KEY") as raised:
        key_from({"AGENT_KEY": text}, "AGENT_KEY")
    assert text.strip() == "" or text not in str(raised.value)


@pytest.mark.parametrize("text", [KEY.hex(), f"0x{KEY.hex()}", f" 0x{KEY.hex()}\n"])
def test_a_key_is_read_from_the_environment(text: str) -> None:
    assert key_from({"AGENT_KEY": text}, "AGENT_KEY").address == ACCOUNT.address


def test_a_dry_run_signs_nothing() -> None:
    with pytest.raises(ChainError, match="dry run"):
        NoSigner(ACCOUNT.address).sign_transaction(FIELDS)

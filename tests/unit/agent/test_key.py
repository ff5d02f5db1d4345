"""Where the agent has its key and its password from."""

from pathlib import Path

import pytest
from eth_account import Account

from assay.chain.keys import create_wallet
from assay.chain.signers import RemoteSigner
from assay.errors import InputError
from provider_agent.agent import account_of, unlock
from provider_agent.settings import WalletSettings

OTHER = "0x" + 40 * "1"
WORK = 2  # scrypt's n: the weakest there is, so that the tests are quick


@pytest.fixture
def keystore(tmp_path: Path) -> Path:
    """A keystore whose name says nothing, beside a file that is none."""
    (tmp_path / "notes.json").write_text("{}")
    return create_wallet(tmp_path, "bob", "pass word", WORK).path.rename(tmp_path / "key")


def settings(keystore: Path, password_file: Path | None = None) -> WalletSettings:
    return WalletSettings.model_validate(
        {"keystore": str(keystore), "password_file": None if password_file is None else str(password_file)}
    )


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ASSAY_PASSWORD", "ASSAY_PASSWORD_FILE"):
        monkeypatch.delenv(name, raising=False)


def test_a_mistyped_path_is_named_and_no_other_file(keystore: Path) -> None:
    with pytest.raises(InputError, match=r"there is no keystore .*kay"):
        account_of(settings(keystore.with_name("kay")))


def test_without_a_password_the_ways_to_give_one_are_told(keystore: Path) -> None:
    with pytest.raises(InputError, match=r"wallet\.password_file, ASSAY_PASSWORD_FILE or ASSAY_PASSWORD"):
        unlock(settings(keystore))


def test_the_password_is_the_first_line_of_the_file_of_the_settings_or_the_environment(
    keystore: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "password"
    file.write_text("pass word\r\nand a remark\n")
    assert unlock(settings(keystore, file)).address == account_of(settings(keystore))
    monkeypatch.setenv("ASSAY_PASSWORD_FILE", str(file))
    assert unlock(settings(keystore)).address


def test_the_password_can_be_in_the_environment(keystore: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_PASSWORD", "pass word")
    assert unlock(settings(keystore)).address


# Others


def test_a_key_in_the_environment_needs_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENT_KEY", "01" * 32)
    chosen = WalletSettings.model_validate({"environment": "AGENT_KEY"})
    assert unlock(chosen).address == account_of(chosen) == Account.from_key(b"\x01" * 32).address


def test_a_key_of_another_account_than_is_meant_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENT_KEY", "01" * 32)
    chosen = WalletSettings.model_validate({"environment": "AGENT_KEY", "account": OTHER})
    with pytest.raises(InputError, match=f"wallet.account is {OTHER}, and the key is that of 0x"):
        unlock(chosen)


def test_a_signers_account_needs_no_key_and_neither_does_a_dry_runs() -> None:
    remote = WalletSettings.model_validate({"signer": "http://127.0.0.1:8550", "account": OTHER})
    dry = WalletSettings.model_validate({"account": OTHER})
    assert isinstance(unlock(remote), RemoteSigner)
    assert unlock(remote).address == account_of(remote) == account_of(dry) == OTHER
    with pytest.raises(InputError, match="there is no key"):
        unlock(dry)

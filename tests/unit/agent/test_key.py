"""Where the agent has its key and its password from."""

from pathlib import Path

import pytest

from assay.chain.keys import create_wallet
from assay.errors import InputError
from provider_agent.agent import unlock, wallet_of
from provider_agent.settings import WalletSettings

WORK = 2  # scrypt's n: the weakest there is, so that the tests are quick


@pytest.fixture
def keystore(tmp_path: Path) -> Path:
    """A keystore whose name says nothing, beside a file that is none."""
    (tmp_path / "notes.json").write_text("{}")
    return create_wallet(tmp_path, "bob", "pass word", WORK).path.rename(tmp_path / "key")


def settings(keystore: Path, password_file: Path | None = None) -> WalletSettings:
    return WalletSettings.model_construct(keystore=keystore, password_file=password_file)


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ASSAY_PASSWORD", "ASSAY_PASSWORD_FILE"):
        monkeypatch.delenv(name, raising=False)


def test_a_mistyped_path_is_named_and_no_other_file(keystore: Path) -> None:
    with pytest.raises(InputError, match=r"there is no keystore .*kay"):
        wallet_of(settings(keystore.with_name("kay")))


def test_without_a_password_the_ways_to_give_one_are_told(keystore: Path) -> None:
    with pytest.raises(InputError, match=r"wallet\.password_file, ASSAY_PASSWORD_FILE or ASSAY_PASSWORD"):
        unlock(settings(keystore))


def test_the_password_is_the_first_line_of_the_file_of_the_settings_or_the_environment(
    keystore: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "password"
    file.write_text("pass word\r\nand a remark\n")
    assert unlock(settings(keystore, file)).address == wallet_of(settings(keystore)).address
    monkeypatch.setenv("ASSAY_PASSWORD_FILE", str(file))
    assert unlock(settings(keystore)).address


def test_the_password_can_be_in_the_environment(keystore: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_PASSWORD", "pass word")
    assert unlock(settings(keystore)).address

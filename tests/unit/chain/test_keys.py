"""Wallets: what cannot be one, and that a key comes back only with its password."""

import json
import stat
from pathlib import Path

import pytest

from assay.chain.keys import create_wallet, find_password, find_wallet, list_wallets, read_wallet, unlock_wallet
from assay.errors import InputError

WORK = 2  # scrypt's n: the weakest there is, so that the tests are quick


@pytest.mark.parametrize("name", ["", ".", "../alice", "a/b", "-alice", "a" * 65, "al ice"])
def test_a_name_that_is_no_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="no name for a wallet"):
        create_wallet(tmp_path, name, "password", WORK)


def test_an_empty_password_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="password is empty"):
        create_wallet(tmp_path, "alice", "", WORK)
    assert list_wallets(tmp_path) == []


def test_a_wallet_is_never_overwritten(tmp_path: Path) -> None:
    first = create_wallet(tmp_path, "alice", "password", WORK)
    with pytest.raises(InputError, match="already"):
        create_wallet(tmp_path, "alice", "password", WORK)
    assert list_wallets(tmp_path) == [first]


def test_a_wrong_password_gives_nothing(tmp_path: Path) -> None:
    wallet = create_wallet(tmp_path, "alice", "password", WORK)
    with pytest.raises(InputError, match="is wrong"):
        unlock_wallet(wallet, "Password")


@pytest.mark.parametrize("damage", ["", "[]", "{}", '{"address": "0x00"}', '{"address": 5}'])
def test_a_file_that_is_no_keystore_is_named(tmp_path: Path, damage: str) -> None:
    wallet = create_wallet(tmp_path, "alice", "password", WORK)
    wallet.path.write_text(damage)
    with pytest.raises(InputError, match="is no keystore"):
        unlock_wallet(wallet, "password")


def test_a_keystore_with_another_key_than_its_address_is_refused(tmp_path: Path) -> None:
    wallet = create_wallet(tmp_path, "alice", "password", WORK)
    keystore = json.loads(wallet.path.read_text())
    keystore["address"] = 40 * "1"
    wallet.path.write_text(json.dumps(keystore))
    with pytest.raises(InputError, match="damaged"):
        unlock_wallet(find_wallet(tmp_path, "alice"), "password")


def test_an_unknown_wallet_is_named_beside_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is none"):
        find_wallet(tmp_path, "bob")
    create_wallet(tmp_path, "alice", "password", WORK)
    with pytest.raises(InputError, match="there are alice"):
        find_wallet(tmp_path, "bob")


def test_a_mistyped_name_is_not_blamed_on_another_file(tmp_path: Path) -> None:
    (tmp_path / "notes.json").write_text("{}")
    with pytest.raises(InputError, match="no wallet 'bob'"):
        find_wallet(tmp_path, "bob")


def test_a_folder_that_cannot_hold_a_wallet_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be kept in"):
        create_wallet(tmp_path / "file" / "wallets", "alice", "password", WORK)


def test_a_keystore_is_read_from_its_very_path(tmp_path: Path) -> None:
    wallet = create_wallet(tmp_path, "alice", "password", WORK)
    plain = wallet.path.rename(tmp_path / "UTC--2026-01-31T12-00-00Z--alice")
    assert read_wallet(plain).address == wallet.address
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(InputError, match=r"there is no keystore .*alise\.json"):
        read_wallet(tmp_path / "alise.json")


@pytest.mark.parametrize("content", [b"pass word", b"pass word\n", b"pass word\r\n", b"pass word\nsecond line\n"])
def test_a_password_is_the_first_line_of_its_file(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "password"
    file.write_bytes(content)
    assert find_password(file, {"ASSAY_PASSWORD": "another"}) == "pass word"


def test_without_a_file_the_password_is_that_of_the_environment() -> None:
    assert find_password(None, {"ASSAY_PASSWORD": "pass word"}) == "pass word"
    assert find_password(None, {"ASSAY_PASSWORD": ""}) is None


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_password_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "password"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(InputError, match=r"there is no password file" if content is None else "cannot be read"):
        find_password(file, {"ASSAY_PASSWORD": "another"})


def test_a_wallet_is_found_by_name_and_address_and_signs_after_unlocking(tmp_path: Path) -> None:
    wallet = create_wallet(tmp_path, "alice", "password", WORK)
    assert find_wallet(tmp_path, "alice") == find_wallet(tmp_path, wallet.address) == wallet
    assert unlock_wallet(wallet, "password").address == wallet.address


def test_only_the_owner_can_read_the_file_and_the_key_is_not_in_it(tmp_path: Path) -> None:
    wallet = create_wallet(tmp_path / "new", "alice", "password", WORK)
    assert stat.S_IMODE(wallet.path.stat().st_mode) == 0o600
    assert unlock_wallet(wallet, "password").key.hex() not in wallet.path.read_text()

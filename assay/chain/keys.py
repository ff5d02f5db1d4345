"""Wallets: private keys in encrypted keystore files (Web3 Secret Storage, version 3), one a file `<name>.json`."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from eth_account import Account
from eth_account.signers.local import LocalAccount

from assay.chain.records import parse_address
from assay.errors import InputError

SCRYPT_WORK = 2**17
"""scrypt's n: unlocking takes some tenths of a second, and guessing a password as long for each try."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


@dataclass(frozen=True)
class Wallet:
    """A keystore file. Its address is public; its key needs the password."""

    name: str
    address: str
    path: Path


def create_wallet(folder: Path, name: str, password: str, work: int = SCRYPT_WORK) -> Wallet:
    """Make a new key and keep it encrypted. Raises `InputError` if the name is taken or unusable."""
    if not _NAME.fullmatch(name):
        raise InputError(f"{name!r} is no name for a wallet: use letters, digits, - and _, 64 at most")
    if not password:
        raise InputError("the password is empty: a wallet without one would be open to whoever finds its file")
    account: LocalAccount = Account.create()
    keystore = Account.encrypt(account.key, password, kdf="scrypt", iterations=work)
    path = folder / f"{name}.json"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Only the owner can read it, from the first byte on; a wallet that is there is never overwritten.
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as taken:
        raise InputError(f"there is a wallet {name!r} already, in {path}: choose another name") from taken
    except OSError as fault:
        raise InputError(f"the wallet cannot be kept in {folder}: {fault.strerror}") from fault
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(keystore, file)
    return Wallet(name, str(account.address), path)


def list_wallets(folder: Path) -> list[Wallet]:
    """The wallets in a folder, by name. Raises `InputError` for a file that is no keystore."""
    return [read_wallet(path) for path in sorted(folder.glob("*.json"))]


def find_wallet(folder: Path, name: str) -> Wallet:
    """The wallet of this name or address. Raises `InputError` if there is none."""
    if _NAME.fullmatch(name) and (folder / f"{name}.json").is_file():
        return read_wallet(folder / f"{name}.json")
    # Only an address is looked for inside the files: for a mistyped name, none of them is to blame.
    for wallet in list_wallets(folder) if name.startswith("0x") else ():
        if name.lower() == wallet.address.lower():
            return wallet
    names = ", ".join(sorted(path.stem for path in folder.glob("*.json")))
    known = f"there are {names}" if names else "there is none"
    raise InputError(f"there is no wallet {name!r} in {folder}; {known}; make one with `assay wallet new NAME`")


def read_wallet(path: Path) -> Wallet:
    """The wallet in this very file, whatever it is called. Raises `InputError` if it is no keystore."""
    return _read_keystore(path)[0]


def find_password(file: Path | None, environ: Mapping[str, str]) -> str | None:
    """The password in the first line of `file`; without one, that of ASSAY_PASSWORD, if it is set.

    Raises `InputError` if the file cannot be read.
    """
    if file is None:
        return environ.get("ASSAY_PASSWORD") or None
    try:
        return file.read_text(encoding="utf-8").partition("\n")[0].removesuffix("\r")
    except FileNotFoundError as missing:
        raise InputError(f"there is no password file {file}: write the password into it, or name another") from missing
    except (OSError, ValueError) as fault:
        raise InputError(f"the password file {file} cannot be read: {fault}") from fault


def unlock_wallet(wallet: Wallet, password: str) -> LocalAccount:
    """The account that signs for a wallet. Raises `InputError` if the password is wrong."""
    keystore = _read_keystore(wallet.path)[1]
    try:
        account: LocalAccount = Account.from_key(Account.decrypt(keystore, password))
    except (ValueError, KeyError, TypeError) as wrong:
        if "MAC mismatch" in str(wrong):
            raise InputError(f"the password of wallet {wallet.name!r} is wrong") from None
        raise InputError(f"the keystore {wallet.path} is damaged") from None
    if account.address != wallet.address:
        raise InputError(f"the keystore {wallet.path} is damaged: it says {wallet.address}, and holds another key")
    return account


def _read_keystore(path: Path) -> tuple[Wallet, dict[str, object]]:
    try:
        keystore = json.loads(path.read_text(encoding="utf-8"))
        # Keystores give the address without its prefix, and not always as one would expect its letters.
        address = parse_address("0x" + str(keystore["address"]).lower().removeprefix("0x"))
        return Wallet(path.stem, address, path), keystore
    except FileNotFoundError as missing:
        raise InputError(f"there is no keystore {path}: `assay wallet new NAME` makes one") from missing
    except (OSError, ValueError, KeyError, TypeError, InputError) as fault:
        raise InputError(f"{path} is no keystore: {fault}") from fault

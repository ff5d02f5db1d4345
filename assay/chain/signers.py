"""Who signs for an account when no keystore does: a key from the environment, or a program that keeps it to itself.

The program speaks clef's protocol: JSON-RPC over HTTP, method `account_signTransaction`. It has the key, but is not
trusted with what it signs: another transaction than the one that was asked for goes no further. Whatever keeps it from
signing is a `ChainError`, also that it does not answer: nothing was signed, and others of an agent's duties go on.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests
from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_account.typed_transactions.typed_transaction import TypedTransaction
from eth_utils.address import to_checksum_address
from hexbytes import HexBytes

from assay.chain.sender import SignedTransaction
from assay.errors import ChainError, InputError
from assay.keccak import keccak256
from assay.urls import public_part

APPROVAL_TIMEOUT = 60.0
"""Seconds that a signer has, in which a person may have to say yes."""

_CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
"""Of secp256k1: all keys are below it (SEC 2, section 2.4.1)."""

_QUANTITIES = ("nonce", "value", "gas", "maxFeePerGas", "maxPriorityFeePerGas", "chainId")


def key_from(environ: Mapping[str, str], name: str) -> LocalAccount:
    """The account whose key, in hexadecimal, is the variable `name`.

    Raises `InputError`, whose message has nothing of the key.
    """
    text = environ.get(name, "").strip()
    if not text:
        raise InputError(f"the environment variable {name}, which is to have the key, is not set")
    if not re.fullmatch("(0x)?[0-9a-fA-F]{64}", text):
        raise InputError(f"the environment variable {name} has no key: one is 64 hexadecimal digits")
    if not 0 < int(text, 16) < _CURVE_ORDER:
        raise InputError(f"the environment variable {name} has a number that is no key")
    account: LocalAccount = Account.from_key(bytes.fromhex(text.removeprefix("0x")))
    return account


@dataclass(frozen=True)
class Signed:
    """A signed transaction, as nodes take it."""

    hash: bytes
    raw_transaction: bytes


class RemoteSigner:
    """An account of a signer at a URL."""

    def __init__(self, url: str, address: str, timeout: float = APPROVAL_TIMEOUT) -> None:
        self.address = address
        self.place = public_part(url)
        self._url = url
        self._timeout = timeout
        self._session = requests.Session()

    def version(self) -> str:
        """The version of the protocol that it speaks. Raises `ChainError`."""
        return str(self._ask("account_version"))

    def sign_transaction(self, transaction_dict: dict[str, Any], /) -> SignedTransaction:
        """Have these very fields signed (`Signer`). Raises `ChainError` if they are not."""
        fields = {name: hex(transaction_dict[name]) for name in _QUANTITIES}
        to, data = bytes(transaction_dict["to"]), bytes(transaction_dict["data"])
        asked = {**fields, "from": self.address, "to": to_checksum_address(to), "data": f"0x{data.hex()}"}
        answer = self._ask("account_signTransaction", asked)
        raw = answer.get("raw") if isinstance(answer, dict) else None
        if not isinstance(raw, str) or not re.fullmatch("0x([0-9a-fA-F]{2})+", raw):
            raise ChainError(f"the signer at {self.place} gave no signed transaction")
        return self._checked(bytes.fromhex(raw[2:]), transaction_dict)

    def _checked(self, raw: bytes, wanted: dict[str, Any]) -> Signed:
        """What was signed, if it is what was asked for, and by the right key."""
        try:
            has = TypedTransaction.from_bytes(HexBytes(raw)).as_dict()
            signer = str(Account.recover_transaction(raw))
        # Whatever else than a transaction it sent.
        except Exception as fault:
            raise ChainError(f"the signer at {self.place} gave no transaction ({type(fault).__name__})") from fault
        different = [name for name in wanted if has.get(name) != wanted[name]]
        if has.get("accessList"):
            different.append("accessList")
        if different:
            raise ChainError(f"the signer at {self.place} signed another {different[0]} than it was asked to: not sent")
        if signer != self.address:
            raise ChainError(f"the signer at {self.place} signed for {signer}, not for {self.address}: not sent")
        return Signed(keccak256(raw), raw)

    def _ask(self, method: str, *params: Any) -> Any:
        request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        try:
            response = self._session.post(self._url, json=request, timeout=self._timeout, allow_redirects=False)
            answer = response.json()
        except requests.exceptions.InvalidURL as fault:
            raise InputError("the signer's URL is none: write it like http://127.0.0.1:8550") from fault
        except requests.Timeout as fault:
            raise ChainError(f"the signer at {self.place} did not answer in time: did nobody approve?") from fault
        except (requests.RequestException, ValueError) as fault:
            raise ChainError(f"no signer answers at {self.place}: is it running, and is the URL right?") from fault
        if isinstance(answer, dict) and isinstance(error := answer.get("error"), dict):
            raise ChainError(f"the signer at {self.place} refuses: {error.get('message')}")
        if not isinstance(answer, dict) or "result" not in answer:
            raise ChainError(f"the signer at {self.place} gave no usable answer (HTTP {response.status_code})")
        return answer["result"]


class NoSigner:
    """An account without its key: for a dry run."""

    def __init__(self, address: str) -> None:
        self.address = address

    def sign_transaction(self, transaction_dict: dict[str, Any], /) -> SignedTransaction:
        """Raises `ChainError`: nothing is signed."""
        raise ChainError(f"transaction {transaction_dict['nonce']} is not signed: a dry run has no key")

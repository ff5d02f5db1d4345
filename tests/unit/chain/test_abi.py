"""The committed ABIs are those of the contracts, and every error in them is explained."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from eth_abi.abi import encode

from assay.chain.codec import load_abi
from assay.chain.refusals import EXPLANATIONS, contract_error, explain
from assay.errors import IntegrityError

CHECKOUT = Path(__file__).resolve().parents[3]
CONTRACTS = ("market", "game", "referee", "token", "courier")

# Errors of libraries for what our contracts never do, or a caller never sees.
UNEXPLAINED = {
    *("AddressEmptyCode", "FailedCall", "InvalidAccountNonce", "InvalidShortString", "StringTooLong"),
    *("ECDSAInvalidSignature", "ECDSAInvalidSignatureLength", "ECDSAInvalidSignatureS"),
    *("ERC20InvalidApprover", "ERC20InvalidReceiver", "ERC20InvalidSender", "ERC20InvalidSpender"),
}


def samples(types: list[str]) -> list[Any]:
    values = {"address": "0x" + 40 * "1", "bytes32": b"\x07" * 32, "string": "text"}
    return [values.get(kind, 1) for kind in types]


def test_the_committed_abis_are_current() -> None:
    check = subprocess.run(
        [sys.executable, "tools/export_abi.py", "--check"], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    assert check.returncode == 0, check.stdout + check.stderr


@pytest.mark.parametrize("contract", CONTRACTS)
def test_every_error_is_explained_with_arguments_that_it_has(contract: str) -> None:
    for entry in load_abi(contract).errors.values():
        if entry.name not in UNEXPLAINED:
            assert entry.name in EXPLANATIONS
            arguments = dict(zip([item["name"] for item in entry.inputs], samples(entry.types), strict=True))
            assert f"({entry.name})" in explain(entry.name, arguments)


def test_a_custom_error_is_read_with_its_arguments() -> None:
    entry = next(entry for entry in load_abi("market").errors.values() if entry.name == "BalanceTooLow")
    arguments = ("0x70997970C51812dc3A010C7d01b50e0d17dc79C8", 15 * 10**17, 2 * 10**18)
    data = "0x" + (entry.signature_hash[:4] + encode(entry.types, arguments)).hex()
    error = contract_error(data, None)
    assert error.error == "BalanceTooLow"
    assert error.arguments == {"account": arguments[0], "available": arguments[1], "needed": arguments[2]}
    assert "1.5 tokens free" in str(error)
    assert "2 are needed: deposit more" in str(error)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ("0x08c379a0" + encode(["string"], ["said so"]).hex(), "said so"),
        ("0x4e487b71" + encode(["uint256"], [0x11]).hex(), "code 0x11"),
        ("0xdeadbeef", "0xdeadbeef"),
        (None, "the node's message"),
        ({}, "the node's message"),
        ("0x08c379a0ff", "error 0xff"),
    ],
)
def test_whatever_a_contract_reverts_with_becomes_a_sentence(data: object, told: str) -> None:
    assert told in str(contract_error(data, "the node's message"))


def test_an_answer_that_does_not_fit_the_abi_is_refused() -> None:
    account_of = load_abi("market").functions["accountOf"]
    for answer in (b"", bytes(31), b"\xff" * 64):
        with pytest.raises(IntegrityError, match="accountOf"):
            account_of.decode_result(answer)


def test_a_log_with_the_wrong_number_of_topics_is_refused() -> None:
    event = next(entry for entry in load_abi("market").events.values() if entry.name == "Staked")
    with pytest.raises(IntegrityError, match="topics"):
        event.decode_log([event.signature_hash], bytes(64))

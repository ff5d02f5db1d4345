"""The contracts as forge builds them, for tests that deploy them to a node of their own."""

import json
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from typing import Any

from eth_typing import ChecksumAddress
from web3 import Web3

from tests.support.anvil import CHECKOUT


@dataclass(frozen=True)
class Contract:
    """A contract as compiled."""

    abi: list[dict[str, Any]]
    bytecode: str


@cache
def built(source: str) -> Contract:
    """The contract of the same name in `source`, a path in the checkout. Built if it is not up to date.

    Raises `RuntimeError` with the compiler's words if it does not compile.
    """
    forge = shutil.which("forge") or shutil.which("forge", path=str(CHECKOUT / "node_modules" / ".bin"))
    if forge is None:
        raise RuntimeError("forge is not installed: run `make setup`.")
    build = subprocess.run([forge, "build", source], cwd=CHECKOUT, capture_output=True, text=True, check=False)
    if build.returncode != 0:
        raise RuntimeError(f"{source} does not compile:\n{build.stdout}{build.stderr}")

    file = source.rsplit("/", 1)[-1]
    artifact = json.loads((CHECKOUT / "build/forge" / file / f"{file.removesuffix('.sol')}.json").read_text())
    return Contract(artifact["abi"], artifact["bytecode"]["object"])


def deploy(node: Web3, contract: Contract, *arguments: object) -> ChecksumAddress:
    """Deploy from the node's first account, and return the contract's address."""
    factory = node.eth.contract(abi=contract.abi, bytecode=contract.bytecode)
    transaction = factory.constructor(*arguments).transact({"from": node.eth.accounts[0]})
    address = node.eth.wait_for_transaction_receipt(transaction)["contractAddress"]
    assert address is not None
    return address

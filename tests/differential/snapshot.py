"""Gas of single steps, measured and kept in a file: what `gas.py` and `tensor_gas.py` share."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import cast

from eth_typing import HexStr
from web3 import Web3

from tests.differential.referee import Referee
from tests.support.anvil import anvil


def transact(node: Web3, referee: Referee, call: str) -> int:
    """The gas of a transaction that calls the referee."""
    sender = node.eth.accounts[0]
    sent = node.eth.send_transaction({"from": sender, "to": referee.address, "data": HexStr(call), "gas": 1_000_000})
    receipt = node.eth.wait_for_transaction_receipt(sent)
    assert receipt["status"] == 1
    return receipt["gasUsed"]


def read_snapshot(path: Path) -> dict[str, int]:
    """What was recorded."""
    return cast(dict[str, int], json.loads(path.read_text()))


def record_snapshot(path: Path, measure: Callable[[str], dict[str, int]]) -> None:
    """Measure on a fresh chain, by its URL, and record that."""
    with anvil("--hardfork", "prague") as url:
        gas = measure(url)
    width = max(map(len, gas)) + 2
    for name, used in gas.items():
        print(f"{name:<{width}}{used:>8,}")
    path.write_text(json.dumps(gas, indent=2) + "\n")

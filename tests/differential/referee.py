"""The referee on a local node, many steps to a request."""

import json
from collections.abc import Sequence

import requests
from eth_abi.abi import encode
from eth_utils.crypto import keccak
from web3 import Web3

from tests.support.contracts import built, deploy

SOURCE = "contracts/referees/RiscvReferee.sol"
STEP = keccak(text="step(bytes32,bytes)")[:4]
WRONG_WITNESS = "0x" + keccak(text="WrongWitness()")[:4].hex()

Verdict = bytes | str
"""The poststate, or why there is none."""
REFUSED = "the witness is refused"

REQUEST = 200
"""Steps to a request: anvil takes 2 MB."""
TIMEOUT = 120.0  # seconds


class Referee:
    """The referee in `source`, deployed to the node at `url`. A call may use `gas`."""

    def __init__(self, url: str, gas: int = 30_000_000, source: str = SOURCE) -> None:
        self._url = url
        self._gas = hex(gas)
        self._session = requests.Session()
        self.address = deploy(Web3(Web3.HTTPProvider(url)), built(source))

    def step_all(self, steps: Sequence[tuple[bytes, bytes]]) -> list[Verdict]:
        """The verdict for each prestate and witness."""
        return self.call_all([step_call(*step) for step in steps])

    def call_all(self, calls: Sequence[str]) -> list[Verdict]:
        """The verdict for each `step_call`."""
        batches = (calls[start : start + REQUEST] for start in range(0, len(calls), REQUEST))
        return [_verdict(answer) for batch in batches for answer in self._call(batch)]

    def _call(self, data: Sequence[str]) -> list[dict[str, object]]:
        calls = [
            {
                "jsonrpc": "2.0",
                "id": number,
                "method": "eth_call",
                "params": [{"to": self.address, "data": call, "gas": self._gas}, "latest"],
            }
            for number, call in enumerate(data)
        ]
        body, headers = json.dumps(calls), {"Content-Type": "application/json"}
        answers = self._session.post(self._url, data=body, headers=headers, timeout=TIMEOUT).json()
        assert [answer["id"] for answer in answers] == list(range(len(data)))
        return list(answers)


def step_call(prestate: bytes, witness: bytes) -> str:
    """The calldata of `step`."""
    return "0x" + (STEP + encode(["bytes32", "bytes"], [prestate, witness])).hex()


def _verdict(answer: dict[str, object]) -> Verdict:
    result = answer.get("result")
    if isinstance(result, str):
        return bytes.fromhex(result[2:])
    error = answer["error"]
    assert isinstance(error, dict)
    return REFUSED if error.get("data") == WRONG_WITNESS else str(error)

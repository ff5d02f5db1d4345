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
TIMEOUT = 120.0  # seconds


class Referee:
    """A `RiscvReferee`, deployed to the node at `url`."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session = requests.Session()
        self.address = deploy(Web3(Web3.HTTPProvider(url)), built(SOURCE))

    def step_all(self, steps: Sequence[tuple[bytes, bytes]]) -> list[bytes | None]:
        """The poststate for each prestate and witness; None where the witness is refused.

        Raises `AssertionError` for an answer that is neither.
        """
        calls = [
            {
                "jsonrpc": "2.0",
                "id": number,
                "method": "eth_call",
                "params": [{"to": self.address, "data": step_call(*step)}, "latest"],
            }
            for number, step in enumerate(steps)
        ]
        answer = self._session.post(
            self._url, data=json.dumps(calls), headers={"Content-Type": "application/json"}, timeout=TIMEOUT
        )
        verdicts = sorted(answer.json(), key=lambda verdict: verdict["id"])
        assert len(verdicts) == len(steps)
        return [_verdict(verdict) for verdict in verdicts]

    def step(self, prestate: bytes, witness: bytes) -> bytes | None:
        """The poststate; None if the witness is refused."""
        return self.step_all([(prestate, witness)])[0]


def step_call(prestate: bytes, witness: bytes) -> str:
    """The calldata of `step`."""
    return "0x" + (STEP + encode(["bytes32", "bytes"], [prestate, witness])).hex()


def _verdict(answer: dict[str, object]) -> bytes | None:
    result = answer.get("result")
    if isinstance(result, str):
        poststate = bytes.fromhex(result[2:])
        assert len(poststate) == 32
        return poststate
    error = answer["error"]
    assert isinstance(error, dict)
    assert error.get("data") == WRONG_WITNESS, f"the referee reverts, but not for a wrong witness: {error}"
    return None

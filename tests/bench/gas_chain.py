"""A local chain with a market on it, for measuring what transactions cost."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from eth_account import Account
from eth_account.messages import SignableMessage
from eth_account.signers.local import LocalAccount
from web3 import Web3

from assay.anvil import anvil
from assay.chain.contracts.game import Game
from assay.chain.contracts.market import Market
from assay.chain.node import Call, Node
from assay.chain.records import ZERO_ADDRESS
from assay.chain.signing import Domain
from assay.keccak import keccak256
from tests.support.contracts import built, deploy

TOKEN = 10**18
START = 0x7A1B2C3D
"""In 2034: the times of a run are always the same, so their zero bytes are."""
FUNDS = 1_000 * TOKEN


@dataclass(frozen=True)
class Cost:
    """What one transaction cost."""

    gas: int
    """All of it: the base, calldata by EIP-7623, refunds."""
    new_words: int
    """Storage words that were zero before and are not now."""


class GasChain:
    """A chain, the contracts, and parties with money whose keys are always the same."""

    def __init__(self, url: str) -> None:
        self.url = url
        web3 = Web3(Web3.HTTPProvider(url))
        self.request("anvil_autoImpersonateAccount", True)
        self.at(START)
        rich = web3.eth.accounts[0]
        token = deploy(web3, built("contracts/token/AssayToken.sol"))
        game = deploy(web3, built("contracts/dispute/DisputeGame.sol"), 3_600, 60)
        parameters = (token, game, TOKEN, TOKEN, 2_000, 600, 0, ZERO_ADDRESS)
        market = deploy(web3, built("contracts/market/JobMarket.sol"), parameters)
        self.referee = deploy(web3, built("contracts/referees/CounterReferee.sol"))
        node = Node(url)
        self.market, self.game = Market(node, market), Game(node, game)
        self.domain = Domain(web3.eth.chain_id, market)
        self._keys: dict[str, LocalAccount] = {}
        erc20 = web3.eth.contract(address=token, abi=built("contracts/token/AssayToken.sol").abi)
        erc20.functions.approve(market, 2**256 - 1).transact({"from": rich})
        self.requester, self.provider, self.verifier, self.stranger = (
            self._join(name, rich) for name in ("requester", "provider", "verifier", "stranger")
        )

    def _join(self, name: str, rich: str) -> str:
        account: LocalAccount = Account.from_key(keccak256(name.encode()))
        address = str(account.address)
        self._keys[address] = account
        self.request("anvil_setBalance", address, hex(10**21))
        self.send(rich, self.market.deposit(address, FUNDS))
        self.send(address, self.market.stake(FUNDS // 2))
        return address

    def sign(self, signer: str, message: SignableMessage) -> bytes:
        """The signature of one of the parties."""
        return bytes(self._keys[signer].sign_message(message).signature)

    def request(self, method: str, *parameters: Any) -> Any:
        """A request to the node."""
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(parameters)}
        answer = requests.post(self.url, json=body, timeout=60).json()
        assert "error" not in answer, answer
        return answer["result"]

    @property
    def now(self) -> int:
        """The time of the last block."""
        return int(self.request("eth_getBlockByNumber", "latest", False)["timestamp"], 16)

    def at(self, time: int) -> None:
        """The next transaction happens then."""
        self.request("evm_setNextBlockTimestamp", time)

    def send(self, sender: str, call: Call) -> Cost:
        """Have `sender` make a call. Fails if it reverts."""
        transaction = {"from": sender, "to": call.to, "data": "0x" + call.data.hex(), "gas": hex(16_000_000)}
        sent = self.request("eth_sendTransaction", transaction)
        while (receipt := self.request("eth_getTransactionReceipt", sent)) is None:
            time.sleep(0.01)
        assert int(receipt["status"], 16) == 1, f"{call.purpose} was refused"
        return Cost(int(receipt["gasUsed"], 16), self._new_words(sent))

    def _new_words(self, transaction: str) -> int:
        tracer = {"tracer": "prestateTracer", "tracerConfig": {"diffMode": True}}
        changes = self.request("debug_traceTransaction", transaction, tracer)
        created = 0
        for address, after in changes["post"].items():
            before = changes["pre"].get(address, {}).get("storage", {})
            created += sum(1 for key in after.get("storage", {}) if int(before.get(key, "0x0"), 16) == 0)
        return created


@contextmanager
def gas_chain(folder: Path) -> Iterator[GasChain]:
    """A fresh chain as long as the `with` block lasts; its log is in `folder`."""
    with anvil(folder / "anvil.log") as running:
        yield GasChain(running.url)

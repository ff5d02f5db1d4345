"""A market on a local node, deployed for one test run, and parties with wallets, stakes and jobs."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_keyfile import create_keyfile_json
from web3 import Web3

from assay.chain.connection import Chain, chain_at
from assay.chain.deployments import Deployment, code_hash, save_deployment
from assay.chain.node import Call, Node
from assay.chain.records import ZERO_ADDRESS, JobId, Terms
from assay.chain.sender import Sender
from assay.documents import JobSpec, write_document
from assay.machines import merkle
from assay.machines.registry import machine_named
from assay.store.local import LocalStore
from tests.support.contracts import built, deploy

TOKEN = 10**18
CHALLENGER_BOND = 5 * TOKEN
ALLOWANCE = 600
"""Each side's time bank in a dispute, seconds of chain time."""

MINIMUM_REPLY = 120
CHALLENGE_PERIOD = 3600
"""Seconds of chain time; so long are the other periods, too. Tests skip it when nothing is left to wait for."""
PASSWORD = "a password for tests"


@dataclass(frozen=True)
class Party:
    """Somebody with a key, tokens and coins."""

    account: LocalAccount
    sender: Sender

    @property
    def address(self) -> str:
        return str(self.account.address)

    def write_wallet(self, folder: Path, name: str) -> Path:
        """The party's key as a keystore file, encrypted quickly."""
        path = folder / f"{name}.json"
        keystore = create_keyfile_json(bytes(self.account.key), PASSWORD.encode(), kdf="scrypt", iterations=2)
        path.write_text(json.dumps(keystore))
        (folder / "password").write_text(PASSWORD)
        return path


class LocalMarket:
    """A market that a test has to itself."""

    def __init__(self, url: str, folder: Path) -> None:
        """Deploy everything to the node at `url`; the deployment file and the store are under `folder`."""
        self.url = url
        self.folder = folder
        self.store = LocalStore(folder / "blobs")
        self._web3 = Web3(Web3.HTTPProvider(url))
        start_block = self._web3.eth.block_number
        token = self._deploy("token/AssayToken.sol")
        game = self._deploy("dispute/DisputeGame.sol", ALLOWANCE, MINIMUM_REPLY)
        parameters = (token, game, CHALLENGER_BOND, TOKEN, 5_000, CHALLENGE_PERIOD, 0, ZERO_ADDRESS)
        market = self._deploy("market/JobMarket.sol", parameters)
        referees = {
            "counter": self._deploy("referees/CounterReferee.sol"),
            "riscv": self._deploy("referees/RiscvReferee.sol"),
            "tensor": self._deploy("referees/TensorReferee.sol"),
        }
        node = Node(url)
        directory = self._deploy("market/Directory.sol", token, 100 * TOKEN, CHALLENGE_PERIOD)
        access_lists = self._deploy("market/AccessLists.sol")
        courier = self._deploy("courier/Courier.sol", market, referees["riscv"])
        addresses = [token, game, market, directory, access_lists, courier, *referees.values()]
        deployment = Deployment(
            chain_id=self._web3.eth.chain_id,
            start_block=start_block,
            market=market,
            game=game,
            token=token,
            directory=directory,
            access_lists=access_lists,
            courier=courier,
            referees=referees,
            code_hashes={address: code_hash(node, address) for address in addresses},
        )
        self.deployment_file = folder / "deployment.json"
        save_deployment(deployment, self.deployment_file)
        self.chain: Chain = chain_at(node, deployment)

    def _deploy(self, source: str, *arguments: object) -> str:
        return str(deploy(self._web3, built(f"contracts/{source}"), *arguments))

    def join(self, stake: int = 0, free: int = 0) -> Party:
        """A new party with coins, tokens, and so much in the market."""
        account: LocalAccount = Account.create()
        self.request("anvil_setBalance", account.address, hex(100 * 10**18))
        party = Party(account, Sender(self.chain.node, account, self.chain.deployment.chain_id))
        rich = self._web3.eth.accounts[0]
        transfer = self.chain.token.transfer(str(account.address), stake + free)
        sent = self._web3.eth.send_transaction({"from": rich, "to": transfer.to, "data": "0x" + transfer.data.hex()})
        self._web3.eth.wait_for_transaction_receipt(sent, poll_latency=0.05)
        market = self.chain.market
        if stake + free:
            self.call(party, self.chain.token.approve(market.address, stake + free))
            calls = [market.deposit(party.address, stake + free)]
            self.call(party, market.multicall([*calls, market.stake(stake)] if stake else calls))
        return party

    def call(self, party: Party, call: Call) -> None:
        """Have `party` make a call, and wait for it."""
        number = self.chain.node.next_nonce(party.address)
        party.sender.execute(call, f"{number}: {call.purpose}")

    def terms(
        self,
        tasks: Sequence[Mapping[str, Any]],
        *,
        machine: str = "counter",
        program: bytes | None = None,
        rounds: int = 2,
        price: int = 1,
    ) -> Terms:
        """The terms of a job that pays `price` tokens, and whose documents are put into the store."""
        program_id = None if program is None else self.store.put(program)
        spec = JobSpec(assay="job/1", machine=machine, program=program_id, tasks=[dict(task) for task in tasks])
        traces = [machine_named(machine).load(program_id, task, 16**rounds, self.store.get) for task in tasks]
        return Terms(
            referee=self.chain.deployment.referees[machine],
            task_root=merkle.root([trace.state_root(0) for trace in traces]),
            task_count=len(tasks),
            rounds=rounds,
            price=price * TOKEN,
            bond=10 * TOKEN,
            accept_period=CHALLENGE_PERIOD,
            run_period=CHALLENGE_PERIOD,
            challenge_period=CHALLENGE_PERIOD,
            spec_id=bytes.fromhex(self.store.put(write_document(spec))),
        )

    def post(self, requester: Party, tasks: Sequence[Mapping[str, Any]], *, slot: int = 0, **terms: Any) -> JobId:
        """Post a job; `terms` are those of `terms`."""
        generation = self.chain.market.next_generation(requester.address, slot)
        self.call(requester, self.chain.market.post(slot, self.terms(tasks, **terms)))
        return JobId(requester.address, slot, generation)

    def request(self, method: str, *parameters: Any) -> Any:
        """A request to the node, for what only a node for tests can do."""
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(parameters)}
        answer = requests.post(self.url, json=body, timeout=20).json()
        assert "error" not in answer, answer
        return answer["result"]

    def skip_time(self, seconds: int) -> None:
        """Have the chain's time jump."""
        self.request("evm_increaseTime", seconds)
        self.request("evm_mine")

    def total(self) -> int:
        """All tokens that the market holds."""
        return self.chain.token.balance_of(self.chain.market.address)

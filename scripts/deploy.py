"""Deploy a market: token, dispute game, market, and a referee for each machine.

    brownie run deploy --network NETWORK
    brownie run deploy main parameters.toml --network NETWORK

The second form takes what it names from a file instead of the defaults of `Parameters`. The deployment is written where
`assay` reads it (ASSAY_DEPLOYMENT, or deployment.json in ASSAY_HOME). ASSAY_WALLET pays for it; without a wallet, on a
local node, the node's first account does.
"""

import tomllib
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from brownie import AssayToken, CounterReferee, DisputeGame, JobMarket, RiscvReferee, network, web3

from assay.amounts import parse_tokens
from assay.chain.deployments import Deployment, code_hash, save_deployment
from assay.chain.records import parse_address
from assay.errors import InputError
from scripts.support import node, settings, sign_with_wallet

TOKEN = 10**18


@dataclass(frozen=True)
class Parameters:
    """What a market is deployed with. The defaults are for a local network, with short periods: waiting is dull.

    In a parameters file, amounts are tokens as text ("12.5") and lists are lists.
    """

    token: str | None = None
    """An ERC-20 that exists; without one, an AssayToken is deployed, all of it the deployer's."""
    challenger_bond: int = 10 * TOKEN
    minimum_bond: int = 10 * TOKEN
    burn_share: int = 5_000
    """Of a slashed bond, in 1/10,000."""
    minimum_challenge_period: int = 5
    """Seconds."""
    allowance: int = 120
    """Each side's time bank in a dispute, seconds."""
    minimum_reply: int = 10
    """The least time for each turn, seconds."""
    fund: tuple[str, ...] = ()
    """Addresses that get tokens and coins from the deployer."""
    fund_tokens: int = 10_000 * TOKEN
    fund_coins: int = 10**19
    """Wei."""


def main(parameters_file: str = "") -> None:
    """Deploy everything and write the deployment file."""
    parameters = read_parameters(Path(parameters_file)) if parameters_file else Parameters()
    chosen = settings()
    deployer = sign_with_wallet(chosen)
    sender = {"from": deployer}
    start_block = web3.eth.block_number

    token = AssayToken.at(parameters.token) if parameters.token else AssayToken.deploy(sender)
    game = DisputeGame.deploy(parameters.allowance, parameters.minimum_reply, sender)
    constructor = (
        token.address,
        game.address,
        parameters.challenger_bond,
        parameters.minimum_bond,
        parameters.burn_share,
        parameters.minimum_challenge_period,
    )
    market = JobMarket.deploy(constructor, sender)
    referees = {"counter": CounterReferee.deploy(sender), "riscv": RiscvReferee.deploy(sender)}
    for address in parameters.fund:
        token.transfer(address, parameters.fund_tokens, sender)
        deployer.transfer(address, parameters.fund_coins)

    contracts = [token, game, market, *referees.values()]
    deployment = Deployment(
        chain_id=network.chain.id,
        start_block=start_block,
        market=market.address,
        game=game.address,
        token=token.address,
        referees={machine: referee.address for machine, referee in referees.items()},
        code_hashes={contract.address: code_hash(node(), contract.address) for contract in contracts},
    )
    save_deployment(deployment, chosen.deployment)
    print(f"The market is at {market.address} on chain {deployment.chain_id}: {chosen.deployment}")


def read_parameters(path: Path) -> Parameters:
    """Parameters from a TOML file. Raises `InputError` for what is none, or of the wrong kind."""
    try:
        found: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as fault:
        raise InputError(f"the parameters {path} cannot be read: {fault}") from fault
    amounts = {"challenger_bond", "minimum_bond", "fund_tokens", "fund_coins"}
    known = {field.name for field in fields(Parameters)}
    for name, value in found.items():
        if name not in known:
            raise InputError(f"the parameters {path} set {name!r}: there are {', '.join(sorted(known))}")
        if name == "fund":
            found[name] = tuple(parse_address(address) for address in value)
        elif name in amounts:
            found[name] = parse_tokens(value)
        elif not isinstance(value, str if name == "token" else int):
            raise InputError(f"the parameters {path} set {name} to {value!r}, which it cannot be")
    return replace(Parameters(), **found)

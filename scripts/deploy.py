"""Deploy a market: token, dispute game, market, directory, access lists, a referee for each machine, and a courier.

    brownie run deploy --network NETWORK
    brownie run deploy main parameters.toml --network NETWORK

The second form takes what it names from a file instead of the defaults of `Parameters`. The deployment is written where
`assay` reads it (ASSAY_DEPLOYMENT, or deployment.json in ASSAY_HOME). ASSAY_WALLET pays for it; without a wallet, on a
local node, the node's first account does.
"""

from pathlib import Path

from brownie import (
    AccessLists,
    AssayToken,
    CounterReferee,
    Courier,
    Directory,
    DisputeGame,
    JobMarket,
    RiscvReferee,
    TensorReferee,
    network,
    web3,
)

from assay.chain.deployments import Deployment, code_hash, save_deployment
from scripts.parameters import Parameters, read_parameters
from scripts.support import node, settings, sign_with_wallet


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
        parameters.fee_share,
        parameters.fee_recipient,
    )
    market = JobMarket.deploy(constructor, sender)
    directory = Directory.deploy(token.address, parameters.listing_stake, parameters.leave_period, sender)
    access_lists = AccessLists.deploy(sender)
    referees = {
        "counter": CounterReferee.deploy(sender),
        "riscv": RiscvReferee.deploy(sender),
        "tensor": TensorReferee.deploy(sender),
    }
    courier = Courier.deploy(market.address, referees["riscv"].address, sender)
    for address in parameters.fund:
        token.transfer(address, parameters.fund_tokens, sender)
        deployer.transfer(address, parameters.fund_coins)

    contracts = [token, game, market, directory, access_lists, courier, *referees.values()]
    deployment = Deployment(
        chain_id=network.chain.id,
        start_block=start_block,
        market=market.address,
        game=game.address,
        token=token.address,
        directory=directory.address,
        access_lists=access_lists.address,
        courier=courier.address,
        referees={machine: referee.address for machine, referee in referees.items()},
        code_hashes={contract.address: code_hash(node(), contract.address) for contract in contracts},
    )
    save_deployment(deployment, chosen.deployment)
    print(f"The market is at {market.address} on chain {deployment.chain_id}: {chosen.deployment}")

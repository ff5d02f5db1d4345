"""What the scripts share: the wallet that signs, the fees, the deployment."""

import getpass
import os
from typing import Any

import brownie.network.contract as brownie_contract
from brownie import AssayToken, JobMarket, accounts, network, web3

from assay.amounts import format_tokens
from assay.chain.deployments import Deployment, load_deployment
from assay.chain.keys import find_password, find_wallet, unlock_wallet
from assay.chain.node import Node
from assay.errors import InputError
from assay.settings import Settings, load_settings

LOCAL_CHAIN = 31337
"""The chain id of local development nodes, which hold unlocked accounts with coins."""


def settings() -> Settings:
    """The settings that `assay` itself would use, from the environment and the config file."""
    # The deployment file is the record of what is deployed. Brownie's own would hand out contracts of a local chain
    # that is long gone, at addresses that others have now; and writing it fails (1.22.2: TypeError, _add_deployment).
    brownie_contract._add_deployment = lambda *_: None
    brownie_contract._DeployedContractBase._deployment_path = lambda _: None
    return load_settings({}, os.environ)


def sign_with_wallet(chosen: Settings) -> Any:
    """The account that signs, as Brownie knows it, with fees set for a network that follows EIP-1559.

    It is the wallet of ASSAY_WALLET; without one, on a local node, the node's own first account.
    """
    if chosen.wallet is None and network.chain.id == LOCAL_CHAIN:
        account = accounts.at(web3.eth.accounts[0], force=True)
    elif chosen.wallet is None:
        raise InputError("no wallet is chosen: name one in ASSAY_WALLET; `assay wallet new NAME` makes one")
    else:
        wallet = find_wallet(chosen.wallets, chosen.wallet)
        password = find_password(chosen.password_file, os.environ)
        if password is None:
            password = getpass.getpass(f"Password of wallet {wallet.name}: ")
        account = accounts.add(unlock_wallet(wallet, password).key.hex())
    network.priority_fee("auto")
    # Twice the base fee outlasts six full blocks in a row.
    network.max_fee(2 * network.chain.base_fee + network.chain.priority_fee)
    return account


def deployed(chosen: Settings) -> tuple[Deployment, Any, Any]:
    """The deployment in use, and its market and token as Brownie knows them. Raises `InputError`."""
    deployment = load_deployment(chosen.deployment)
    if deployment.chain_id != network.chain.id:
        raise InputError(
            f"this network is chain {network.chain.id}, and {chosen.deployment} is on {deployment.chain_id}: "
            "name another"
        )
    return deployment, JobMarket.at(deployment.market), AssayToken.at(deployment.token)


def node() -> Node:
    """The node that Brownie talks to, as `assay` talks to it."""
    return Node(web3.provider.endpoint_uri)


def check_funds(market: Any, token: Any, account: Any, amount: int) -> int:
    """What `account` has to deposit to have `amount` free. Raises `InputError` if it does not hold that much."""
    free, held = market.accountOf(account)[0], token.balanceOf(account)
    if free + held < amount:
        raise InputError(
            f"{format_tokens(amount)} tokens are needed, and {account.address} has {format_tokens(free)} free in the "
            f"market and {format_tokens(held)} outside it"
        )
    return int(max(amount - free, 0))


def fund_account(market: Any, token: Any, account: Any, amount: int) -> None:
    """Deposit what `account` lacks of `amount` free tokens in the market."""
    missing = check_funds(market, token, account, amount)
    if missing > 0:
        token.approve(market, missing, {"from": account})
        market.deposit(account, missing, {"from": account})

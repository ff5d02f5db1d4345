"""The actors and the contracts of the Brownie tests. Nothing else names an account by its number."""

import pytest
from brownie import AssayToken, CounterReferee, DisputeGame, JobMarket, accounts, web3

from assay.chain.records import ZERO_ADDRESS
from assay.keccak import keccak256
from tests.contracts.network import use_a_port_of_our_own
from tests.contracts.signed import Desk
from tests.contracts.support import BOND, FUNDS, STAKE, terms_for, undone

use_a_port_of_our_own()  # Brownie connects after it has read this file


@pytest.fixture(scope="session", autouse=True)
def _one_chain():
    """web3.py asks for the chain's id before every call, a third of all that the node is asked: once will do."""
    web3.provider.cache_allowed_requests = True
    web3.provider.cacheable_requests = {"eth_chainId"}


@pytest.fixture(autouse=True)
def isolation():
    """Every test starts from what the fixtures of the session deployed. (Brownie's own fixtures deploy it again.)"""
    with undone():
        yield


@pytest.fixture(scope="session")
def deployer():
    return accounts[0]


@pytest.fixture(scope="session")
def requester():
    return accounts[1]


@pytest.fixture(scope="session")
def provider():
    return accounts[2]


@pytest.fixture(scope="session")
def verifier():
    return accounts[3]


@pytest.fixture(scope="session")
def other_verifier():
    return accounts[4]


@pytest.fixture(scope="session")
def junk_challengers():
    """Three who challenge whatever they see."""
    return accounts[5:8]


@pytest.fixture(scope="session")
def surveyor():
    """Measures, and does nothing else."""
    return accounts[8]


@pytest.fixture(scope="session")
def signers(deployer):
    """A requester and a provider whose keys are at hand, so that they can sign."""
    made = [accounts.add(keccak256(name)) for name in (b"requester who signs", b"provider who signs")]
    for account in made:
        deployer.transfer(account, "1 ether")
    return made


@pytest.fixture(scope="session")
def stranger():
    """Owns nothing and has no part in anything."""
    return accounts[9]


@pytest.fixture(scope="session")
def token(deployer):
    return deployer.deploy(AssayToken)


@pytest.fixture(scope="session")
def game(deployer):
    return deployer.deploy(DisputeGame, 600, 60)


@pytest.fixture(scope="session")
def referee(deployer):
    return deployer.deploy(CounterReferee)


@pytest.fixture(scope="session")
def deploy_market(deployer, token, game):
    """Deploys a market in which nobody has any money yet: a fifth of a slashed bond is burned."""
    return lambda: deployer.deploy(JobMarket, (token, game, BOND, BOND, 2_000, 600, 0, ZERO_ADDRESS))


@pytest.fixture(scope="session")
def empty_market(deploy_market):
    return deploy_market()


@pytest.fixture(scope="session")
def market(deploy_market, token, deployer, requester, provider, verifier, other_verifier, junk_challengers, signers):
    """A market in which everybody but the stranger has money and stake."""
    deployed = deploy_market()
    token.approve(deployed, 2**256 - 1, {"from": deployer})
    for account in (requester, provider, verifier, other_verifier, *junk_challengers, *signers):
        deployed.deposit(account, FUNDS + STAKE, {"from": deployer})
        deployed.stake(STAKE, {"from": account})
    return deployed


@pytest.fixture
def desk(market, referee, signers):
    """Who signs, for this market."""
    requester, provider = signers
    return Desk(market, referee, requester, provider, terms_for(referee))

"""Who is listed as a provider, and the stake that this takes."""

import pytest
from brownie import Directory

from assay.keccak import keccak256
from tests.contracts.support import after, at, money, refused

LISTING = 500
LEAVE = 1_000
RECORD = keccak256(b"capability record")


@pytest.fixture
def directory(deployer, token, provider):
    """A directory in which the provider has staked twice what a listing takes."""
    deployed = deployer.deploy(Directory, token, LISTING, LEAVE)
    token.approve(deployed, 2**256 - 1, {"from": deployer})
    deployed.deposit(provider, 2 * LISTING, {"from": deployer})
    deployed.stake(2 * LISTING, {"from": provider})
    return deployed


def listing(directory, provider):
    stake, leaves_at = directory.listingOf(provider)
    return int(stake), int(leaves_at)


@pytest.mark.parametrize(("stake", "period"), [(0, 1), (1, 0), (1, 30 * 86_400 + 1)])
def test_a_directory_out_of_bounds_is_not_deployed(deployer, token, stake, period):
    """SPEC D2."""
    with refused("ListingOutOfRange", stake, period):
        deployer.deploy(Directory, token, stake, period)


def test_without_stake_nobody_is_listed(directory, stranger):
    """SPEC D1."""
    with refused("StakeTooLow", stranger, 0, LISTING):
        directory.list(RECORD, {"from": stranger})


def test_a_listing_locks_its_stake_once(directory, provider):
    """SPEC D1: a new record costs nothing more."""
    for record in (RECORD, bytes(32)):
        event = directory.list(record, {"from": provider}).events["Listed"]
        assert (event["provider"], bytes(event["recordId"]), event["stake"]) == (provider, record, LISTING)
        assert money(directory, provider) == (0, LISTING)
        assert listing(directory, provider) == (LISTING, 0)
    with refused("StakeTooLow", provider, LISTING, LISTING + 1):
        directory.unstake(LISTING + 1, {"from": provider})


def test_who_retires_has_its_stake_back_after_the_leave_period(directory, provider, stranger):
    """SPEC D2: by anybody's call."""
    directory.list(RECORD, {"from": provider})
    leaves_at = int(directory.retire({"from": provider}).events["Leaving"]["leavesAt"])
    at(leaves_at)
    with refused("StillListed", provider, leaves_at):
        directory.delist(provider, {"from": stranger})
    after(leaves_at)
    assert directory.delist(provider, {"from": stranger}).events["Delisted"]["stake"] == LISTING
    assert money(directory, provider) == (0, 2 * LISTING)
    assert listing(directory, provider) == (0, 0)
    with refused("NotListed", provider):
        directory.delist(provider, {"from": stranger})


def test_who_has_not_retired_stays(directory, provider, stranger):
    """SPEC D1, D2."""
    with refused("NotListed", provider):
        directory.retire({"from": provider})
    directory.list(RECORD, {"from": provider})
    with refused("StillListed", provider, 0):
        directory.delist(provider, {"from": stranger})
    leaves_at = int(directory.retire({"from": provider}).events["Leaving"]["leavesAt"])
    with refused("StillListed", provider, leaves_at):
        directory.retire({"from": provider})


def test_who_is_leaving_can_come_back(directory, provider):
    """SPEC D1: without another stake."""
    directory.list(RECORD, {"from": provider})
    directory.retire({"from": provider})
    directory.list(RECORD, {"from": provider})
    assert listing(directory, provider) == (LISTING, 0)
    assert money(directory, provider) == (0, LISTING)

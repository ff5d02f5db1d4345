"""Deposits, stake and withdrawals, with tokens of every kind."""

import pytest
from brownie import FeeToken, HookToken, JobMarket, PlentifulToken, QuietToken, SurchargeToken, accounts, chain
from eth_account import Account
from eth_account.messages import encode_typed_data

from assay.chain.records import ZERO_ADDRESS, JobId
from tests.contracts.support import BOND, BURNED, FUNDS, PRICE, STAKE, accept, after, money, post, refused, terms_for

ZERO = "0x" + 40 * "0"


@pytest.fixture
def market_of(deployer, game):
    """A market of another token, which the deployer has allowed to take whatever it has."""

    def deploy(kind):
        token = deployer.deploy(kind)
        market = deployer.deploy(JobMarket, (token, game, BOND, BOND, 2_000, 600, 0, ZERO_ADDRESS))
        token.approve(market, 2**256 - 1, {"from": deployer})
        return token, market

    return deploy


# --- what is refused ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ["deposit", "withdraw"])
def test_nothing_and_nobody_are_refused(market, requester, action):
    with refused("ZeroAmount"):
        getattr(market, action)(requester, 0, {"from": requester})
    with refused("ZeroAddress"):
        getattr(market, action)(ZERO, 1, {"from": requester})


@pytest.mark.parametrize("action", ["stake", "unstake"])
def test_staking_nothing_is_refused(market, requester, action):
    with refused("ZeroAmount"):
        getattr(market, action)(0, {"from": requester})


def test_a_deposit_without_an_allowance_is_refused(market, stranger):
    with refused("ERC20InsufficientAllowance"):
        market.deposit(stranger, 1, {"from": stranger})


def test_more_than_there_is_cannot_be_withdrawn_or_staked(market, requester):
    """SPEC L4."""
    with refused("BalanceTooLow", requester, FUNDS, FUNDS + 1):
        market.withdraw(requester, FUNDS + 1, {"from": requester})
    with refused("BalanceTooLow", requester, FUNDS, FUNDS + 1):
        market.stake(FUNDS + 1, {"from": requester})
    with refused("StakeTooLow", requester, STAKE, STAKE + 1):
        market.unstake(STAKE + 1, {"from": requester})


def test_money_at_risk_cannot_leave_or_be_risked_again(market, referee, requester, provider):
    """SPEC L4: the price of a job is in escrow, and its bond is out of the stake."""
    job = post(market, requester, terms_for(referee, price=FUNDS, bond=STAKE))
    with refused("BalanceTooLow", requester, 0, 1):
        market.withdraw(requester, 1, {"from": requester})
    accept(market, provider, job)
    with refused("StakeTooLow", provider, 0, 1):
        market.unstake(1, {"from": provider})
    market.withdraw(provider, FUNDS, {"from": provider})
    second = post(market, requester, terms_for(referee, price=0), slot=1)
    with refused("StakeTooLow", provider, 0, 500):
        market.accept(second.abi(), {"from": provider})


def test_a_token_that_takes_a_fee_cannot_be_deposited(market_of, deployer):
    """SPEC L2."""
    _, market = market_of(FeeToken)
    with refused("WrongAmountReceived", 1_000, 990):
        market.deposit(deployer, 1_000, {"from": deployer})


def test_a_token_that_charges_the_sender_is_not_paid_out_at_others_expense(market_of, deployer):
    """SPEC L2."""
    token, market = market_of(SurchargeToken)
    market.deposit(deployer, 1_000, {"from": deployer})
    with refused("WrongAmountSent", 1_000, 1_001):
        token.transfer(market, 10, {"from": deployer})
        market.withdraw(deployer, 1_000, {"from": deployer})


def test_a_withdrawal_into_the_market_itself_is_refused(market, requester):
    """SPEC L2: the money would belong to nobody."""
    with refused("WrongAmountSent", 10, 0):
        market.withdraw(market, 10, {"from": requester})


def test_more_than_accounts_can_count_is_refused(market_of, deployer):
    """SPEC L3: what is there already counts, whoever sent it."""
    token, market = market_of(PlentifulToken)
    market.deposit(deployer, 2**96 - 2, {"from": deployer})
    with refused("TooMuchDeposited", 2**96):
        market.deposit(deployer, 2, {"from": deployer})
    market.deposit(deployer, 1, {"from": deployer})
    market.withdraw(deployer, 2**96 - 1, {"from": deployer})
    token.transfer(market, 2**96 - 1, {"from": deployer})
    with refused("TooMuchDeposited", 2**96):
        market.deposit(deployer, 1, {"from": deployer})


@pytest.mark.parametrize("outer", ["deposit", "withdraw", "sweepBurned"])
@pytest.mark.parametrize("inner", ["deposit", "withdraw", "sweepBurned"])
def test_a_token_that_calls_back_is_refused(market_of, deployer, outer, inner):
    """SPEC L7: the token itself has money in the market, so that its call would succeed without the guard."""
    token, market = market_of(HookToken)
    token.transfer(token, 1_000, {"from": deployer})
    token.approveFromHere(market)
    for account in (deployer, token, BURNED):
        market.deposit(account, 100, {"from": deployer})
    arguments = {"deposit": (token, 10), "withdraw": (deployer, 10), "sweepBurned": ()}
    token.setHook(market, getattr(market, inner).encode_input(*arguments[inner]))
    with refused("ReentrancyGuardReentrantCall"):
        getattr(market, outer)(*arguments[outer], {"from": deployer})


def test_a_market_needs_a_token(deployer, game, stranger):
    """SPEC J14."""
    with refused("NotAContract", stranger):
        deployer.deploy(JobMarket, (stranger, game, BOND, BOND, 2_000, 600, 0, ZERO_ADDRESS))


# --- permits --------------------------------------------------------------------------------------------------------


@pytest.fixture
def newcomer(token, deployer):
    """Has tokens and a key, and has allowed nothing yet."""
    account = accounts.add()
    token.transfer(account, 10_000, {"from": deployer})
    return account


def signed_permit(token, market, owner, amount):
    """The arguments of `permit` that follow the amount, signed by `owner` (ERC-2612)."""
    deadline = chain[-1].timestamp + 3_600
    fields = [("owner", "address"), ("spender", "address"), ("value", "uint256"), ("nonce", "uint256")]
    message = encode_typed_data(
        {"name": "Assay", "version": "1", "chainId": chain.id, "verifyingContract": token.address},
        {"Permit": [{"name": name, "type": kind} for name, kind in [*fields, ("deadline", "uint256")]]},
        {
            "owner": owner.address,
            "spender": market.address,
            "value": amount,
            "nonce": int(token.nonces(owner)),
            "deadline": deadline,
        },
    )
    signature = Account.sign_message(message, owner.private_key)
    return deadline, signature.v, signature.r.to_bytes(32, "big"), signature.s.to_bytes(32, "big")


def test_a_worthless_permit_leaves_the_deposit_to_fail(market, token, newcomer):
    permit = signed_permit(token, market, newcomer, 500)
    calls = [market.permit.encode_input(501, *permit), market.deposit.encode_input(newcomer, 501)]
    with refused("ERC20InsufficientAllowance"):
        market.multicall(calls, {"from": newcomer})


def test_one_transaction_permits_deposits_stakes_and_posts(market, token, referee, newcomer):
    """SPEC L9."""
    permit = signed_permit(token, market, newcomer, PRICE + 10)
    calls = [
        market.permit.encode_input(PRICE + 10, *permit),
        market.deposit.encode_input(newcomer, PRICE + 10),
        market.stake.encode_input(10),
        market.post.encode_input(0, terms_for(referee).abi()),
    ]
    events = market.multicall(calls, {"from": newcomer}).events
    assert JobId.from_bytes(bytes(events["JobPosted"]["jobId"])).requester == newcomer.address
    assert money(market, newcomer) == (0, 10)


def test_a_permit_that_somebody_else_used_before_does_no_harm(market, token, newcomer, stranger):
    """SPEC L9."""
    permit = signed_permit(token, market, newcomer, 500)
    token.permit(newcomer, market, 500, *permit, {"from": stranger})
    calls = [market.permit.encode_input(500, *permit), market.deposit.encode_input(newcomer, 500)]
    market.multicall(calls, {"from": newcomer})
    assert money(market, newcomer) == (500, 0)


# --- what works -----------------------------------------------------------------------------------------------------


def test_money_is_deposited_for_somebody_else(market, token, deployer, stranger):
    held = token.balanceOf(market)
    events = market.deposit(stranger, 30, {"from": deployer}).events
    assert (events["Deposited"]["account"], events["Deposited"]["payer"]) == (stranger, deployer)
    assert money(market, stranger) == (30, 0)
    assert token.balanceOf(market) == held + 30


def test_money_is_withdrawn_to_somebody_else(market, token, requester, stranger):
    market.withdraw(stranger, 30, {"from": requester})
    assert money(market, requester) == (FUNDS - 30, STAKE)
    assert token.balanceOf(stranger) == 30


def test_everything_can_be_taken_home_at_once(market, token, requester):
    """SPEC L8: in one transaction, without asking anybody."""
    calls = [market.unstake.encode_input(STAKE), market.withdraw.encode_input(requester, FUNDS + STAKE)]
    market.multicall(calls, {"from": requester})
    assert token.balanceOf(requester) == FUNDS + STAKE


def test_a_multicall_that_fails_in_one_call_changes_nothing(market, requester):
    calls = [market.stake.encode_input(10), market.withdraw.encode_input(requester, FUNDS)]
    with refused("BalanceTooLow"):
        market.multicall(calls, {"from": requester})
    assert money(market, requester) == (FUNDS, STAKE)


def test_a_token_that_returns_nothing_works(market_of, deployer, stranger):
    token, market = market_of(QuietToken)
    market.deposit(deployer, 1_000, {"from": deployer})
    market.withdraw(stranger, 400, {"from": deployer})
    assert token.balanceOf(stranger) == 400
    assert money(market, deployer) == (600, 0)


def test_burned_money_leaves_for_nobodys_address(market, token, referee, requester, provider, stranger):
    """SPEC L6, J12: a fifth of the bond of a provider that did not claim."""
    with refused("ZeroAmount"):
        market.sweepBurned({"from": stranger})
    job = accept(market, provider, post(market, requester, terms_for(referee, bond=500)))
    after(job.deadline)
    market.expire(job.abi(), {"from": stranger})
    assert market.sweepBurned({"from": stranger}).events["BurnedSwept"]["amount"] == 100
    assert token.balanceOf(BURNED) == 100

"""Start here: two jobs, one honest and one not, from the first deposit to the last withdrawal."""

import pytest

from assay.dispute.game import Side
from assay.dispute.strategy import Move, Step, next_action
from tests.contracts.support import (
    BOND,
    STEPS,
    Lie,
    Parties,
    accept,
    after,
    challenge,
    claim,
    money,
    post,
    terms_for,
    truth,
)


@pytest.fixture
def parties(empty_market, game, referee, requester, provider):
    return Parties(empty_market, game, referee, requester, provider)


@pytest.fixture(autouse=True)
def wallets(empty_market, token, deployer, requester, provider, verifier):
    """Everybody comes with 10,000 in the wallet."""
    for account in (requester, provider, verifier):
        token.transfer(account, 10_000, {"from": deployer})
        token.approve(empty_market, 2**256 - 1, {"from": account})


def test_an_honest_provider_is_paid(empty_market, token, referee, requester, provider, stranger):
    market = empty_market

    # The provider deposits, and stakes some of it to be liable.
    market.deposit(provider, 2_000, {"from": provider})
    market.stake(2_000, {"from": provider})

    # The requester deposits, and posts a job: count from 5, for 4,096 steps. Its price is now in escrow.
    market.deposit(requester, 3_000, {"from": requester})
    job = post(market, requester, terms_for(referee, price=1_000, bond=500))
    assert money(market, requester) == (2_000, 0)

    # The provider accepts: a bond of 500 is at risk from here on. It runs the job and claims the result.
    job = accept(market, provider, job)
    assert money(market, provider) == (0, 1_500)
    job = claim(market, provider, job, final_root=truth().state_root(STEPS))

    # For an hour anyone could challenge the claim. Nobody does, and then anyone can finalize it.
    after(job.deadline)
    market.finalizeAll([job.abi()], {"from": stranger})
    assert money(market, provider) == (1_000, 2_000)

    # The provider takes its earnings and its stake home.
    market.unstake(2_000, {"from": provider})
    market.withdraw(provider, 3_000, {"from": provider})
    assert token.balanceOf(provider) == 11_000
    assert token.balanceOf(market) == 2_000


def test_a_lying_provider_is_slashed(empty_market, parties, token, requester, provider, verifier, stranger):
    market = empty_market
    market.deposit(requester, 1_000, {"from": requester})
    for account in (provider, verifier):
        market.deposit(account, 2_000, {"from": account})
        market.stake(2_000, {"from": account})

    # A job of 16^4 = 65,536 steps. The provider's run goes wrong in step 12,345, and so does its claim.
    honest, lie = truth(steps=16**4), Lie(truth(steps=16**4), at=12_345)
    job = parties.claimed(lie.state_root(16**4), rounds=4, price=1_000, bond=500)
    assert money(market, requester) == (0, 0)

    # The verifier recomputes it, and challenges with its own states after 1/16, 2/16 ... 16/16 of the run.
    dispute = challenge(parties, verifier, job, honest)
    assert money(market, verifier) == (0, 2_000 - BOND)

    # Each side in turn names the first state of the other's list that it disputes, and posts 16 within that segment.
    for side, account, trace, segment in (
        (Side.DEFENDER, provider, lie, 4096),
        (Side.CHALLENGER, verifier, honest, 256),
        (Side.DEFENDER, provider, lie, 16),
    ):
        answer = next_action(dispute.history, side, trace)
        assert isinstance(answer, Move)
        dispute.move(answer, account)
        assert dispute.history.start == 12_345 // segment * segment

    # Now the states follow each other step by step. The verifier shows which one is wrong; the referee executes it.
    answer = next_action(dispute.history, Side.CHALLENGER, honest)
    assert isinstance(answer, Step)
    assert dispute.history.start + answer.pair.index == 12_345
    dispute.step(answer, stranger)
    assert dispute.winner == Side.CHALLENGER

    # The requester has its price back, the verifier its bond and four fifths of the provider's; one fifth is burned.
    assert money(market, requester) == (1_000, 0)
    assert money(market, provider) == (0, 1_500)
    assert money(market, verifier) == (400, 2_000)
    market.sweepBurned({"from": stranger})
    assert token.balanceOf(market) == 1_000 + 1_500 + 2_400

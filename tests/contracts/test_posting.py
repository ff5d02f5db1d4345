"""Posting a job: what is refused, what it costs, what it leaves."""

import pytest
from brownie import JobMarket

from assay.chain.records import ZERO_ADDRESS, JobId
from assay.dispute.game import Side
from tests.contracts.support import (
    BOND,
    FUNDS,
    PRICE,
    STAKE,
    STEPS,
    Lie,
    Parties,
    accept,
    after,
    challenge,
    claim_batch,
    current,
    money,
    play,
    post,
    proof_of,
    refused,
    terms_for,
    truth,
)

MONTH = 30 * 24 * 3600  # seconds


@pytest.mark.parametrize(
    ("changes", "error", "arguments"),
    [
        ({"task_count": 0}, "NoTasks", ()),
        ({"task_count": 1025}, "TooManyTasks", (1024, 1025)),
        ({"rounds": 0}, "RoundsOutOfRange", (0,)),
        ({"rounds": 16}, "RoundsOutOfRange", (16,)),
        ({"bond": BOND - 1}, "BondTooLow", (BOND, BOND - 1)),
        ({"accept_period": 0}, "ZeroPeriod", ()),
        ({"run_period": 0}, "ZeroPeriod", ()),
        ({"accept_period": MONTH + 1}, "PeriodTooLong", (MONTH, MONTH + 1)),
        ({"run_period": MONTH + 1}, "PeriodTooLong", (MONTH, MONTH + 1)),
        ({"challenge_period": MONTH + 1}, "PeriodTooLong", (MONTH, MONTH + 1)),
        ({"challenge_period": 599}, "ChallengePeriodTooShort", (600, 599)),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_terms_that_cannot_be_met_are_refused(market, referee, requester, changes, error, arguments):
    """SPEC J13."""
    with refused(error, *arguments):
        market.post(0, terms_for(referee, **changes).abi(), {"from": requester})


def test_the_outermost_terms_are_taken(market, game, referee, requester, provider, verifier, stranger):
    """SPEC J13: and every call that follows succeeds with them."""
    steps = 16**15
    honest = truth(steps=steps)
    lie = Lie(honest, steps // 7, steps)
    periods = {"accept_period": MONTH, "run_period": MONTH, "challenge_period": MONTH}
    parties = Parties(market, game, referee, requester, provider)
    job = parties.claimed(honest.state_root(steps), rounds=15, bond=STAKE, **periods)
    dispute = challenge(parties, verifier, job, lie)
    assert play(dispute, {Side.CHALLENGER: lie, Side.DEFENDER: honest}, stranger) == Side.DEFENDER
    assert len(dispute.calls) == 1 + 14 + 1
    after(job.deadline)
    market.finalizeAll([job.abi()], {"from": provider})
    assert money(market, provider) == (FUNDS + PRICE + BOND, STAKE)


def test_a_job_of_the_most_tasks_is_claimed_and_challenged(market, game, referee, requester, provider, verifier):
    """SPEC J13, J6."""
    starts = [truth(start=start) for start in range(1024)]
    initial, final = [trace.state_root(0) for trace in starts], [trace.state_root(STEPS) for trace in starts]
    job = accept(market, provider, post(market, requester, terms_for(referee, initial)))
    job = claim_batch(market, provider, job, final)
    parties = Parties(market, game, referee, requester, provider)
    challenge(parties, verifier, job, truth(start=1), proof_of(1023, initial, final))


def test_a_price_above_the_balance_is_refused(market, referee, requester):
    with refused("BalanceTooLow", requester, FUNDS, FUNDS + 1):
        market.post(0, terms_for(referee, price=FUNDS + 1).abi(), {"from": requester})


def test_a_slot_that_holds_a_job_is_refused(market, referee, requester):
    """SPEC J8."""
    post(market, requester, terms_for(referee), slot=7)
    assert market.nextGeneration(requester, 7) == 0
    with refused("SlotInUse", requester, 7):
        market.post(7, terms_for(referee).abi(), {"from": requester})


def test_a_job_is_one_word_that_holds_its_record(market, referee, requester):
    """SPEC J1: the first 28 bytes of the hash of the record, and no disputes."""
    job = post(market, requester, terms_for(referee), slot=7)
    assert job.job_id == JobId(str(requester), 7, 1)
    assert bytes(market.slotWord(requester, 7)) == job.record_hash()[:28] + bytes(4)
    assert current(market, job) == (True, 0)
    assert money(market, requester) == (FUNDS - PRICE, STAKE)


def test_each_requester_has_slots_of_its_own(market, referee, requester, provider):
    first = post(market, requester, terms_for(referee), slot=2**48 - 1)
    second = post(market, provider, terms_for(referee), slot=2**48 - 1)
    third = post(market, requester, terms_for(referee), slot=0)
    assert all(current(market, job) == (True, 0) for job in (first, second, third))


def test_a_job_may_cost_nothing(market, referee, requester):
    post(market, requester, terms_for(referee, price=0))
    assert money(market, requester) == (FUNDS, STAKE)


@pytest.mark.parametrize(
    ("change", "error", "argument"),
    [
        ({"challengerBond": 0}, "ParameterOutOfRange", "challengerBond"),
        ({"minimumBond": 0}, "ParameterOutOfRange", "minimumBond"),
        ({"burnShare": 99}, "ParameterOutOfRange", "burnShare"),
        ({"burnShare": 9_001}, "ParameterOutOfRange", "burnShare"),
        ({"minimumChallengePeriod": 0}, "ParameterOutOfRange", "minimumChallengePeriod"),
        ({"minimumChallengePeriod": 30 * 86_400 + 1}, "ParameterOutOfRange", "minimumChallengePeriod"),
        ({"feeShare": 1_001, "feeRecipient": "0x" + 40 * "1"}, "ParameterOutOfRange", "feeShare"),
        ({"feeShare": 1}, "ParameterOutOfRange", "feeRecipient"),
        ({"feeRecipient": "0x" + 40 * "1"}, "ParameterOutOfRange", "feeRecipient"),
        ({"game": "0x" + 40 * "1"}, "NotAContract", "0x" + 40 * "1"),
    ],
    ids=str,
)
def test_a_market_with_parameters_out_of_bounds_is_not_deployed(deployer, token, game, change, error, argument):
    """SPEC J14."""
    sound = {
        "token": token.address,
        "game": game.address,
        "challengerBond": 1,
        "minimumBond": 1,
        "burnShare": 100,
        "minimumChallengePeriod": 30 * 86_400,
        "feeShare": 0,
        "feeRecipient": ZERO_ADDRESS,
    }
    market = deployer.deploy(JobMarket, tuple(sound.values()))
    assert market.parameters().dict() == sound
    with refused(error, argument):
        deployer.deploy(JobMarket, tuple({**sound, **change}.values()))

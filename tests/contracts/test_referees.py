"""SPEC J16: a referee that misbehaves spoils the jobs that name it, and nothing else."""

import pytest
from brownie import HostileReferee

from assay.dispute.game import Side
from assay.dispute.strategy import next_action
from tests.contracts.support import (
    FUNDS,
    PRICE,
    STAKE,
    Lie,
    Parties,
    after,
    challenge,
    money,
    pair_abi,
    play,
    truth,
)

CHALLENGER, DEFENDER = Side
LIE = Lie(truth(steps=256), 100, 256)


@pytest.fixture
def hostile(deployer):
    return deployer.deploy(HostileReferee)


@pytest.fixture
def parties(market, game, hostile, requester, provider):
    return Parties(market, game, hostile, requester, provider)


@pytest.fixture
def dispute(parties, provider, verifier):
    """At the last list, which is the liar's, with a referee that does what the witness says."""
    job = parties.claimed(LIE.state_root(256), rounds=2)
    opened = challenge(parties, verifier, job, truth(steps=256))
    opened.move(next_action(opened.history, DEFENDER, LIE), provider)
    return opened


def step(dispute, witness, sender):
    action = next_action(dispute.history, CHALLENGER, truth(steps=256))
    return dispute.game.step(
        dispute.terms.abi(), pair_abi(action.pair), witness, dispute.context, {"from": sender, "gas_limit": 5_000_000}
    )


@pytest.mark.parametrize("mood", [0, 1], ids=["reverts", "burns all gas"])
def test_a_referee_that_gives_no_answer_lets_the_clock_run_out(market, dispute, provider, stranger, mood):
    """SPEC J16, J15: the job ends all the same, and the money in it gets out."""
    with pytest.raises(Exception):  # noqa: B017, PT011 - an error of the referee's choice, or none
        step(dispute, bytes([mood]), stranger)
    dispute.timeout(stranger)
    assert dispute.winner == DEFENDER
    after(dispute.job.deadline)
    market.finalizeAll([dispute.job.abi()], {"from": stranger})
    assert money(market, provider) == (FUNDS + PRICE + 100, STAKE)


def test_of_a_referee_that_answers_too_much_the_first_word_counts(dispute, stranger):
    """SPEC J16: a megabyte of zeros is zero."""
    assert bytes(step(dispute, b"\x02", stranger).events["Stepped"]["poststate"]) == bytes(32)


def test_a_referee_that_lies_decides_about_its_own_job_only(market, dispute, referee, requester, provider, stranger):
    """SPEC J16: whoever accepts a job knows its referee; a job beside it is judged by its own."""
    beside = Parties(market, dispute.game, referee, requester, provider).claimed(slot=1)
    step(dispute, b"\x03" + bytes(32), stranger)
    assert money(market, provider) == (FUNDS, STAKE - 500 - 500)
    after(beside.deadline)
    market.finalizeAll([beside.abi()], {"from": stranger})
    assert money(market, provider) == (FUNDS + PRICE, STAKE - 500)


def test_a_referee_that_is_no_contract_decides_nothing(market, game, requester, provider, verifier, stranger):
    """SPEC J16, J13: such a job can be posted; a provider that accepts it has nobody who could prove it right."""
    parties = Parties(market, game, stranger, requester, provider)
    job = parties.claimed(LIE.state_root(256), rounds=2)
    dispute = challenge(parties, verifier, job, truth(steps=256))
    dispute.move(next_action(dispute.history, DEFENDER, LIE), provider)
    with pytest.raises(Exception):  # noqa: B017, PT011 - a call to no contract reverts without a reason
        step(dispute, b"", stranger)
    assert play(dispute, {}, stranger) == DEFENDER

"""Disputes played to their end, between players of every kind."""

import random

import pytest

from assay.chain.records import End, Verdict
from assay.dispute.game import Side
from assay.dispute.strategy import Move, next_action
from tests.contracts.support import (
    BOND,
    FUNDS,
    PRICE,
    STAKE,
    STEPS,
    Lie,
    Parties,
    accept,
    advance,
    after,
    at,
    challenge,
    claim_batch,
    current,
    mine_after,
    money,
    play,
    play_all,
    post,
    proof_of,
    refused,
    terms_for,
    truth,
)

CHALLENGER, DEFENDER = Side
PLACES = [0, 1, STEPS - 1, *random.Random(4).sample(range(STEPS), 3)]
"""Where a run goes wrong: in the first steps, in the last one, and anywhere."""


@pytest.fixture
def parties(market, game, referee, requester, provider):
    return Parties(market, game, referee, requester, provider)


# --- one challenger -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", PLACES)
def test_a_liar_that_defends_itself_loses(market, parties, requester, provider, verifier, stranger, place):
    """SPEC G10, J10: wherever the lie is."""
    lie = Lie(truth(), place)
    dispute = challenge(parties, verifier, parties.claimed(lie.state_root(STEPS)), truth())
    assert play(dispute, {CHALLENGER: truth(), DEFENDER: lie}, stranger) == CHALLENGER
    assert money(market, requester) == (FUNDS, STAKE)
    assert money(market, provider) == (FUNDS, STAKE - 500)
    assert money(market, verifier) == (FUNDS + 400, STAKE)


@pytest.mark.parametrize("place", PLACES)
def test_a_junk_challenger_that_plays_on_loses(market, parties, provider, verifier, stranger, place):
    """SPEC G10, G5, J11: the referee finds the step in which it goes wrong, and it pays for the provider's answers."""
    job, lie = parties.claimed(), Lie(truth(), place)
    dispute = challenge(parties, verifier, job, lie)
    assert play(dispute, {CHALLENGER: lie, DEFENDER: truth()}, stranger) == DEFENDER
    assert money(market, verifier) == (FUNDS, STAKE - BOND)
    assert money(market, provider) == (FUNDS + BOND, STAKE - 500)

    after(job.deadline)
    market.finalizeAll([job.abi()], {"from": stranger})
    assert money(market, provider) == (FUNDS + BOND + PRICE, STAKE)


@pytest.mark.parametrize("silent_from", [0, 1])
def test_a_liar_that_falls_silent_loses(market, parties, verifier, stranger, provider, silent_from):
    """SPEC G7, J10: anyone ends the dispute for the challenger."""
    lie = Lie(truth(), 2_000)
    dispute = challenge(parties, verifier, parties.claimed(lie.state_root(STEPS)), truth())
    if silent_from:
        action = next_action(dispute.history, DEFENDER, lie)
        assert isinstance(action, Move)
        dispute.move(action, provider)
    winner = play(dispute, {CHALLENGER: truth()}, stranger)
    assert winner == CHALLENGER
    assert dispute.calls[-1].events["JobEnded"]["end"] == End.SLASHED_BY_TIMEOUT
    assert money(market, verifier) == (FUNDS + 400, STAKE)


def test_a_challenger_that_falls_silent_loses(market, parties, provider, verifier, stranger):
    """SPEC G7, J11."""
    dispute = challenge(parties, verifier, parties.claimed(), Lie(truth(), 2_000))
    assert play(dispute, {DEFENDER: truth()}, stranger) == DEFENDER
    assert len(dispute.calls) == 3
    assert money(market, provider) == (FUNDS + BOND, STAKE - 500)


@pytest.mark.parametrize("rounds", [1, 2, 4, 6])
@pytest.mark.parametrize("liar", Side)
def test_traces_of_any_length(parties, verifier, stranger, rounds, liar):
    """SPEC G10, G3: the last list is the defender's or the challenger's, and the first one may be the last."""
    steps = 16**rounds
    honest = truth(steps=steps)
    lie = Lie(honest, steps // 3, steps)
    traces = {liar: lie, liar.other: honest}
    job = parties.claimed(traces[DEFENDER].state_root(steps), rounds=rounds)
    dispute = challenge(parties, verifier, job, traces[CHALLENGER])
    assert play(dispute, traces, stranger) == liar.other


def test_a_run_that_ends_long_before_the_limit(parties, verifier, stranger):
    """SPEC G10: from its fixed point on, every root is the same, in the claim of a liar too."""
    honest = truth(target=105)
    lie = Lie(honest, 99)
    job = parties.claimed(lie.state_root(STEPS))
    assert play(challenge(parties, verifier, job, honest), {CHALLENGER: honest, DEFENDER: lie}, stranger) == CHALLENGER


def test_two_liars_are_judged_by_their_steps(parties, verifier, stranger):
    """SPEC G5, J16: neither is right; whoever is to move and finds a wrong step in the other's list wins."""
    first, second = Lie(truth(), 3_000), Lie(truth(), 10)
    dispute = challenge(parties, verifier, parties.claimed(first.state_root(STEPS)), truth(start=2))
    assert play(dispute, {CHALLENGER: second, DEFENDER: first}, stranger) in Side


def test_one_false_task_among_many(market, parties, requester, provider, verifier, stranger):
    """SPEC J5, J10: the whole job is slashed, whatever the other tasks are."""
    traces = [truth(start=start) for start in range(5)]
    lie = Lie(traces[3], 1)
    initial = [trace.state_root(0) for trace in traces]
    final = [trace.state_root(STEPS) for trace in (*traces[:3], lie, traces[4])]
    job = accept(market, provider, post(market, requester, terms_for(parties.referee, initial)))
    job = claim_batch(market, provider, job, final)

    dispute = challenge(parties, verifier, job, traces[3], proof_of(3, initial, final))
    assert play(dispute, {CHALLENGER: traces[3], DEFENDER: lie}, stranger) == CHALLENGER
    assert current(market, job) == (False, 0)
    assert money(market, requester) == (FUNDS, STAKE)


# --- several at once ------------------------------------------------------------------------------------------------


def test_one_honest_challenger_among_many_is_enough(
    market, parties, token, requester, provider, verifier, other_verifier, junk_challengers, signers, stranger
):
    """SPEC G11, J10, J15: others lose, stall or are late; the job is slashed once, and everybody's money gets out."""
    lie = Lie(truth(), 1_500)
    job = parties.claimed(lie.state_root(STEPS))
    friend, junk, busy = [
        challenge(parties, account, job, Lie(truth(), 1 + number, shift=50 + number))
        for number, account in enumerate(junk_challengers)
    ]
    first = challenge(parties, verifier, job, truth())
    late = challenge(parties, other_verifier, job, truth())

    # The liar answers its friend and one of the others, and is silent towards everybody else.
    for dispute in (friend, busy):
        assert advance(dispute, {DEFENDER: lie}, stranger)
    assert play(first, {CHALLENGER: truth()}, stranger) == CHALLENGER
    assert current(market, job) == (False, 0)

    # What is left is moot: for the late verifier as for the junk, whoever wins.
    winners = [play(dispute, {}, stranger) for dispute in (late, junk, busy, friend)]
    assert winners == [CHALLENGER, CHALLENGER, DEFENDER, DEFENDER]
    for dispute in (late, junk, busy, friend):
        event = dispute.calls[-1].events["ChallengeClosed"]
        assert (event["verdict"], event["bond"]) == (Verdict.MOOT, BOND)

    assert money(market, verifier) == (FUNDS + 400, STAKE)
    assert money(market, other_verifier) == (FUNDS, STAKE)
    assert all(money(market, account) == (FUNDS, STAKE) for account in junk_challengers)
    assert money(market, provider) == (FUNDS, STAKE - 500)
    assert money(market, requester) == (FUNDS, STAKE)

    market.sweepBurned({"from": stranger})
    for account in (requester, provider, verifier, other_verifier, *junk_challengers, *signers):
        free, stake = money(market, account)
        market.unstake(stake, {"from": account})
        market.withdraw(account, free + stake, {"from": account})
    assert token.balanceOf(market) == 0


def test_a_lost_game_of_a_friend_changes_nothing(market, parties, verifier, junk_challengers, stranger):
    """SPEC J7, J9, G11: the liar wins against one that gives in, and loses against the honest one all the same."""
    lie = Lie(truth(), 1_500)
    job = parties.claimed(lie.state_root(STEPS))
    friend = challenge(parties, junk_challengers[0], job, Lie(truth(), 1, shift=50))
    honest = challenge(parties, verifier, job, truth())
    sides = [(friend, {DEFENDER: lie}), (honest, {CHALLENGER: truth(), DEFENDER: lie})]
    assert play_all(sides, stranger) == [DEFENDER, CHALLENGER]
    assert money(market, verifier) == (FUNDS + 400, STAKE)


def test_an_honest_provider_earns_from_every_junk_challenger(market, parties, provider, junk_challengers, stranger):
    """SPEC J7, J11, G11: it is paid when the last game is won, and not before."""
    job = parties.claimed()
    lies = [Lie(truth(), place) for place in (5, 600, 4_000)]
    disputes = [
        (challenge(parties, account, job, lie), {CHALLENGER: lie, DEFENDER: truth()})
        for account, lie in zip(junk_challengers, lies, strict=True)
    ]
    for dispute, traces in disputes:
        assert advance(dispute, traces, stranger)
    assert play_all(disputes[:2], stranger) == [DEFENDER, DEFENDER]
    mine_after(job.deadline)
    with refused("DisputesOpen", bytes(job.job_id), 1):
        market.finalizeAll.call([job.abi()], {"from": stranger})
    assert play(disputes[2][0], {}, stranger) == DEFENDER
    market.finalizeAll([job.abi()], {"from": stranger})
    assert money(market, provider) == (FUNDS + PRICE + 3 * BOND, STAKE)


def test_a_dispute_opened_in_the_last_second_outlives_the_challenge_period(market, parties, verifier, stranger):
    """SPEC J7: the claim is not paid meanwhile."""
    lie = Lie(truth(), 9)
    job = parties.claimed(lie.state_root(STEPS))
    at(job.deadline)
    dispute = challenge(parties, verifier, job, truth())
    mine_after(job.deadline)
    with refused("DisputesOpen", bytes(job.job_id), 1):
        market.finalizeAll.call([job.abi()], {"from": stranger})
    assert play(dispute, {CHALLENGER: truth(), DEFENDER: lie}, stranger) == CHALLENGER


def test_a_provider_that_challenges_itself_still_loses_what_is_burned(market, parties, provider, stranger):
    """SPEC J10: a friendly challenger saves the bond but for the market's share, and the price is gone."""
    lie = Lie(truth(), 9)
    dispute = challenge(parties, provider, parties.claimed(lie.state_root(STEPS)), truth())
    assert play(dispute, {CHALLENGER: truth()}, stranger) == CHALLENGER
    assert money(market, provider) == (FUNDS + 400, STAKE - 500)


# --- the end of a dispute -------------------------------------------------------------------------------------------


def test_a_wrong_record_does_not_end_a_dispute_and_does_no_harm(parties, verifier, stranger):
    """SPEC G8, J2: whoever ends a dispute brings the job's record; it can be brought again."""
    job = parties.claimed(Lie(truth(), 9).state_root(STEPS))
    other = parties.claimed(slot=1)
    dispute = challenge(parties, verifier, job, truth())
    after(dispute.deadline)
    for wrong in (other.encode(), job.accepted(job.provider, job.deadline).encode(), b""):
        with refused("RecordMismatch", bytes(job.job_id)) if wrong else pytest.raises(Exception):  # noqa: PT011
            parties.game.timeout(dispute.terms.abi(), wrong, {"from": stranger})
    dispute.timeout(stranger)


def test_only_the_game_tells_the_market_how_a_dispute_ended(market, parties, game, verifier):
    """SPEC G1."""
    job = parties.claimed(Lie(truth(), 9).state_root(STEPS))
    dispute = challenge(parties, verifier, job, truth())
    with refused("NotTheGame", game, verifier):
        market.onDisputeResolved(dispute.terms.abi(), CHALLENGER, 0, job.encode(), {"from": verifier})


def test_a_game_deployed_by_somebody_else_has_no_say(game, market, parties, verifier, stranger):
    """SPEC G1: nor does another market's dispute about a job of the same name."""
    job = parties.claimed()
    dispute = challenge(parties, verifier, job, Lie(truth(), 9))
    with refused("NotTheMarket", market, stranger):
        game.open(dispute.terms.abi(), dispute.history.opening, {"from": stranger})

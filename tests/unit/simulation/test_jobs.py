"""Jobs played one by one bring what the formulas say. The two share no formula."""

from dataclasses import replace

import numpy as np
import pytest

from simulation import closed_forms as closed
from simulation.market import Floats, Played, decide
from simulation.model import Behaviour, Market

JOBS = 100_000
ERRORS = 4.5
"""Standard errors: the seed is fixed, so nothing fails by chance."""

DEAR_GAS = Market(bond=5.0, gas_price=2e-7)
MANY_TASKS = Market(bond=8.0, tasks=20, running_cost=0.6, checking_cost=0.9)
CHARGED = Market(burn_share=0.2, fee_share=0.1, external_gain=3.0, rounds=5)
CASES = [
    (Market(), Behaviour(lies=0.5, verifiers=3, checked=0.1)),
    (DEAR_GAS, Behaviour(lies=0.7, verifiers=6, checked=0.3, requester_checks=0.4)),
    (DEAR_GAS, Behaviour(lies=0.9, friends=0.5, copied=0.4, verifiers=2, checked=0.5)),
    (MANY_TASKS, Behaviour(lies=0.5, verifiers=4, checked=0.6, false_tasks=5, sampled=2, reliability=0.9)),
    (CHARGED, Behaviour(lies=0.6, friends=0.3, verifiers=1, checked=0.2, requester_checks=0.2)),
]


def near(samples: Floats, expected: float) -> bool:
    return abs(samples.mean() - expected) < ERRORS * samples.std() / np.sqrt(len(samples)) + 1e-9


def played(market: Market, behaviour: Behaviour) -> Played:
    return decide(market, behaviour, JOBS, np.random.default_rng(7))


@pytest.mark.parametrize(("market", "behaviour"), CASES)
def test_no_money_is_made_or_lost(market: Market, behaviour: Behaviour) -> None:
    jobs = played(market, behaviour)
    parties = jobs.provider + jobs.requester + jobs.verifiers.sum(axis=1) + jobs.copycat
    assert np.allclose(parties + jobs.burned + jobs.fee + jobs.spent, jobs.gained)


@pytest.mark.parametrize(("market", "behaviour"), CASES)
def test_lies_are_found_as_often_as_the_formula_says(market: Market, behaviour: Behaviour) -> None:
    jobs = played(market, replace(behaviour, lies=1.0))
    assert near(jobs.caught.astype(float), closed.detection(market, behaviour))


@pytest.mark.parametrize(("market", "behaviour"), CASES)
def test_honesty_and_lies_earn_what_the_formulas_say(market: Market, behaviour: Behaviour) -> None:
    honest = played(market, replace(behaviour, lies=0.0)).provider
    assert np.allclose(honest, closed.honesty_pays(market))
    detected, share = closed.detection(market, behaviour), behaviour.false_tasks / market.tasks
    for friend in (False, True):
        lies = played(market, replace(behaviour, lies=1.0, friends=float(friend))).provider
        assert near(lies, closed.lying_pays(market, detected, friend, share))


@pytest.mark.parametrize(("market", "behaviour"), CASES)
def test_verifying_earns_what_the_formula_says(market: Market, behaviour: Behaviour) -> None:
    jobs = played(market, behaviour)
    assert near(jobs.verifiers[:, 0][jobs.looked[:, 0]], closed.verifying_pays(market, behaviour))


@pytest.mark.parametrize("friend", [False, True])
@pytest.mark.parametrize(("market", "behaviour"), CASES)
def test_at_the_threshold_a_lie_earns_what_honesty_does(market: Market, behaviour: Behaviour, friend: bool) -> None:
    share = behaviour.false_tasks / market.tasks
    needed = closed.threshold(market, friend, outsider=False, share=share)
    assert 0 < needed < 1
    assert closed.lying_pays(market, needed, friend, share) == pytest.approx(closed.honesty_pays(market))
    behaviour = replace(behaviour, lies=1.0, friends=float(friend), verifiers=1, checked=0.0)
    behaviour = replace(behaviour, requester_checks=needed / closed.found_by_a_check(market, behaviour))
    if behaviour.requester_checks <= 1:
        assert near(played(market, behaviour).provider, closed.honesty_pays(market))


def test_a_bond_of_20_prices_deters_outsiders_with_friends_if_1_claim_in_11_is_recomputed() -> None:
    free = Market(gas_price=0.0)
    assert closed.threshold(free, friend=True, outsider=True) == pytest.approx(1 / 11)
    assert closed.threshold(free, friend=False, outsider=True) == pytest.approx(1 / 21)


def test_who_gains_much_by_a_false_result_needs_a_bond_in_proportion() -> None:
    free = Market(gas_price=0.0, external_gain=99.0)
    assert closed.threshold(free, friend=True, outsider=True) == pytest.approx(100 / 110)


def test_one_sampled_task_deters_whoever_lies_in_few_tasks_as_well_as_whoever_lies_in_all() -> None:
    batch = Market(tasks=100, gas_price=0.0)
    all_false = closed.checks_to_deter(batch, Behaviour(false_tasks=100), friend=True, outsider=False)
    one_false = closed.checks_to_deter(batch, Behaviour(false_tasks=1), friend=True, outsider=False)
    assert one_false == pytest.approx(all_false, rel=0.1)


def test_a_friend_leaves_nothing_to_who_found_the_lie() -> None:
    behaviour = Behaviour(lies=1.0, friends=1.0)
    assert closed.verifying_pays(Market(), behaviour) < -Market().checking_cost
    assert played(Market(), behaviour).verifiers.sum() < 0

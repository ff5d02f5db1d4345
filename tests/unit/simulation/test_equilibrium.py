"""Where liars and verifiers come to rest: by the formulas, and when they learn."""

from dataclasses import replace

import numpy as np
import pytest

from simulation import closed_forms as closed
from simulation.adaptive import learn
from simulation.model import Behaviour, Market

FEW = Behaviour(verifiers=3)


def test_in_equilibrium_neither_lying_nor_verifying_gains() -> None:
    market = Market()
    rest = closed.equilibrium(market, FEW, friend=False, outsider=False)
    then = replace(FEW, lies=rest.lies, checked=rest.checked)
    assert 0 < rest.lies < 1
    assert closed.verifying_pays(market, then) == pytest.approx(0)
    assert closed.detection(market, then) == pytest.approx(rest.detected)
    assert closed.lying_pays(market, rest.detected, friend=False) == pytest.approx(closed.honesty_pays(market))


def test_a_higher_bond_leaves_fewer_lies() -> None:
    lies = [closed.equilibrium(Market(bond=bond), FEW, friend=False, outsider=False).lies for bond in (5, 10, 20, 40)]
    assert lies == sorted(lies, reverse=True)
    assert lies[0] > 4 * lies[-1]


def test_requesters_who_check_often_enough_leave_no_lies() -> None:
    needed = closed.threshold(Market(), friend=True, outsider=True)
    often, rarely = (replace(FEW, requester_checks=share * needed) for share in (1.01, 0.99))
    assert closed.equilibrium(Market(), often, friend=True, outsider=True).lies == 0
    assert closed.equilibrium(Market(), rarely, friend=True, outsider=True).lies == 1


def test_small_spreads_lead_to_the_equilibrium() -> None:
    sharp = closed.equilibrium(Market(), FEW, friend=False, outsider=False)
    rest = closed.rest_point(Market(), FEW, friend=False, spread=1e-3)
    assert (rest.lies, rest.checked) == (pytest.approx(sharp.lies, rel=0.02), pytest.approx(sharp.checked, rel=0.02))


@pytest.mark.parametrize(
    ("bond", "friend", "requester_checks"),
    [(5.0, False, 0.0), (20.0, True, 0.0), (20.0, True, 0.08)],
    ids=["lone liars", "liars with friends", "liars with friends, and requesters that check"],
)
def test_people_who_learn_come_to_rest_where_the_formulas_say(
    bond: float, friend: bool, requester_checks: float
) -> None:
    market, spread = Market(bond=bond), 0.1
    behaviour = replace(FEW, requester_checks=requester_checks, mistakes=0.01)
    expected = closed.rest_point(market, behaviour, friend, spread)
    late = [
        learn(market, behaviour, friend, spread, patience=60, epochs=500, seed=seed).after(200) for seed in range(2)
    ]
    assert np.mean([history.lies.mean() for history in late]) == pytest.approx(expected.lies, abs=0.03)
    assert np.mean([history.checked.mean() for history in late]) == pytest.approx(expected.checked, abs=0.003)
    assert np.mean([history.believed.mean() for history in late]) == pytest.approx(expected.believed, abs=0.03)


def test_the_cheapest_bond_is_the_cheapest() -> None:
    market, interest = Market(gas_price=0.0), 0.001

    def costs(bond: float) -> float:
        there = replace(market, bond=bond)
        checks = closed.checks_to_deter(there, Behaviour(), friend=True, outsider=True)
        return checks * closed.checking_cost(there, Behaviour()) + interest * bond

    best = closed.cheapest_bond(market, Behaviour(), interest)
    assert costs(best) < min(costs(best * 0.9), costs(best * 1.1))


def test_decoys_keep_verifiers_at_work() -> None:
    market, detected = Market(), closed.threshold(Market(), friend=False, outsider=True)
    share, cost = closed.decoys(market, detected)
    many = 10_000
    behaviour = Behaviour(lies=share, verifiers=many, checked=1 - (1 - detected) ** (1 / many))
    assert closed.verifying_pays(market, behaviour) == pytest.approx(0, abs=0.01)
    assert cost == pytest.approx(share * detected * market.bond)

"""What it costs to be a nuisance."""

from dataclasses import replace
from itertools import product

import pytest

from simulation.griefing import challengers_gas, defenders_gas, least_challenger_bond, nuisances, tolerated_misses
from simulation.market import dispute
from simulation.model import Market, measured_gas


@pytest.mark.parametrize("rounds", range(1, 9))
def test_no_way_to_play_costs_the_honest_side_more_than_the_formulas_say_or_makes_it_lose(rounds: int) -> None:
    market = Market(rounds=rounds)
    against_provider, against_challenger = [], []
    for moves in product((False, True), repeat=rounds):
        spent, _, challenger_wins = dispute(market.gas, rounds, lambda _: True, moves.__getitem__, provider_lies=False)
        assert not challenger_wins
        against_provider.append(spent)
        _, spent, challenger_wins = dispute(market.gas, rounds, moves.__getitem__, lambda _: True, provider_lies=True)
        assert challenger_wins
        against_challenger.append(spent)
    assert max(against_provider) == defenders_gas(market)
    assert max(against_challenger) == challengers_gas(market)


def test_with_the_least_challenger_bond_nobody_loses_by_a_false_challenge_but_its_author() -> None:
    market = replace(Market(), challenger_bond=least_challenger_bond(Market()))
    challenges = [nuisance for nuisance in nuisances(market) if nuisance.name.startswith("challenge")]
    assert len(challenges) == 2
    assert all(nuisance.victim <= 1e-12 < nuisance.attacker for nuisance in challenges)


def test_false_challenges_break_even_at_the_misses_that_are_tolerated() -> None:
    market = Market()
    misses = tolerated_misses(market)
    assert misses * market.reward == pytest.approx((1 - misses) * market.challenger_bond)


def test_the_gas_is_what_the_tests_of_the_contracts_have_recorded() -> None:
    gas = measured_gas()
    assert all(cost > 21_000 for cost in vars(gas).values())
    assert gas.step > 2 * gas.move

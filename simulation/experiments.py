"""Thousands of jobs, with several seeds, beside what the formulas say of them."""

from dataclasses import dataclass, replace

import numpy as np

from simulation import closed_forms as closed
from simulation.adaptive import learn
from simulation.market import decide
from simulation.model import Behaviour, Market

BONDS = 5.0, 10.0, 20.0, 40.0
CHECKS = 0.0, 0.04, 0.07, 0.08, 0.1
SPREAD = 0.03
FEW = Behaviour(verifiers=3, mistakes=0.002)
SEEDS = 4
EPOCHS = 4_000
"""Of 1,000 jobs each. The first half is to learn, and not counted."""
PATIENCE = 500.0
JOBS = 200_000


@dataclass(frozen=True)
class Seen:
    """What was measured, beside what was expected of it."""

    what: str
    at: float
    """The bond, or the share of claims that requesters check."""
    expected: float
    measured: float
    error: float
    """Standard error of the mean over all seeds."""

    @property
    def off(self) -> float:
        """In standard errors."""
        return (self.measured - self.expected) / self.error


def thresholds(seeds: int = SEEDS, jobs: int = JOBS) -> list[Seen]:
    """The detection at which lying breaks even, from what jobs with a detection above and below it have brought."""
    found = []
    for friend in (False, True):
        for bond in BONDS:
            market = Market(bond=bond)
            expected = closed.threshold(market, friend, outsider=False)
            runs = [_break_even(market, friend, expected, seed, jobs) for seed in range(seeds)]
            found.append(_seen("threshold with a friend" if friend else "threshold alone", bond, expected, runs))
    return found


def _break_even(market: Market, friend: bool, about: float, seed: int, jobs: int) -> float:
    """Where the line through two points crosses what honest jobs have brought."""
    random = np.random.default_rng(seed)
    honest = decide(market, Behaviour(), 1_000, random).provider.mean()
    shares = np.array([0.5, 1.5]) * about
    alone = Behaviour(lies=1.0, friends=float(friend), verifiers=1, checked=0.0)
    gains = [decide(market, replace(alone, requester_checks=x), jobs, random).provider.mean() - honest for x in shares]
    return float(shares[0] + (shares[1] - shares[0]) * gains[0] / (gains[0] - gains[1]))


def learning(seeds: int = SEEDS, epochs: int = EPOCHS) -> list[Seen]:
    """Where people who learn come to rest."""
    found = []
    for bond in BONDS:
        found += _rest("lone liars", bond, Market(bond=bond), FEW, False, seeds, epochs)
    for checks in CHECKS:
        behaviour = replace(FEW, requester_checks=checks)
        # Its verifiers earn nothing, and look by mistake only.
        found += _rest("liars with friends", checks, Market(), behaviour, True, seeds, epochs)[:1]
    return found


def _rest(
    name: str, at: float, market: Market, behaviour: Behaviour, friend: bool, seeds: int, epochs: int
) -> list[Seen]:
    expected = closed.rest_point(market, behaviour, friend, SPREAD)
    late = [
        learn(market, behaviour, friend, SPREAD, PATIENCE, epochs, seed).after(epochs // 2) for seed in range(seeds)
    ]
    return [
        _seen(f"{name}: lies", at, expected.lies, [float(run.lies.mean()) for run in late]),
        _seen(f"{name}: checked", at, expected.checked, [float(run.checked.mean()) for run in late]),
    ]


def _seen(what: str, at: float, expected: float, runs: list[float]) -> Seen:
    return Seen(what, at, expected, float(np.mean(runs)), float(np.std(runs, ddof=1) / np.sqrt(len(runs))))

"""Providers and verifiers who see what has paid, job after job, and do what pays them."""

from dataclasses import dataclass

import numpy as np

from simulation.market import Flags, Floats, Played, play
from simulation.model import Behaviour, Market

PROVIDERS = 100
JOBS = 1_000
"""In an epoch. After it, everybody hears what it has paid to lie, and to recompute a claim: all of that is public."""


@dataclass(frozen=True)
class History:
    """By epoch; shares of the jobs that were played."""

    lies: Floats
    checked: Floats
    """By a verifier, on average."""
    caught: Floats
    """Of the false claims; NaN where there are none."""
    believed: Floats
    """False, and paid."""

    def after(self, epoch: int) -> "History":
        """Without the epochs before this one."""
        return History(*(series[epoch:] for series in vars(self).values()))


def learn(
    market: Market, behaviour: Behaviour, friend: bool, spread: float, patience: float, epochs: int, seed: int
) -> History:
    """Let everyone start with an opinion of its own, and learn. `behaviour` has what nobody decides.

    For each job, costs differ by a logistic variable with the scale `spread`: a provider lies if that is worth it, and
    a verifier recomputes the claim if that is; except for `behaviour.mistakes`. `patience`: epochs after which an
    opinion has forgotten two thirds of what it was; half to twice as many, for each party. With too little of it, all
    change their minds at once, and liars and verifiers chase each other in circles.
    """
    random = np.random.default_rng(seed)
    memory = [patience * 2 ** random.uniform(-1, 1, parties) for parties in (PROVIDERS, behaviour.verifiers)]
    liars = random.normal(0.0, spread, PROVIDERS)
    verifiers = random.normal(-market.checking_cost * behaviour.sampled / market.tasks, spread, behaviour.verifiers)
    rows = []
    for _ in range(epochs):
        hands = random.integers(PROVIDERS, size=JOBS)
        lies = random.random(JOBS) < _inclined(liars, spread, behaviour)[hands]
        checked = _inclined(verifiers, spread, behaviour)
        played = play(market, behaviour, lies, np.full(JOBS, friend), checked, random)
        caught = played.caught[lies].mean() if lies.any() else np.nan
        rows.append((lies.mean(), played.looked.mean(), caught, (lies & ~played.caught).mean()))

        lying, checking = _advantages(played, lies)
        if lying is not None:
            liars += (lying - liars) / memory[0]
        if checking is not None:
            verifiers += (checking - verifiers) / memory[1]
    return History(*np.array(rows).T)


def _inclined(opinions: Floats, spread: float, behaviour: Behaviour) -> Floats:
    """The probability that each, by its opinion of what something pays, does it."""
    return behaviour.mistakes / 2 + (1 - behaviour.mistakes) / (1 + np.exp(np.clip(-opinions / spread, -100, 100)))


def _advantages(played: Played, lies: Flags) -> tuple[float | None, float | None]:
    """What a lie has paid more than a right claim, and what recomputing a claim has paid; None if nobody has tried."""
    lying = checking = None
    if lies.any() and not lies.all():
        lying = float(played.provider[lies].mean() - played.provider[~lies].mean())
    if played.looked.any():
        checking = float(played.verifiers.sum() / played.looked.sum())
    return lying, checking

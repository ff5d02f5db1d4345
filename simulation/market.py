"""Jobs played one by one, by the contracts' rules of who pays whom. Shares no formula with `closed_forms`."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulation.model import Behaviour, Gas, Market

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Moves = Callable[[int], bool]


@dataclass(frozen=True)
class Played:
    """What jobs have brought each party, in prices of a job; a row is a job."""

    provider: Floats
    """A liar's friend included: it is the same purse."""
    requester: Floats
    verifiers: Floats
    """A column each."""
    copycat: Floats
    burned: Floats
    fee: Floats
    """To the deployment."""
    spent: Floats
    """By everybody, for gas and to run programs."""
    gained: Floats
    """By liars, outside the market."""
    looked: Flags
    """Which verifier recomputed which claim."""
    caught: Flags


def decide(market: Market, behaviour: Behaviour, jobs: int, random: np.random.Generator) -> Played:
    """Play `jobs` jobs whose parties all do what `behaviour` says."""
    lies = random.random(jobs) < behaviour.lies
    friends = random.random(jobs) < behaviour.friends
    return play(market, behaviour, lies, friends, np.full(behaviour.verifiers, behaviour.checked), random)


def play(
    market: Market, behaviour: Behaviour, lies: Flags, friends: Flags, checked: Floats, random: np.random.Generator
) -> Played:
    """Play one job for each of `lies`: whether its claim is false, and whether its author would call a friend.

    `checked`: the probability that each verifier recomputes a claim. A lone liar that is challenged is silent: moving
    would cost it gas.
    """
    jobs, verifiers = len(lies), len(checked)
    wrong, cost = behaviour.false_tasks, market.gas_cost

    # Who recomputes, verifiers first and the requester last; and who finds a false task, and has the time to say so.
    looks: Flags = random.random((jobs, verifiers + 1)) < np.append(checked, behaviour.requester_checks)
    finds: Flags = looks & lies[:, None]
    drawn = random.hypergeometric(wrong, market.tasks - wrong, behaviour.sampled, finds.sum())
    finds[finds] = (drawn > 0) & (random.random(len(drawn)) < behaviour.reliability)
    caught: Flags = np.logical_or.reduce(finds, axis=1)

    # Whose dispute the provider loses first: the friend's, a copycat's, or that of any who found the lie.
    defender, challenger, _ = dispute(market.gas, market.rounds, lambda _: True, lambda _: True, provider_lies=True)
    both = (defender + challenger) * market.gas_price
    reward = market.bond * (1 - market.burn_share)
    friendly = caught & friends & (both < reward)
    copied = caught & ~friendly & (random.random(jobs) < behaviour.copied)
    first = np.argmax(random.random(finds.shape) * finds, axis=1)
    wins = (caught & ~friendly & ~copied)[:, None] & (np.arange(verifiers + 1) == first[:, None])

    # Gas and electricity.
    challenging = finds * cost("challenge") + np.where(wins, cost("timeout_won"), finds * cost("timeout_moot"))
    watching = looks * (market.checking_cost * behaviour.sampled / market.tasks) + challenging
    copying = copied * cost("challenge", "timeout_won")
    running = np.where(lies, 1 - wrong / market.tasks, 1.0) * market.running_cost
    providing = running + cost("accept", "claim") + np.where(caught, 0.0, cost("finalize")) + friendly * both

    price, bond = np.where(caught, 0.0, 1.0), np.where(caught, market.bond, 0.0)
    fee = price * market.fee_share
    earned = wins * reward - watching
    outside_gain = np.where(lies & ~caught, market.external_gain, 0.0)
    return Played(
        provider=price - fee - bond + friendly * reward - providing + outside_gain,
        requester=earned[:, -1] - price - cost("post"),
        verifiers=earned[:, :-1],
        copycat=copied * reward - copying,
        burned=bond - np.where(caught, reward, 0.0),
        fee=fee,
        spent=providing + copying + watching.sum(axis=1) + cost("post"),
        gained=outside_gain,
        looked=looks[:, :-1],
        caught=caught,
    )


def dispute(
    gas: Gas, rounds: int, defender_moves: Moves, challenger_moves: Moves, provider_lies: bool
) -> tuple[int, int, bool]:
    """Play one dispute, turn by turn: the gas of the defender, that of the challenger, and whether the challenger wins.

    A side moves as long as its function says so of the number of the turn; who is right executes the step when its turn
    comes.
    """
    spent = [0, gas.challenge]
    willing = (defender_moves, challenger_moves)
    for turn in range(rounds):
        side = turn % 2
        last = turn == rounds - 1
        is_right = provider_lies == (side == 1)
        if not willing[side](turn) or (last and not is_right):
            spent[1 - side] += gas.timeout_won if side == 0 else gas.timeout_lost
            return spent[0], spent[1], side == 0
        spent[side] += gas.step if last else gas.move
    return spent[0], spent[1], rounds % 2 == 0

"""What it costs to be a nuisance, and what it costs the others. Each in prices of a job, gas included."""

from dataclasses import dataclass

from simulation.model import Market


@dataclass(frozen=True)
class Nuisance:
    """One attack, and what each side loses by it. The victim's loss is below zero where it gains."""

    name: str
    attacker: float
    victim: float
    locked: float
    """What the attacker has locked meanwhile, and gets back."""


def defenders_gas(market: Market) -> int:
    """The most gas that a dispute costs an honest provider: its moves, and the end."""
    moves, odd = divmod(market.rounds, 2)
    # Its turns are the even ones; the last turn, the step's, is its own if the rounds are odd.
    return moves * market.gas.move + max(market.gas.timeout_lost, odd * market.gas.step)


def challengers_gas(market: Market) -> int:
    """The most gas that a dispute costs an honest challenger: its opening, its moves, and the end."""
    moves, odd = divmod(market.rounds - 1, 2)
    return market.gas.challenge + moves * market.gas.move + max(market.gas.timeout_won, odd * market.gas.step)


def nuisances(market: Market) -> list[Nuisance]:
    """Attacks on parties that are honest and in time."""
    cost, price = market.gas_cost, market.gas_price
    silent = cost("challenge")
    playing = silent + (market.rounds - 1) // 2 * cost("move")
    parried, defended = cost("move", "timeout_lost"), defenders_gas(market) * price
    lost = market.challenger_bond
    lying = market.bond + market.rounds // 2 * cost("move")
    return [
        Nuisance("challenge a true claim, and be silent", silent + lost, parried - lost, 0.0),
        Nuisance("challenge a true claim, and play on", playing + lost, defended - lost, 0.0),
        Nuisance(
            "claim falsely, and play on", cost("claim") + lying, challengers_gas(market) * price - market.reward, 0.0
        ),
        Nuisance("accept, and never claim", cost("accept") + market.bond, cost("post", "expire") - market.reward, 0.0),
        Nuisance("post, and cancel", cost("post", "cancel"), 0.0, 1.0),
    ]


def least_challenger_bond(market: Market) -> float:
    """For which an honest provider loses nothing by a dispute, whoever opens it and however it is played."""
    return defenders_gas(market) * market.gas_price


def tolerated_misses(market: Market) -> float:
    """How often an honest provider may miss its turn before challenging true claims, in the hope for that, pays."""
    return market.challenger_bond / (market.challenger_bond + market.reward)

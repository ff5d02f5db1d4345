"""What the formulas say about parameters that one could choose, as rows; docs/economics.md has them as tables."""

from dataclasses import replace

from simulation import closed_forms as closed
from simulation.griefing import challengers_gas, defenders_gas, least_challenger_bond, nuisances, tolerated_misses
from simulation.model import Behaviour, Market

Row = dict[str, str | float]
Tables = dict[str, list[Row]]

BONDS = 2, 5, 10, 20, 40, 100
BURN_SHARES = 0.1, 0.2, 0.5, 0.8, 0.9
LOCKS = {"a day": 1 / 365, "a week": 7 / 365, "30 days": 30 / 365}
"""How long a job locks a bond, years."""
INTEREST = 0.1
"""A year's."""


def all_tables() -> Tables:
    """By what they are about."""
    market = Market()
    return {
        "bond": [_of_bond(replace(market, bond=bond)) for bond in BONDS],
        "burn share": [_of_burn_share(replace(market, burn_share=share)) for share in BURN_SHARES],
        "cost of recomputing": [_of_cost(replace(market, checking_cost=cost)) for cost in (0.8, 0.4, 0.2, 0.05)],
        "false tasks of 100": [_of_sampling(replace(market, tasks=100), false) for false in (1, 10, 100)],
        "gain outside the market": [_of_gain(replace(market, external_gain=gain)) for gain in (0.0, 1.0, 10.0, 100.0)],
        "bond locked for": [_of_lock(market, name, years) for name, years in LOCKS.items()],
        "ways to have lies found": _ways(market),
        "nuisance": [
            {"nuisance": row.name, "its author loses, / price": row.attacker, "the victim loses, / price": row.victim}
            for row in nuisances(market)
        ],
        "dispute at its longest": [
            {"side": "provider", "gas": float(defenders_gas(market))},
            {"side": "challenger", "gas": float(challengers_gas(market))},
        ],
        "challenger bond for gas": [_of_gas(replace(market, gas_price=price / 1e6)) for price in (0.02, 0.1, 0.5, 2.0)],
        "challenger bond": [_of_misses(replace(market, challenger_bond=bond)) for bond in (0.5, 1.0, 2.0, 5.0)],
    }


def _of_bond(market: Market) -> Row:
    checks = closed.threshold(market, friend=True, outsider=True)
    rest = closed.equilibrium(market, Behaviour(), friend=False, outsider=False)
    return {
        "bond / price": market.bond,
        "lone liar": closed.threshold(market, friend=False, outsider=False),
        "lone outsider": closed.threshold(market, friend=False, outsider=True),
        "liar with a friend": closed.threshold(market, friend=True, outsider=False),
        "outsider with a friend": checks,
        "checks that deter all cost": checks * market.checking_cost,
        "without, lies of lone liars": rest.lies,
    }


def _of_burn_share(market: Market) -> Row:
    return {
        "burn share": market.burn_share,
        "outsider with a friend": closed.threshold(market, friend=True, outsider=True),
        "reward / price": market.reward,
        "lies of lone liars": closed.equilibrium(market, Behaviour(), friend=False, outsider=False).lies,
    }


def _of_cost(market: Market) -> Row:
    return {
        "to recompute a claim costs": market.checking_cost,
        "lies of lone liars": closed.equilibrium(market, Behaviour(), friend=False, outsider=False).lies,
        "checks that deter all cost": closed.threshold(market, friend=True, outsider=True) * market.checking_cost,
    }


def _of_sampling(market: Market, false_tasks: int) -> Row:
    one = Behaviour(false_tasks=false_tasks)
    return {
        "false tasks": float(false_tasks),
        "a sampled task finds it": closed.found_by_a_check(market, one),
        "detection that deters": closed.threshold(
            market, friend=True, outsider=False, share=false_tasks / market.tasks
        ),
        "claims to sample one task of": closed.checks_to_deter(market, one, friend=True, outsider=False),
        "lone liars leave false, of all tasks": closed.equilibrium(market, one, friend=False, outsider=False).lies
        * false_tasks
        / market.tasks,
    }


def _of_gain(market: Market) -> Row:
    # threshold = gain / (gain + burned), without gas.
    enough = 9 * (1 + market.external_gain) / market.burn_share
    return {
        "gain / price": market.external_gain,
        "outsider with a friend": closed.threshold(market, friend=True, outsider=True),
        "needed with 1 check in 10: bond / price": enough,
    }


def _of_lock(market: Market, name: str, years: float) -> Row:
    bond = closed.cheapest_bond(market, Behaviour(), INTEREST * years)
    there = replace(market, bond=bond)
    checks = closed.threshold(there, friend=True, outsider=True)
    return {
        "bond locked for": name,
        "cheapest bond / price": bond,
        "claims to recompute": checks,
        "both cost": checks * market.checking_cost + bond * INTEREST * years,
        "both cost with 20": closed.threshold(market, friend=True, outsider=True) * market.checking_cost
        + market.bond * INTEREST * years,
    }


def _ways(market: Market) -> list[Row]:
    nobody = closed.equilibrium(market, Behaviour(), friend=False, outsider=True)
    outsiders = closed.threshold(market, friend=True, outsider=True)
    _, decoys = closed.decoys(market, nobody.detected)
    return [
        _way("none: verifiers live on rewards", 0.0, nobody.lies, 1.0),
        _way("decoys, so many that verifiers live on them", decoys, 0.0, 1.0),
        _way("requesters recompute, as rarely as deters all", outsiders * market.checking_cost, 0.0, 0.0),
    ]


def _way(name: str, cost: float, alone: float, friends: float) -> Row:
    return {"way": name, "costs": cost, "lies of lone liars": alone, "of liars with friends": friends}


def _of_gas(market: Market) -> Row:
    return {
        "a million gas / price": market.gas_price * 1e6,
        "least challenger bond / price": least_challenger_bond(market),
        "an honest job's gas": market.gas_cost("post", "accept", "claim", "finalize"),
        "outsider with a friend": closed.threshold(market, friend=True, outsider=True),
    }


def _of_misses(market: Market) -> Row:
    return {
        "challenger bond / price": market.challenger_bond,
        "turns that a provider may miss": tolerated_misses(market),
    }


def as_markdown(rows: list[Row]) -> str:
    """A table for people: all that is no multiple of a price, gas or number of tasks in percent."""
    head = list(rows[0])
    cells = [[_cell(name, row[name]) for name in head] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in [head, ["---"] * len(head), *cells])


def _cell(name: str, value: str | float) -> str:
    if isinstance(value, str):
        return value
    if name == "gas":
        return f"{round(value, -4):,.0f}"
    if name.endswith("/ price"):
        return f"{value:,.4g}"
    return f"{value:.0f}" if name == "false tasks" else f"{100 * value:.1f} %"

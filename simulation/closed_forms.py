"""The formulas of docs/economics.md about lying and verifying."""

import math
from dataclasses import dataclass, replace
from math import comb

from simulation.model import Behaviour, Market


def friends_gas_cost(market: Market) -> float:
    """The gas of a dispute that the liar plays against its friend, down to the step: faster than any clock runs out."""
    return market.gas_cost("challenge", *["move"] * (market.rounds - 1), "step")


def loss_when_caught(market: Market, friend: bool) -> float:
    """What a liar loses when somebody finds the lie: with a friend who wins the race, the burned share and gas only."""
    return min(market.bond, market.burned + friends_gas_cost(market)) if friend else market.bond


def found_by_a_check(market: Market, behaviour: Behaviour) -> float:
    """The probability that one party who recomputes `sampled` tasks of a false claim finds the lie in time."""
    right = market.tasks - behaviour.false_tasks
    missed = comb(right, behaviour.sampled) / comb(market.tasks, behaviour.sampled)
    return behaviour.reliability * (1 - missed)


def detection(market: Market, behaviour: Behaviour) -> float:
    """The probability that a false claim is found by anyone."""
    finds = found_by_a_check(market, behaviour)
    return 1 - (1 - behaviour.requester_checks * finds) * (1 - behaviour.checked * finds) ** behaviour.verifiers


def honesty_pays(market: Market) -> float:
    """What a right claim earns its author."""
    return market.pay - market.running_cost - market.gas_cost("accept", "claim", "finalize")


def lying_pays(market: Market, detected: float, friend: bool, share: float = 1.0) -> float:
    """What a claim with this share of false tasks earns its author, on average."""
    spent = (1 - share) * market.running_cost + market.gas_cost("accept", "claim")
    believed = market.pay + market.external_gain - market.gas_cost("finalize")
    return (1 - detected) * believed - detected * loss_when_caught(market, friend) - spent


def threshold(market: Market, friend: bool, outsider: bool, share: float = 1.0) -> float:
    """The detection probability above which lying in this share of the tasks loses money.

    That is, against running the job for who has a machine; against doing nothing for an outsider, who has none.
    """
    alternative = 0.0 if outsider else honesty_pays(market)
    undetected = lying_pays(market, 0.0, friend, share)
    detected = lying_pays(market, 1.0, friend, share)
    return min(1.0, max(0.0, (undetected - alternative) / (undetected - detected)))


def checks_to_deter(market: Market, behaviour: Behaviour, friend: bool, outsider: bool) -> float:
    """The share of claims whose requester has to recompute `sampled` tasks, with nobody else looking, so that lying in
    `false_tasks` of them loses money; above 1: no share is enough."""
    return threshold(market, friend, outsider, behaviour.false_tasks / market.tasks) / found_by_a_check(
        market, behaviour
    )


def checking_cost(market: Market, behaviour: Behaviour) -> float:
    """What recomputing `sampled` tasks costs."""
    return market.checking_cost * behaviour.sampled / market.tasks


def verifying_pays(market: Market, behaviour: Behaviour) -> float:
    """What recomputing one claim earns a verifier, on average, with everybody else behaving as said."""
    finds = found_by_a_check(market, behaviour)
    first = _share_of_first(behaviour.verifiers - 1, behaviour.checked * finds, behaviour.requester_checks * finds)
    paid = first * (1 - behaviour.friends) * (1 - behaviour.copied)
    opened = market.gas_cost("challenge", "timeout_moot")
    won = market.reward - market.gas_cost("timeout_won") + market.gas_cost("timeout_moot")
    return behaviour.lies * finds * (paid * won - opened) - checking_cost(market, behaviour)


def _share_of_first(others: int, each: float, requester: float) -> float:
    """The probability to be first of all who find a lie, all of them being equally fast.

    It is E[1 / (1 + finders)], where the finders are binomial, and one more with the probability `requester`.
    """
    if each * (others + 1) < 1e-6:
        return 1 - requester / 2

    def seen_by(many: int) -> float:
        return -math.expm1(many * math.log1p(-each)) if each < 1 else 1.0

    alone = seen_by(others + 1) / (each * (others + 1))
    beside = (seen_by(others + 2) / (others + 2) - (1 - each) * seen_by(others + 1) / (others + 1)) / each**2
    return (1 - requester) * alone + requester * beside


@dataclass(frozen=True)
class Rest:
    """Shares at which nobody gains by doing something else."""

    lies: float
    """Of the claims."""
    checked: float
    """By each verifier, of the claims."""
    detected: float
    """Of the false claims."""

    @property
    def believed(self) -> float:
        """Share of the claims that are false and paid."""
        return self.lies * (1 - self.detected)


def equilibrium(market: Market, behaviour: Behaviour, friend: bool, outsider: bool) -> Rest:
    """Where liars and verifiers come to rest, with the requesters' checks as `behaviour` has them.

    Either the requesters' checks deter alone; or lying and verifying both just break even; or no reward pays for
    verifying at the detection that is needed, and everybody lies.
    """
    needed = threshold(market, friend, outsider, behaviour.false_tasks / market.tasks)
    finds = found_by_a_check(market, behaviour)
    by_requester = behaviour.requester_checks * finds
    if by_requester >= needed:
        return Rest(0.0, 0.0, by_requester)
    each = 1 - ((1 - needed) / (1 - by_requester)) ** (1 / behaviour.verifiers)
    then = replace(behaviour, lies=1.0, friends=float(friend), checked=each / finds)
    cost = checking_cost(market, behaviour)
    income = verifying_pays(market, then) + cost
    if then.checked > 1 or income <= cost:
        return Rest(1.0, 0.0, by_requester)
    return Rest(cost / income, then.checked, needed)


def rest_point(market: Market, behaviour: Behaviour, friend: bool, spread: float) -> Rest:
    """The same for insiders whose costs differ from job to job, by a logistic variable of scale `spread`, in prices.

    Then something that pays A more than the alternative is done by a share x, but for mistakes, where
    A = spread * log(x / (1 - x)). As spread and mistakes go to zero, this is `equilibrium`; and it is where people who
    learn can come to rest.
    """
    share = behaviour.false_tasks / market.tasks

    def detected(checked: float) -> float:
        return detection(market, replace(behaviour, checked=checked))

    def lies(checked: float) -> float:
        advantage = lying_pays(market, detected(checked), friend, share) - honesty_pays(market)
        return _done(advantage / spread, behaviour)

    def verifying(checked: float) -> float:
        now = replace(behaviour, lies=lies(checked), friends=float(friend), checked=checked)
        return verifying_pays(market, now)

    # The more is checked, the fewer lies there are, and the less a check brings: so there is one rest point.
    low, high = -100.0, 100.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if spread * middle < verifying(_done(middle, behaviour)) else (low, middle)
    checked = _done((low + high) / 2, behaviour)
    return Rest(lies(checked), checked, detected(checked))


def _done(inclination: float, behaviour: Behaviour) -> float:
    """The share that does something, by its advantage over the spread of costs."""
    wanted = 1 / (1 + math.exp(-min(500.0, max(-500.0, inclination))))
    return behaviour.mistakes / 2 + (1 - behaviour.mistakes) * wanted


def cheapest_bond(market: Market, behaviour: Behaviour, interest: float) -> float:
    """The bond with which deterring outsiders with friends costs least: by requesters' checks, and capital in the bond.

    `interest`: on the bond, for as long as one job locks it.
    """
    believed = market.pay + market.external_gain
    return max(
        0.0,
        (math.sqrt(believed * checking_cost(market, behaviour) * market.burn_share / interest) - believed)
        / market.burn_share,
    )


def decoys(market: Market, detected: float) -> tuple[float, float]:
    """The share of claims that have to be decoys, false on purpose, and what they cost for each claim in the market.

    With so many, many verifiers find `detected` of all false claims though nobody else lies. What they cost their
    author is the bond, each time they work.
    """
    checks = -math.log(1 - detected)
    reward = market.reward - market.gas_cost("challenge", "timeout_won")
    share = min(1.0, checks * market.checking_cost / (detected * reward))
    return share, share * detected * market.bond

"""What the market is like, and what its parties do. Money is in prices of a job, unless a name says gas."""

import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1] / "tests"
CALLS = TESTS / "contracts" / "gas.json"
STEPS = TESTS / "differential" / "referee_gas.json"


@dataclass(frozen=True)
class Gas:
    """What calls cost, gas. Each is a transaction of its own."""

    post: int
    cancel: int
    accept: int
    claim: int
    finalize: int
    expire: int
    challenge: int
    move: int
    step: int
    """Of the dearest instruction of RISC-V."""
    timeout_won: int
    """By the challenger, when the provider is silent."""
    timeout_lost: int
    """By the provider, when the challenger is silent."""
    timeout_moot: int
    """By a challenger whose dispute is no longer needed, to get its bond back."""


@cache
def measured_gas() -> Gas:
    """What the tests of the contracts and of the referee have recorded."""
    calls: dict[str, int] = json.loads(CALLS.read_text())
    steps: dict[str, int] = json.loads(STEPS.read_text())
    return Gas(
        **{name: calls[name] for name in ("post", "cancel", "accept", "claim", "finalize", "challenge", "move")},
        expire=calls["expire, not claimed"],
        # Those of the calls were recorded with the toy counter, whose steps cost next to nothing.
        step=calls["step, the provider loses"] + max(steps.values()),
        timeout_won=calls["timeout, the provider loses"],
        timeout_lost=calls["timeout, the challenger loses"],
        timeout_moot=calls["timeout, moot"],
    )


@dataclass(frozen=True)
class Market:
    """The rules and the costs. A job's price is 1: of a price that rises, the highest, for the bond is fixed before."""

    bond: float = 20.0
    """What the provider has at risk."""
    burn_share: float = 0.5
    """Of a slashed bond."""
    challenger_bond: float = 2.0
    fee_share: float = 0.0
    """Of the price of a finalized job, to the deployment."""
    running_cost: float = 0.8
    """To run all tasks of a job."""
    checking_cost: float = 0.8
    """To recompute all tasks of a claim."""
    tasks: int = 1
    external_gain: float = 0.0
    """What a liar gains, besides the price, from a false result that is believed."""
    gas_price: float = 2e-8
    """Of one unit of gas, in prices of a job: a million gas for 2 % of the price."""
    rounds: int = 8
    gas: Gas = field(default_factory=measured_gas)

    @property
    def pay(self) -> float:
        """What the provider gets of the price."""
        return 1 - self.fee_share

    @property
    def burned(self) -> float:
        """Of the bond, when it is slashed."""
        return self.burn_share * self.bond

    @property
    def reward(self) -> float:
        """What the challenger gets whose dispute the provider loses first."""
        return self.bond - self.burned

    def gas_cost(self, *calls: str) -> float:
        """What these calls, named as in `Gas`, cost together, in prices of a job."""
        return self.gas_price * float(sum(getattr(self.gas, call) for call in calls))


@dataclass(frozen=True)
class Behaviour:
    """What the parties do, as probabilities a claim, each independent of the others."""

    lies: float = 0.0
    """The claim is false."""
    friends: float = 0.0
    """The author of a false claim has a friend, who challenges it too when somebody else does, and wins that race."""
    verifiers: int = 20
    checked: float = 0.05
    """A verifier recomputes the claim."""
    requester_checks: float = 0.0
    """The requester does."""
    reliability: float = 1.0
    """Who recomputes has the data, and opens the dispute within the challenge period."""
    copied: float = 0.0
    """A copycat takes the reward of who found the lie."""
    false_tasks: int = 1
    """Of a false claim."""
    sampled: int = 1
    """Tasks, chosen at random, of a claim that are recomputed."""
    mistakes: float = 0.0
    """Of the decisions of people who learn, the share that is taken at random: so everything is tried now and then."""

"""What ways through the market cost in gas, measured (docs/market.md, "What it costs"; a test compares)."""

from dataclasses import dataclass

PLAIN = 139_867
"""Post, accept, claim and finalize: all four transactions of a job of one task."""

SIGNED = 88_378
"""An order that is filled and claimed in one, and finalized."""

TASK = 2_628
"""A task of a hundred in one job, by the plain way."""

OPENING = 133_093
"""A challenge."""

TURN = 56_893
"""A turn of a dispute."""


def plain_cost(tasks: int) -> int:
    """The gas of all four transactions of a job of so many tasks."""
    return PLAIN + (100 * TASK - PLAIN) * (tasks - 1) // 99


@dataclass(frozen=True)
class DisputeCost:
    """The gas that a dispute takes if both sides play it to its end, which is the most that it can take."""

    challenger: int
    defender: int

    @property
    def both(self) -> int:
        """Of both sides together."""
        return self.challenger + self.defender


def dispute_cost(rounds: int) -> DisputeCost:
    """Of a dispute over 16^rounds steps: the opening, a list for each further round, in turns, and the step.

    The defender answers the opening. The step is counted as a turn for each side, because either may have to send it.
    """
    lists = rounds - 1
    return DisputeCost(OPENING + TURN * (lists // 2 + 1), TURN * ((lists + 1) // 2 + 1))

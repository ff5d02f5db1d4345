"""The clocks that run against this agent: to the claim of each job that it has accepted, and in its disputes."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from assay.chain.history import DisputeHistory
from assay.chain.records import Status
from assay.dispute.game import Side
from provider_agent.context import Context

NEARLY_OVER = 0.25
"""Share of a clock that is left when it counts as in danger, if that is less time than the settings say."""


@dataclass(frozen=True)
class Clock:
    """Time that runs out. The same clock is equal to itself, however much of it is left."""

    what: Literal["job", "dispute"]
    """An accepted job that was not claimed yet; a dispute in which it is this agent's turn."""
    subject: str
    """The job's or the dispute's id, as text."""
    left: int = field(compare=False)
    """Seconds. Below zero: too late."""
    given: int = field(compare=False)
    """Seconds that there were at its start."""

    def is_in_danger(self, seconds: float) -> bool:
        """Whether less than `seconds` is left; of a short clock, less than a quarter."""
        return self.left < min(seconds, NEARLY_OVER * self.given)


class Clocks:
    """Asks the chain once a turn: the deadline of a turn does not change."""

    def __init__(self) -> None:
        self._turns: dict[tuple[bytes, int], tuple[int, int]] = {}
        """Beginning and end of each turn of ours, by dispute and number of answers. End 0: it is over already."""

    def to_claim(self, context: Context) -> list[Clock]:
        """One for each job that this provider has accepted and not claimed, by the confirmed events."""
        return [
            Clock("job", str(job_id), history.job.deadline - context.now, history.job.terms.run_period)
            for job_id, history in context.book.jobs.items()
            if history.ended is None
            and history.job.status == Status.ACCEPTED
            and history.job.provider == context.account
        ]

    def to_answer(self, context: Context) -> list[Clock]:
        """One for each turn of ours that the confirmed events show."""
        return list(self._to_answer(context))

    def _to_answer(self, context: Context) -> Iterator[Clock]:
        turns = {
            (dispute.dispute_id, len(dispute.play.answers)): dispute
            for dispute in context.book.disputes.values()
            if _is_our_turn(dispute, context)
        }
        for turn in turns.keys() - self._turns.keys():
            end = context.chain.game.deadline_of(turn[0])
            began = context.chain.node.block(turns[turn].entries[-1].block).timestamp
            self._turns[turn] = (began, end)
        self._turns = {turn: times for turn, times in self._turns.items() if turn in turns}
        for (dispute_id, _), (began, end) in self._turns.items():
            if end:  # otherwise the dispute has ended, and no confirmed block says so yet
                yield Clock("dispute", f"0x{dispute_id.hex()}", end - context.now, end - began)


def _is_our_turn(dispute: DisputeHistory, context: Context) -> bool:
    side: Side = dispute.play.to_move
    is_ours = dispute.terms.party(side) == context.account
    return is_ours and not dispute.resolved and not context.book.jobs[dispute.terms.job_id].ended

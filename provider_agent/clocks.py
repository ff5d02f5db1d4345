"""How much time is left in each dispute in which it is this agent's turn."""

from assay.chain.history import DisputeHistory
from assay.dispute.game import Side
from provider_agent.context import Context


class Clocks:
    """Asks the chain once a turn: the deadline of a turn does not change."""

    def __init__(self) -> None:
        self._deadlines: dict[tuple[bytes, int], int] = {}

    def left(self, context: Context) -> dict[str, int]:
        """Seconds to the end of each turn of ours that the confirmed events show, by dispute. Below zero: too late."""
        turns = {
            (dispute.dispute_id, len(dispute.play.answers)): dispute
            for dispute in context.book.disputes.values()
            if _is_our_turn(dispute, context)
        }
        for turn in set(turns) - set(self._deadlines):
            self._deadlines[turn] = context.chain.game.deadline_of(turn[0])
        self._deadlines = {turn: deadline for turn, deadline in self._deadlines.items() if turn in turns}
        # Zero: the dispute has ended, and no confirmed block says so yet.
        return {f"0x{turn[0].hex()}": at - context.now for turn, at in self._deadlines.items() if at}


def _is_our_turn(dispute: DisputeHistory, context: Context) -> bool:
    side: Side = dispute.play.to_move
    is_ours = dispute.terms.party(side) == context.account
    return is_ours and not dispute.resolved and not context.book.jobs[dispute.terms.job_id].ended

"""The tables at the end of the story."""

import pytest
from rich.console import Console

from assay.chain.events import DisputeResolved
from assay.chain.history import DisputeHistory
from assay.chain.records import DisputeTerms, Ending
from assay.dispute.game import History, Side
from demo.closing import show_dispute

ALICE, BOB = "0x" + 40 * "1", "0x" + 40 * "2"
TERMS = DisputeTerms(ALICE, bytes(32), 0, BOB, 3, ALICE, BOB, bytes(32), bytes(32))
PLAY = History(3, bytes(32), (bytes(32),) * 16)


@pytest.mark.parametrize(("winner", "loser"), [(Side.CHALLENGER, "bob"), (Side.DEFENDER, "alice")])
def test_a_dispute_that_ended_by_timeout_is_shown_without_a_step(winner: Side, loser: str) -> None:
    resolved = DisputeResolved(TERMS.dispute_id, winner, Ending.TIMEOUT)
    console = Console(record=True)
    show_dispute(
        console, DisputeHistory(TERMS.dispute_id, TERMS, PLAY, resolved=resolved), [], {ALICE: "alice", BOB: "bob"}
    )
    assert f"{loser} ran out of time" in console.export_text()

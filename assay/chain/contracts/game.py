"""IDisputeGame: the bisection of a disputed claim."""

from typing import Any

from assay.chain.codec import load_abi
from assay.chain.contracts.base import Contract
from assay.chain.node import Call, Node
from assay.chain.records import DisputeState, DisputeTerms
from assay.dispute.game import Pair, Roots


class Game(Contract):
    """The dispute game: what interfaces/IDisputeGame.sol says."""

    def __init__(self, node: Node, address: str) -> None:
        super().__init__(node, address, load_abi("game"))

    def allowance(self) -> int:
        """Each side's time bank at the start, seconds."""
        return int(self._read("allowance", block=None))

    def minimum_reply(self) -> int:
        """The least time that a side has for each turn, seconds."""
        return int(self._read("minimumReply", block=None))

    def state_of(self, dispute_id: bytes, block: int | None = None) -> DisputeState:
        """The state of a dispute; all zero if there never was one."""
        return DisputeState.from_abi(self._read("stateOf", dispute_id, block=block))

    def deadline_of(self, dispute_id: bytes, block: int | None = None) -> int:
        """Until when the side to move can answer, inclusive; 0 if the dispute is not running."""
        return int(self._read("deadlineOf", dispute_id, block=block))

    def move(self, dispute_id: bytes, pair: Pair, roots: Roots) -> Call:
        """Dispute a root of the opponent's last list and post the next list."""
        return self._call("move", (dispute_id, _abi(pair), roots), f"move in dispute 0x{dispute_id.hex()}")

    def step(self, terms: DisputeTerms, pair: Pair, witness: bytes, context: bytes) -> Call:
        """Have the referee execute the disputed step. `context` is the job's record (`Job.encode`)."""
        purpose = f"step in dispute 0x{terms.dispute_id.hex()}"
        return self._call("step", (terms.abi(), _abi(pair), witness, context), purpose)

    def timeout(self, terms: DisputeTerms, context: bytes) -> Call:
        """End a dispute whose side to move let its clock run out. `context` is the job's record (`Job.encode`)."""
        return self._call("timeout", (terms.abi(), context), f"time out dispute 0x{terms.dispute_id.hex()}")


def _abi(pair: Pair) -> tuple[Any, ...]:
    """`pair` as the ABI wants it."""
    return (pair.index, pair.agreed, pair.before, pair.disputed, pair.siblings)

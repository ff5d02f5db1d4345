"""A duty: what this agent does about one job in one of its roles."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """Where a duty is. What the job itself is doing is the chain's to say."""

    CONSIDERING = "considering"
    """Not decided, or not possible yet."""
    TAKEN = "taken"
    """Decided: the provider wants the job; the verifier has found the claim wrong."""
    COMPUTED = "computed"
    """The provider has run the job and published the result."""
    CLAIMED = "claimed"
    """The provider's claim is on the chain: it is defended, and asks for nothing else any more."""
    REFUSED = "refused"
    """Decided against, with nothing at risk."""
    ENDED = "ended"
    """Nothing is left to do."""

    @property
    def is_live(self) -> bool:
        """Whether there is something left to do."""
        return self in LIVE


LIVE = (State.CONSIDERING, State.TAKEN, State.COMPUTED, State.CLAIMED)


@dataclass(frozen=True)
class Duty:
    """One row of the journal's `duties`."""

    role: str
    job: str
    """As text: slot.generation@requester."""
    state: State
    reason: str
    final_roots: tuple[bytes, ...] = ()
    """By task, once computed."""
    result_id: bytes | None = None
    """Of the published result document."""
    attempts: int = 0
    retry_at: float = 0.0
    size: int | None = None
    """Bytes of the job's documents, program and inputs, once they were read."""


@dataclass(frozen=True)
class Deadline:
    """One row of the journal's `deadlines`: an action that becomes possible when the chain's time is past `due_at`."""

    role: str
    action: str
    subject: str
    """A job or a dispute, as text."""
    due_at: int

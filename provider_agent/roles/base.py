"""What a role is to the loop."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from provider_agent.duty import Deadline, Duty

EventHandlers = Mapping[type, Callable[[Any], None]]
"""By the event's class. A handler only writes to the journal: it runs within the transaction that records the event,
and again if a reorganisation has the event read again."""

DeadlineHandlers = Mapping[str, Callable[[Deadline], None]]
"""By the action. Called at every pass from the deadline on, until the handler moves or drops it."""


class Role(Protocol):
    """One way of taking part in the market."""

    name: str
    on: EventHandlers
    due: DeadlineHandlers

    def act(self, duty: Duty) -> None:
        """Go on with a duty, as far as is possible now. Called at every pass; raises `JobFaultError`."""

    def rank(self, duty: Duty) -> bytes:
        """Of what is considered, the lowest is looked at first; the oldest, where all are equal."""

    def is_at_risk(self, duty: Duty) -> bool:
        """Whether the agent can lose a bond if it gives this duty up."""

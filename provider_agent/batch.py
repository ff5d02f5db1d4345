"""Claims and payments that are due at once, in one transaction: each saves the 21,000 gas that any transaction costs.

A claim that the chain would refuse would take the others with it, so whatever is refused together is sent one by one. A
payment that cannot be made does not: `finalizeAll` leaves it out, and it is tried again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assay.chain.contracts.market import Market
from assay.chain.node import Call
from assay.chain.records import Job
from provider_agent.outbox import Outbox

MOST_PARTS = 16
MOST_BYTES = 32 << 10
"""Of one transaction's calls: nodes take some 128 KiB."""


@dataclass(frozen=True)
class _Part:
    """One thing to achieve."""

    purpose: str
    alone: Call
    """The call that achieves it."""
    pays: Job | None = None
    """The job that it finalizes."""


class Batch:
    """What one pass of the loop has gathered."""

    def __init__(self, outbox: Outbox, market: Market) -> None:
        self._outbox = outbox
        self._market = market
        self._parts: dict[str, _Part] = {}

    def begin(self) -> None:
        """A new pass: what the last one has not sent is gathered anew."""
        self._parts.clear()

    def claim(self, call: Call, purpose: str) -> None:
        """Make a claim, together with what else there is."""
        self._add(_Part(purpose, call))

    def pay(self, job: Job, purpose: str) -> None:
        """Finalize a job, together with what else there is."""
        self._add(_Part(purpose, self._market.finalize(job), job))

    def send(self) -> None:
        """Send all that was gathered."""
        parts = list(self._parts.values())
        self._parts.clear()
        for together in _portions(parts):
            purposes = tuple(part.purpose for part in together)
            if len(together) > 1 and self._outbox.send(self._joined(together), batch_purpose(purposes), purposes):
                continue
            for part in together:
                self._outbox.send(part.alone, part.purpose)

    def _add(self, part: _Part) -> None:
        if self._outbox.wants(part.purpose):
            self._parts[part.purpose] = part

    def _joined(self, parts: Sequence[_Part]) -> Call:
        jobs = [part.pays for part in parts if part.pays is not None]
        claims = [part.alone for part in parts if part.pays is None]
        calls = [*([self._market.finalize(*jobs)] if jobs else []), *claims]
        return calls[0] if len(calls) == 1 else self._market.multicall(calls)


def batch_purpose(parts: Sequence[str]) -> str:
    """The purpose of a transaction that achieves several."""
    return f"batch {'; '.join(parts)}"


def parts_of(purpose: str) -> list[str]:
    """The purposes that `batch_purpose` has put together; none if it has not."""
    head, _, rest = purpose.partition(" ")
    return rest.split("; ") if head == "batch" else []


def _portions(parts: Sequence[_Part]) -> Iterator[list[_Part]]:
    """In the order given, as many together as fit into one transaction."""
    portion: list[_Part] = []
    for part in parts:
        size = sum(len(each.alone.data) for each in [*portion, part])
        if portion and (len(portion) == MOST_PARTS or size > MOST_BYTES):
            yield portion
            portion = []
        portion.append(part)
    if portion:
        yield portion

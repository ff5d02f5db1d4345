"""IDirectory: who is listed as a provider."""

from dataclasses import dataclass

from assay.chain.codec import load_abi
from assay.chain.contracts.ledger import Ledger
from assay.chain.node import Call, Node


@dataclass(frozen=True)
class Listing:
    """IDirectory.Listing: where a provider stands."""

    stake: int
    """Locked, base units; 0 for who is not listed."""
    leaves_at: int
    """From when on the stake can be returned, seconds since the epoch; 0 for who does not leave."""


class Directory(Ledger):
    """The directory: what interfaces/IDirectory.sol says. It has a ledger of its own, as the market does."""

    def __init__(self, node: Node, address: str) -> None:
        super().__init__(node, address, load_abi("directory"))

    def listing_stake(self) -> int:
        """What a provider has locked while it is listed."""
        return int(self._read("listingStake", block=None))

    def leave_period(self) -> int:
        """Seconds from a provider's leave to the return of that stake."""
        return int(self._read("leavePeriod", block=None))

    def listing_of(self, provider: str, block: int | None = None) -> Listing:
        """Where `provider` stands."""
        return Listing(*self._read("listingOf", provider, block=block))

    def list(self, record_id: bytes) -> Call:
        """Be listed with this capability record, or change it."""
        return self._call("list", (record_id,), "be listed")

    def retire(self) -> Call:
        """Stop being listed."""
        return self._call("retire", (), "retire from the directory")

    def delist(self, provider: str) -> Call:
        """Return the stake of a provider whose leave period is over."""
        return self._call("delist", (provider,), f"delist {provider}")

"""The directory: who is listed as a provider, and the signed capability records that say what they offer."""

import time
from dataclasses import dataclass
from uuid import uuid4

from assay.chain.connection import Chain
from assay.chain.events import Delisted, Leaving, Listed, read_listings
from assay.chain.node import Receipt
from assay.chain.sender import Sender
from assay.chain.signing import Capability, Domain, Speed, sign
from assay.client.checks import check_record
from assay.client.funds import Funds
from assay.client.papers import CapabilityRecord, read_paper
from assay.documents import MAX_DOCUMENT
from assay.errors import AssayError, InputError, IntegrityError, TransientError
from assay.store.base import Store


@dataclass(frozen=True)
class Entry:
    """A listed provider, as the directory's events tell."""

    provider: str
    record_id: bytes
    """Content id of the capability record."""
    stake: int
    leaves_at: int
    """From when on its stake can be returned, seconds since the epoch; 0 for who stays."""


def read_entries(chain: Chain) -> list[Entry]:
    """Who is listed, and who is leaving, in the order of their last record."""
    found: dict[str, Entry] = {}
    for entry in read_listings(chain.node, chain.deployment, chain.node.head().number):
        match entry.event:
            case Listed(provider, record_id, stake):
                found.pop(provider, None)
                found[provider] = Entry(provider, record_id, stake, 0)
            case Leaving(provider, leaves_at):
                found[provider] = Entry(provider, found[provider].record_id, found[provider].stake, leaves_at)
            case Delisted(provider):
                del found[provider]
    return list(found.values())


def fetch_record(chain: Chain, store: Store, entry: Entry) -> CapabilityRecord:
    """What a provider says of itself. Raises `IntegrityError` if it has not signed it, `MissingBlobError`."""
    try:
        record = read_paper(CapabilityRecord, store.get(entry.record_id.hex(), MAX_DOCUMENT))
        check_record(chain, record, entry.provider)
    except InputError as fault:
        if type(fault) is not InputError:
            raise  # there is no such blob
        raise IntegrityError(f"the capability record of {entry.provider} cannot be used: {fault}") from fault
    return record


def try_record(chain: Chain, store: Store, entry: Entry) -> tuple[CapabilityRecord | None, str]:
    """As `fetch_record`; for a record that cannot be had, why. Raises `TransientError`."""
    try:
        return fetch_record(chain, store, entry), ""
    except TransientError:
        raise
    except AssayError as fault:
        return None, str(fault)


class Listing:
    """One provider's place in the directory."""

    def __init__(self, chain: Chain, sender: Sender) -> None:
        self.chain = chain
        self._sender = sender
        self._funds = Funds(chain, sender, chain.directory, "directory")

    def enter(
        self, store: Store, machines: tuple[Speed, ...], price_floor: int, endpoint: str
    ) -> tuple[Receipt, bytes]:
        """Be listed with a record that says so, or change it; its content id too.

        What is missing of the listing stake is deposited in the same transaction. Raises `InputError` if there is not
        enough money.
        """
        chain, address = self.chain, self._sender.address
        domain = Domain(chain.deployment.chain_id, chain.directory.address)
        capability = Capability(address, machines, price_floor, endpoint, int(time.time()))
        record = CapabilityRecord.make(domain, capability, sign(self._sender.account, capability.message(domain)))
        calls = []
        if chain.directory.listing_of(address).stake == 0:
            lacking = max(chain.directory.listing_stake() - chain.directory.account_of(address).stake, 0)
            payment = self._funds.payment(self._funds.missing(lacking))
            calls = [*payment, *([chain.directory.stake(lacking)] if lacking else [])]
        record_id = bytes.fromhex(store.put(record.encode()))
        return self._funds.execute([*calls, chain.directory.list(record_id)], "list"), record_id

    def retire(self) -> Receipt:
        """Stop being listed. Raises `ContractError` for who is not."""
        return self._sender.execute(self.chain.directory.retire(), f"retire {uuid4()}")

    def leave(self, to: str) -> tuple[Receipt, int]:
        """Pay the stake out, after the leave period, and all else that this account has in the directory; how much.

        Raises `ContractError` if it is too early, `InputError` if there is nothing.
        """
        chain, address = self.chain, self._sender.address
        account, listing = chain.directory.account_of(address), chain.directory.listing_of(address)
        stake, calls = account.stake, []
        if listing.stake:
            calls.append(chain.directory.delist(address))
            stake += listing.stake
        amount = account.free + stake
        if amount == 0:
            raise InputError(f"{address} has nothing in the directory")
        if stake:
            calls.append(chain.directory.unstake(stake))
        calls.append(chain.directory.withdraw(to, amount))
        return self._funds.execute(calls, "leave the directory"), amount

"""Whether what somebody has signed still counts: for this market, in its epoch, in time, unused, and by its signer.

Each check raises `InputError` with what is wrong, and `ChainError` or `TransientError` if the chain cannot be asked.
"""

from dataclasses import replace
from datetime import UTC, datetime

from assay.chain.connection import Chain
from assay.chain.records import JobId
from assay.chain.signing import Tickets, are_signed, is_signed, part_signature, struct_hash
from assay.client.papers import (
    CapabilityRecord,
    SignedExtension,
    SignedOffer,
    SignedOrder,
    SignedTickets,
)
from assay.errors import InputError

_CANCELLED = 2**256 - 1
_RANGE = 256


def check_order(chain: Chain, paper: SignedOrder, follows: JobId | None = None) -> None:
    """Whether the order can be filled now, or once the job `follows` is over, as far as its requester is concerned."""
    _check_market(chain, paper)
    _check_expiry(chain, paper.expiry)
    order = paper.order
    if not is_signed(chain.node, paper.signer, paper.domain, order.message(paper.domain, paper.epoch), paper.signature):
        raise _forged(paper.signer)
    job_id = order.job_id
    generation = chain.market.next_generation(job_id.requester, job_id.slot)
    if generation == 0 and follows == replace(job_id, generation=job_id.generation - 1):
        generation = job_id.generation
    if generation == 0:
        raise InputError(
            f"slot {job_id.slot} of {job_id.requester} holds a job that is not over, or has disputes that are not: "
            "try again later"
        )
    if generation > job_id.generation:
        raise InputError(f"order {job_id} was filled or cancelled")
    if generation < job_id.generation:
        raise InputError(f"order {job_id} waits for the orders of that slot before it: {generation} is the next")
    _check_money(chain, paper.signer, order.terms.price_at(chain.node.head().timestamp, order.expiry))


def check_offer(chain: Chain, paper: SignedOffer) -> int:
    """Whether the offer can be taken now, as far as its provider is concerned; for how many tasks."""
    _check_market(chain, paper)
    _check_expiry(chain, paper.expiry)
    offer = paper.offer
    if not is_signed(chain.node, paper.signer, paper.domain, offer.message(paper.domain, paper.epoch), paper.signature):
        raise _forged(paper.signer)
    used = chain.market.offer_use(offer.provider, offer.nonce)
    if used == _CANCELLED:
        raise InputError(f"offer {offer.nonce} of {offer.provider} was cancelled")
    if used >= offer.capacity:
        raise InputError(f"offer {offer.nonce} of {offer.provider} is used up: it was for {offer.capacity} tasks")
    return offer.capacity - used


def check_tickets(chain: Chain, paper: SignedTickets) -> list[int]:
    """Whether the tickets can be taken now; the places, in the file, of those that are neither taken nor cancelled."""
    _check_market(chain, paper)
    _check_expiry(chain, paper.expiry)
    tickets = paper.all
    nonces = [ticket.nonce for ticket in tickets]
    if nonces != sorted(set(nonces)):
        raise InputError("the tickets are not in the order of their nonces: one nonce is one ticket")
    messages = [ticket.message(paper.domain, paper.epoch) for ticket in tickets]
    if not are_signed(chain.node, paper.signer, paper.domain, messages, paper.signature):
        raise _forged(paper.signer)
    words = {nonce // _RANGE: 0 for nonce in nonces}
    used = {word: chain.market.ticket_bitmap(paper.requester, word) for word in words}
    left = [at for at, nonce in enumerate(nonces) if not used[nonce // _RANGE] >> nonce % _RANGE & 1]
    if not left:
        raise InputError("all of these tickets were taken or cancelled")
    return left


def part_of(paper: SignedTickets, first: int, count: int) -> Tickets:
    """Some of the tickets of a file, to be taken as one job. Not checked (`check_tickets`).

    Raises `InputError` if these cannot be taken together: with the one signature that they have, that is 2^k tickets
    from a multiple of 2^k on, or the last ones, all with their nonces in one range of 256.
    """
    tickets = paper.all
    hashes = [struct_hash(ticket.message(paper.domain, paper.epoch)) for ticket in tickets]
    try:
        signature = part_signature(paper.signature, hashes, first, count)
    except ValueError as fault:
        raise InputError(
            f"{count} tickets from number {first} on, of {len(tickets)}, cannot be taken together: take all, or 1, "
            "2, 4, 8, ... from a multiple of that number on"
        ) from fault
    return Tickets(tickets[first : first + count], (signature,), together=True)


def parts_left(paper: SignedTickets, left: list[int]) -> list[tuple[int, int]]:
    """How the tickets at the places `left` can be taken: (first, count), the largest parts first."""
    free, total, size = set(left), len(paper.tickets), _RANGE
    parts: list[tuple[int, int]] = []
    while size:
        for first in range(0, total, size):
            count = min(size, total - first)
            places = range(first, first + count)
            words = {paper.tickets[at].nonce // _RANGE for at in (places[0], places[-1])}
            if len(words) == 1 and free.issuperset(places) and not any(first >= f and first < f + c for f, c in parts):
                parts.append((first, count))
        size //= 2
    return sorted(parts, key=lambda part: (-part[1], part[0]))


def check_extension(chain: Chain, paper: SignedExtension) -> None:
    """Whether the other side has signed for more time."""
    _check_market(chain, paper)
    message = paper.extension.message(paper.domain, paper.epoch)
    if not is_signed(chain.node, paper.signer, paper.domain, message, paper.signature):
        raise _forged(paper.signer)


def check_record(chain: Chain, record: CapabilityRecord, provider: str) -> None:
    """Whether a capability record is that of `provider`, for this directory."""
    deployment = chain.deployment
    if (record.chain_id, record.directory) != (deployment.chain_id, deployment.directory):
        raise InputError(f"the record is for the directory {record.directory} on chain {record.chain_id}")
    if record.provider != provider:
        raise InputError(f"the record is that of {record.provider}, not of {provider}")
    message = record.capability.message(record.domain)
    if not is_signed(chain.node, provider, record.domain, message, record.signature):
        raise _forged(provider)


def _check_market(chain: Chain, paper: SignedOrder | SignedTickets | SignedOffer | SignedExtension) -> None:
    deployment = chain.deployment
    if (paper.chain_id, paper.market) != (deployment.chain_id, deployment.market):
        raise InputError(
            f"this was signed for the market {paper.market} on chain {paper.chain_id}, and this is "
            f"{deployment.market} on chain {deployment.chain_id}"
        )
    epoch = chain.market.account_of(paper.signer).epoch
    if paper.epoch != epoch:
        raise InputError(
            f"{paper.signer} has cancelled this: it was signed in epoch {paper.epoch}, and its account is in {epoch}"
        )


def _check_expiry(chain: Chain, expiry: int) -> None:
    if chain.node.head().timestamp > expiry:
        raise InputError(f"this expired at {datetime.fromtimestamp(expiry, tz=UTC):%Y-%m-%d %H:%M:%S} UTC")


def _check_money(chain: Chain, requester: str, price: int) -> None:
    if chain.market.account_of(requester).free < price:
        raise InputError(f"{requester} has not enough money free in the market to pay for this")


def _forged(signer: str) -> InputError:
    return InputError(f"the signature is not that of {signer}: the file was changed, or somebody else has signed it")

"""Posting jobs and signing for them, and the money for them."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from assay.amounts import format_tokens
from assay.chain.connection import Chain
from assay.chain.events import JobPosted, SignedJobClaimed, decode_logs
from assay.chain.node import Call, Receipt
from assay.chain.records import ZERO_ADDRESS, ZERO_HASH, Admission, JobId, Parameters, Terms
from assay.chain.sender import Sender
from assay.chain.signing import Domain, Order, Ticket, TicketKind, bulk_message, sign
from assay.client.funds import Funds
from assay.client.order import Order as Work
from assay.client.papers import MAX_TICKETS, SignedOffer, SignedOrder, SignedTickets
from assay.client.places import cancelling, place_after
from assay.errors import ContractError, InputError, IntegrityError

BOND_RATIO = 20
"""The bond that is asked by default, in prices: lying then loses money if one claim in 11 is recomputed, also for a
liar with a friend who challenges it (docs/economics.md)."""

SLOT_ATTEMPTS = 3
"""How often another slot is tried when somebody with the same wallet was faster."""

RANGE = 256
"""Tickets that are taken together have their nonces in one range of so many."""


@dataclass(frozen=True)
class Conditions:
    """What the requester offers and asks. Amounts in base units, periods in seconds.

    Without a bond, it is `BOND_RATIO` prices, so that a lie costs many times what it brings. Without a challenge
    period, verifiers get as long as the provider has: a shorter one would let a wrong claim come so late that nobody
    can recompute it in time. Neither is less than the market's least.
    """

    price: int
    bond: int | None = None
    accept_period: int = 3600
    run_period: int = 600
    challenge_period: int | None = None
    floor_price: int = 0
    """Where a rising price starts; 0 for a fixed one."""
    only: str | None = None
    """The only account that may accept, if there is one."""
    listed: bool = False
    """Whether only those may whom the requester's own access list admits."""


@dataclass(frozen=True)
class Posted:
    """A job that was posted, and by which transaction."""

    job_id: JobId
    receipt: Receipt
    deposited: int
    """Tokens that were deposited for it in the same transaction, base units."""


def make_terms(chain: Chain, order: Work, conditions: Conditions) -> Terms:
    """The terms of a job, with the defaults where nothing else is asked. Raises `InputError`."""
    parameters = chain.market.parameters()
    bond, period = conditions.bond, conditions.challenge_period
    if conditions.floor_price >= conditions.price > 0 and conditions.floor_price:
        raise InputError(
            f"a price rises from its floor: {format_tokens(conditions.floor_price)} is not below "
            f"{format_tokens(conditions.price)}"
        )
    admission, gate = admission_of(chain, conditions.only, conditions.listed)
    return Terms(
        referee=chain.referee(order.machine).address,
        task_root=order.task_root,
        task_count=order.task_count,
        rounds=order.rounds,
        price=conditions.price,
        bond=default_bond(parameters, conditions.price) if bond is None else bond,
        accept_period=conditions.accept_period,
        run_period=conditions.run_period,
        challenge_period=max(parameters.minimum_challenge_period, conditions.run_period) if period is None else period,
        spec_id=order.spec_id,
        floor_price=conditions.floor_price,
        admission=admission,
        gate=gate,
    )


def default_bond(parameters: Parameters, price: int) -> int:
    """The bond for a price where nobody has asked for another, base units."""
    return max(parameters.minimum_bond, BOND_RATIO * price)


def admission_of(chain: Chain, only: str | None, listed: bool) -> tuple[Admission, str]:
    """Who is let in, and the account or contract that says so. Raises `InputError` if both are asked for."""
    if only is not None and listed:
        raise InputError("one account only and an access list cannot both say who is let in: choose one")
    if only is not None:
        return Admission.ONLY, only
    return (Admission.LISTED, chain.access_lists.address) if listed else (Admission.ANYONE, ZERO_ADDRESS)


def market_domain(chain: Chain) -> Domain:
    """Where signatures for this market count."""
    return Domain(chain.deployment.chain_id, chain.market.address)


class Requester:
    """A party that pays for jobs: an account, and the market that it deals with."""

    def __init__(self, chain: Chain, sender: Sender) -> None:
        self.chain = chain
        self.address = sender.address
        self._sender = sender
        self._funds = Funds(chain, sender, chain.market, "market")

    def check_funds(self, amount: int) -> int:
        """What has to be deposited to have `amount` free, base units. Raises `InputError` if the wallet lacks it."""
        return self._funds.missing(amount)

    def post(self, terms: Terms) -> Posted:
        """Post a job in a free slot, depositing what is missing of its price in the same transaction.

        Raises `InputError` if there is not enough money, `ContractError` if the market refuses the terms.
        """
        return self._post(lambda slot: self.chain.market.post(slot, terms), terms.price)

    def hire(self, offer: SignedOffer, terms: Terms) -> Posted:
        """Post a job that an offer fits, and hire its provider with it. Raises as `post` does."""
        signed = offer.offer
        return self._post(lambda slot: self.chain.market.hire(signed, offer.signature, slot, terms), terms.price)

    def deposit(self, amount: int, to: str | None = None) -> Receipt:
        """Deposit `amount` from the wallet, for its own account or for that of `to`.

        Raises `InputError` if the amount is nothing, or more than the wallet holds.
        """
        if amount == 0:
            raise InputError("the amount is zero: there is nothing to deposit")
        held = self.chain.token.balance_of(self.address)
        if held < amount:
            raise InputError(
                f"{self.address} holds {format_tokens(held)} tokens outside the market, not {format_tokens(amount)}"
            )
        return self._funds.execute(self._funds.payment(amount, to), "deposit")

    def stake(self, amount: int) -> Receipt:
        """Stake `amount`, depositing what is not free in the same transaction. Raises `InputError` as `post` does."""
        payment = self._funds.payment(self.check_funds(amount))
        return self._funds.execute([*payment, self.chain.market.stake(amount)], "stake")

    # What is signed

    def sign_order(self, terms: Terms, expiry: int, slot: int | None = None, after: JobId | None = None) -> SignedOrder:
        """Sign a job for the next place in a slot: the lowest that is free, without one.

        With `after`, a job of this requester, or the place of an order for one, it is for the place after that: filled
        once that job is over, however it ends (in one call with its end: `Provider.claim_next`). Orders for the same
        place exclude each other: only one is filled. Raises `InputError` for a place in use, or an expiry before the
        earlier job can end, and `ContractError` for terms that the market refuses.
        """
        if after is None:
            slot = self._free_slot(0) if slot is None else slot
            place = JobId(self.address, slot, self.chain.market.next_generation(self.address, slot))
            if place.generation == 0:
                raise InputError(f"slot {slot} of {self.address} holds a job that is not over: sign for another slot")
        elif after.requester != self.address or slot not in (None, after.slot):
            raise InputError(f"what comes after {after} is a job of {after.requester}, in slot {after.slot}")
        else:
            place = place_after(self.chain, after, expiry)
        self._rehearse(place.slot if after is None else self._free_slot(0), terms)
        order = Order(place, terms, expiry)
        domain, epoch = market_domain(self.chain), self._epoch()
        signature = sign(self._sender.account, order.message(domain, epoch))
        return SignedOrder.make(domain, epoch, order, signature)

    def cancel_order(self, job: JobId) -> Receipt:
        """Cancel the order for this place; what is before it in its slot ends with it, if its time is over.

        Raises `InputError` if the order was filled or cancelled, or if it cannot be cancelled yet: with when it can.
        """
        return self._funds.execute(cancelling(self.chain, job), f"cancel order {job}")

    def sign_tickets(
        self,
        works: Sequence[Work],
        conditions: Conditions,
        expiry: int,
        slot: int | None = None,
        first: int | None = None,
    ) -> SignedTickets:
        """Sign tasks, one each of `works`, under one signature. Price and bond are those of one task.

        Their nonces go on from `first`, a multiple of 256; without one, it is chosen at random, so that tickets that
        were signed before have others. Raises `InputError`, and `ContractError` for terms that the market refuses.
        """
        if not 1 <= len(works) <= MAX_TICKETS:
            raise InputError(f"1 to {MAX_TICKETS} tickets are signed together, not {len(works)}")
        first = secrets.randbits(64) * RANGE if first is None else first
        if first % RANGE or not 0 <= first < 1 << 255:
            raise InputError(f"the first nonce is a multiple of {RANGE} below 2^255, not {first}")
        whole = (make_terms(self.chain, work, conditions) for work in works)
        terms = {replace(one, task_root=ZERO_HASH, spec_id=ZERO_HASH) for one in whole}
        if len(terms) != 1:
            raise InputError("tickets that are signed together are for one machine and one step limit")
        slot = self._free_slot(0) if slot is None else slot
        self._rehearse(slot, make_terms(self.chain, works[0], conditions))
        kind = TicketKind(self.address, slot, terms.pop(), expiry)
        tickets = tuple(
            Ticket(kind, work.task_root, work.spec_id, nonce) for nonce, work in enumerate(works, start=first)
        )
        domain, epoch = market_domain(self.chain), self._epoch()
        signature = sign(
            self._sender.account, bulk_message(domain, [ticket.message(domain, epoch) for ticket in tickets])
        )
        return SignedTickets.make(domain, epoch, tickets, signature)

    # Helpers

    def _post(self, call: Callable[[int], Call], price: int) -> Posted:
        missing = self.check_funds(price)
        payment = self._funds.payment(missing)
        slot = self._free_slot(0)
        for attempt in range(1, SLOT_ATTEMPTS + 1):
            try:
                receipt = self._funds.execute([*payment, call(slot)], "post")
            except ContractError as refused:
                if refused.error != "SlotInUse" or attempt == SLOT_ATTEMPTS:
                    raise
                slot = self._free_slot(slot + 1)
            else:
                return Posted(posted_job(self.chain, receipt), receipt, missing)
        raise AssertionError("the last attempt returns or raises")

    def _rehearse(self, slot: int, terms: Terms) -> None:
        """Raise `ContractError` for terms that nobody could fill: as if a job were posted, with the money for it."""
        try:
            self.chain.node.call(self.chain.market.post(slot, terms), self.address)
        except ContractError as refused:
            if refused.error not in ("BalanceTooLow", "SlotInUse"):  # that may be otherwise by then
                raise

    def _epoch(self) -> int:
        return self.chain.market.account_of(self.address).epoch

    def _free_slot(self, first: int) -> int:
        """The lowest slot from `first` on that holds no job: used ones come before new ones, which cost more."""
        slot = first
        while self.chain.market.next_generation(self.address, slot) == 0:
            slot += 1
        return slot


def posted_job(chain: Chain, receipt: Receipt) -> JobId:
    """The job that a transaction has posted, or claimed at once."""
    for entry in decode_logs(receipt.logs, chain.deployment):
        if isinstance(entry.event, JobPosted | SignedJobClaimed):
            return entry.event.job_id
    raise IntegrityError(f"transaction 0x{receipt.transaction.hex()} succeeded, and yet posted no job")

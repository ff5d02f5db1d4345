"""Posting jobs, and the money for them."""

import time
from dataclasses import dataclass
from uuid import uuid4

from assay.amounts import format_tokens
from assay.chain.connection import Chain
from assay.chain.events import JobPosted, decode_logs
from assay.chain.node import Call, Receipt
from assay.chain.records import JobId, Terms
from assay.chain.sender import Sender
from assay.client.order import Order
from assay.errors import ChainError, ContractError, InputError, IntegrityError

PERMIT_LIFETIME = 3600
"""Seconds in which a signed allowance can be used."""

SLOT_ATTEMPTS = 3
"""How often another slot is tried when somebody with the same wallet was faster."""


@dataclass(frozen=True)
class Conditions:
    """What the requester offers and asks. Amounts in base units, periods in seconds.

    Without a bond, it is the market's least. Without a challenge period, verifiers get as long as the provider has: a
    shorter one would let a wrong claim come so late that nobody can recompute it in time.
    """

    price: int
    bond: int | None = None
    accept_period: int = 3600
    run_period: int = 600
    challenge_period: int | None = None


@dataclass(frozen=True)
class Posted:
    """A job that was posted, and by which transaction."""

    job_id: JobId
    receipt: Receipt
    deposited: int
    """Tokens that were deposited for it in the same transaction, base units."""


def make_terms(chain: Chain, order: Order, conditions: Conditions) -> Terms:
    """The terms of a job, with the defaults where nothing else is asked. Raises `InputError`."""
    parameters = chain.market.parameters()
    bond, period = conditions.bond, conditions.challenge_period
    return Terms(
        referee=chain.referee(order.machine).address,
        task_root=order.task_root,
        task_count=order.task_count,
        rounds=order.rounds,
        price=conditions.price,
        bond=parameters.minimum_bond if bond is None else bond,
        accept_period=conditions.accept_period,
        run_period=conditions.run_period,
        challenge_period=max(parameters.minimum_challenge_period, conditions.run_period) if period is None else period,
        spec_id=order.spec_id,
    )


class Requester:
    """A party that pays for jobs: an account, and the market that it deals with."""

    def __init__(self, chain: Chain, sender: Sender) -> None:
        self.chain = chain
        self.address = sender.address
        self._sender = sender

    def check_funds(self, amount: int) -> int:
        """What has to be deposited to have `amount` free, base units. Raises `InputError` if the wallet lacks it."""
        free = self.chain.market.account_of(self.address).free
        missing = max(amount - free, 0)
        held = self.chain.token.balance_of(self.address) if missing else 0
        if held < missing:
            raise InputError(
                f"{format_tokens(amount)} tokens are needed, and {self.address} has {format_tokens(free)} free in the "
                f"market and {format_tokens(held)} outside it"
            )
        return missing

    def post(self, terms: Terms) -> Posted:
        """Post a job in a free slot, depositing what is missing of its price in the same transaction.

        Raises `InputError` if there is not enough money, `ContractError` if the market refuses the terms.
        """
        missing = self.check_funds(terms.price)
        payment = self._payment(missing)
        slot = self._free_slot(0)
        for attempt in range(1, SLOT_ATTEMPTS + 1):
            try:
                receipt = self._execute([*payment, self.chain.market.post(slot, terms)], "post")
            except ContractError as refused:
                if refused.error != "SlotInUse" or attempt == SLOT_ATTEMPTS:
                    raise
                slot = self._free_slot(slot + 1)
            else:
                return Posted(self._posted_job(receipt), receipt, missing)
        raise AssertionError("the last attempt returns or raises")

    def deposit(self, amount: int) -> Receipt:
        """Deposit `amount` from the wallet. Raises `InputError` if that is nothing, or more than it holds."""
        if amount == 0:
            raise InputError("the amount is zero: there is nothing to deposit")
        held = self.chain.token.balance_of(self.address)
        if held < amount:
            raise InputError(
                f"{self.address} holds {format_tokens(held)} tokens outside the market, not {format_tokens(amount)}"
            )
        return self._execute([*self._payment(amount)], "deposit")

    def stake(self, amount: int) -> Receipt:
        """Stake `amount`, depositing what is not free in the same transaction. Raises `InputError` as `post` does."""
        missing = self.check_funds(amount)
        return self._execute([*self._payment(missing), self.chain.market.stake(amount)], "stake")

    def _execute(self, calls: list[Call], purpose: str) -> Receipt:
        call = calls[0] if len(calls) == 1 else self.chain.market.multicall(calls)
        return self._sender.execute(call, f"{purpose} {uuid4()}")

    def _payment(self, amount: int) -> list[Call]:
        """The market's calls that deposit `amount`, by a signed allowance where the token has them."""
        if amount == 0:
            return []
        market, token = self.chain.market, self.chain.token
        deposit = market.deposit(self.address, amount)
        if token.allowance(self.address, market.address) >= amount:
            return [deposit]
        deadline = int(time.time()) + PERMIT_LIFETIME
        try:
            permit = token.sign_permit(self._sender.account, market.address, amount, deadline)
            self.chain.node.call(token.permit(self.address, market.address, permit))
        except (ChainError, IntegrityError):  # the token has no permits, or not such ones
            self._sender.execute(token.approve(market.address, amount), f"approve {uuid4()}")
            return [deposit]
        return [market.permit(permit), deposit]

    def _free_slot(self, first: int) -> int:
        """The lowest slot from `first` on that holds no job: used ones come before new ones, which cost more."""
        slot = first
        while self.chain.market.next_generation(self.address, slot) == 0:
            slot += 1
        return slot

    def _posted_job(self, receipt: Receipt) -> JobId:
        for entry in decode_logs(receipt.logs, self.chain.deployment):
            if isinstance(entry.event, JobPosted):
                return entry.event.job_id
        raise IntegrityError(f"transaction 0x{receipt.transaction.hex()} succeeded, and yet posted no job")

"""What the tests of signed orders, tickets and offers share: parties with keys, and what they sign."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from brownie import web3
from eth_account import Account
from eth_account.messages import SignableMessage

from assay.chain.records import Job, JobId, Terms
from assay.chain.signing import Domain, Offer, Order, Ticket, TicketKind, Tickets, compact
from assay.keccak import keccak256
from tests.contracts.support import PERIOD, RESULT, STEPS, claimed, stage_in, truth

FINAL = truth().state_root(STEPS)
SPECS = [keccak256(b"spec %d" % number) for number in range(8)]


@dataclass(frozen=True)
class Desk:
    """A market, and a requester and a provider who sign."""

    market: Any
    referee: Any
    requester: Any
    provider: Any
    terms: Terms

    @property
    def domain(self) -> Domain:
        return Domain(web3.eth.chain_id, self.market.address)

    def sign(self, signer: Any, message: SignableMessage) -> bytes:
        return bytes(Account.sign_message(message, signer.private_key).signature)

    def order(self, slot: int = 0, expiry: int | None = None, **changes: Any) -> Order:
        generation = int(self.market.nextGeneration(self.requester, slot))
        job_id = JobId(str(self.requester), slot, generation)
        return Order(job_id, replace(self.terms, **changes), expiry or now() + PERIOD)

    def signed(self, order: Order, signer: Any = None, domain: Domain | None = None, epoch: int = 0) -> bytes:
        return self.sign(signer or self.requester, order.message(domain or self.domain, epoch))

    def fill(self, order: Order, signature: bytes | None = None, sender: Any = None) -> Any:
        signature = self.signed(order) if signature is None else signature
        return self.market.fill(order.abi(), signature, {"from": sender or self.provider})

    def fill_and_claim(self, order: Order, jobs: Sequence[Job] = (), final_root: bytes = FINAL) -> Job:
        return self.record(order, self.claim_at_once(order, jobs, [final_root]))

    def claim_at_once(self, order: Order, jobs: Sequence[Job] = (), roots: Sequence[bytes] = (FINAL,)) -> Any:
        arguments = (self.signed(order), order.abi(), list(roots), RESULT, [job.abi() for job in jobs])
        return self.market.fillAndClaim(*arguments, {"from": self.provider})

    def claim_next(self, order: Order, previous: Job) -> Any:
        return self.market.claimNext(*self._next(order, previous, self.signed(order)), {"from": self.provider})

    def attempt_next(self, order: Order, previous: Job, signature: bytes | None = None) -> None:
        """Ask the node what would come of it now."""
        arguments = self._next(order, previous, self.signed(order) if signature is None else signature)
        self.market.claimNext.call(*arguments, {"from": self.provider})

    def _next(self, order: Order, previous: Job, signature: bytes) -> tuple[Any, ...]:
        return (order.abi(), *compact(signature), FINAL, RESULT, previous.abi()[1:])

    def record(self, order: Order, call: Any) -> Job:
        return claimed(Job.posted(order.job_id, order.terms, order.expiry), call, "SignedJobClaimed")

    def tickets(
        self, nonces: Sequence[int], together: bool = False, expiry: int | None = None, **changes: Any
    ) -> Tickets:
        """Tickets for a count from as many as the nonce says, signed one by one, or not at all if `together`."""
        kind = TicketKind(str(self.requester), 0, replace(self.terms, **changes), expiry or now() + PERIOD)
        own = tuple(Ticket(kind, start(nonce), keccak256(b"spec %d" % nonce), nonce) for nonce in nonces)
        signatures = () if together else tuple(self.sign(self.requester, message) for message in self.messages(own))
        return Tickets(own, signatures or (bytes(65),))

    def messages(self, tickets: Sequence[Ticket], epoch: int = 0) -> list[SignableMessage]:
        return [ticket.message(self.domain, epoch) for ticket in tickets]

    def offer(self, **changes: Any) -> Offer:
        terms = self.terms
        offer = Offer(
            provider=str(self.provider),
            referee=terms.referee,
            rounds=terms.rounds,
            price=terms.price,
            bond=terms.bond,
            run_period=terms.run_period,
            challenge_period=terms.challenge_period,
            capacity=3,
            nonce=1,
            expiry=now() + PERIOD,
        )
        return replace(offer, **changes)

    def hire(
        self, offer: Offer, signature: bytes | None = None, sender: Any = None, slot: int = 0, **changes: Any
    ) -> Job:
        terms = replace(self.terms, **changes)
        signature = self.sign(self.provider, offer.message(self.domain, 0)) if signature is None else signature
        call = self.market.hire(offer.abi(), signature, slot, terms.abi(), {"from": sender or self.requester})
        return accepted(call, terms)


def accepted(call: Any, terms: Terms) -> Job:
    """The record after a call that posted and accepted a job."""
    posted, stage = call.events["JobPosted"], stage_in(call.events["JobAccepted"])
    job = Job.posted(JobId.from_bytes(bytes(posted["jobId"])), terms, stage_in(posted).deadline)
    if "PriceAgreed" in call.events:
        job = job.priced(call.events["PriceAgreed"]["price"])
    return job.accepted(stage.provider, stage.deadline, stage.hired)


def start(nonce: int) -> bytes:
    """Where the task of the ticket with this nonce begins."""
    return truth(start=nonce % 2**32).state_root(0)


def now() -> int:
    return int(web3.eth.get_block("latest")["timestamp"])

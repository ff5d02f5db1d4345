"""What a provider does by hand: offer, fill orders, take tickets, decline. `provider-agent` does the rest."""

import secrets
from dataclasses import replace

from assay.amounts import format_tokens
from assay.chain.connection import Chain
from assay.chain.history import JobHistory
from assay.chain.node import Receipt
from assay.chain.records import JobId
from assay.chain.sender import Sender
from assay.chain.signing import Offer, sign
from assay.client.checks import check_order, check_tickets, part_of
from assay.client.exits import current
from assay.client.papers import SignedOffer, SignedOrder, SignedTickets
from assay.client.requester import market_domain, posted_job
from assay.errors import InputError


class Provider:
    """A party that runs jobs: an account, and the market that it deals with."""

    def __init__(self, chain: Chain, sender: Sender) -> None:
        self.chain = chain
        self.address = sender.address
        self._sender = sender

    def sign_offer(self, offer: Offer, nonce: int | None = None) -> SignedOffer:
        """Sign an offer of this provider. Offers with the same nonce share their capacity.

        Without a nonce, it has one of its own. Raises `InputError` for an offer that no job of this market fits.
        """
        parameters = self.chain.market.parameters()
        if offer.bond < parameters.minimum_bond or offer.challenge_period < parameters.minimum_challenge_period:
            raise InputError(
                f"no job fits this offer: this market asks for a bond of {format_tokens(parameters.minimum_bond)} "
                f"tokens and a challenge period of {parameters.minimum_challenge_period} s at least"
            )
        own = replace(offer, provider=self.address, nonce=secrets.randbits(64) if nonce is None else nonce)
        domain, epoch = market_domain(self.chain), self.chain.market.account_of(self.address).epoch
        return SignedOffer.make(domain, epoch, own, sign(self._sender.account, own.message(domain, epoch)))

    def fill(self, paper: SignedOrder) -> Receipt:
        """Accept a signed order. Raises `InputError` if it does not count, `ContractError` if the market refuses."""
        check_order(self.chain, paper)
        return self._sender.execute(self.chain.market.fill(paper.order, paper.signature))

    def take(self, paper: SignedTickets, first: int, count: int) -> tuple[JobId, Receipt]:
        """Accept tickets of a file, from number `first` on, as one job. Raises as `fill` does."""
        check_tickets(self.chain, paper)
        receipt = self._sender.execute(self.chain.market.take_tickets(part_of(paper, first, count)))
        return posted_job(self.chain, receipt), receipt

    def take_and_claim(
        self, paper: SignedTickets, first: int, final_roots: list[bytes], result_id: bytes
    ) -> tuple[JobId, Receipt]:
        """Accept tickets of a file that were run already, one a final root, and claim them. Raises as `fill` does."""
        check_tickets(self.chain, paper)
        tickets = part_of(paper, first, len(final_roots))
        receipt = self._sender.execute(self.chain.market.take_tickets_and_claim(tickets, final_roots, result_id))
        return posted_job(self.chain, receipt), receipt

    def fill_and_claim(self, paper: SignedOrder, final_roots: list[bytes], result_id: bytes) -> Receipt:
        """Accept an order that was run already, and claim it. Raises as `fill` does."""
        check_order(self.chain, paper)
        return self._sender.execute(
            self.chain.market.fill_and_claim(paper.order, paper.signature, final_roots, result_id)
        )

    def claim_next(self, paper: SignedOrder, final_root: bytes, result_id: bytes, previous: JobHistory) -> Receipt:
        """Accept an order for one task that was run already, claim it, and have the previous job in its slot paid.

        The cheapest way for a provider that does one job of a requester after the other. If somebody else has ended
        the previous job meanwhile, the order is claimed all the same. Raises as `fill` does.
        """
        follows = None if previous.ended else previous.job.job_id
        check_order(self.chain, paper, follows)
        return self._sender.execute(
            self.chain.market.claim_next(paper.order, paper.signature, final_root, result_id, previous.job)
        )

    def decline(self, history: JobHistory) -> Receipt:
        """Give back a job that this provider was hired for. Raises as `exits.finalize_job` does."""
        return self._sender.execute(self.chain.market.decline(current(history)))

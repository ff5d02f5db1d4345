"""IJobMarket and ISignedOrders: jobs, and what is signed for them."""

from collections.abc import Sequence

from assay.chain.codec import load_abi
from assay.chain.contracts.ledger import Ledger
from assay.chain.node import Call, Node
from assay.chain.records import Job, Parameters, TaskProof, Terms
from assay.chain.signing import Offer, Order, Tickets, compact
from assay.dispute.game import Roots


class Market(Ledger):
    """The market: what interfaces/IJobMarket.sol, ISignedOrders.sol and ILedger.sol say."""

    def __init__(self, node: Node, address: str) -> None:
        super().__init__(node, address, load_abi("market"))

    def parameters(self) -> Parameters:
        """Fixed when the market was deployed."""
        return Parameters.from_abi(self._read("parameters", block=None))

    def slot_word(self, requester: str, slot: int, block: int | None = None) -> bytes:
        """What a slot holds; zero for one that was never used."""
        return bytes(self._read("slotWord", requester, slot, block=block))

    def next_generation(self, requester: str, slot: int, block: int | None = None) -> int:
        """The generation that the next job in this slot will have; 0 if the slot is in use."""
        return int(self._read("nextGeneration", requester, slot, block=block))

    def is_current(self, job: Job, block: int | None = None) -> tuple[bool, int]:
        """Whether `job` is the record of a job that has not ended, and how many disputes about it are open."""
        current, disputes = self._read("isCurrent", job.abi(), block=block)
        return bool(current), int(disputes)

    def are_current(self, jobs: Sequence[Job], block: int | None = None) -> list[tuple[bool, int]]:
        """What `is_current` says of each of these jobs, in one request."""
        entry = self._abi.functions["isCurrent"]
        calls = [Call(self.address, entry.encode_call((job.abi(),)), "read isCurrent") for job in jobs]
        returned = self._node.call(self.multicall(calls), block=block)
        (results,) = self._abi.functions["multicall"].decode_result(returned)
        return [(bool(current), int(disputes)) for current, disputes in map(entry.decode_result, results)]

    # The life of a job

    def post(self, slot: int, terms: Terms) -> Call:
        """Post a job in one of the sender's slots and lock its price in escrow."""
        return self._call("post", (slot, terms.abi()), "post a job")

    def cancel(self, job: Job) -> Call:
        """Take back a job that nobody has accepted."""
        return self._call("cancel", (job.abi(),), f"cancel job {job.job_id}")

    def accept(self, job: Job) -> Call:
        """Accept a job and lock its bond; at the price of the moment, if it rises."""
        purpose = f"accept job {job.job_id}"
        if job.terms.is_plain:
            return self._call("accept", (job.abi(),), purpose)
        return self._call("acceptUnder", (job.abi(), job.terms.abi()), purpose)

    def decline(self, job: Job) -> Call:
        """Give back a job that the sender was hired for by its signed offer."""
        return self._call("decline", (job.abi(),), f"decline job {job.job_id}")

    def extend(self, job: Job, deadline: int, signature: bytes) -> Call:
        """Give the provider of an accepted job until `deadline`, with the other side's signature."""
        return self._call("extend", (job.abi(), deadline, signature), f"extend job {job.job_id}")

    def claim(self, job: Job, final_roots: Sequence[bytes], result_id: bytes) -> Call:
        """State the final state roots, one a task, and where the outputs are."""
        purpose = f"claim job {job.job_id}"
        if job.terms.task_count == 1:
            return self._call("claim", (job.abi(), final_roots[0], result_id), purpose)
        return self._call("claimBatch", (job.abi(), final_roots, result_id), purpose)

    def challenge(self, job: Job, proof: TaskProof, roots: Roots) -> Call:
        """Dispute one task of a claim, with the first list."""
        arguments = (job.abi(), job.terms.abi(), job.claim_root, proof.abi(), roots)
        return self._call("challenge", arguments, f"challenge job {job.job_id}")

    def finalize(self, *jobs: Job) -> Call:
        """Pay for those of these claims that stood and whose time has come. Refused if it is none of them."""
        if len(jobs) == 1:
            return self._call("settle", (jobs[0].abi(),), f"finalize job {jobs[0].job_id}")
        return self._call("finalizeAll", ([job.abi() for job in jobs],), f"finalize {len(jobs)} jobs")

    def expire(self, job: Job) -> Call:
        """End a job that was not accepted, or not claimed, in time."""
        return self._call("expire", (job.abi(),), f"expire job {job.job_id}")

    # What was signed

    def fill(self, order: Order, signature: bytes) -> Call:
        """Accept a signed order: the job is posted and accepted at once."""
        return self._call("fill", (order.abi(), signature), f"fill order {order.job_id}")

    def fill_and_claim(
        self,
        order: Order,
        signature: bytes,
        final_roots: Sequence[bytes],
        result_id: bytes,
        finished: Sequence[Job] = (),
    ) -> Call:
        """Fill an order and claim it in one, having finalized what can be of the `finished` jobs."""
        arguments = (signature, order.abi(), final_roots, result_id, [job.abi() for job in finished])
        return self._call("fillAndClaim", arguments, f"fill order {order.job_id} and claim it")

    def claim_next(self, order: Order, signature: bytes, final_root: bytes, result_id: bytes, previous: Job) -> Call:
        """Fill an order for one task and claim it in one, having finalized the previous job in its slot.

        `signature` is the 65 bytes of the requester's own key, over this order alone.
        """
        r, vs = compact(signature)
        arguments = (order.abi(), r, vs, final_root, result_id, previous.abi()[1:])
        return self._call("claimNext", arguments, f"fill order {order.job_id} and claim it")

    def take_tickets(self, tickets: Tickets) -> Call:
        """Accept tickets of one kind as the tasks of one job."""
        return self._call("takeTickets", (tickets.abi(),), f"take {len(tickets.tickets)} tickets")

    def take_tickets_and_claim(
        self, tickets: Tickets, final_roots: Sequence[bytes], result_id: bytes, finished: Sequence[Job] = ()
    ) -> Call:
        """Take tickets and claim their job in one, having finalized what can be of the `finished` jobs."""
        arguments = (tickets.abi(), final_roots, result_id, [job.abi() for job in finished])
        return self._call("takeTicketsAndClaim", arguments, f"take {len(tickets.tickets)} tickets and claim them")

    def hire(self, offer: Offer, signature: bytes, slot: int, terms: Terms) -> Call:
        """Post a job that an offer fits, and have its provider accept it at once."""
        return self._call("hire", (offer.abi(), signature, slot, terms.abi()), f"hire {offer.provider}")

    def match_order(self, order: Order, order_signature: bytes, offer: Offer, offer_signature: bytes) -> Call:
        """Bring an order and an offer together that fit."""
        arguments = (order.abi(), order_signature, offer.abi(), offer_signature)
        return self._call("matchOrder", arguments, f"match order {order.job_id}")

    def skip_slot(self, slot: int, generation: int) -> Call:
        """Cancel the sender's order for the next job, of this generation, of a slot that is not in use."""
        return self._call("skipSlot", (slot, generation), f"cancel the order for slot {slot}")

    def cancel_tickets(self, word: int, mask: int) -> Call:
        """Cancel the sender's tickets with nonces in this word whose bits are in `mask`."""
        return self._call("cancelTickets", (word, mask), "cancel tickets")

    def cancel_offer(self, nonce: int) -> Call:
        """Cancel the sender's offers with this nonce."""
        return self._call("cancelOffer", (nonce,), f"cancel offer {nonce}")

    def ticket_bitmap(self, requester: str, word: int, block: int | None = None) -> int:
        """Which tickets are used or cancelled: bit `nonce & 255` of word `nonce >> 8`."""
        return int(self._read("ticketBitmap", requester, word, block=block))

    def offer_use(self, provider: str, nonce: int, block: int | None = None) -> int:
        """How many tasks of an offer's capacity are used; 2^256 - 1 if it is cancelled."""
        return int(self._read("offerUse", provider, nonce, block=block))

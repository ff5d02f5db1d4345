"""A requester signs tickets for tasks, and providers take as many of a kind as they like as one job."""

import pytest

from assay.chain.records import Job, JobId
from assay.chain.signing import Tickets, bulk_message, bulk_signature
from assay.keccak import keccak256
from assay.machines import merkle
from tests.contracts.signed import FINAL, accepted, now
from tests.contracts.support import (
    FUNDS,
    PERIOD,
    PRICE,
    RESULT,
    STAKE,
    STEPS,
    at,
    claim_batch,
    claimed,
    current,
    finalize,
    money,
    refused,
    truth,
)


def take(desk, tickets: Tickets, sender=None):
    return accepted(desk.market.takeTickets(tickets.abi(), {"from": sender or desk.provider}), tickets.terms)


def together(desk, tickets: Tickets, epoch: int = 0) -> Tickets:
    """The same tickets under one signature."""
    message = bulk_message(desk.domain, desk.messages(tickets.tickets, epoch))
    return Tickets(tickets.tickets, (desk.sign(desk.requester, message),))


def test_tickets_become_one_job_and_are_paid_as_one(desk, stranger):
    """SPEC S3, S5: price and bond are those of one, times their number."""
    tickets = desk.tickets([1, 2, 5])
    call = desk.market.takeTickets(tickets.abi(), {"from": desk.provider})
    job = accepted(call, tickets.terms)
    assert current(desk.market, job) == (True, 0)
    assert (job.terms.task_count, job.terms.price, job.terms.bond) == (3, 3 * PRICE, 1_500)
    event = call.events["TicketsTaken"]
    assert (event["word"], event["mask"]) == (0, 0b100110)
    assert keccak256(b"".join(map(bytes, event["specIds"]))) == job.terms.spec_id

    finals = [truth(start=nonce).state_root(STEPS) for nonce in (1, 2, 5)]
    finalize(desk.market, stranger, claim_batch(desk.market, desk.provider, job, finals))
    assert money(desk.market, desk.provider) == (FUNDS + 3 * PRICE, STAKE)
    assert money(desk.market, desk.requester) == (FUNDS - 3 * PRICE, STAKE)


@pytest.mark.parametrize("one_signature", [False, True])
def test_tickets_are_claimed_in_the_call_that_takes_them(desk, stranger, one_signature):
    """SPEC J6: with their leaves on the chain."""
    tickets = desk.tickets([3, 4])
    tickets = together(desk, tickets) if one_signature else tickets
    finals = [truth(start=nonce).state_root(STEPS) for nonce in (3, 4)]
    call = desk.market.takeTicketsAndClaim(tickets.abi(), finals, RESULT, [], {"from": desk.provider})
    assert [bytes(root) for root in call.events["FinalRootsClaimed"]["finalRoots"]] == finals
    job = claimed(Job.posted(JobId(str(desk.requester), 0, 1), tickets.terms, 0), call, "SignedJobClaimed")
    assert job.claim_root == merkle.root(finals)
    finalize(desk.market, stranger, job)
    assert money(desk.market, desk.provider) == (FUNDS + 2 * PRICE, STAKE)


def test_one_ticket_is_a_job_too(desk):
    assert take(desk, desk.tickets([255])).terms.task_count == 1


def test_a_subtree_of_what_was_signed_together_is_taken(desk, verifier):
    """SPEC S1, S3: by two providers, each a part of one signature's tickets, out of two slots' order."""
    whole = desk.tickets(range(8))
    messages = desk.messages(whole.tickets)
    signature = desk.sign(desk.requester, bulk_message(desk.domain, messages))
    leaves = [bytes(message.body) for message in messages]
    left, right = merkle.root(leaves[:4]), merkle.root(leaves[4:])
    part = Tickets(whole.tickets[:4], (signature + (0).to_bytes(4, "big") + right,))
    job = take(desk, part)
    assert job.terms.task_count == 4
    with refused("SlotInUse"):
        rest = Tickets(whole.tickets[4:], (signature + (1).to_bytes(4, "big") + left,))
        desk.market.takeTickets(rest.abi(), {"from": verifier})
    at(job.deadline + 1)
    desk.market.expire(job.abi(), {"from": verifier})
    with refused("TooLate"):
        desk.market.takeTickets(rest.abi(), {"from": verifier})


def test_a_single_ticket_of_many_is_taken_by_its_proof(desk):
    """SPEC S1."""
    whole = desk.tickets(range(5))
    messages = desk.messages(whole.tickets)
    signature = desk.sign(desk.requester, bulk_message(desk.domain, messages))
    one = Tickets(whole.tickets[3:4], (bulk_signature(signature, messages, 3),))
    kind, word, mask, roots, specs, _, signatures = one.abi()
    desk.market.takeTickets((kind, word, mask, roots, specs, True, signatures), {"from": desk.provider})


# --- what is refused ------------------------------------------------------------------------------------------------


def test_a_ticket_is_taken_once(desk):
    """SPEC S3: also with others that are new, and after its job is over."""
    job = take(desk, desk.tickets([1, 2]))
    at(job.deadline + 1)
    desk.market.expire(job.abi(), {"from": desk.requester})
    for nonces, used in (([1], 0b10), ([2, 3], 0b100), ([0, 1, 2], 0b110)):
        with refused("TicketsUsed", desk.requester, 0, used):
            desk.market.takeTickets(desk.tickets(nonces).abi(), {"from": desk.provider})


@pytest.mark.parametrize("high", [1 << 248, 1 << 255, 255 << 248])
def test_a_nonce_has_one_place(desk, high):
    """SPEC S3: numbers of words that differ in bits that no nonce has would be one ticket many times over."""
    kind, word, *rest = desk.tickets([7]).abi()
    with refused("WordOutOfRange", word + high):
        desk.market.takeTickets((kind, word + high, *rest), {"from": desk.provider})


def test_a_ticket_far_out_is_taken_once_too(desk):
    """SPEC S3."""
    tickets = desk.tickets([2**256 - 1])
    take(desk, tickets)
    assert int(desk.market.ticketBitmap(desk.requester, 2**248 - 1)) == 1 << 255


def test_a_cancelled_ticket_is_refused(desk):
    """SPEC S3."""
    tickets = desk.tickets([300, 301])
    desk.market.cancelTickets(1, 1 << 45, {"from": desk.requester})
    with refused("TicketsUsed", desk.requester, 1, 1 << 45):
        desk.market.takeTickets(tickets.abi(), {"from": desk.provider})
    take(desk, desk.tickets([300]))


def test_tickets_of_an_earlier_epoch_are_refused(desk):
    """SPEC S1."""
    tickets = desk.tickets([1, 2])
    desk.market.raiseEpoch({"from": desk.requester})
    for stale in (tickets, together(desk, tickets)):
        with refused("BadSignature"):
            desk.market.takeTickets(stale.abi(), {"from": desk.provider})
    desk.market.takeTickets(together(desk, tickets, epoch=1).abi(), {"from": desk.provider})


@pytest.mark.parametrize("one_signature", [False, True])
@pytest.mark.parametrize("place", [2, 3, 4])
def test_what_was_not_signed_is_refused(desk, one_signature, place):
    """SPEC S1: another nonce, another beginning, or another spec."""
    tickets = desk.tickets([1, 2])
    arguments = list((together(desk, tickets) if one_signature else tickets).abi())
    arguments[place] = 0b1010 if place == 2 else [arguments[place][0], bytes(32)]
    with refused("BadSignature"):
        desk.market.takeTickets(tuple(arguments), {"from": desk.provider})


def test_another_kind_than_was_signed_is_refused(desk):
    """SPEC S1."""
    kind, *rest = desk.tickets([1, 2]).abi()
    requester, slot, deal, work, opening, expiry = kind
    for other in (
        (requester, slot + 1, deal, work, opening, expiry),
        (requester, slot, deal[:11] + b"\x01" + deal[12:], work, opening, expiry),
        (requester, slot, deal, work, opening, expiry + 1),
    ):
        with refused("BadSignature"):
            desk.market.takeTickets((other, *rest), {"from": desk.provider})


def test_counts_that_do_not_agree_are_refused(desk):
    """SPEC S1."""
    kind, word, mask, roots, specs, one, signatures = desk.tickets([1, 2]).abi()
    for wrong in (
        (kind, word, 0b1, roots, specs, one, signatures),
        (kind, word, 0, [], [], one, b""),
        (kind, word, mask, roots[:1], specs, one, signatures),
        (kind, word, mask, roots, specs[:1], one, signatures),
        (kind, word, mask, roots, specs, one, signatures[:-1]),
    ):
        with refused("WrongTicketCount"):
            desk.market.takeTickets(wrong, {"from": desk.provider})


def test_a_ticket_is_for_one_task(desk):
    with refused("MalformedTerms"):
        desk.market.takeTickets(desk.tickets([1], task_count=2).abi(), {"from": desk.provider})


def test_tickets_have_a_last_second(desk):
    tickets = desk.tickets([1])
    at(now() + 2 * PERIOD)
    with refused("TooLate"):
        desk.market.takeTickets(tickets.abi(), {"from": desk.provider})


def test_a_claim_of_tickets_needs_a_root_for_each(desk):
    """SPEC J6."""
    with refused("WrongTaskCount", 2, 1):
        arguments = (desk.tickets([1, 2]).abi(), [FINAL], RESULT, [])
        desk.market.takeTicketsAndClaim(*arguments, {"from": desk.provider})

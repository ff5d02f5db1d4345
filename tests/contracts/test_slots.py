"""Slots are used again and again; what is left of a slot's last job never meets the next one."""

import pytest

from assay.dispute.game import Side
from tests.contracts.support import (
    STEPS,
    Lie,
    Parties,
    accept,
    after,
    ask_node,
    challenge,
    claim,
    current,
    play,
    post,
    refused,
    terms_for,
    truth,
)


@pytest.fixture
def parties(market, game, referee, requester, provider):
    return Parties(market, game, referee, requester, provider)


LIE = Lie(truth(), at=1_000)
OTHERWISE = (1 << 48 | 1).to_bytes(28, "big")
"""What a slot's word begins with when its first job has ended, and was not finalized."""


def test_a_slot_with_an_open_dispute_is_not_used_again(market, parties, requester, verifier, other_verifier, stranger):
    """SPEC J8: even though its job has ended."""
    job = parties.claimed(LIE.state_root(STEPS))
    won = challenge(parties, verifier, job, truth())
    late = challenge(parties, other_verifier, job, truth())
    play(won, {Side.CHALLENGER: truth()}, stranger)

    assert current(market, job) == (False, 0)
    assert bytes(market.slotWord(requester, 0)) == OTHERWISE + (1).to_bytes(4, "big")
    assert market.nextGeneration(requester, 0) == 0
    with refused("SlotInUse", requester, 0):
        market.post(0, terms_for(parties.referee).abi(), {"from": requester})

    after(late.deadline)
    late.timeout(stranger)
    assert market.nextGeneration(requester, 0) == 2
    assert post(market, requester, terms_for(parties.referee)).generation == 2


def test_generations_follow_each_other(market, parties, requester):
    """SPEC J8: a record of one generation is worth nothing in the next."""
    job = None
    for generation in range(1, 4):
        assert market.nextGeneration(requester, 0) == generation
        outdated, job = job, post(market, requester, terms_for(parties.referee))
        assert job.generation == generation
        if outdated is not None:
            with refused("RecordMismatch"):
                market.cancel(outdated.abi(), {"from": requester})
        market.cancel(job.abi(), {"from": requester})


def test_the_same_job_again_has_another_id_and_other_disputes(parties, verifier, stranger):
    """SPEC J8, G1: same parties, same slot, same terms, same false claim: the challenger can challenge it again."""
    disputes = set()
    for _ in range(2):
        job = parties.claimed(LIE.state_root(STEPS))
        dispute = challenge(parties, verifier, job, truth())
        assert play(dispute, {Side.CHALLENGER: truth()}, stranger) == Side.CHALLENGER
        disputes.add(dispute.id)
    assert len(disputes) == 2


def test_a_job_in_a_slot_that_was_used_before_creates_no_storage(market, parties, requester, stranger):
    """SPEC J1: each call writes the job's word and one account; both were there."""

    def written(call):
        """Storage words that a call changed from zero to something."""
        options = {"tracer": "prestateTracer", "tracerConfig": {"diffMode": True}}
        trace = ask_node("debug_traceTransaction", call.txid, options)
        before = trace["pre"].get(market.address.lower(), {}).get("storage", {})
        after_ = trace["post"].get(market.address.lower(), {}).get("storage", {})
        return [key for key in after_ if int(before.get(key, "0x0"), 16) == 0]

    fresh = market.post(0, terms_for(parties.referee).abi(), {"from": requester})
    assert len(written(fresh)) == 1
    job = parties.claimed(slot=1)
    after(job.deadline)
    market.finalizeAll([job.abi()], {"from": stranger})
    again = market.post(1, terms_for(parties.referee).abi(), {"from": requester})
    assert written(again) == []


def test_an_end_keeps_the_word(market, parties, requester, provider, stranger):
    """SPEC J1."""
    job = claim(market, provider, accept(market, provider, post(market, requester, terms_for(parties.referee))))
    after(job.deadline)
    market.finalizeAll([job.abi()], {"from": stranger})
    assert bytes(market.slotWord(requester, 0)) == (1).to_bytes(28, "big") + bytes(4)  # SPEC J23

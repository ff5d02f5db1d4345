"""A provider signs an offer for a kind of work, and requesters hire it."""

from dataclasses import replace

import pytest

from assay.chain.records import Admission, End
from tests.contracts.signed import accepted, now
from tests.contracts.support import (
    FUNDS,
    PERIOD,
    PRICE,
    STAKE,
    after,
    at,
    claim,
    current,
    finalize,
    money,
    refused,
)

CANCELLED = 2**256 - 1


def test_a_provider_is_hired_by_its_offer(desk, stranger):
    job = desk.hire(desk.offer())
    assert job.hired
    assert current(desk.market, job) == (True, 0)
    assert money(desk.market, desk.provider) == (FUNDS, STAKE - 500)
    assert int(desk.market.offerUse(desk.provider, 1)) == 1
    finalize(desk.market, stranger, claim(desk.market, desk.provider, job))
    assert money(desk.market, desk.provider) == (FUNDS + PRICE, STAKE)


def test_a_stranger_brings_an_order_and_an_offer_together(desk, stranger):
    """SPEC S4, S5."""
    order, offer = desk.order(), desk.offer()
    signature = desk.sign(desk.provider, offer.message(desk.domain, 0))
    call = desk.market.matchOrder(order.abi(), desk.signed(order), offer.abi(), signature, {"from": stranger})
    job = accepted(call, order.terms)
    assert (job.provider, job.hired) == (str(desk.provider), True)
    assert current(desk.market, job) == (True, 0)


# --- what is refused ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("offered", "what"),
    [
        ({"rounds": 2}, "rounds"),
        ({"price": PRICE + 1}, "price"),
        ({"bond": 499}, "bond"),
        ({"run_period": PERIOD + 1}, "runPeriod"),
        ({"challenge_period": PERIOD - 1}, "challengePeriod"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_job_that_an_offer_does_not_fit_is_refused(desk, offered, what):
    """SPEC S4."""
    with refused("OfferNotMet", what):
        desk.hire(desk.offer(**offered))


def test_a_job_for_another_referee_is_refused(desk, stranger):
    """SPEC S4."""
    with refused("OfferNotMet", "referee"):
        desk.hire(desk.offer(), referee=str(stranger))


def test_price_and_bond_are_for_each_task(desk):
    """SPEC S4."""
    with refused("OfferNotMet", "price"):
        desk.hire(desk.offer(), task_count=2)
    with refused("OfferNotMet", "bond"):
        desk.hire(desk.offer(bond=250), task_count=1)
    desk.hire(desk.offer(bond=250), task_count=2, price=2 * PRICE)


def test_an_offer_is_for_so_many_tasks(desk):
    """SPEC S4: in all, with all offers of its nonce."""
    desk.hire(desk.offer(), task_count=2, price=2 * PRICE)
    with refused("OfferUsedUp", desk.provider, 1, 1):
        desk.hire(desk.offer(), slot=1, task_count=2, price=2 * PRICE)
    desk.hire(desk.offer(price=1), slot=1)
    with refused("OfferUsedUp", desk.provider, 1, 0):
        desk.hire(desk.offer(), slot=2)
    desk.hire(desk.offer(nonce=2), slot=2)


def test_a_cancelled_offer_is_refused(desk):
    """SPEC S4."""
    desk.market.cancelOffer(1, {"from": desk.provider})
    assert int(desk.market.offerUse(desk.provider, 1)) == CANCELLED
    with refused("OfferUsedUp", desk.provider, 1, 0):
        desk.hire(desk.offer())


def test_an_offer_has_its_last_second(desk):
    """SPEC S4."""
    offer = desk.offer()
    at(offer.expiry + 1)
    with refused("TooLate", offer.expiry):
        desk.hire(offer)


def test_an_offer_that_the_provider_did_not_sign_is_refused(desk):
    """SPEC S1, S4."""
    offer = desk.offer()
    signature = desk.sign(desk.provider, offer.message(desk.domain, 0))
    with refused("BadSignature"):
        desk.hire(offer, desk.sign(desk.requester, offer.message(desk.domain, 0)))
    for other in (
        replace(offer, price=1),
        replace(offer, bond=501),
        replace(offer, capacity=4),
        replace(offer, nonce=2),
    ):
        with refused("BadSignature"):
            desk.hire(other, signature)
    desk.market.raiseEpoch({"from": desk.provider})
    with refused("BadSignature"):
        desk.hire(offer, signature)


def test_an_offer_admits_whom_it_is_for(desk, requester):
    """SPEC S4, J19."""
    offer = desk.offer(admission=Admission.ONLY, gate=str(desk.requester))
    with refused("NotAdmitted", Admission.ONLY.value, desk.requester, requester):
        desk.hire(offer, sender=requester)
    desk.hire(offer)


def test_a_provider_without_stake_is_not_hired(desk):
    """SPEC L4."""
    desk.market.unstake(STAKE - 499, {"from": desk.provider})
    with refused("StakeTooLow", desk.provider, 499, 500):
        desk.hire(desk.offer())


# --- declining ------------------------------------------------------------------------------------------------------


def test_a_hired_provider_declines_and_nobody_loses(desk):
    """SPEC J17."""
    job = desk.hire(desk.offer())
    at(job.deadline - PERIOD // 2)
    events = desk.market.decline(job.abi(), {"from": desk.provider}).events
    assert events["JobEnded"]["end"] == End.DECLINED
    assert money(desk.market, desk.provider) == (FUNDS, STAKE)
    assert money(desk.market, desk.requester) == (FUNDS, STAKE)
    assert int(desk.market.nextGeneration(desk.requester, 0)) == 2


def test_a_provider_does_not_keep_a_job_only_to_decline_it(desk):
    """SPEC J17."""
    job = desk.hire(desk.offer())
    at(job.deadline - PERIOD // 2 + 1)
    with refused("TooLate", job.deadline - PERIOD // 2):
        desk.market.decline(job.abi(), {"from": desk.provider})


def test_a_provider_that_accepted_itself_does_not_decline(desk):
    """SPEC J17: nor one that filled an order."""
    order = desk.order()
    job = accepted(desk.fill(order), order.terms)
    with refused("NotHired", bytes(job.job_id)):
        desk.market.decline(job.abi(), {"from": desk.provider})


def test_another_than_the_provider_does_not_decline(desk):
    """SPEC J4."""
    job = desk.hire(desk.offer())
    with refused("NotTheProvider", desk.provider, desk.requester):
        desk.market.decline(job.abi(), {"from": desk.requester})


def test_a_hired_provider_that_is_silent_loses_its_bond(desk, stranger):
    """SPEC J12, J17."""
    job = desk.hire(desk.offer())
    after(job.deadline)
    desk.market.expire(job.abi(), {"from": stranger})
    assert money(desk.market, desk.requester) == (FUNDS + 400, STAKE)
    assert now() > job.deadline

"""Prices that rise, jobs that are not for everybody, and the fee."""

import pytest
from brownie import AccessLists, HostileGate, JobMarket

from assay.chain.records import Admission
from tests.contracts.signed import accepted, now
from tests.contracts.support import (
    BOND,
    FUNDS,
    PERIOD,
    PRICE,
    STAKE,
    accept,
    at,
    claim,
    current,
    finalize,
    money,
    post,
    refused,
    stage_in,
    terms_for,
)


def accept_under(market, provider, job):
    """Accept a job with conditions."""
    events = market.acceptUnder(job.abi(), job.terms.abi(), {"from": provider}).events
    stage = stage_in(events["JobAccepted"])
    if "PriceAgreed" in events:
        job = job.priced(events["PriceAgreed"]["price"])
    return job.accepted(stage.provider, stage.deadline)


# --- a price that rises ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("waited", [0, 1, 7, PERIOD // 2, PERIOD - 1, PERIOD])
def test_a_price_rises_until_somebody_accepts(market, referee, requester, provider, stranger, waited):
    """SPEC J20: and the rest goes back at once."""
    posted = post(market, requester, terms_for(referee, floor_price=100))
    assert money(market, requester) == (FUNDS - PRICE, STAKE)
    at(posted.deadline - PERIOD + waited)
    job = accept_under(market, provider, posted)
    price = 100 + (PRICE - 100) * waited // PERIOD
    assert job.price == price == posted.terms.price_at(posted.deadline - PERIOD + waited, posted.deadline)
    assert current(market, job) == (True, 0)
    assert money(market, requester) == (FUNDS - price, STAKE)

    finalize(market, stranger, claim(market, provider, job))
    assert money(market, provider) == (FUNDS + price, STAKE)


def test_a_rising_price_that_nobody_accepts_is_refunded(market, referee, requester, stranger):
    """SPEC J12, J20."""
    job = post(market, requester, terms_for(referee, floor_price=100))
    at(job.deadline + 1)
    market.expire(job.abi(), {"from": stranger})
    assert money(market, requester) == (FUNDS, STAKE)


def test_a_slashed_job_gives_back_the_price_that_was_agreed(market, referee, requester, provider, stranger):
    """SPEC J12, J20."""
    posted = post(market, requester, terms_for(referee, floor_price=1))
    at(posted.deadline - PERIOD)
    job = accept_under(market, provider, posted)
    at(job.deadline + 1)
    market.expire(job.abi(), {"from": stranger})
    assert money(market, requester) == (FUNDS + 400, STAKE)


def test_an_orders_price_rises_until_it_expires(desk):
    """SPEC J20: for the accept period before."""
    order = desk.order(floor_price=100, expiry=now() + 2 * PERIOD)
    at(order.expiry - PERIOD // 2)
    job = accepted(desk.fill(order), order.terms)
    assert job.price == 100 + (PRICE - 100) * (PERIOD - PERIOD // 2) // PERIOD
    assert current(desk.market, job) == (True, 0)
    assert money(desk.market, desk.requester) == (FUNDS - job.price, STAKE)


def test_before_it_rises_a_price_is_at_its_floor(desk):
    """SPEC J20."""
    order = desk.order(floor_price=100, expiry=now() + 9 * PERIOD)
    assert accepted(desk.fill(order), order.terms).price == 100


def test_a_floor_above_the_price_is_refused(market, referee, requester):
    """SPEC J13, J20."""
    with refused("FloorAbovePrice", PRICE + 1, PRICE):
        market.post(0, terms_for(referee, floor_price=PRICE + 1).abi(), {"from": requester})


def test_a_job_with_conditions_is_accepted_with_its_terms_only(market, referee, requester, provider):
    """SPEC J19, J20."""
    job = post(market, requester, terms_for(referee, floor_price=100))
    with refused("TermsNeeded", bytes(job.job_id)):
        market.accept(job.abi(), {"from": provider})
    with refused("TermsMismatch", job.terms.hash()):
        market.acceptUnder(job.abi(), terms_for(referee).abi(), {"from": provider})


def test_a_plain_job_can_be_accepted_with_its_terms_too(market, referee, requester, provider):
    accept_under(market, provider, post(market, requester, terms_for(referee)))


# --- who may --------------------------------------------------------------------------------------------------------


def test_a_job_for_one_is_accepted_by_nobody_else(market, referee, requester, provider, verifier):
    """SPEC J19."""
    job = post(market, requester, terms_for(referee, admission=Admission.ONLY, gate=str(provider)))
    with refused("NotAdmitted", Admission.ONLY.value, provider, verifier):
        market.acceptUnder(job.abi(), job.terms.abi(), {"from": verifier})
    accept_under(market, provider, job)


@pytest.mark.parametrize("listed_only", [False, True])
def test_a_list_admits_or_denies(market, deployer, referee, requester, provider, verifier, listed_only):
    """SPEC J19: the requester's own list."""
    lists = deployer.deploy(AccessLists)
    assert lists.admits(requester, provider)
    lists.setListedOnly(listed_only, {"from": requester})
    lists.setListed([provider], True, {"from": requester})
    lists.setListed([provider, verifier], True, {"from": provider})  # another's list is another matter
    admitted, denied = (provider, verifier) if listed_only else (verifier, provider)
    assert lists.admits(requester, admitted)
    assert not lists.admits(requester, denied)

    job = post(market, requester, terms_for(referee, admission=Admission.LISTED, gate=lists.address))
    with refused("NotAdmitted", Admission.LISTED.value, lists, denied):
        market.acceptUnder(job.abi(), job.terms.abi(), {"from": denied})
    accept_under(market, admitted, job)


@pytest.mark.parametrize("mood", [0, 1, 2], ids=["reverts", "burns", "mumbles"])
def test_a_hostile_gate_spoils_its_own_job_alone(market, deployer, referee, requester, provider, stranger, mood):
    """SPEC J19, J15."""
    gate = deployer.deploy(HostileGate, mood)
    job = post(market, requester, terms_for(referee, admission=Admission.LISTED, gate=gate.address))
    accept(market, provider, post(market, requester, terms_for(referee), slot=1))
    with pytest.raises(Exception, match=r"revert|gas"):
        market.acceptUnder.call(job.abi(), job.terms.abi(), {"from": provider, "gas_limit": 3_000_000})
    at(job.deadline + 1)
    market.expire(job.abi(), {"from": stranger})
    assert money(market, requester) == (FUNDS - PRICE, STAKE)


@pytest.mark.parametrize("change", ["gate", "admission", "unknown", "bits"])
def test_terms_that_admit_in_no_known_way_are_refused(market, referee, requester, provider, change):
    """SPEC J13, J19."""
    deal, work, opening, *rest = terms_for(referee).abi()
    match change:
        case "gate":
            opening += int(str(provider), 16)
        case "admission":
            work = work[:2] + b"\x01" + work[3:]
        case "unknown":
            work, opening = work[:2] + b"\x03" + work[3:], int(str(provider), 16)
        case "bits":
            work = b"\x80" + work[1:]
    with refused("MalformedTerms"):
        market.post(0, (deal, work, opening, *rest), {"from": requester})


# --- the fee --------------------------------------------------------------------------------------------------------


@pytest.fixture
def dear_market(deployer, token, game, requester, provider, stranger):
    """A market that takes 7.5 %."""
    deployed = deployer.deploy(JobMarket, (token, game, BOND, BOND, 2_000, 600, 750, stranger))
    token.approve(deployed, 2**256 - 1, {"from": deployer})
    for account in (requester, provider):
        deployed.deposit(account, FUNDS + STAKE, {"from": deployer})
        deployed.stake(STAKE, {"from": account})
    return deployed


@pytest.mark.parametrize(("price", "fee"), [(PRICE, 75), (13, 0), (14, 1), (0, 0)])
def test_a_fee_is_taken_of_what_is_paid(dear_market, referee, requester, provider, stranger, price, fee):
    """SPEC J21: rounded down."""
    job = accept(dear_market, provider, post(dear_market, requester, terms_for(referee, price=price)))
    events = finalize(dear_market, stranger, claim(dear_market, provider, job)).events
    assert "JobFinalized" in events
    assert [event["fee"] for event in events["FeePaid"]] == [fee] if fee else "FeePaid" not in events
    assert money(dear_market, provider) == (FUNDS + price - fee, STAKE)
    assert money(dear_market, stranger) == (fee, 0)


def test_no_other_end_costs_a_fee(dear_market, referee, requester, provider, stranger):
    """SPEC J21."""
    dear_market.cancel(post(dear_market, requester, terms_for(referee)).abi(), {"from": requester})
    job = accept(dear_market, provider, post(dear_market, requester, terms_for(referee)))
    at(job.deadline + 1)
    dear_market.expire(job.abi(), {"from": stranger})
    assert money(dear_market, stranger) == (0, 0)
    assert money(dear_market, requester) == (FUNDS + 400, STAKE)

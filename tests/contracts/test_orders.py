"""A requester signs an order for a job, and a provider fills it."""

from dataclasses import replace

import pytest
from brownie import ContractWallet

from assay.chain.records import Admission, Job, JobId
from assay.chain.signing import Domain, Extension, Order, bulk_message, bulk_signature
from assay.dispute.game import Side
from tests.contracts.signed import FINAL, accepted, now
from tests.contracts.support import (
    FUNDS,
    PERIOD,
    PRICE,
    RESULT,
    STAKE,
    STEPS,
    Lie,
    Parties,
    after,
    at,
    challenge,
    claim,
    current,
    finalize,
    mine_after,
    money,
    play,
    refused,
    truth,
)


def test_an_order_is_filled_claimed_and_paid(desk, stranger):
    """SPEC S5: the requester sends nothing at all."""
    order = desk.order()
    job = accepted(desk.fill(order), order.terms)
    assert job.job_id == order.job_id
    assert current(desk.market, job) == (True, 0)
    assert money(desk.market, desk.requester) == (FUNDS - PRICE, STAKE)

    finalize(desk.market, stranger, claim(desk.market, desk.provider, job))
    assert money(desk.market, desk.provider) == (FUNDS + PRICE, STAKE)


# --- what is refused ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        {"slot": 1},
        {"generation": 2},
        {"price": PRICE - 1},
        {"bond": 501},
        {"rounds": 2},
        {"run_period": PERIOD + 1},
        {"challenge_period": PERIOD + 1},
        {"accept_period": PERIOD + 1},
        {"floor_price": 1},
        {"task_count": 2},
        {"task_root": bytes(32)},
        {"spec_id": bytes(32)},
        {"expiry": PERIOD},
        {"admission": Admission.ONLY},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_was_not_signed_is_refused(desk, change):
    """SPEC S1: every field counts."""
    order = desk.order()
    signature = desk.signed(order)
    (field, value) = next(iter(change.items()))
    if field in ("slot", "generation"):
        other = replace(order, job_id=replace(order.job_id, **change))
        if field == "generation":
            desk.market.skipSlot(0, 1, {"from": desk.requester})
    elif field == "expiry":
        other = replace(order, expiry=order.expiry + value)
    elif field == "admission":
        other = replace(order, terms=replace(order.terms, admission=value, gate=str(desk.provider)))
    else:
        other = replace(order, terms=replace(order.terms, **change))
    with refused("BadSignature"):
        desk.fill(other, signature)


def test_a_signature_of_another_is_refused(desk):
    """SPEC S1."""
    order = desk.order()
    with refused("BadSignature"):
        desk.fill(order, desk.signed(order, desk.provider))
    for rubbish in (b"", bytes(65), bytes(64), bytes(101), desk.signed(order)[:64]):
        with refused("BadSignature"):
            desk.fill(order, rubbish)


@pytest.mark.parametrize("elsewhere", ["chain", "market"])
def test_a_signature_for_another_chain_or_market_is_refused(desk, elsewhere, stranger):
    """SPEC S1."""
    order, here = desk.order(), desk.domain
    domain = Domain(1, here.contract) if elsewhere == "chain" else Domain(here.chain_id, str(stranger))
    with refused("BadSignature"):
        desk.fill(order, desk.signed(order, domain=domain))


def test_an_order_is_filled_once(desk, stranger):
    """SPEC S2: not while its job goes on, and not after its end."""
    order = desk.order()
    job = claim(desk.market, desk.provider, accepted(desk.fill(order), order.terms))
    with refused("OrderNotFillable", bytes(order.job_id), 0):
        desk.fill(order)
    finalize(desk.market, stranger, job)
    later = replace(order, expiry=now() + PERIOD)
    with refused("OrderNotFillable", bytes(order.job_id), 2):
        desk.fill(later)


def test_an_order_that_was_skipped_is_refused(desk):
    """SPEC S2."""
    order = desk.order()
    event = desk.market.skipSlot(0, 1, {"from": desk.requester}).events["SlotSkipped"]
    assert (event["requester"], event["slot"], event["generation"]) == (desk.requester, 0, 1)
    with refused("OrderNotFillable", bytes(order.job_id), 2):
        desk.fill(order)
    desk.fill(desk.order())


def test_a_slot_in_use_cannot_be_skipped(desk):
    """SPEC J8."""
    desk.fill(desk.order())
    with refused("SlotInUse", desk.requester, 0):
        desk.market.skipSlot(0, 1, {"from": desk.requester})


def test_raising_the_epoch_cancels_all_orders(desk):
    """SPEC S1."""
    order = desk.order()
    event = desk.market.raiseEpoch({"from": desk.requester}).events["EpochRaised"]
    assert (event["account"], event["epoch"]) == (desk.requester, 1)
    with refused("BadSignature"):
        desk.fill(order)
    desk.fill(order, desk.signed(order, epoch=1))


def test_an_order_has_its_last_second(desk):
    order = desk.order()
    at(order.expiry + 1)
    with refused("TooLate", order.expiry):
        desk.fill(order)


def test_an_order_in_its_last_second_is_filled(desk):
    order = desk.order()
    at(order.expiry)
    desk.fill(order)


def test_a_requester_that_has_withdrawn_is_not_charged(desk):
    """SPEC S5, L4."""
    order = desk.order()
    desk.market.withdraw(desk.requester, FUNDS - PRICE + 1, {"from": desk.requester})
    with refused("BalanceTooLow", desk.requester, PRICE - 1, PRICE):
        desk.fill(order)


def test_terms_that_no_job_can_have_cannot_be_signed_for_either(desk):
    """SPEC J13."""
    errors = {"rounds": "RoundsOutOfRange", "bond": "BondTooLow", "task_count": "NoTasks"}
    for field, error in errors.items():
        with refused(error):
            desk.fill(desk.order(**{field: 0}))


def test_words_with_bits_that_mean_nothing_are_refused(desk):
    """SPEC S1, J13: one signature has one set of terms."""
    order = desk.order()
    job_id, (deal, work, opening, *rest), expiry = order.abi()
    untidy = (job_id, (deal, b"\x01" + work[1:], opening, *rest), expiry)
    with refused("MalformedTerms"):
        desk.market.fill(untidy, desk.signed(order), {"from": desk.provider})


# --- contracts, and many at once ------------------------------------------------------------------------------------


def wallet_with_money(desk, deployer, token):
    wallet = deployer.deploy(ContractWallet, desk.requester)
    token.approve(desk.market, 2**256 - 1, {"from": deployer})
    desk.market.deposit(wallet, FUNDS, {"from": deployer})
    return wallet


def test_a_contracts_order_is_filled_if_it_accepts_the_signature(desk, deployer, token):
    """SPEC S1: ERC-1271."""
    wallet = wallet_with_money(desk, deployer, token)
    order = replace(desk.order(), job_id=JobId(str(wallet), 0, 1))
    with refused("BadSignature"):
        desk.fill(order, desk.signed(order, desk.provider))
    desk.fill(order, desk.signed(order))
    assert money(desk.market, wallet) == (FUNDS - PRICE, 0)


def test_a_contract_that_accepts_everything_harms_itself_alone(desk, deployer, token):
    """SPEC S1, S5."""
    wallet = wallet_with_money(desk, deployer, token)
    wallet.setLies(True)
    desk.fill(replace(desk.order(), job_id=JobId(str(wallet), 0, 1)), b"")
    assert money(desk.market, desk.requester) == (FUNDS, STAKE)


@pytest.mark.parametrize("count", [2, 3, 5])
def test_one_signature_counts_for_many_orders(desk, count):
    """SPEC S1."""
    orders = [desk.order(slot) for slot in range(count)]
    messages = [order.message(desk.domain, 0) for order in orders]
    signature = desk.sign(desk.requester, bulk_message(desk.domain, messages))
    for index, order in enumerate(orders):
        desk.fill(order, bulk_signature(signature, messages, index))


def test_a_leaf_that_is_not_under_the_signed_root_is_refused(desk):
    """SPEC S1."""
    orders = [desk.order(slot) for slot in range(3)]
    messages = [order.message(desk.domain, 0) for order in orders]
    signature = desk.sign(desk.requester, bulk_message(desk.domain, messages))
    good = bulk_signature(signature, messages, 0)
    for bad in (
        bulk_signature(signature, messages, 1),
        good[:-1] + bytes([good[-1] ^ 1]),
        good[:-32],
        good + bytes(32),
        signature,
        bulk_signature(desk.sign(desk.provider, bulk_message(desk.domain, messages)), messages, 0),
    ):
        with refused("BadSignature"):
            desk.fill(orders[0], bad)


# --- claimed at once ------------------------------------------------------------------------------------------------


def test_an_order_is_claimed_in_the_call_that_fills_it(desk, stranger):
    order = desk.order()
    job = desk.fill_and_claim(order)
    assert current(desk.market, job) == (True, 0)
    assert money(desk.market, desk.provider) == (FUNDS, STAKE - 500)
    finalize(desk.market, stranger, job)
    assert money(desk.market, desk.provider) == (FUNDS + PRICE, STAKE)


def test_a_false_claim_at_once_is_slashed(desk, game, verifier, stranger):
    """SPEC J7, J10: like any other."""
    lie = Lie(truth(), 1_000)
    parties = Parties(desk.market, game, desk.referee, desk.requester, desk.provider)
    job = desk.fill_and_claim(desk.order(), final_root=lie.state_root(STEPS))
    dispute = challenge(parties, verifier, job, truth())
    assert play(dispute, {Side.DEFENDER: lie, Side.CHALLENGER: truth()}, stranger) == Side.CHALLENGER
    assert money(desk.market, desk.requester) == (FUNDS, STAKE)


def test_a_claim_finalizes_what_was_before(desk):
    """SPEC J18: one transaction a job, in one slot."""
    job = desk.fill_and_claim(desk.order())
    for generation in range(2, 5):
        after(job.deadline)
        order = Order(replace(job.job_id, generation=generation), desk.terms, job.deadline + PERIOD)
        call = desk.claim_at_once(order, [job])
        assert bytes(call.events["JobFinalized"]["jobId"]) == bytes(job.job_id)
        job = desk.record(order, call)
    assert money(desk.market, desk.provider) == (FUNDS + 3 * PRICE, STAKE - 500)


def test_a_claim_pays_for_the_previous_one_in_its_slot(desk):
    """SPEC J7, S2."""
    job = desk.fill_and_claim(desk.order())
    for generation in range(2, 5):
        after(job.deadline)
        order = Order(replace(job.job_id, generation=generation), desk.terms, job.deadline + PERIOD)
        call = desk.claim_next(order, job)
        assert bytes(call.events["JobFinalized"]["jobId"]) == bytes(job.job_id)
        job = desk.record(order, call)
    assert money(desk.market, desk.provider) == (FUNDS + 3 * PRICE, STAKE - 500)


def test_a_claim_in_a_slot_that_is_free_needs_no_previous_one(desk, stranger):
    """SPEC J7, S2: that was finalized by another."""
    previous = desk.fill_and_claim(desk.order())
    finalize(desk.market, stranger, previous)
    call = desk.claim_next(desk.order(), previous)
    assert "JobFinalized" not in call.events
    assert money(desk.market, desk.provider) == (FUNDS + PRICE, STAKE - 500)


def test_the_previous_claim_has_to_be_one_that_can_be_paid(desk, verifier):
    """SPEC J7, J2, S2: its time, its disputes, its record; and the order has to be the next."""
    parties = Parties(desk.market, desk.market.parameters()[1], desk.referee, desk.requester, desk.provider)
    previous = desk.fill_and_claim(desk.order())
    order = Order(replace(previous.job_id, generation=2), desk.terms, previous.deadline + PERIOD)
    with refused("TooEarly", previous.deadline):
        desk.attempt_next(order, previous)
    challenge(parties, verifier, previous, Lie(truth(), 7))
    mine_after(previous.deadline)
    with refused("DisputesOpen", bytes(previous.job_id), 1):
        desk.attempt_next(order, previous)
    for forged in (replace(previous, claim_root=bytes(32)), replace(previous, deadline=previous.deadline - 1)):
        with refused("RecordMismatch", bytes(previous.job_id)):
            desk.attempt_next(order, forged)
    skipping = replace(order, job_id=replace(order.job_id, generation=3))
    with refused("RecordMismatch", bytes(replace(previous.job_id, generation=2))):
        desk.attempt_next(skipping, previous)


def test_an_order_that_only_another_has_signed_is_not_claimed_next(desk):
    """SPEC S1: nor one with another price, or of another epoch."""
    previous = desk.fill_and_claim(desk.order())
    mine_after(previous.deadline)
    order = Order(replace(previous.job_id, generation=2), desk.terms, previous.deadline + PERIOD)
    dearer = replace(order, terms=replace(order.terms, price=PRICE + 1))
    for signature in (desk.signed(order, desk.provider), desk.signed(dearer), desk.signed(order, epoch=1)):
        with refused("BadSignature"):
            desk.attempt_next(order, previous, signature)


def test_an_order_for_two_tasks_is_not_claimed_with_one_root(desk):
    """SPEC J6."""
    previous = desk.fill_and_claim(desk.order())
    mine_after(previous.deadline)
    order = Order(replace(previous.job_id, generation=2), replace(desk.terms, task_count=2), previous.deadline + PERIOD)
    with refused("WrongTaskCount", 2, 1):
        desk.attempt_next(order, previous)


def test_what_cannot_be_finalized_keeps_nobody_from_claiming(desk, game, verifier, stranger):
    """SPEC J18: not due, disputed, ended, the same twice, or nobody's."""
    parties = Parties(desk.market, game, desk.referee, desk.requester, desk.provider)
    disputed, due, ended = (desk.fill_and_claim(desk.order(slot)) for slot in range(3))
    challenge(parties, verifier, disputed, Lie(truth(), 7))
    finalize(desk.market, stranger, ended)
    fresh = desk.fill_and_claim(desk.order(3))
    foreign = Job.posted(JobId(str(stranger), 0, 1), desk.terms, 1)
    call = desk.claim_at_once(desk.order(4), [disputed, ended, due, due, fresh, foreign])
    assert [bytes(event["jobId"]) for event in call.events["JobFinalized"]] == [bytes(due.job_id)]


def test_if_none_can_be_finalized_the_first_says_why(desk, game, verifier, stranger):
    """SPEC J18."""
    parties = Parties(desk.market, game, desk.referee, desk.requester, desk.provider)
    disputed = desk.fill_and_claim(desk.order())
    challenge(parties, verifier, disputed, Lie(truth(), 7))
    mine_after(disputed.deadline)
    early = desk.fill_and_claim(desk.order(1))
    for jobs, error in (([disputed, early], "DisputesOpen"), ([early, disputed], "TooEarly"), ([], "NoJobs")):
        with refused(error):
            desk.market.finalizeAll.call([job.abi() for job in jobs], {"from": stranger})


def test_a_claim_at_once_needs_a_root_for_each_task(desk):
    """SPEC J6."""
    order = desk.order(task_count=2)
    for roots in ([FINAL], [FINAL] * 3, []):
        with refused("WrongTaskCount", 2, len(roots)):
            desk.market.fillAndClaim(desk.signed(order), order.abi(), roots, RESULT, [], {"from": desk.provider})


# --- more time ------------------------------------------------------------------------------------------------------


def test_both_sides_together_give_the_provider_more_time(desk):
    """SPEC J22."""
    order = desk.order()
    job = accepted(desk.fill(order), order.terms)
    for sender, signer in ((desk.provider, desk.requester), (desk.requester, desk.provider)):
        message = extension(desk, job, job.deadline + 500)
        desk.market.extend(job.abi(), job.deadline + 500, desk.sign(signer, message), {"from": sender})
        job = job.extended(job.deadline + 500)
    assert current(desk.market, job) == (True, 0)
    at(job.deadline)
    claim(desk.market, desk.provider, job)


def test_neither_side_alone_and_nobody_else_moves_a_deadline(desk, stranger):
    """SPEC J22."""
    order = desk.order()
    job = accepted(desk.fill(order), order.terms)
    later = job.deadline + 500
    message = extension(desk, job, later)
    for sender in (desk.provider, desk.requester):
        with refused("BadSignature"):
            desk.market.extend(job.abi(), later, desk.sign(sender, message), {"from": sender})
    with refused("NotAParty", bytes(job.job_id), stranger):
        desk.market.extend(job.abi(), later, desk.sign(desk.requester, message), {"from": stranger})
    signature = desk.sign(desk.requester, message)
    with refused("BadSignature"):
        desk.market.extend(job.abi(), later + 1, signature, {"from": desk.provider})
    for bad in (job.deadline, job.deadline - 1, now() + 40 * 24 * 3600):
        signature = desk.sign(desk.requester, extension(desk, job, bad))
        with refused("NoExtension", job.deadline, bad):
            desk.market.extend(job.abi(), bad, signature, {"from": desk.provider})


def test_a_deadline_that_is_over_is_not_extended(desk):
    """SPEC J22, J12."""
    order = desk.order()
    job = accepted(desk.fill(order), order.terms)
    signature = desk.sign(desk.requester, extension(desk, job, job.deadline + 500))
    at(job.deadline + 1)
    with refused("TooLate", job.deadline):
        desk.market.extend(job.abi(), job.deadline + 500, signature, {"from": desk.provider})


def extension(desk, job, deadline):
    return Extension(job.job_id, job.deadline, deadline).message(desk.domain, 0)

"""Claims and payments together: each purpose bound to one transaction, and none lost when they are refused together."""

import logging
from dataclasses import replace
from typing import cast

import pytest
import sqlalchemy.exc

from assay.chain.contracts.market import Market
from assay.chain.node import Call, Node
from assay.chain.records import Job
from assay.chain.sender import Intent
from assay.errors import ContractError, IntegrityError
from provider_agent.batch import MOST_PARTS, Batch, batch_purpose, parts_of
from provider_agent.journal import Journal
from provider_agent.outbox import Outbox
from tests.unit.agent.test_ledger import JOB, book
from tests.unit.agent.test_outbox import MemoryNode, clock, confirm, fees_in, node, outbox

__all__ = ["clock", "node"]

MARKET = Market(cast(Node, None), "0x" + 40 * "1")


def job(number: int) -> Job:
    return replace(book().jobs[JOB].job, slot=number)


def claim(number: int, size: int = 32) -> tuple[Call, str]:
    return Call(MARKET.address, number.to_bytes(4, "big") * (size // 4), "claim"), f"claim {job(number).job_id}"


def pay(number: int) -> tuple[Job, str]:
    return job(number), f"finalize {job(number).job_id}"


@pytest.fixture
def box(journal: Journal, node: MemoryNode, clock: list[float]) -> Outbox:
    return outbox(journal, node, clock)


def test_what_is_due_at_once_goes_in_one_transaction(
    journal: Journal,
    node: MemoryNode,
    box: Outbox,
) -> None:
    batch = Batch(box, MARKET)
    for number in (1, 2):
        batch.claim(*claim(number))
    for number in (3, 4):
        batch.pay(*pay(number))
    batch.send()

    (pending,) = journal.unsettled()
    purposes = [claim(1)[1], claim(2)[1], pay(3)[1], pay(4)[1]]
    payment = MARKET.finalize(job(3), job(4))
    assert pending.intent.data == MARKET.multicall([payment, claim(1)[0], claim(2)[0]]).data
    assert not any(box.wants(purpose) for purpose in purposes)
    batch.claim(*claim(1))
    batch.send()
    assert len(node.pool) == 1

    node.include(node.pool[-1])
    confirm(box, node)
    assert journal.unsettled() == []
    assert not any(box.wants(purpose) for purpose in purposes)


def test_payments_alone_are_one_call_and_a_single_thing_has_its_own_purpose(journal: Journal, box: Outbox) -> None:
    batch = Batch(box, MARKET)
    batch.pay(*pay(1))
    batch.pay(*pay(2))
    batch.send()
    batch.claim(*claim(3))
    batch.send()
    payments, single = journal.unsettled()
    assert payments.intent.data == MARKET.finalize(job(1), job(2)).data
    assert (single.intent.purpose, single.intent.data) == (claim(3)[1], claim(3)[0].data)


def test_what_is_refused_together_is_sent_one_by_one(
    journal: Journal,
    node: MemoryNode,
    box: Outbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bad = claim(2)[0].data

    def refusing(call: Call, sender: str) -> bytes:  # noqa: ARG001
        if bad in call.data:
            raise ContractError("too late", "TooLate", {})
        return b""

    monkeypatch.setattr(node, "call", refusing)
    batch = Batch(box, MARKET)
    for number in (1, 2, 3):
        batch.claim(*claim(number))
    batch.send()

    assert [pending.intent.purpose for pending in journal.unsettled()] == [claim(1)[1], claim(3)[1]]
    assert [nonce for nonce, *_ in fees_in(node)] == [0, 1]
    assert journal.find(claim(2)[1]) is None


def test_what_failed_together_is_tried_again(
    journal: Journal,
    node: MemoryNode,
    box: Outbox,
) -> None:
    batch = Batch(box, MARKET)
    for _ in range(2):
        for number in (1, 2):
            batch.claim(*claim(number))
        batch.send()
        node.include(node.pool[-1], succeeded=False)
        confirm(box, node)
    assert box.wants(claim(1)[1])
    batch.claim(*claim(1))
    batch.send()
    (pending,) = journal.unsettled()
    assert (pending.intent.purpose, pending.intent.nonce) == (claim(1)[1], 2)
    # After a reorganisation the others need a block again, and the newest binding stays the one that counts.
    journal.rewind(0)
    found = journal.find(claim(1)[1])
    assert found is not None
    assert found.nonce == 2
    assert len(journal.unsettled()) == 3


def test_a_payment_that_was_left_out_is_made_again_and_one_that_is_pending_is_not(
    journal: Journal,
    node: MemoryNode,
    box: Outbox,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    batch = Batch(box, MARKET)
    batch.pay(*pay(1))
    batch.pay(*pay(2))
    batch.send()
    box.reopen(pay(1)[1])
    assert not box.wants(pay(1)[1])  # it may still be achieved

    node.include(node.pool[-1])
    confirm(box, node)
    box.reopen(pay(1)[1])
    assert (box.wants(pay(1)[1]), box.wants(pay(2)[1])) == (True, False)
    batch.pay(*pay(1))
    batch.send()
    assert [pending.intent.purpose for pending in journal.unsettled()] == [pay(1)[1]]
    assert [record.getMessage() for record in caplog.records].count("in vain") == 1

    node.include(node.pool[-1])
    confirm(box, node)
    box.reopen(pay(1)[1])  # a transaction of its own achieves what it is for, or fails
    assert not box.wants(pay(1)[1])


def test_no_purpose_is_ever_bound_twice(journal: Journal, box: Outbox) -> None:
    batch = Batch(box, MARKET)
    batch.claim(*claim(1))
    batch.claim(*claim(2))
    batch.send()
    for parts in ((), (claim(1)[1], claim(5)[1])):
        purpose = batch_purpose(parts) if parts else claim(1)[1]
        with pytest.raises((IntegrityError, sqlalchemy.exc.IntegrityError)):
            journal.intend(Intent(purpose, KEY_ADDRESS, 9, MARKET.address, b"", 1, parts))
    assert journal.find(claim(5)[1]) is None


KEY_ADDRESS = "0x" + 40 * "7"


def test_an_intent_that_was_not_signed_is_off_with_all_its_parts(journal: Journal) -> None:
    parts = (claim(1)[1], claim(2)[1])
    intent = Intent(batch_purpose(parts), KEY_ADDRESS, 0, MARKET.address, b"", 1, parts)
    for _ in range(3):
        journal.intend(intent)
    journal.withdraw(intent)
    journal.intend(Intent(parts[0], KEY_ADDRESS, 0, MARKET.address, b"", 1))


def test_a_transaction_has_a_largest_size(journal: Journal, box: Outbox) -> None:
    batch = Batch(box, MARKET)
    for number in range(MOST_PARTS + 1):
        batch.claim(*claim(number))
    for number in range(100, 104):
        batch.claim(*claim(number, size=12_000))
    batch.send()
    sizes = [len(parts_of(pending.intent.purpose)) for pending in journal.unsettled()]
    assert sizes == [16, 3, 2]


def test_the_purposes_of_a_batch_are_in_its_name() -> None:
    parts = [claim(1)[1], pay(2)[1]]
    assert parts_of(batch_purpose(parts)) == parts
    assert parts_of(claim(1)[1]) == []

"""What the journal promises: one transaction a purpose, all or nothing, and everything there after a crash."""

import subprocess
import sys
from dataclasses import replace

import pytest
from sqlalchemy.exc import IntegrityError as DuplicateError

from assay.chain.fees import Fees
from assay.chain.node import Log, Receipt
from assay.chain.sender import Intent, Transaction
from assay.errors import InputError, IntegrityError
from provider_agent.duty import Deadline, State
from provider_agent.journal import KEPT_BLOCKS, Identity, Journal, Position, SubjectLog

SENDER = "0x" + 40 * "1"
JOB = f"0.1@{SENDER}"
IDENTITY = Identity(31337, "0x" + 40 * "2", SENDER, bytes(32))


def transaction(purpose: str, nonce: int = 0) -> Transaction:
    return Transaction(purpose, SENDER, nonce, bytes([nonce]) * 32, b"raw %d" % nonce, Fees(20, 2))


def intent(purpose: str, nonce: int = 0) -> Intent:
    return Intent(purpose, SENDER, nonce, SENDER, b"data", 50_000)


def sign(journal: Journal, purpose: str, nonce: int = 0) -> Transaction:
    """What the sender does for a purpose."""
    journal.intend(intent(purpose, nonce))
    signed = transaction(purpose, nonce)
    journal.record(signed)
    return signed


def names(journal: Journal) -> list[str]:
    return [pending.intent.purpose for pending in journal.unsettled()]


def receipt(of: Transaction, block: int, succeeded: bool = True) -> Receipt:
    return Receipt(of.hash, block, bytes(32), succeeded, gas_used=21_000, gas_price=7, logs=())


def log(block: int, index: int = 0, job: str = JOB) -> SubjectLog:
    raw = Log(SENDER, (b"\x01" * 32, b"\x02" * 32), b"data", block, bytes([block % 256]) * 32, index, b"\x03" * 32)
    return SubjectLog(raw, job, "JobPosted")


# Identity


@pytest.mark.parametrize(
    "other",
    [
        Identity(1, IDENTITY.market, SENDER, bytes(32)),
        Identity(31337, SENDER, SENDER, bytes(32)),
        Identity(31337, IDENTITY.market, IDENTITY.market, bytes(32)),
        Identity(31337, IDENTITY.market, SENDER, b"\x01" * 32),
    ],
    ids=["chain", "market", "account", "chain started afresh"],
)
def test_the_journal_of_another_agent_is_refused(journal: Journal, other: Identity) -> None:
    journal.bind(IDENTITY)
    journal.bind(IDENTITY)

    with pytest.raises(InputError, match="belongs to another agent"):
        journal.bind(other)


# Transactions


def test_nothing_is_intended_twice_for_one_purpose(journal: Journal) -> None:
    signed = sign(journal, "claim 1")

    with pytest.raises(DuplicateError):
        journal.intend(intent("claim 1", nonce=1))
    assert journal.find("claim 1") == signed


def test_no_two_purposes_get_one_nonce(journal: Journal) -> None:
    sign(journal, "claim 1")

    with pytest.raises(DuplicateError):
        journal.intend(intent("claim 2"))
    assert names(journal) == ["claim 1"]


def test_nothing_is_signed_that_was_not_intended(journal: Journal) -> None:
    sign(journal, "claim 1")

    for wrong in (transaction("claim 2"), transaction("claim 1", nonce=1)):
        with pytest.raises(IntegrityError, match="nothing was intended"):
            journal.record(wrong)


def test_an_intent_that_was_not_signed_frees_its_nonce_for_the_next_one(journal: Journal) -> None:
    journal.intend(intent("claim 1"))
    assert journal.next_nonce(SENDER) == 0
    assert journal.find("claim 1") is None

    journal.intend(intent("claim 2"))
    with pytest.raises(IntegrityError):
        journal.record(transaction("claim 1"))


def test_the_signed_versions_of_a_transaction_are_kept_and_the_dearest_is_the_latest(journal: Journal) -> None:
    first = sign(journal, "claim 1")
    second = replace(first, hash=b"\x09" * 32, raw=b"dearer", fees=Fees(22, 3))
    journal.record(second)

    (pending,) = journal.unsettled()
    assert pending.attempts == (first, second)
    assert journal.find("claim 1") == pending.latest == second
    assert pending.max_cost == 50_000 * 22


def test_a_purpose_that_failed_for_good_can_be_tried_once_more(journal: Journal) -> None:
    first = sign(journal, "claim 1")
    journal.settle(intent("claim 1"), 5, receipt(first, block=5, succeeded=False), "reverted")

    assert journal.find("claim 1") is None
    second = sign(journal, "claim 1", nonce=1)
    assert journal.find("claim 1") == second
    assert names(journal) == ["claim 1"]


def test_a_settled_transaction_is_found_and_no_longer_pending(journal: Journal) -> None:
    sign(journal, "claim 1", nonce=1)
    first = sign(journal, "accept 1")
    assert names(journal) == ["accept 1", "claim 1"]

    journal.settle(intent("accept 1"), 5, receipt(first, block=5), "included")

    assert names(journal) == ["claim 1"]
    assert journal.find("accept 1") == first


def test_the_next_nonce_is_above_all_that_was_signed_with_and_that_of_a_lost_one_is_not_used_again(
    journal: Journal,
) -> None:
    assert journal.next_nonce(SENDER) == 0
    sign(journal, "a", nonce=7)
    sign(journal, "b", nonce=8)
    assert journal.next_nonce(SENDER) == 9

    journal.settle(intent("b", nonce=8), 5, None, "lost")
    assert journal.find("b") is None
    assert journal.next_nonce(SENDER) == 9


# Position and logs


def test_what_was_read_comes_back_as_it_was_in_the_chains_order(journal: Journal) -> None:
    journal.advance(Position(3, b"\x03" * 32), [log(2, 1), log(2, 0)])
    journal.advance(Position(9, b"\x09" * 32), [log(7)])

    assert journal.position() == Position(9, b"\x09" * 32)
    assert list(journal.logs()) == [log(2, 0).log, log(2, 1).log, log(7).log]


def test_only_so_many_positions_are_kept(journal: Journal) -> None:
    for number in range(KEPT_BLOCKS + 10):
        journal.advance(Position(number, bytes(32)), [])

    numbers = [position.number for position in journal.positions()]
    assert numbers == list(range(KEPT_BLOCKS + 9, 9, -1))


def test_a_rewind_reopens_whatever_the_lost_blocks_had_settled(journal: Journal) -> None:
    journal.advance(Position(3, bytes(32)), [log(2, job="kept")])
    journal.advance(Position(6, bytes(32)), [log(5, job="undone")])
    for job in ("kept", "undone"):
        journal.add_duty("provider", job, "posted")
        duty = journal.duty("provider", job)
        assert duty is not None
        journal.set_duty(duty, State.ENDED, "over")
    for nonce, (purpose, block, done) in enumerate([("early", 2, True), ("late", 5, True), ("failed", 5, False)]):
        signed = sign(journal, purpose, nonce)
        journal.settle(intent(purpose, nonce), block, receipt(signed, block, done), "included")
    sign(journal, "lost", 3)
    journal.settle(intent("lost", 3), 5, None, "another transaction has its nonce")
    sign(journal, "failed", 4)

    journal.rewind(3)

    assert journal.position() == Position(3, bytes(32))
    assert list(journal.logs()) == [log(2).log]
    assert [duty.job for duty in journal.live_duties()] == ["undone"]
    # Both transactions for the purpose that had failed: the first one's nonce is not used any more without it.
    assert names(journal) == ["late", "failed", "lost", "failed"]
    assert journal.find("failed") == transaction("failed", 4)


def test_what_was_decided_about_a_job_of_which_nothing_is_left_is_decided_anew(journal: Journal) -> None:
    journal.advance(Position(3, bytes(32)), [log(2, job="still there")])
    journal.advance(Position(6, bytes(32)), [log(5, job="still there"), log(6, job="gone")])
    for job in ("still there", "gone"):
        journal.set_computed(journal.add_duty("provider", job, "posted"), "ran", [bytes(32)], bytes(32))

    journal.rewind(3)

    states = {duty.job: duty.state for duty in journal.live_duties()}
    assert states == {"still there": State.COMPUTED, "gone": State.CONSIDERING}


def test_a_job_that_was_forgotten_leaves_the_others(journal: Journal) -> None:
    journal.advance(Position(3, bytes(32)), [log(1, job="old"), log(2, job="new")])

    journal.forget_job("old")

    assert list(journal.logs()) == [log(2).log]


# Duties and deadlines


def test_a_duty_is_added_once_and_revived_only_on_demand(journal: Journal) -> None:
    journal.add_duty("provider", JOB, "posted")
    duty = journal.duty("provider", JOB)
    assert duty is not None
    journal.set_duty(duty, State.REFUSED, "too cheap")

    journal.add_duty("provider", JOB, "posted again")
    assert journal.live_duties() == []

    journal.add_duty("provider", JOB, "accepted", revive=True)
    assert [(duty.state, duty.reason) for duty in journal.live_duties()] == [(State.CONSIDERING, "accepted")]


def test_what_was_computed_is_kept_with_the_duty(journal: Journal) -> None:
    journal.add_duty("provider", JOB, "posted")
    duty = journal.duty("provider", JOB)
    assert duty is not None

    computed = journal.set_computed(duty, "ran", [b"\x01" * 32, b"\x02" * 32], b"\x03" * 32)

    assert journal.duty("provider", JOB) == computed
    assert (computed.state, computed.final_roots) == (State.COMPUTED, (b"\x01" * 32, b"\x02" * 32))
    assert computed.result_id == b"\x03" * 32


def test_a_postponed_duty_counts_its_faults_until_something_goes_right(location: str) -> None:
    journal = Journal(location, clock=lambda: 1000.0)
    journal.add_duty("provider", JOB, "posted")
    for attempts in (1, 2):
        (duty,) = journal.live_duties()
        journal.postpone(duty, "the store does not answer", 30)
        (duty,) = journal.live_duties()
        assert (duty.attempts, duty.retry_at) == (attempts, 1030.0)

    duty = journal.set_duty(duty, State.TAKEN, "wanted")

    assert (duty.attempts, duty.retry_at) == (0, 0.0)


def test_a_deadline_is_due_after_its_time_and_is_replaced_not_doubled(journal: Journal) -> None:
    journal.set_deadline(Deadline("provider", "finalize", JOB, 100))
    journal.set_deadline(Deadline("verifier", "timeout", "0x01", 50))
    journal.set_deadline(Deadline("provider", "finalize", JOB, 60))

    assert journal.deadlines(before=60) == [Deadline("verifier", "timeout", "0x01", 50)]
    assert [deadline.due_at for deadline in journal.deadlines(before=61)] == [50, 60]

    journal.drop_deadline(Deadline("provider", "finalize", JOB, 0))
    assert [deadline.subject for deadline in journal.deadlines()] == ["0x01"]


# Crashes


def test_a_transaction_is_all_or_nothing(journal: Journal) -> None:
    with pytest.raises(KeyError), journal.transaction():  # noqa: PT012
        journal.advance(Position(3, bytes(32)), [log(2)])
        journal.add_duty("provider", JOB, "posted")
        raise KeyError

    assert journal.position() is None
    assert list(journal.logs()) == []
    assert journal.live_duties() == []


def test_everything_that_was_written_survives_a_killed_process(location: str) -> None:
    """And what was not committed is gone."""
    killed = """
import os, signal, sys
from assay.chain.fees import Fees
from assay.chain.sender import Intent, Transaction
from provider_agent.journal import Journal
journal = Journal(sys.argv[1])
journal.intend(Intent("claim 1", "0x" + 40 * "1", 0, "0x" + 40 * "1", b"", 1))
journal.record(Transaction("claim 1", "0x" + 40 * "1", 0, bytes(32), b"raw 0", Fees(2, 1)))
journal.add_duty("provider", "job", "posted")
with journal.transaction():
    journal.add_duty("verifier", "job", "claimed")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    ended = subprocess.run([sys.executable, "-c", killed, location], check=False)
    assert ended.returncode == -9

    journal = Journal(location)
    assert journal.find("claim 1") is not None
    assert [duty.role for duty in journal.live_duties()] == ["provider"]
    journal.close()


def test_duties_are_counted_by_role_and_state(journal: Journal) -> None:
    for job in ("one", "two"):
        journal.set_duty(journal.add_duty("provider", job, "posted"), State.TAKEN, "wanted")
    journal.add_duty("provider", "three", "posted")
    journal.set_duty(journal.add_duty("verifier", "one", "claimed"), State.TAKEN, "wrong claim")

    assert journal.count_duties("provider", (State.TAKEN, State.COMPUTED)) == 2

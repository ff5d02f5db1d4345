"""Results that are not delivered, and claims that are not registered: what is refused before anything is sent."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from assay.chain.events import JobEnded
from assay.chain.history import JobHistory
from assay.chain.records import End, Status
from assay.client.delivery import deliver, finalized_word, register
from assay.errors import InputError
from tests.unit.client.claims import DEPLOYMENT, JOB, claimed

CLAIMED = claimed(3, 5)
FINALIZED = CLAIMED.history
HASH = b"\x07" * 32


def chain(registered: bytes = HASH, word: bytes | None = None) -> Any:
    held = finalized_word(JOB.generation) if word is None else word
    courier = SimpleNamespace(registered=lambda _job: registered)
    market = SimpleNamespace(slot_word=lambda _requester, _slot: held)
    return SimpleNamespace(courier=courier, market=market, deployment=DEPLOYMENT)


def refused(history: JobHistory, on: Any, told: str) -> None:
    sender: Any = None  # nothing is sent
    store: Any = CLAIMED.blobs
    with pytest.raises(InputError, match=told):
        deliver(on, sender, store, history, 0, "0x" + 40 * "9", 100_000)


@pytest.mark.parametrize("end", [end for end in End if end is not End.FINALIZED])
def test_a_job_that_ended_otherwise_has_nothing_to_deliver(end: End) -> None:
    """SPEC C1."""
    refused(replace(FINALIZED, ended=JobEnded(JOB, end)), chain(), "has no result that stands")


def test_what_was_never_registered_is_not_delivered() -> None:
    """SPEC C1, C5."""
    refused(FINALIZED, chain(registered=bytes(32)), "before its claim was registered")


@pytest.mark.parametrize("word", [finalized_word(JOB.generation + 1), bytes(32), b"\x01" * 32])
def test_a_slot_that_was_used_again_has_forgotten_the_job(word: bytes) -> None:
    """SPEC J23, C5."""
    refused(FINALIZED, chain(word=word), "was used again")


def test_a_machine_without_a_courier_is_named() -> None:
    """SPEC C2."""
    refused(FINALIZED, chain(), "only outputs of the machine riscv are delivered")
    refused(replace(FINALIZED, ended=None), chain(registered=bytes(32)), "only outputs of the machine riscv")


def test_a_claim_is_registered_once_and_in_time() -> None:
    """SPEC C2."""
    sender: Any = None
    open_job = replace(CLAIMED.history, ended=None)
    with pytest.raises(InputError, match="too late to register it"):
        register(chain(), sender, FINALIZED)
    with pytest.raises(InputError, match="is registered"):
        register(chain(), sender, open_job)
    posted = JobHistory(replace(open_job.job, status=Status.OPEN))
    with pytest.raises(InputError, match="only a claim can be registered"):
        register(chain(registered=bytes(32)), sender, posted)

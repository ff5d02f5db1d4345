"""What a provider claims by hand after the previous job of a slot, whoever has ended that one."""

from types import SimpleNamespace
from typing import Any

import pytest

from assay.chain.events import JobEnded
from assay.chain.history import JobHistory
from assay.chain.records import End, Job, JobId
from assay.client import provider as module
from assay.client.provider import Provider

JOB: Any = SimpleNamespace(job_id=JobId("0x" + 40 * "2", 0, 1))
PAPER: Any = SimpleNamespace(order="order", signature="signature")


@pytest.mark.parametrize("ended", [None, JobEnded(JOB.job_id, End.FINALIZED), JobEnded(JOB.job_id, End.EXPIRED)])
def test_an_order_is_claimed_next_whether_or_not_the_previous_job_was_ended(
    monkeypatch: pytest.MonkeyPatch, ended: JobEnded | None
) -> None:
    """If somebody else has ended it, the slot has to be free: nothing is waited for."""
    followed: list[Any] = []
    monkeypatch.setattr(module, "check_order", lambda _chain, _paper, follows: followed.append(follows))
    chain: Any = SimpleNamespace(market=SimpleNamespace(claim_next=lambda *given: given))
    sender: Any = SimpleNamespace(address=JOB.job_id.requester, execute=lambda call: call)
    job: Job = JOB
    call: Any = Provider(chain, sender).claim_next(PAPER, b"root", b"result", JobHistory(job, ended=ended))
    assert call == ("order", "signature", b"root", b"result", JOB)
    assert followed == [None if ended else JOB.job_id]

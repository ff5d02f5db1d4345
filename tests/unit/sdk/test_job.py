"""A job's waits: what ends them, what they outlast, and what the errors say about the money."""

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from assay.chain.events import BondSlashed
from assay.chain.history import JobHistory
from assay.chain.node import Block
from assay.chain.records import End
from assay.client.follow import News
from assay.errors import InputError, IntegrityError, MissingBlobError, TransientError
from assay.machines.base import Outcome, RunStatus
from assay.sdk import job as module
from assay.sdk.errors import (
    JobCancelledError,
    JobDeclinedError,
    JobExpiredError,
    JobSlashedError,
    JobTimeoutError,
    MissedDeadlineError,
    ProgramError,
    ResultMissingError,
    ResultRefusedError,
)
from assay.sdk.job import Job, JobState
from tests.unit.client.claims import CHAIN, JOB, PROVIDER, REQUESTER, claimed

TOKEN = 10**18
FINAL = claimed(5).history
CLAIMED = replace(FINAL, ended=None)
OPEN = JobHistory(replace(FINAL.job, status=module.Status.OPEN), entries=FINAL.entries[:1])
OUTCOME = Outcome(RunStatus.EXITED, 0, b"6\n", b"")


class Chain:
    """Tells one thing at each look, the last of them for ever; exceptions are raised."""

    def __init__(self, *looks: JobHistory | Exception, second: int = 1) -> None:
        self.looks, self.second = list(looks), second

    def look(self) -> News | None:
        now = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        if isinstance(now, Exception):
            raise now
        return News((), now, claimed(5).book, Block(1, b"", b"", self.second, 0))


Make = Callable[..., Job]


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> list[News]:
    news: list[News] = []
    monkeypatch.setattr(module, "end_overdue", lambda _chain, _sender, each: news.append(each))
    return news


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch, settled: list[News]) -> Make:  # noqa: ARG001
    monkeypatch.setattr(module, "PAUSE", 0.001)
    monkeypatch.setattr(module, "fetch_outcomes", lambda *_: [OUTCOME])

    def made(*looks: JobHistory | Exception, own: str | None = REQUESTER, second: int = 1) -> Job:
        session: Any = SimpleNamespace(chain=CHAIN, store=None, sender=None, own_address=own)
        job = Job(session, JOB)
        job._follower = Chain(*looks, second=second)  # type: ignore[assignment]
        return job

    return made


def ended(end: End, **more: Any) -> JobHistory:
    assert FINAL.ended is not None
    job = replace(FINAL.job, terms=replace(FINAL.job.terms, price=2 * TOKEN))
    return replace(FINAL, job=job, ended=replace(FINAL.ended, end=end), **more)


# What is raised


@pytest.mark.parametrize(
    ("end", "kind"),
    [
        (End.CANCELLED, JobCancelledError),
        (End.EXPIRED, JobExpiredError),
        (End.DECLINED, JobDeclinedError),
        (End.MISSED_DEADLINE, MissedDeadlineError),
        (End.SLASHED_BY_STEP, JobSlashedError),
        (End.SLASHED_BY_TIMEOUT, JobSlashedError),
    ],
)
def test_an_end_without_a_result_is_raised_with_its_money(make: Make, end: End, kind: type[Exception]) -> None:
    slashed = BondSlashed(JOB, PROVIDER, 30 * TOKEN, 10 * TOKEN) if "SLASHED" in end.name else None
    with pytest.raises(kind, match=r"2 refunded to the requester.*assay withdraw") as raised:
        make(ended(end, slashed=slashed)).result()
    error: Any = raised.value
    assert (error.job, error.money.refunded, error.money.escrow) == (JOB, 2 * TOKEN, 0)
    if slashed:
        assert f"30 paid to {PROVIDER}; 10 burned" in str(error)
        assert (error.money.slashed, error.money.burned) == (30 * TOKEN, 10 * TOKEN)


def test_a_result_that_is_late_is_a_timeout_and_says_what_it_waits_for(make: Make) -> None:
    job = make(OPEN)
    with pytest.raises(JobTimeoutError, match=r"no result after 0\.01 s: waiting for a provider.*in escrow") as late:
        job.result(timeout=0.01)
    assert isinstance(late.value, TimeoutError)
    assert late.value.money.escrow == 100
    with pytest.raises(TimeoutError):
        job.result(timeout=0)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [(MissingBlobError("it is gone"), ResultMissingError), (IntegrityError("forged"), ResultRefusedError)],
)
@pytest.mark.parametrize(("history", "where"), [(FINAL, f"paid to {PROVIDER}"), (CLAIMED, "in escrow")])
def test_an_output_that_is_missing_or_another_is_an_error_that_says_where_the_money_is(
    make: Make,
    monkeypatch: pytest.MonkeyPatch,
    fault: Exception,
    kind: type[Exception],
    history: JobHistory,
    where: str,
) -> None:
    def fail(*_: object) -> None:
        raise fault

    monkeypatch.setattr(module, "fetch_outcomes", fail)
    with pytest.raises(kind, match=f"{fault}.*{where}"):
        make(history).result(final=False)


def test_a_job_of_several_tasks_has_no_one_result(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "fetch_outcomes", lambda *_: [OUTCOME, OUTCOME])
    with pytest.raises(InputError, match="`results` gives all"):
        make(FINAL).result()
    assert [result.task for result in make(FINAL).results()] == [0, 1]


def test_a_node_that_fails_is_outlasted_for_a_while_and_then_told(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    assert make(TransientError("down"), TransientError("down"), FINAL).result().text == "6\n"
    monkeypatch.setattr(module, "PATIENCE", 0)
    with pytest.raises(TransientError, match="down"):
        make(TransientError("down")).result()


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        (Outcome(RunStatus.EXITED, 3, b"", b"no\nbad luck\n"), "exited with status 3, and said: bad luck"),
        (Outcome(RunStatus.FAULTED, 139, b"", b""), "ended by a fault"),
        (Outcome(RunStatus.OUT_OF_STEPS, 0, b"", b""), "ran out of steps"),
    ],
)
def test_a_program_that_fails_has_a_result_whose_check_raises(
    make: Make, monkeypatch: pytest.MonkeyPatch, outcome: Outcome, told: str
) -> None:
    monkeypatch.setattr(module, "fetch_outcomes", lambda *_: [outcome])
    result = make(FINAL).result()
    with pytest.raises(ProgramError, match=told):
        result.check()


# What is given


def test_a_result_is_final_unless_less_is_asked_for(make: Make) -> None:
    assert make(OPEN, CLAIMED, FINAL).result().final
    early = make(OPEN, CLAIMED, FINAL).result(final=False)
    assert (early.final, early.text, early.provider) == (False, "6\n", PROVIDER)
    assert early.check() is early


def test_a_claim_that_is_disputed_is_no_result_yet(make: Make) -> None:
    disputed = replace(CLAIMED, challenges=(SimpleNamespace(dispute_id=b"1"),))  # type: ignore[arg-type]
    job = make(disputed)
    assert job.poll(final=False) is None
    assert job.status() is JobState.DISPUTED


def test_a_job_that_has_ended_is_looked_at_no_more(make: Make) -> None:
    job = make(FINAL, TransientError("nobody asks"))
    assert job.result() is job.result()
    assert job.done()
    assert job.status() == "finalized"
    assert not job.cancel()


@pytest.mark.parametrize(
    ("own", "second", "ends"), [(REQUESTER, 1051, 1), (PROVIDER, 1051, 0), (REQUESTER, 1050, 0), (None, 1051, 0)]
)
def test_only_a_job_of_ones_own_is_ended_and_only_when_its_time_is_over(
    make: Make, settled: list[News], own: str | None, second: int, ends: int
) -> None:
    assert make(CLAIMED, own=own, second=second).poll() is None
    assert len(settled) == ends

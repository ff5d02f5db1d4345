"""Places in slots: which orders can still be signed for the place after a job, and how one of them is cancelled."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from assay.chain.events import ChallengeClosed, JobChallenged, JobEnded
from assay.chain.history import JobHistory
from assay.chain.records import End, Job, JobId, Terms, Verdict
from assay.client import places as module
from assay.client.places import cancelling, place_after
from assay.errors import InputError
from tests.unit.client.claims import PROVIDER, REFEREE, REQUESTER

NOW = 1_000
LATE = NOW + 10_000
TERMS = Terms(REFEREE, bytes(32), 1, 3, 100, 50, 10, 20, 30, bytes(32))
FIRST = JobId(REQUESTER, 4, 7)
PLACE = replace(FIRST, generation=8)
OPEN = JobHistory(Job.posted(FIRST, TERMS, NOW + 500))
ACCEPTED = JobHistory(OPEN.job.accepted(PROVIDER, NOW + 500))
CLAIMED = JobHistory(OPEN.job.claimed(PROVIDER, bytes(32), NOW + 500))
CHALLENGE = JobChallenged(FIRST, bytes(32), PROVIDER, 0, 5)
DISPUTED = replace(CLAIMED, challenges=(CHALLENGE,))
ENDED = replace(CLAIMED, ended=JobEnded(FIRST, End.FINALIZED))
SLASHED = replace(DISPUTED, ended=JobEnded(FIRST, End.SLASHED_BY_STEP))
TAKEN = JobHistory(Job.posted(PLACE, TERMS, NOW))


class Slots:
    """A chain, and its market, with what is known of some jobs of one slot."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, next_generation: int, *jobs: JobHistory, now: int = NOW
    ) -> None:
        self.market = self
        self.node = SimpleNamespace(head=lambda: SimpleNamespace(timestamp=now))
        self._next = next_generation
        self._jobs = {history.job.job_id: history for history in jobs}
        monkeypatch.setattr(module, "read_book", self._read)

    def _read(self, _chain: object, keys: list[bytes]) -> Any:
        return SimpleNamespace(jobs={job: found for job, found in self._jobs.items() if bytes(job) in keys})

    def next_generation(self, requester: str, slot: int) -> int:
        assert (requester, slot) == (FIRST.requester, FIRST.slot)
        return self._next

    def skip_slot(self, slot: int, generation: int) -> tuple[Any, ...]:
        return ("skip", slot, generation)

    def finalize(self, job: Job) -> tuple[Any, ...]:
        return ("finalize", job.job_id)

    def expire(self, job: Job) -> tuple[Any, ...]:
        return ("expire", job.job_id)


@pytest.fixture
def slots(monkeypatch: pytest.MonkeyPatch) -> Any:
    return lambda *given, **more: Slots(monkeypatch, *given, **more)


# --- an order for the place after a job -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("following", "jobs"),
    [
        (9, [ENDED]),
        (9, []),
        (0, [ENDED, TAKEN]),
        (0, [ENDED]),
        (0, [TAKEN]),
        (9, [ENDED, replace(TAKEN, ended=JobEnded(PLACE, End.EXPIRED))]),
    ],
    ids=["skipped", "both skipped", "in use", "skipped, and a later one in use", "only it", "over"],
)
def test_a_place_that_was_used_is_not_signed_for(slots: Any, following: int, jobs: list[JobHistory]) -> None:
    """SPEC S2."""
    with pytest.raises(InputError, match="was used already, or skipped: sign the order for"):
        place_after(slots(following, *jobs), FIRST, LATE)


@pytest.mark.parametrize(
    ("following", "jobs"),
    [
        *((0, [history]) for history in (OPEN, ACCEPTED, CLAIMED, DISPUTED, SLASHED)),
        (8, [ENDED]),
        (8, []),
        (3, []),
        (0, []),
    ],
)
def test_a_place_that_is_to_come_is_signed_for(slots: Any, following: int, jobs: list[JobHistory]) -> None:
    assert place_after(slots(following, *jobs), FIRST, LATE) == PLACE


def test_an_order_does_not_expire_before_the_previous_job_can_end(slots: Any) -> None:
    for history, earliest in ((CLAIMED, NOW + 500), (DISPUTED, NOW + 500), (ACCEPTED, NOW + 30)):
        with pytest.raises(InputError, match="give the order more time"):
            place_after(slots(0, history), FIRST, earliest)
        assert place_after(slots(0, history), FIRST, earliest + 1) == PLACE


def test_a_job_that_can_end_at_any_time_does_not_keep_an_order_waiting(slots: Any) -> None:
    """It is cancelled, declined, or past its deadline."""
    hired = JobHistory(OPEN.job.accepted(PROVIDER, NOW + 500, hired=True))
    for history in (OPEN, hired, ENDED):
        assert place_after(slots(8 if history.ended else 0, history), FIRST, NOW + 1) == PLACE
    late = NOW + 501
    assert place_after(slots(0, ACCEPTED, now=late), FIRST, late) == PLACE


# --- an order that is cancelled -------------------------------------------------------------------------------------

SKIP = ("skip", 4, 8)


def test_an_order_for_a_free_slot_is_skipped(slots: Any) -> None:
    assert cancelling(slots(8, ENDED), PLACE) == [SKIP]


def test_an_order_after_a_job_whose_time_is_over_is_skipped_with_its_end(slots: Any) -> None:
    """SPEC J7, S2."""
    for history, end in ((CLAIMED, "finalize"), (ACCEPTED, "expire"), (OPEN, "expire")):
        assert cancelling(slots(0, history, now=NOW + 501), PLACE) == [(end, FIRST), SKIP]


@pytest.mark.parametrize(
    ("following", "jobs", "told"),
    [
        (9, [], "was filled or cancelled"),
        (0, [ENDED, TAKEN], "was filled or cancelled"),
        (0, [ENDED], "was filled or cancelled"),
        (5, [], "only after the jobs or orders before it"),
        (0, [], "only after the jobs or orders before it"),
        (0, [CLAIMED], r"can be challenged until 1970-01-01 00:25:00 UTC: cancel the order after that\. `assay epoch"),
        (0, [ACCEPTED], "can be claimed until 1970-01-01 00:25:00 UTC"),
        (0, [OPEN], "take that job back first: `assay cancel 4.7@"),
        (0, [DISPUTED], "1 disputes about 4.7@"),
        (0, [SLASHED], "1 disputes about 4.7@"),
    ],
)
def test_an_order_that_cannot_be_cancelled_yet_says_when(
    slots: Any, following: int, jobs: list[JobHistory], told: str
) -> None:
    with pytest.raises(InputError, match=told):
        cancelling(slots(following, *jobs), PLACE)


def test_a_dispute_that_is_over_keeps_nothing(slots: Any) -> None:
    closed = ChallengeClosed(FIRST, CHALLENGE.dispute_id, PROVIDER, Verdict.LOST, 5)
    assert len(cancelling(slots(0, replace(DISPUTED, closed=(closed,)), now=NOW + 501), PLACE)) == 2

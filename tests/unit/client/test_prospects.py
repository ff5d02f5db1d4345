"""Who could take a job, and what keeps the others from it."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from assay.chain.records import Admission
from assay.client import prospects as module
from assay.client.listing import Entry
from assay.client.prospects import Candidate, Record, find_candidates, records_of
from tests.unit.client.claims import CHAIN, DEPLOYMENT, PROVIDER, REQUESTER, Claimed, claimed

ALLY, RIVAL = "0x" + 40 * "7", "0x" + 40 * "8"
JOB = claimed(5)
TERMS = JOB.history.job.terms


class Market:
    """A chain with what is looked at: stakes, listings, access lists."""

    def __init__(self) -> None:
        self.stakes = {PROVIDER: 50, ALLY: 50, RIVAL: 50}
        self.admitted: set[str] = set()
        self.deployment, self.node = DEPLOYMENT, CHAIN.node
        self.market = SimpleNamespace(account_of=lambda who: SimpleNamespace(stake=self.stakes[who]))

    def access(self, _gate: str) -> Any:
        return SimpleNamespace(admits=lambda principal, who: principal == REQUESTER and who in self.admitted)


def record(floor: int = 10, machine: str = "counter", rounds: int = 8, speed: int = 1000) -> Any:
    machines = [SimpleNamespace(machine=machine, rounds=rounds, steps_per_second=speed)]
    return SimpleNamespace(machines=machines, price_floor=floor)


@pytest.fixture
def market() -> Market:
    return Market()


@pytest.fixture
def listed(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Records by provider; a text is why there is none."""
    records: dict[str, Any] = {}
    entries = lambda _: [Entry(who, b"", 0, getattr(it, "leaves_at", 0)) for who, it in records.items()]  # noqa: E731
    monkeypatch.setattr(module, "read_entries", entries)

    def fetch(_chain: object, _store: object, entry: Entry) -> Any:
        it = records[entry.provider]
        return (None, it) if isinstance(it, str) else (it, "")

    monkeypatch.setattr(module, "try_record", fetch)
    return records


def found(market: Any, job: Claimed = JOB, steps: int | None = None, **terms: Any) -> dict[str, Candidate]:
    store: Any = None
    candidates = find_candidates(market, store, job.book, REQUESTER, replace(TERMS, **terms), steps)
    return {candidate.provider: candidate for candidate in candidates}


def test_those_who_have_worked_here_and_those_who_are_listed_are_known(market: Market, listed: dict[str, Any]) -> None:
    listed[ALLY] = record(floor=100)
    known = found(market)
    assert set(known) == {PROVIDER, ALLY}
    assert known[PROVIDER].record == Record(finalized=1, failed=0, seconds=1)
    assert (known[PROVIDER].is_listed, known[PROVIDER].floor, known[PROVIDER].is_able) == (False, None, True)
    assert (known[ALLY].is_listed, known[ALLY].floor, known[ALLY].speed) == (True, 100, 1000)
    assert known[ALLY].is_able


@pytest.mark.parametrize(
    ("listing", "terms", "obstacle"),
    [
        (record(floor=101), {}, "asks for 0.000000000000000101 tokens"),
        (record(floor=51), {"task_count": 2}, "asks for 0.000000000000000102 tokens"),
        (record(machine="riscv"), {}, "does not run counter"),
        (record(rounds=2), {}, "at most 16^2 steps"),
        (record(speed=10), {"run_period": 9}, "would take 10 s"),
        (record(), {"bond": 51}, "has 0.00000000000000005 tokens of stake free"),
        (record(), {"admission": Admission.ONLY, "gate": RIVAL}, f"the job is for {RIVAL} only"),
        (record(), {"admission": Admission.LISTED, "gate": RIVAL}, "not admitted by the access list"),
        ("it is nowhere", {}, "its record cannot be used: it is nowhere"),
    ],
)
def test_what_keeps_a_provider_from_a_job_is_told(
    market: Market, listed: dict[str, Any], listing: Any, terms: Any, obstacle: str
) -> None:
    listed[ALLY] = listing
    candidate = found(market, steps=100, **terms)[ALLY]
    assert not candidate.is_able
    assert obstacle in candidate.obstacles[0]


def test_who_leaves_the_directory_is_not_listed_any_more(market: Market, listed: dict[str, Any]) -> None:
    listed[ALLY] = record()
    listed[ALLY].leaves_at = 99
    assert found(market)[ALLY].obstacles == ("is leaving the directory",)
    assert not found(market)[ALLY].is_listed


def test_whom_the_list_admits_and_whom_the_job_is_for_can_take_it(market: Market, listed: dict[str, Any]) -> None:
    listed |= {ALLY: record(), RIVAL: record()}
    market.admitted.add(ALLY)
    assert found(market, admission=Admission.LISTED, gate=RIVAL)[ALLY].is_able
    assert found(market, admission=Admission.ONLY, gate=RIVAL)[RIVAL].is_able


def test_the_able_come_first_and_of_them_the_cheapest(market: Market, listed: dict[str, Any]) -> None:
    listed |= {RIVAL: record(floor=101), ALLY: record(floor=20), PROVIDER: record(floor=10)}
    assert list(found(market)) == [PROVIDER, ALLY, RIVAL]


def test_a_provider_that_was_slashed_is_remembered() -> None:
    bad = claimed(5, lies={0: 2})
    ended = replace(bad.history.ended, end=module.End.SLASHED_BY_STEP)  # type: ignore[type-var]
    assert records_of(CHAIN, [replace(bad.history, ended=ended)])[PROVIDER] == Record(0, 1, 1)

"""What is owed is kept, what is not is dropped, and what a killed agent has left goes."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from assay.documents import ResultDocument, write_document
from assay.errors import TransientError
from assay.store.local import LocalStore
from provider_agent.duty import State
from provider_agent.journal import Journal
from provider_agent.keeper import TIDY_EVERY, Keeper
from provider_agent.settings import Settings

DAY = 24 * 3600


@dataclass
class Holdings:
    settings: Settings
    journal: Journal


class House:
    """A provider's store and journal, with a clock that the test turns."""

    def __init__(self, location: str, folder: Path, keep_days: int | None) -> None:
        self.now = 1_000_000.0
        self.journal = Journal(location, lambda: self.now)
        self.store = LocalStore(folder / "store")
        self.cache = folder / "cache"
        settings = {
            "journal": location,
            "chain": {"rpc": "http://node", "deployment": "d"},
            "wallet": {"account": "0x" + 40 * "1"},
            "store": {"location": str(self.store.folder), "cache": str(self.cache), "keep_days": keep_days},
        }
        self.keeper = Keeper(Holdings(Settings.model_validate(settings), self.journal), lambda: self.now)

    def publish(self, job: str, *outputs: bytes) -> set[str]:
        """A job that was run, claimed and paid; all of its blobs."""
        ids = [self.store.put(output) for output in outputs]
        entry: dict[str, Any] = {"stdout": {"id": ids[0], "size": 1}, "others": [{"id": each} for each in ids[1:]]}
        document = write_document(ResultDocument(assay="result/1", machine="riscv", tasks=[entry]))
        result_id = self.store.put(document)
        duty = self.journal.add_duty("provider", job, "posted")
        duty = self.journal.set_computed(duty, "ran", [bytes(32)], bytes.fromhex(result_id))
        self.journal.set_duty(duty, State.ENDED, "paid")
        return {result_id, *ids}

    def pass_days(self, days: float) -> None:
        self.now += days * DAY
        for _ in range(10):
            self.keeper.tick()

    def has(self, blobs: set[str]) -> set[str]:
        return {blob_id for blob_id in blobs if self.store.has(blob_id)}


@pytest.fixture
def build(location: str, tmp_path: Path) -> Callable[[int | None], House]:
    return lambda keep_days: House(location, tmp_path, keep_days)


def test_outputs_are_kept_for_ever_unless_a_time_is_set(build: Callable[[int | None], House]) -> None:
    house = build(None)
    blobs = house.publish("job", b"out", b"err")
    house.pass_days(10_000)
    assert house.has(blobs) == blobs


def test_outputs_are_dropped_when_their_time_is_over_and_nothing_else_is(build: Callable[[int | None], House]) -> None:
    house = build(30)
    blobs, other = house.publish("job", b"out", b"err"), house.store.put(b"somebody else's")
    house.pass_days(29)
    assert house.has(blobs) == blobs
    house.pass_days(2)
    assert house.has(blobs) == set()
    assert house.store.has(other)


def test_what_two_jobs_share_is_kept_as_long_as_it_is_owed_for_one_of_them(
    build: Callable[[int | None], House],
) -> None:
    house = build(30)
    first = house.publish("first", b"out", b"shared")
    house.pass_days(20)
    second = house.publish("second", b"another", b"shared")
    house.pass_days(11)
    assert house.has(first) == first & second != set()
    assert house.has(second) == second
    house.pass_days(20)
    assert house.has(first | second) == set()


@pytest.mark.parametrize("state", [State.CONSIDERING, State.TAKEN, State.COMPUTED])
def test_the_outputs_of_a_job_that_is_not_over_are_kept(build: Callable[[int | None], House], state: State) -> None:
    house = build(1)
    blobs = house.publish("job", b"out")
    duty = house.journal.duty("provider", "job")
    assert duty is not None
    house.journal.set_duty(duty, state, "back after a reorganisation")
    house.pass_days(100)
    assert house.has(blobs) == blobs


def test_nothing_is_dropped_while_a_job_may_be_putting_the_same_blobs(build: Callable[[int | None], House]) -> None:
    house = build(1)
    blobs = house.publish("job", b"out")
    running = house.journal.set_duty(house.journal.add_duty("provider", "next", "posted"), State.TAKEN, "accepted")
    house.pass_days(100)
    assert house.has(blobs) == blobs
    house.journal.set_duty(running, State.REFUSED, "cannot be computed")
    house.pass_days(0)
    assert house.has(blobs) == set()


def test_results_whose_document_is_gone_do_not_hold_up_the_others(build: Callable[[int | None], House]) -> None:
    house = build(1)
    first = house.publish("first", b"one")
    for blob_id in first:
        house.store.drop(blob_id)
    second = house.publish("second", b"two")
    house.pass_days(2)
    assert house.has(first | second) == set()
    assert house.journal.droppable(house.now) is None


def test_a_store_that_does_not_answer_is_asked_again(
    build: Callable[[int | None], House], monkeypatch: pytest.MonkeyPatch
) -> None:
    house = build(1)
    blobs = house.publish("job", b"out")

    def fail(*_: object) -> None:
        raise TransientError("the store does not answer")

    with monkeypatch.context() as away:
        for name in ("get", "drop"):
            away.setattr(LocalStore, name, fail)
            house.pass_days(2)
    assert house.has(blobs) == blobs
    house.pass_days(0.01)
    assert house.has(blobs) == set()


def test_the_folders_of_jobs_that_are_over_go_and_those_of_others_stay(build: Callable[[int | None], House]) -> None:
    house = build(None)
    house.publish("over", b"out")
    house.journal.add_duty("verifier", "live", "claimed")
    for name in ("over", "live", "unknown"):
        (house.cache / name).mkdir(parents=True)
    house.keeper.tick()
    assert [path.name for path in house.cache.iterdir()] == ["live"]

    (house.cache / "later").mkdir()
    house.keeper.tick()
    assert (house.cache / "later").exists()
    house.now += TIDY_EVERY
    house.keeper.tick()
    assert not (house.cache / "later").exists()

"""A job on the bench: refused if it is not what its terms say, and computed and published right if it is."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from assay.dispute.game import History, Side
from assay.dispute.strategy import Move, opening
from assay.documents import read_result_document
from assay.errors import InputError, IntegrityError, MissingBlobError
from assay.machines import merkle
from assay.machines.registry import MACHINES, machine_named
from assay.store.local import LocalStore
from provider_agent.bench import Bench, Workload
from provider_agent.questions import Check, Objection, Play, Produce, Verify
from tests.unit.agent.jobs import COUNT, OTHER, workload


def bench(job: Workload) -> Bench:
    return Bench(job, MACHINES, lambda _: None)


@pytest.mark.parametrize(
    ("changes", "error", "told"),
    [
        ({"machine": "riscv"}, InputError, "its spec is for 'counter', and its referee executes 'riscv'"),
        ({"task_count": 2}, InputError, "its spec has 1 tasks, and its terms say 2"),
        ({"task_root": bytes(32)}, IntegrityError, "another job's"),
        ({"spec_ids": ("0" * 64,)}, MissingBlobError, "0000"),
        ({"maximum_bytes": 50}, IntegrityError, "50 bytes"),
    ],
)
def test_a_job_that_is_not_what_its_terms_say_is_refused(
    tmp_path: Path, changes: dict[str, Any], error: type[Exception], told: str
) -> None:
    with pytest.raises(error, match=told):
        Check().answer(bench(workload(tmp_path, **changes)))


def test_a_spec_that_is_no_document_is_refused(tmp_path: Path) -> None:
    rubbish = LocalStore(tmp_path / "blobs").put(b"\xff\x00 rubbish")

    with pytest.raises(InputError, match="not a job spec"):
        Check().answer(bench(workload(tmp_path, spec_ids=(rubbish,))))


def test_a_tasks_own_mistake_is_told(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "blobs")
    spec = b'{"assay":"job/1","machine":"counter","program":null,"tasks":[{"start":-1,"target":2}]}'

    with pytest.raises(InputError, match="start"):
        Check().answer(bench(workload(tmp_path, spec_ids=(store.put(spec),))))


def test_a_job_of_tickets_has_the_tasks_of_all_its_specs(tmp_path: Path) -> None:
    whole, *tickets = (workload(tmp_path, tasks) for tasks in ([COUNT, OTHER], [COUNT], [OTHER]))
    job = replace(whole, spec_ids=tuple(spec_id for ticket in tickets for spec_id in ticket.spec_ids))

    assert Produce().answer(bench(job)).final_roots == Produce().answer(bench(whole)).final_roots


def test_what_is_produced_proves_the_final_roots_that_are_claimed(tmp_path: Path) -> None:
    job = workload(tmp_path, [COUNT, OTHER])

    result = Produce().answer(bench(job))

    store = LocalStore(tmp_path / "blobs")
    document = read_result_document(store.get(result.result_id))
    checked = [machine_named("counter").check_result(entry, store.get) for entry in document.tasks]
    assert tuple(root for root, _ in checked) == result.final_roots
    assert [outcome.stdout for _, outcome in checked] == [b"100\n", b"3\n"]
    assert result.steps == 93 + 3


def test_a_right_claim_is_confirmed(tmp_path: Path) -> None:
    job = workload(tmp_path, [COUNT, OTHER])
    claimed = Produce().answer(bench(job)).final_roots

    assert Verify(claimed).answer(bench(job)) is None


def test_a_wrong_claim_is_answered_with_its_first_wrong_task_and_the_proofs_of_a_challenge(tmp_path: Path) -> None:
    job = workload(tmp_path, [COUNT, OTHER, COUNT])
    right = Produce().answer(bench(job)).final_roots
    claimed = (right[0], b"\x01" * 32, b"\x02" * 32)

    objection = Verify(claimed).answer(bench(job))

    assert isinstance(objection, Objection)
    assert (objection.task, objection.claimed_root) == (1, b"\x01" * 32)
    assert merkle.verify(job.task_root, 3, 1, objection.initial_root, objection.initial_siblings)
    assert merkle.verify(merkle.root(claimed), 3, 1, objection.claimed_root, objection.claimed_siblings)
    assert objection.opening[-1] == right[1]


def test_a_dispute_is_played_from_the_trace_of_its_task(tmp_path: Path) -> None:
    job = workload(tmp_path, [OTHER, COUNT])
    other_run = machine_named("counter").load(None, {"start": 7, "target": 101}, 256, LocalStore(tmp_path).get)
    history = History(2, other_run.state_root(0), opening(other_run, 2))

    action = Play(1, history, Side.DEFENDER).answer(bench(job))

    assert isinstance(action, Move)
    assert action.pair.index == 0
    assert action.roots[-1] == machine_named("counter").load(None, COUNT, 256, LocalStore(tmp_path).get).state_root(16)


def test_what_a_job_needs_is_kept_when_the_store_is_anothers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A requester that takes its blobs away cannot make its provider lose a dispute."""
    job = workload(tmp_path, store="http://store.example")
    (spec_id,) = job.spec_ids
    theirs = {spec_id: LocalStore(tmp_path / "blobs").get(spec_id)}
    monkeypatch.setattr("assay.store.http.HttpStore.get", lambda _self, blob_id, _limit: theirs.pop(blob_id))

    Check().answer(bench(job))
    assert theirs == {}
    Check().answer(bench(job))

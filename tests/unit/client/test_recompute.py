"""Running a claimed job again: what is found, and what cannot be checked."""

from dataclasses import replace

import pytest

from assay.client.recompute import Difference, claim_of, recompute
from assay.documents import ResultDocument, write_document
from assay.errors import InputError, IntegrityError, MissingBlobError
from assay.machines import merkle
from tests.unit.client.claims import DEPLOYMENT, LIMIT, Claimed, Liar, claimed, disputed


def check(job: Claimed, **more: object):  # type: ignore[no-untyped-def]
    return recompute(job.claim, job.blobs.get, **more)  # type: ignore[arg-type]


# What cannot be checked


def test_a_job_without_its_spec_is_told() -> None:
    job = claimed(5)
    del job.blobs[job.claim.spec_ids[0].hex()]
    with pytest.raises(MissingBlobError):
        check(job)


def test_a_spec_of_other_tasks_is_refused() -> None:
    job, other = claimed(5), claimed(6)
    claim = replace(job.claim, spec_ids=other.claim.spec_ids)
    with pytest.raises(IntegrityError, match="do not begin where"):
        recompute(claim, other.blobs.get)
    with pytest.raises(IntegrityError, match="has 1 tasks, and its specs 2"):
        recompute(replace(claim, spec_ids=claim.spec_ids * 2), other.blobs.get)


def test_a_task_that_there_is_not_is_named() -> None:
    with pytest.raises(InputError, match="there is no task 2"):
        check(claimed(5, 6), only=2)


# What is found


def test_a_right_claim_is_right() -> None:
    found = check(claimed(5, LIMIT + 9))
    assert found.agrees
    assert found.wrong is None
    assert [task.steps for task in found.tasks] == [5, LIMIT]
    assert [task.differences for task in found.tasks] == [(), ()]


def test_one_task_can_be_run_alone() -> None:
    job = claimed(5, 6, lies={0: 3})
    assert check(job, only=1).agrees
    assert not check(job, only=0).agrees


def test_a_wrong_claim_is_found_and_can_be_proved_to_belong_to_job_and_claim() -> None:
    job = claimed(5, 6, 7, lies={1: 3})
    found = check(job)
    wrong = found.wrong
    assert wrong is not None
    assert (wrong.task, wrong.agrees) == (1, False)
    assert "was claimed" in wrong.differences[0]
    assert wrong.first == Difference(0, LIMIT, wrong.final_root, wrong.claimed_root)
    proof, claim = found.proof(1), found.claim
    assert merkle.verify(claim.terms.task_root, 3, 1, proof.initial_root, proof.initial_siblings)
    assert merkle.verify(job.history.job.claim_root, 3, 1, proof.final_root, proof.final_siblings)


@pytest.mark.parametrize("lies_from", [1, 2, 16, 17, 256, 1000, LIMIT])
def test_a_dispute_that_was_played_to_its_end_tells_the_first_step_that_differs(lies_from: int) -> None:
    job = claimed(LIMIT + 9, lies={0: lies_from})
    wide = check(job, disputes=[disputed(job, 0, lies_from, 0)]).wrong.first
    assert (wide.agreed_until, wide.differs_at) == (0, LIMIT)
    narrower = check(job, disputes=[disputed(job, 0, lies_from, 1)]).wrong.first
    assert narrower.differs_at - narrower.agreed_until <= LIMIT // 16
    assert narrower.agreed_until < lies_from <= narrower.differs_at
    played = [disputed(job, 0, lies_from, moves) for moves in (1, 2)]
    last = check(job, disputes=played).wrong.first
    assert last.agreed_until < lies_from <= last.differs_at
    assert last.claimed == Liar(job.traces[0], lies_from).state_root(last.differs_at)


def test_what_was_published_may_be_wrong_though_the_claim_is_right() -> None:
    job, other = claimed(5), claimed(6)
    fakes = {
        "does not belong to the claim": write_document(
            ResultDocument(assay="result/1", machine="counter", tasks=[other.traces[0].result()[0]])
        ),
        "about another job": write_document(ResultDocument(assay="result/1", machine="riscv", tasks=[{}])),
        "cannot be used": b"no document",
    }
    for told, document in fakes.items():
        found = recompute(replace(job.claim, result_id=bytes.fromhex(job.blobs.put(document))), job.blobs.get)
        assert not found.agrees
        assert found.wrong is None
        assert told in found.tasks[0].differences[0]
    found = recompute(replace(job.claim, result_id=bytes(32)), job.blobs.get)
    assert "there is no blob" in found.tasks[0].differences[0]


def test_a_referee_that_is_unknown_is_told() -> None:
    job = claimed(5)
    other = replace(DEPLOYMENT, referees={})
    with pytest.raises(InputError, match="does not know"):
        claim_of(other, job.history)

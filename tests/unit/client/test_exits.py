"""Ending a job whose time is over, when somebody else does the same."""

from typing import Any

import pytest

from assay.chain.history import Book, JobHistory
from assay.chain.node import Block
from assay.chain.records import Job, JobId, Terms
from assay.chain.sender import RevertedError
from assay.client.exits import end_overdue
from assay.client.follow import News
from assay.errors import ContractError

TERMS = Terms("0x" + 40 * "3", bytes(32), 1, 3, 100, 50, 10, 20, 30, bytes(32))
JOB = Job.posted(JobId("0x" + 40 * "2", 0, 1), TERMS, 100)
OVERDUE = News((), JobHistory(JOB), Book(TERMS.referee), Block(5, b"", b"", 101, 0))


class Losing:
    """A chain and a sender in one: whatever is sent ends in an error."""

    def __init__(self, error: ContractError) -> None:
        self.market = self
        self.error = error
        self.sent = 0

    def expire(self, _job: Job) -> None:
        return None

    def execute(self, *_: object) -> None:
        self.sent += 1
        raise self.error


def end(error: ContractError) -> Losing:
    losing: Any = Losing(error)
    end_overdue(losing, losing, OVERDUE)
    return losing


def test_any_other_refusal_is_an_error() -> None:
    with pytest.raises(ContractError, match="too early"):
        end(ContractError("too early", "TooEarly", {}))


@pytest.mark.parametrize("lost", [RevertedError("reverted", "", {}), ContractError("gone", "RecordMismatch", {})])
def test_a_race_that_somebody_else_won_is_none(lost: ContractError) -> None:
    assert end(lost).sent == 1

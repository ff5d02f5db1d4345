"""Events: how logs are asked for page by page, and what cannot be one."""

from collections.abc import Sequence
from typing import cast

import pytest
from eth_abi.abi import encode

from assay.chain.codec import load_abi
from assay.chain.deployments import Deployment
from assay.chain.events import FIRST_PAGE, JobAccepted, JobEnded, Staked, decode_logs, read_events
from assay.chain.node import Log, Node, RangeRefusedError
from assay.chain.records import End, JobId
from assay.errors import IntegrityError


def address(digit: str) -> str:
    return "0x" + 40 * digit


MARKET, GAME, SOMEONE = address("1"), address("2"), address("3")
DEPLOYMENT = Deployment(1, 0, MARKET, GAME, address("4"), address("5"), address("6"), address("7"), {}, {})
JOB = JobId(SOMEONE, 0, 1)


def signature(contract: str, name: str) -> bytes:
    return next(topic for topic, entry in load_abi(contract).events.items() if entry.name == name)


def word(text: str) -> bytes:
    return bytes.fromhex(text[2:]).rjust(32, b"\0")


def log(block: int, *topics: bytes, data: bytes = b"", emitter: str = MARKET) -> Log:
    return Log(emitter, topics, data, block, bytes(32), 0, bytes(32))


def staked(block: int) -> Log:
    return log(block, signature("market", "Staked"), word(SOMEONE), data=encode(["uint256"], [block]))


class StrictNode:
    """A node that has a `Staked` log in every hundredth block, and answers for `most` blocks at once."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.asked: list[tuple[int, int]] = []

    def logs(self, _addresses: Sequence[str], first: int, last: int, _topics: object) -> list[Log]:
        self.asked.append((first, last))
        if last - first + 1 > self.most:
            raise RangeRefusedError("too many blocks")
        return [staked(block) for block in range(first, last + 1) if block % 100 == 0]


@pytest.mark.parametrize("most", [1, 7, FIRST_PAGE, 10**9])
def test_pages_fit_what_the_node_answers_for_and_leave_nothing_out(most: int) -> None:
    node = StrictNode(most)
    entries = list(read_events(cast(Node, node), DEPLOYMENT, 5, 1234, None))
    assert [entry.event for entry in entries] == [Staked(SOMEONE, block) for block in range(100, 1235, 100)]


def test_a_node_that_answers_for_no_page_at_all_is_an_error() -> None:
    with pytest.raises(RangeRefusedError):
        list(read_events(cast(Node, StrictNode(0)), DEPLOYMENT, 0, 10))


def test_no_blocks_are_no_question() -> None:
    node = StrictNode(10)
    assert list(read_events(cast(Node, node), DEPLOYMENT, 11, 10)) == []
    assert node.asked == []


def test_logs_of_other_contracts_and_of_unknown_events_are_left_out() -> None:
    foreign = log(1, signature("market", "Staked"), word(SOMEONE), data=bytes(32), emitter=SOMEONE)
    assert decode_logs([foreign, log(1, bytes(32)), log(1)], DEPLOYMENT) == []


def test_an_end_that_there_is_not_is_refused() -> None:
    end = len(End)
    data = encode(["uint8"], [end])
    with pytest.raises(IntegrityError, match="JobEnded"):
        decode_logs([log(1, signature("market", "JobEnded"), bytes(JOB), data=data)], DEPLOYMENT)


def test_a_log_that_is_too_short_is_refused() -> None:
    with pytest.raises(IntegrityError, match="Staked"):
        decode_logs([log(1, signature("market", "Staked"), word(SOMEONE), data=bytes(31))], DEPLOYMENT)


def test_an_end_is_read() -> None:
    data = encode(["uint8"], [5])
    (entry,) = decode_logs([log(9, signature("market", "JobEnded"), bytes(JOB), data=data)], DEPLOYMENT)
    assert entry.event == JobEnded(JOB, End.SLASHED_BY_STEP)
    assert entry.block == 9


def test_the_good_end_has_an_event_of_its_own() -> None:
    (entry,) = decode_logs([log(9, signature("market", "JobFinalized"), bytes(JOB))], DEPLOYMENT)
    assert entry.event == JobEnded(JOB, End.FINALIZED)


def test_a_stage_that_there_is_not_is_refused() -> None:
    stage = bytes(6) + bytes([3]) + bytes(25)
    with pytest.raises(IntegrityError, match="JobAccepted"):
        decode_logs([log(1, signature("market", "JobAccepted"), bytes(JOB), data=stage)], DEPLOYMENT)


@pytest.mark.parametrize("hired", [False, True])
def test_an_acceptance_is_read_from_the_stage(hired: bool) -> None:
    stage = bytes([0, 2 * hired]) + (3).to_bytes(4, "big") + b"\x01" + (77).to_bytes(5, "big") + word(SOMEONE)[12:]
    (entry,) = decode_logs([log(1, signature("market", "JobAccepted"), bytes(JOB), data=stage)], DEPLOYMENT)
    assert entry.event == JobAccepted(JOB, SOMEONE, 77, hired)

"""The toy machine, through the seam that every machine has."""

import pytest

from assay.errors import InputError, IntegrityError
from assay.keccak import keccak256
from assay.machines.base import FetchBlob, Outcome, RunStatus
from assay.machines.counter.machine import CounterMachine
from assay.machines.counter.state import CounterState, replay

MAX = 2**64 - 1


def no_blobs(content_id: str) -> bytes:
    raise AssertionError(f"the counter asked for the blob {content_id}")


FETCH: FetchBlob = no_blobs


@pytest.mark.parametrize(
    "task",
    [
        {},
        {"start": 1},
        {"start": 1, "target": 2, "extra": 3},
        {"start": -1, "target": 2},
        {"start": 1, "target": 2**64},
        {"start": "1", "target": 2},
        {"start": 1.0, "target": 2},
        {"start": True, "target": 2},
    ],
)
def test_task_that_is_not_a_counters_is_refused(task: dict[str, object]) -> None:
    with pytest.raises(InputError, match="not a task for the counter"):
        CounterMachine().load(None, task, 16, FETCH)


def test_task_with_a_program_is_refused() -> None:
    with pytest.raises(InputError, match="runs no program"):
        CounterMachine().load("ab" * 32, {"start": 1, "target": 2}, 16, FETCH)


def test_the_encoding_is_value_then_target_big_endian() -> None:
    state = CounterState(value=5, target=0x0102030405060708)
    assert state.encode().hex() == "00000000000000050102030405060708"
    assert CounterState.decode(state.encode()) == state
    assert state.root() == keccak256(state.encode())


@pytest.mark.parametrize("length", [0, 15, 17])
def test_an_encoding_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(IntegrityError, match="16 bytes"):
        CounterState.decode(bytes(length))


@pytest.mark.parametrize(("start", "target"), [(0, 3), (3, 3), (7, 3), (MAX - 1, MAX), (MAX, MAX), (MAX, 0)])
def test_every_step_of_a_trace_is_what_its_witness_replays(start: int, target: int) -> None:
    trace = CounterMachine().load(None, {"start": start, "target": target}, 16, FETCH)
    for step in range(16):
        assert replay(trace.state_root(step), trace.witness(step)) == trace.state_root(step + 1)


def test_a_witness_of_another_state_is_refused() -> None:
    trace = CounterMachine().load(None, {"start": 0, "target": 9}, 16, FETCH)
    for witness in (trace.witness(3), trace.witness(2) + b"\0", trace.witness(2)[:-1], b""):
        with pytest.raises(IntegrityError, match="not that of this state root"):
            replay(trace.state_root(2), witness)


def test_a_witness_of_17_bytes_is_refused_even_if_it_hashes_to_the_prestate() -> None:
    with pytest.raises(IntegrityError, match="16 bytes"):
        replay(keccak256(bytes(17)), bytes(17))


@pytest.mark.parametrize(
    ("start", "target", "steps", "outcome"),
    [
        (5, 9, 4, Outcome(RunStatus.EXITED, 0, b"9\n", b"")),
        (5, 21, 16, Outcome(RunStatus.EXITED, 0, b"21\n", b"")),
        (5, 22, 16, Outcome(RunStatus.OUT_OF_STEPS, 0, b"21\n", b"")),
        (9, 5, 0, Outcome(RunStatus.EXITED, 0, b"9\n", b"")),
    ],
)
def test_a_run_ends_at_the_target_or_out_of_steps(start: int, target: int, steps: int, outcome: Outcome) -> None:
    trace = CounterMachine().load(None, {"start": start, "target": target}, 16, FETCH)
    told: list[int] = []
    assert trace.run(told.append) == steps
    assert told == [steps]
    assert trace.outcome() == outcome

    entry, blobs = trace.result()
    assert blobs == []
    assert CounterMachine().check_result(entry, FETCH) == (trace.state_root(16), outcome)


@pytest.mark.parametrize(
    "entry",
    [{}, {"state": 5}, {"state": "00" * 15}, {"state": "00" * 17}, {"state": "0X" * 16}, {"state": "00" * 16, "x": 1}],
)
def test_a_malformed_result_is_refused(entry: dict[str, object]) -> None:
    with pytest.raises(IntegrityError, match="not a counter's result"):
        CounterMachine().check_result(entry, FETCH)


def test_the_longest_trace_costs_no_time() -> None:
    trace = CounterMachine().load(None, {"start": 0, "target": MAX}, 16**15, FETCH)
    assert trace.state_root(16**15) == CounterState(16**15, MAX).root()

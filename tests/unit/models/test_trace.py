"""The tensor machine, through the seam that every machine has."""

from dataclasses import replace

import numpy as np
import pytest

from assay.content import content_id
from assay.errors import InputError, IntegrityError
from assay.machines.base import RunStatus
from assay.machines.tensor.block_tree import DEFAULTS
from assay.machines.tensor.instruction import Kind
from assay.machines.tensor.machine import TensorMachine
from assay.machines.tensor.program import check
from assay.machines.tensor.state import END, State
from assay.machines.tensor.witness import replay
from assay.models.builder import Builder
from tests.unit.models.small import an_input, every_kind, loaded


def test_every_step_of_a_trace_is_what_its_witness_replays() -> None:
    program = every_kind()
    assert {instruction.kind for instruction in program.instructions} == set(Kind)
    trace = loaded(program, an_input())
    steps = trace.run()
    for step in range(steps + 3):
        assert replay(trace.state_root(step), trace.witness(step)) == trace.state_root(step + 1), step
    assert trace.state_root(steps - 1) != trace.state_root(steps) == trace.state_root(steps + 1)


def test_a_state_does_not_depend_on_what_was_asked_before() -> None:
    forwards, backwards = loaded(every_kind(), an_input()), loaded(every_kind(), an_input())
    steps = [0, 5, 6, 7, 60, 100]
    assert [forwards.state_root(step) for step in steps] == [backwards.state_root(step) for step in steps[::-1]][::-1]


@pytest.mark.parametrize("step_limit", [16**4, 64, 16])
def test_a_result_proves_the_outputs(step_limit: int) -> None:
    trace = loaded(every_kind(), an_input(), step_limit=step_limit)
    entry, [output] = trace.result()
    root, outcome = TensorMachine().check_result(entry, {content_id(output): output}.__getitem__)
    assert root == trace.state_root(step_limit)
    assert outcome == trace.outcome()
    assert outcome.status == (RunStatus.EXITED if step_limit == 16**4 else RunStatus.OUT_OF_STEPS)


def test_a_result_with_another_output_or_sibling_is_refused() -> None:
    entry, [output] = loaded(every_kind(), an_input()).result()
    for other in (output + bytes(4), output[:-4], bytes([output[0] ^ 1]) + output[1:], output[:-1], b""):
        with pytest.raises(IntegrityError):
            TensorMachine().check_result(entry | {"output": content_id(other)}, lambda _, other=other: other)
    for siblings in (entry["siblings"][1:], [*entry["siblings"], "00" * 32]):
        with pytest.raises(IntegrityError, match="not what the final state holds"):
            TensorMachine().check_result(entry | {"siblings": siblings}, lambda _: output)
    with pytest.raises(IntegrityError, match="not a tensor machine's result"):
        TensorMachine().check_result(entry | {"state": "00"}, lambda _: output)


def test_the_outputs_are_those_of_numpy() -> None:
    builder = Builder()
    x = builder.input("x", (3, 5))
    w = np.arange(20, dtype=np.float32).reshape(4, 5) / 4
    program = builder.program([("y", builder.dot(x, builder.constant(w)))])
    data = np.arange(15, dtype=np.float32).reshape(3, 5) / 8
    output = loaded(program, data.tobytes()).outcome().stdout
    assert np.array_equal(np.frombuffer(output, np.float32).reshape(3, 4), data @ w.T)  # exact: small dyadic numbers


def test_code_at_its_end_is_a_fixed_point_and_any_other_code_needs_its_instruction() -> None:
    state = State(END, bytes(32), bytes(32), 1, 2, 3)
    witness = b"\0" + state.encode()[32:]
    assert replay(state.root(), witness) == state.root()
    with pytest.raises(IntegrityError, match="not that of this state root"):
        replay(replace(state, code=b"\1" * 32).root(), witness)


def test_programs_that_write_a_word_twice_or_read_what_they_write_are_refused() -> None:
    program = every_kind()
    first = program.instructions[0]
    with pytest.raises(InputError, match="overwrites what was written"):
        check(replace(program, instructions=(first, first)))
    with pytest.raises(InputError, match="overwrites what was written"):
        check(replace(program, instructions=(replace(first, target=0),)))
    with pytest.raises(InputError, match="reads what it writes"):
        check(replace(program, instructions=(replace(first, a=replace(first.a, address=first.target)),)))
    with pytest.raises(InputError, match="beyond its memory"):
        check(replace(program, instructions=(replace(first, target=program.memory),)))


def test_programs_that_do_not_keep_their_outputs_alone_are_refused() -> None:
    program = every_kind()
    *writing, keep = program.instructions
    for last in ([], [replace(keep, target=keep.target - 1)], [replace(keep, target=keep.target + 1)]):
        with pytest.raises(InputError, match="does not keep the outputs, and nothing else"):
            check(replace(program, instructions=(*writing, *last)))
    with pytest.raises(InputError, match="instruction 0 drops what is in memory before the end"):
        check(replace(program, instructions=(keep, *writing, keep)))


def test_the_last_state_holds_the_outputs_alone() -> None:
    program = every_kind()
    trace = loaded(program, an_input())
    end = trace.run()
    assert len(trace._memory(end)) == program.kept < program.memory
    outputs = np.frombuffer(trace.outcome().stdout, "<u4")
    assert trace._memory(end)[64 : 64 + len(outputs)].tolist() == outputs.tolist()
    assert not trace._memory(end)[64 + len(outputs) :].any()
    assert trace._memory(end - 1)[program.kept :].any()
    assert all(bytes.fromhex(node) in DEFAULTS for node in trace.result()[0]["siblings"])


def test_inputs_that_are_not_the_models_are_refused() -> None:
    with pytest.raises(InputError, match="float32 2x70, 560 bytes, not 4"):
        loaded(every_kind(), bytes(4))
    with pytest.raises(InputError, match="has 1 inputs, not 0"):
        loaded(every_kind())


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"assay":"model/2"}', b"\xff"])
def test_a_blob_that_is_no_model_is_refused(data: bytes) -> None:
    with pytest.raises(InputError, match="not a model"):
        TensorMachine().load("ab" * 32, {"inputs": []}, 16, lambda _: data)


def test_a_program_is_the_same_after_its_document() -> None:
    trace = loaded(every_kind(), an_input())
    assert every_kind().documents() == every_kind().documents()
    assert trace.state_root(0) == loaded(every_kind(), an_input()).state_root(0)

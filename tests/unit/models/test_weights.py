"""The roots of weights are computed once, and believed only where nobody else can have written them."""

from dataclasses import replace
from pathlib import Path

from assay.content import content_id
from assay.machines.tensor.block_tree import BlockTree
from assay.machines.tensor.machine import TensorMachine
from assay.machines.tensor.program import Program
from assay.machines.tensor.trace import TensorTrace
from assay.machines.tensor.weights import WeightRoots
from tests.unit.models.small import an_input, every_kind


def a_program() -> Program:
    return replace(every_kind(), weights_id=content_id(every_kind().weights.tobytes()))


def test_a_root_is_kept_for_the_next_process(tmp_path: Path) -> None:
    program = a_program()
    root = BlockTree(program.weights).root()
    assert WeightRoots(tmp_path / "cache").of(program) == root
    without_weights = replace(program, weights=program.weights[:0])
    assert WeightRoots(tmp_path / "cache").of(without_weights) == root
    assert WeightRoots().of(without_weights) != root


def test_a_damaged_root_or_one_that_others_could_have_written_is_computed_again(tmp_path: Path) -> None:
    program, folder = a_program(), tmp_path / "cache"
    root = WeightRoots(folder).of(program)
    for kept in folder.iterdir():
        kept.write_bytes(kept.read_bytes()[:-1] + b"\0")
    assert WeightRoots(folder).of(program) == root
    for kept in folder.iterdir():
        kept.chmod(0o666)
    assert WeightRoots(folder).of(replace(program, weights=program.weights[:0])) != root


def test_weights_without_a_known_id_are_not_kept(tmp_path: Path) -> None:
    roots, program = WeightRoots(tmp_path / "cache"), every_kind()
    assert roots.of(program) != roots.of(replace(program, weights=program.weights[:0]))


def test_the_machine_has_the_same_states_with_a_known_root(tmp_path: Path) -> None:
    document, weights = every_kind().documents()
    blobs = {content_id(blob): blob for blob in (document, weights, an_input())}

    def trace(cache: Path | None) -> TensorTrace:
        task = {"inputs": [content_id(an_input())]}
        return TensorMachine(cache=cache).load(content_id(document), task, 16**4, blobs.__getitem__)

    plain = trace(None)
    for known in (trace(tmp_path / "cache"), trace(tmp_path / "cache")):
        assert [known.state_root(step) for step in (0, 1, plain.run())] == [
            plain.state_root(step) for step in (0, 1, plain.run())
        ]
        assert known.witness(0) == plain.witness(0)

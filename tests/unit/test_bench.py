"""The benchmark of the machine: its programs write the same everywhere, its figures are what they are said to be."""

import json

import pytest

from tests.bench.peers import Peer, peers
from tests.bench.report import Figures, as_json, as_text, means, ratios
from tests.bench.workloads import PROGRAMS, WORKLOADS, Workload
from tests.support.native import run_native
from tests.support.programs import run
from tests.support.qemu import run_qemu

KERNELS = [workload for workload in WORKLOADS if workload.sources[0].parent == PROGRAMS]
KINDS = {"a": "integer", "b": "integer", "c": "float"}
RESULTS = {
    "a": {"native": Figures(1.0, 0.0, 0.0), "slow": Figures(2.0, 0.5, 3.0)},
    "b": {"native": Figures(0.5, 0.0, 0.0), "slow": Figures(4.0, 0.5, 3.0)},
    "c": {"native": Figures(2.0, 0.0, 0.0), "slow": Figures(8.0, 0.5, 3.0)},
}
EVERYONE = [
    Peer("native", "the base", lambda _, folder: folder, lambda _: []),
    Peer("slow", "another", lambda _, folder: folder, lambda _: []),
    Peer("absent", "a third", lambda _, folder: folder, lambda _: [], missing="absent is not installed (anywhere)"),
]


def test_every_program_is_measured_and_the_peers_that_are_missing_are_known() -> None:
    assert {workload.sources[0] for workload in KERNELS} == set(PROGRAMS.iterdir())
    assert [workload.kind for workload in WORKLOADS].count("integer") == 5
    assert [peer.name for peer in peers()] == ["native", "assay", "qemu", "wasmtime", "unicorn"]


@pytest.mark.parametrize("workload", [each for each in KERNELS if each.sources[0].suffix == ".c"], ids=lambda w: w.name)
def test_a_program_writes_the_same_here_and_under_qemu(workload: Workload) -> None:
    source = workload.sources[0]
    here = run_native(source, "3")
    assert here.returncode == 0
    assert run_qemu(source, ["3"]).stdout == here.stdout
    assert run_native(source, "2").stdout != here.stdout


def test_the_machine_writes_the_same() -> None:
    source = PROGRAMS / "fib.c"
    assert run(source, ["2"]).stdout == run_native(source, "2").stdout


def test_a_machine_is_named_by_its_module_and_the_reference_is_given_little_to_do() -> None:
    found = peers("assay.machines.riscv.machine:RiscvMachine")[1]
    assert (found.name, found.share) == ("assay", 1 / 4096)
    assert peers()[1].share == 1
    with pytest.raises(ModuleNotFoundError):
        peers("assay.machines.nothing:Machine")


def test_inputs_grow_with_the_size_and_are_the_same_each_time() -> None:
    for workload in WORKLOADS:
        if workload.stdin is not None:
            assert len(workload.stdin(6)) >= len(workload.stdin(3))
            assert workload.stdin(6) != workload.stdin(3)
            assert workload.stdin(6) == workload.stdin(6)


def test_ratios_are_to_native_code_and_their_means_geometric() -> None:
    assert ratios(RESULTS)["b"] == {"native": 1, "slow": 8}
    found = means(KINDS, RESULTS)
    assert found["integer kernels"]["slow"] == pytest.approx(4)
    assert found["all but floats"]["slow"] == pytest.approx(4)
    assert found["all programs"]["slow"] == pytest.approx((2 * 8 * 4) ** (1 / 3))


def test_the_table_has_every_program_and_names_who_is_missing() -> None:
    lines = as_text(EVERYONE, KINDS, RESULTS, 5, 1.0).splitlines()
    assert lines[0].split() == ["program", "native,", "s", "slow"]
    assert lines[2].split() == ["b", "0.50", "8.00"]
    assert "missing: absent, absent is not installed (anywhere)" in lines


def test_json_has_the_same() -> None:
    found = json.loads(as_json(EVERYONE, KINDS, RESULTS, 5, 1.0))
    assert found["programs"]["b"]["peers"]["slow"] == {"run": 4.0, "start": 0.5, "first": 3.0, "ratio": 8.0}
    assert found["peers"]["absent"]["missing"] == "absent is not installed (anywhere)"
    assert found["peers"]["slow"]["missing"] is None

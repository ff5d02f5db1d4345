"""Jobs on a real Ray cluster, a head and two nodes on this machine: the same answers, and a lost node costs a run."""

import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import pytest

from assay.client.order import order_tasks
from assay.errors import InputError
from assay.machines.base import Machine
from assay.machines.registry import Execution
from assay.store.local import LocalStore
from provider_agent.bench import Bench, Workload, shipped_machines
from provider_agent.cluster import Cluster
from provider_agent.confinement import Limits
from provider_agent.executor import Done, Executor, JobFaultError
from provider_agent.questions import Check, Produce, Question, Verify
from tests.unit.agent.test_hostile import send, serving
from tests.unit.machines.assembler import ZERO, addi, jal
from tests.unit.machines.test_riscv import program

T = TypeVar("T")
ray: Any = pytest.importorskip("ray")
cluster_utils: Any = pytest.importorskip("ray.cluster_utils")

LOOP = [addi(8, 8, 1), jal(ZERO, -4)]
"""Every state is another one, up to the step limit: the reference takes some seconds for it."""
ROUNDS = 5
WAIT = 300.0
"""Seconds."""


@dataclass(frozen=True)
class Marking:
    """Makes the machines, and leaves a mark that says which node an actor begins on."""

    folder: Path

    def __call__(self) -> Mapping[str, Machine]:
        if ray.is_initialized():  # not so in the process on this machine that reads the documents
            (self.folder / f"began-{time.time_ns()}-{ray.get_runtime_context().get_node_id()}").touch()
        return shipped_machines(Execution(reference=True))

    def nodes(self) -> list[str]:
        """The nodes that an actor has begun on, in order."""
        return [path.name.rpartition("-")[2] for path in sorted(self.folder.glob("began-*"))]


@pytest.fixture(scope="module")
def nodes() -> Iterator[Any]:
    """A head that runs nothing, and nodes that come and go."""
    os.environ["RAY_ENABLE_UV_RUN_RUNTIME_ENV"] = "0"
    os.environ["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")])
    made = cluster_utils.Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    yield made
    made.shutdown()


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Workload]:
    """A job whose blobs are with somebody else, over HTTP."""
    store = LocalStore(tmp_path / "store")
    order = order_tasks("riscv", program(LOOP), [{"arguments": ["loop"], "stdin": None}], [], rounds=ROUNDS)
    order.upload(store)
    with serving(lambda handler: send(handler, store.get(handler.path.rpartition("/")[2]))) as url:
        yield Workload(
            machine="riscv",
            spec_ids=(order.spec_id.hex(),),
            task_root=order.task_root,
            task_count=1,
            rounds=order.rounds,
            store=url,
            cache=tmp_path / "cache",
            maximum_bytes=1 << 20,
        )


def ask(executor: Executor, work: Workload, question: Question[T], *, job: str = "job", urgent: bool = False) -> T:
    """Ask as the loop does, until there is an answer."""
    reader, writer = os.pipe()
    deadline = time.monotonic() + WAIT
    try:
        while time.monotonic() < deadline:
            reply = executor.ask(job, work, question, urgent)
            if isinstance(reply, Done):
                return reply.value
            executor.wait(1, reader)
        raise AssertionError("no answer")
    finally:
        os.close(reader)
        os.close(writer)


def test_a_node_that_dies_costs_a_run_and_blobs_that_vanish_nothing(nodes: Any, work: Workload, tmp_path: Path) -> None:
    two = [nodes.add_node(num_cpus=1) for _ in range(2)]
    nodes.wait_for_nodes()
    machines = Marking(tmp_path)
    executor = Executor(machines, 1, cluster=Cluster(nodes.address, Limits()))
    try:
        assert ask(executor, work, Check()).size > 0  # on this machine, which keeps the blobs
        assert machines.nodes() == []
        verify = Verify((bytes(32),))
        assert executor.ask("job", work, verify) is None
        deadline = time.monotonic() + WAIT
        while not machines.nodes():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        (lost_node,) = (node for node in two if node.node_id == machines.nodes()[0])
        two.remove(lost_node)
        nodes.remove_node(lost_node, allow_graceful=False)
        gone = replace(work, store="http://127.0.0.1:9")  # and the requester takes its blobs away
        with pytest.raises(JobFaultError, match="the cluster has lost it") as lost:
            ask(executor, gone, verify)
        assert lost.value.may_pass

        objection = ask(executor, gone, verify, urgent=True)
        assert machines.nodes()[1:] == [two[0].node_id]
        honest = Bench(work, shipped_machines(), lambda _: None)
        assert objection is not None
        assert objection.initial_root == honest.initial_roots()[0]
        nodes.remove_node(two[0])
    finally:
        executor.close()


def test_a_cluster_computes_and_publishes_what_this_machine_would(nodes: Any, tmp_path: Path) -> None:
    node = nodes.add_node(num_cpus=1)
    nodes.wait_for_nodes()
    store = LocalStore(tmp_path / "store")
    order = order_tasks("riscv", program(LOOP), [{"arguments": ["loop"], "stdin": None}], [], rounds=3)
    order.upload(store)
    work = Workload(
        "riscv", (order.spec_id.hex(),), order.task_root, 1, 3, str(store.folder), tmp_path / "cache", 1 << 20
    )
    executor = Executor(shipped_machines, 1, cluster=Cluster(nodes.address, Limits()))
    try:
        result = ask(executor, work, Produce())
        assert result == Produce().answer(Bench(work, shipped_machines(), lambda _: None))
        assert store.has(result.result_id)

        # The only processor is the next job's, although the first can still be challenged, and a dispute needs none.
        assert executor.retain({"job", "next"}) == set()
        assert ask(executor, work, Produce(), job="next") == result
        assert ask(executor, work, Verify(result.final_roots), job="disputed", urgent=True) is None

        executor.release("job")
        with pytest.raises(JobFaultError, match="task root") as refused:
            ask(executor, replace(work, task_root=bytes(32)), Produce())
        assert not refused.value.may_pass
        nodes.remove_node(node)
    finally:
        executor.close()


def test_a_cluster_that_is_not_there_is_told() -> None:
    with pytest.raises(InputError, match=r"execution\.cluster"):
        Cluster("127.0.0.1:1", Limits())

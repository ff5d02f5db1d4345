"""Orders: what is refused before anything is paid for, and what a job's terms say."""

import pytest

from assay.client.order import order_program, order_tasks, rounds_for
from assay.content import content_id
from assay.documents import read_job_spec
from assay.errors import InputError, MissingBlobError
from assay.machines import merkle
from assay.machines.registry import machine_named
from assay.store.base import MAX_BLOB
from tests.unit.machines.elves import Part, elf_file


class MemoryStore:
    """A store that forgets everything when the test is over."""

    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}

    def get(self, blob_id: str, limit: int = MAX_BLOB) -> bytes:  # noqa: ARG002
        if blob_id not in self.blobs:
            raise MissingBlobError(blob_id)
        return self.blobs[blob_id]

    def put(self, data: bytes) -> str:
        self.blobs[content_id(data)] = data
        return content_id(data)

    def has(self, blob_id: str) -> bool:
        return blob_id in self.blobs


@pytest.mark.parametrize("steps", [0, -1, 16**15 + 1])
def test_a_step_limit_out_of_range_is_refused(steps: int) -> None:
    with pytest.raises(InputError, match="step limit"):
        rounds_for(steps)


@pytest.mark.parametrize(("steps", "rounds"), [(1, 1), (16, 1), (17, 2), (256, 2), (257, 3), (16**15, 15)])
def test_a_step_limit_is_rounded_up_to_a_power_of_16(steps: int, rounds: int) -> None:
    assert rounds_for(steps) == rounds


def test_a_task_that_the_machine_cannot_run_is_refused() -> None:
    with pytest.raises(InputError, match="counter"):
        order_tasks("counter", None, [{"start": -1, "target": 5}], [], 2)
    with pytest.raises(InputError, match="no machine"):
        order_tasks("abacus", None, [{}], [], 2)
    with pytest.raises(InputError, match="ELF"):
        order_tasks("riscv", b"no program", [{"arguments": ["x"], "stdin": None}], [], 2)


def test_an_order_says_where_each_task_begins_and_has_all_that_its_spec_names() -> None:
    tasks = [{"start": start, "target": 100} for start in range(3)]
    order = order_tasks("counter", None, tasks, [], 2)
    roots = [machine_named("counter").load(None, task, 256, lambda _: b"").state_root(0) for task in tasks]
    assert order.task_root == merkle.root(roots)
    assert (order.task_count, order.rounds) == (3, 2)

    store = MemoryStore()
    order.upload(store)
    assert read_job_spec(store.get(order.spec_id.hex())).tasks == tasks


def test_an_order_of_a_program_has_its_environment_only_if_there_is_one() -> None:
    program = elf_file([Part(0x10000, bytes(8))], 0x10000)
    orders = [order_program(program, ["a"], b"in", 2, environment) for environment in ([], ["A=1"])]
    store = MemoryStore()
    for order in orders:
        order.upload(store)
    tasks = [read_job_spec(store.get(order.spec_id.hex())).tasks for order in orders]
    plain = {"arguments": ["a"], "stdin": content_id(b"in")}
    assert tasks == [[plain], [{**plain, "environment": ["A=1"]}]]
    assert orders[0].task_root != orders[1].task_root
    with pytest.raises(InputError, match="NAME=VALUE"):
        order_program(program, ["a"], b"in", 2, ["A"])

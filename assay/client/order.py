"""What is to be run, made into what a job names: blobs, a spec document, and the tasks' initial state roots."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assay.content import content_id
from assay.errors import InputError
from assay.machines import merkle
from assay.machines.base import Machine
from assay.machines.registry import MACHINES, machine_named
from assay.store.base import Store

if TYPE_CHECKING:
    from assay.machines.tensor.program import Program

ARITY = 16
DEFAULT_STEP_LIMIT = ARITY**8
MAX_ROUNDS = 15
"""The market's bound: a step limit of 16^15."""


@dataclass(frozen=True)
class Order:
    """A job to be: all that its terms say about what is run, and the blobs that they name."""

    machine: str
    task_root: bytes
    task_count: int
    rounds: int
    spec_id: bytes
    blobs: tuple[bytes, ...]

    def upload(self, store: Store) -> None:
        """Put the blobs where whoever runs or checks the job finds them."""
        for blob in self.blobs:
            store.put(blob)


def rounds_for(step_limit: int) -> int:
    """The least number of rounds that allows `step_limit` steps (16^rounds). Raises `InputError` out of range."""
    rounds = 1
    while ARITY**rounds < step_limit:
        rounds += 1
    if step_limit < 1 or rounds > MAX_ROUNDS:
        raise InputError(f"the step limit is 1 to 16^{MAX_ROUNDS}, not {step_limit}")
    return rounds


def order_program(
    program: bytes,
    arguments: Sequence[str],
    stdin: bytes,
    rounds: int,
    environment: Sequence[str] = (),
    machines: Mapping[str, Machine] = MACHINES,
) -> Order:
    """One run of a program on the RISC-V machine; raises `InputError`.

    `arguments` start with the program's name, and the variables of `environment` are written `NAME=VALUE`.
    """
    task = riscv_task(arguments, stdin, environment)
    return order_tasks("riscv", program, [task], [stdin] if stdin else [], rounds, machines)


def order_model(program: "Program", inputs: Sequence[bytes], machines: Mapping[str, Machine] = MACHINES) -> Order:
    """One run of a model on the tensor machine, for as many steps as it has; raises `InputError`.

    `inputs` are in the model's order, as `assay.models.arrays.input_bytes` makes them.
    """
    document, weights = program.documents()
    task = {"inputs": [content_id(each) for each in inputs]}
    return order_tasks("tensor", document, [task], [weights, *inputs], rounds_for(program.steps), machines)


def riscv_task(arguments: Sequence[str], stdin: bytes, environment: Sequence[str] = ()) -> dict[str, Any]:
    """A task of a job spec (docs/documents.md)."""
    task = {"arguments": list(arguments), "stdin": content_id(stdin) if stdin else None}
    return {**task, "environment": list(environment)} if environment else task


def order_tasks(
    machine: str,
    program: bytes | None,
    tasks: Sequence[Mapping[str, Any]],
    inputs: Sequence[bytes],
    rounds: int,
    machines: Mapping[str, Machine] = MACHINES,
) -> Order:
    """Tasks for a machine, as its job specs have them; `inputs` are the blobs that they and the program name.

    Computes where each task begins, without running it. Raises `InputError` for what the machine cannot run.
    """
    from assay.documents import JobSpec, write_document  # noqa: PLC0415 - who runs a program writes none

    own = {content_id(blob): blob for blob in [*([] if program is None else [program]), *inputs]}
    program_id = None if program is None else content_id(program)
    spec = JobSpec(assay="job/1", machine=machine, program=program_id, tasks=[dict(task) for task in tasks])
    document = write_document(spec)
    model = machine_named(machine, machines)
    roots = [model.load(program_id, task, ARITY**rounds, own.__getitem__).state_root(0) for task in spec.tasks]
    return Order(
        machine=machine,
        task_root=merkle.root(roots),
        task_count=len(roots),
        rounds=rounds,
        spec_id=bytes.fromhex(content_id(document)),
        blobs=(*own.values(), document),
    )

"""Results for contracts: a claim is registered, and its result delivered with a proof (docs/callbacks.md)."""

from assay.chain.connection import Chain
from assay.chain.events import ResultDelivered, decode_logs
from assay.chain.history import JobHistory
from assay.chain.node import Receipt
from assay.chain.records import ZERO_HASH, End, Output, OutputProof, Status, words
from assay.chain.sender import Sender
from assay.client.result import fetch_results
from assay.errors import InputError, IntegrityError
from assay.machines import merkle
from assay.machines.riscv.entry import surroundings
from assay.store.base import Store

MACHINE = "riscv"
"""The machine whose outputs a deployment's courier can prove."""


def register(chain: Chain, sender: Sender, history: JobHistory) -> Receipt:
    """Register the claim about a job, so that its result can be delivered once somebody has finalized it.

    Raises `InputError` for a job that is not claimed, or over, or registered.
    """
    job = history.job
    if history.ended:
        raise InputError(
            f"job {job.job_id} has ended already: {words(history.ended.end)}; it is too late to register it"
        )
    if job.status is not Status.CLAIMED:
        raise InputError(f"job {job.job_id} is {words(job.status)}: only a claim can be registered")
    if chain.courier.registered(job.job_id) != ZERO_HASH:
        raise InputError(f"the claim of job {job.job_id} is registered: deliver its result after its end")
    return sender.execute(chain.courier.register(job))


def prove(chain: Chain, store: Store, history: JobHistory, task: int) -> tuple[Output, OutputProof]:
    """The output of a task of a claimed job, and what proves it to the courier. Raises as `fetch_results` does.

    Raises `InputError` for another machine, or a task that there is not.
    """
    job = history.job
    if chain.deployment.machine_of(job.terms.referee) != MACHINE:
        raise InputError(f"job {job.job_id} runs no program: only outputs of the machine {MACHINE} are delivered")
    if task >= job.terms.task_count:
        raise InputError(f"job {job.job_id} has {job.terms.task_count} tasks: there is no task {task}")
    entry, outcome = fetch_results(chain, store, history)[task]
    beside = surroundings(entry, outcome)
    proof = OutputProof(
        task=task,
        stderr_length=len(outcome.stderr),
        stderr_node=beside.stderr_node,
        kernel_node=beside.kernel_node,
        input_node=beside.input_node,
        program_node=beside.program_node,
        registers=beside.registers,
        siblings=tuple(merkle.prove(history.final_roots, task)),
    )
    return Output(int(outcome.status), outcome.exit_status, outcome.stdout), proof


def deliver(
    chain: Chain, sender: Sender, store: Store, history: JobHistory, task: int, consumer: str, gas_limit: int
) -> tuple[Receipt, bool]:
    """Tell the contract `consumer` the result of a task, with at most `gas_limit` gas; whether it has taken it.

    A job that can be finalized is, by the same transaction. Raises `InputError` for a result that can never be
    delivered, `ContractError` for one that cannot yet, and as `prove` does.
    """
    _check_end(chain, history)
    output, proof = prove(chain, store, history, task)
    call = chain.courier.deliver(history.job, output, proof, consumer, gas_limit)
    receipt = sender.execute(call)
    for entry in decode_logs(receipt.logs, chain.deployment):
        if isinstance(entry.event, ResultDelivered):
            return receipt, entry.event.taken
    raise IntegrityError(f"transaction 0x{receipt.transaction.hex()} succeeded, and yet delivered no result")


def _check_end(chain: Chain, history: JobHistory) -> None:
    job_id, ended = history.job.job_id, history.ended
    if ended is None:
        return
    if ended.end != End.FINALIZED:
        raise InputError(f"job {job_id} has no result that stands: {words(ended.end)}")
    if chain.courier.registered(job_id) == ZERO_HASH:
        raise InputError(
            f"job {job_id} was finalized before its claim was registered, so its result cannot be proved any more: "
            "next time, `assay deliver JOB --register` while it is claimed"
        )
    if chain.market.slot_word(job_id.requester, job_id.slot) != finalized_word(job_id.generation):
        raise InputError(
            f"slot {job_id.slot} was used again, and has forgotten how job {job_id} ended: deliver a result before that"
        )


def finalized_word(generation: int) -> bytes:
    """What a slot holds whose last job, of this generation, was finalized (contracts/market/libraries/JobWord.sol)."""
    return (generation << 32).to_bytes(32, "big")

"""ICourier: results of finalized jobs, for contracts."""

from assay.chain.codec import load_abi
from assay.chain.contracts.base import Contract
from assay.chain.node import Call, Node
from assay.chain.records import Job, JobId, Output, OutputProof


class Courier(Contract):
    """The courier: what interfaces/ICourier.sol says."""

    def __init__(self, node: Node, address: str) -> None:
        super().__init__(node, address, load_abi("courier"))

    def registered(self, job_id: JobId, block: int | None = None) -> bytes:
        """Hash of the record that was registered of a job; zero if none was."""
        return bytes(self._read("registered", bytes(job_id), block=block))

    def register(self, job: Job) -> Call:
        """Remember what was claimed of a job, so that its result can be delivered after its end."""
        return self._call("register", (job.abi(),), f"register the claim of job {job.job_id}")

    def deliver(self, job: Job, output: Output, proof: OutputProof, consumer: str, gas_limit: int) -> Call:
        """Tell `consumer` the result of a task, with at most `gas_limit` gas; settle the job before, if that is due."""
        arguments = (job.abi(), job.terms.abi(), output.abi(), proof.abi(), consumer, gas_limit)
        return self._call("deliver", arguments, f"deliver the result of task {proof.task} of job {job.job_id}")

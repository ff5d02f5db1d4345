"""IJobMarket and ILedger: jobs, and the money in them."""

from collections.abc import Sequence

from assay.chain.codec import load_abi
from assay.chain.contracts.base import Contract
from assay.chain.contracts.token import Permit
from assay.chain.node import Call, Node
from assay.chain.records import Account, Job, JobId, Parameters, TaskProof, Terms
from assay.dispute.game import Roots


class Market(Contract):
    """The market: what interfaces/IJobMarket.sol and interfaces/ILedger.sol say."""

    def __init__(self, node: Node, address: str) -> None:
        super().__init__(node, address, load_abi("market"))

    def parameters(self) -> Parameters:
        """Fixed when the market was deployed."""
        return Parameters.from_abi(self._read("parameters", block=None))

    def account_of(self, account: str, block: int | None = None) -> Account:
        """What `account` has in the market, beside its money in bonds and escrows."""
        return Account(*self._read("accountOf", account, block=block))

    def slot_word(self, requester: str, slot: int, block: int | None = None) -> bytes:
        """What a slot holds; zero for one that was never used."""
        return bytes(self._read("slotWord", requester, slot, block=block))

    def next_generation(self, requester: str, slot: int, block: int | None = None) -> int:
        """The generation that the next job in this slot will have; 0 if the slot is in use."""
        return int(self._read("nextGeneration", requester, slot, block=block))

    def is_current(self, job: Job, block: int | None = None) -> tuple[bool, int]:
        """Whether `job` is the record of a job that has not ended, and how many disputes about it are open."""
        current, disputes = self._read("isCurrent", job.abi(), block=block)
        return bool(current), int(disputes)

    # Money

    def deposit(self, to: str, amount: int) -> Call:
        """Pay `amount` into the account of `to`, from the sender's allowance."""
        return self._call("deposit", (to, amount), "deposit")

    def permit(self, permit: Permit) -> Call:
        """Use a signed allowance."""
        arguments = (permit.amount, permit.deadline, permit.v, permit.r, permit.s)
        return self._call("permit", arguments, "allow a deposit")

    def withdraw(self, to: str, amount: int) -> Call:
        """Pay `amount` of the sender's free money out to `to`."""
        return self._call("withdraw", (to, amount), "withdraw")

    def stake(self, amount: int) -> Call:
        """Move `amount` of the sender's free money to its stake."""
        return self._call("stake", (amount,), "stake")

    def unstake(self, amount: int) -> Call:
        """Move `amount` of the sender's stake back to its free money."""
        return self._call("unstake", (amount,), "unstake")

    # The life of a job

    def post(self, slot: int, terms: Terms) -> Call:
        """Post a job in one of the sender's slots and lock its price in escrow."""
        return self._call("post", (slot, terms.abi()), "post a job")

    def cancel(self, job: Job) -> Call:
        """Take back a job that nobody has accepted."""
        return self._call("cancel", (job.abi(),), f"cancel job {job.job_id}")

    def accept(self, job: Job) -> Call:
        """Accept a job and lock its bond."""
        return self._call("accept", (job.abi(),), f"accept job {job.job_id}")

    def claim(self, job: Job, final_roots: Sequence[bytes], result_id: bytes) -> Call:
        """State the final state roots, one a task, and where the outputs are."""
        purpose = f"claim job {job.job_id}"
        if job.terms.task_count == 1:
            return self._call("claim", (job.abi(), final_roots[0], result_id), purpose)
        return self._call("claimBatch", (job.abi(), final_roots, result_id), purpose)

    def challenge(self, job: Job, proof: TaskProof, roots: Roots) -> Call:
        """Dispute one task of a claim, with the first list."""
        arguments = (job.abi(), job.terms.abi(), proof.abi(), roots)
        return self._call("challenge", arguments, f"challenge job {job.job_id}")

    def finalize(self, job: Job) -> Call:
        """Pay for a claim that stood."""
        return self._call("finalize", (job.abi(),), f"finalize job {job.job_id}")

    def expire(self, job: Job) -> Call:
        """End a job that was not accepted, or not claimed, in time."""
        return self._call("expire", (job.abi(),), f"expire job {job.job_id}")

    def sweep_burned(self) -> Call:
        """Send all burned money out of the market."""
        return self._call("sweepBurned", (), "sweep burned tokens")

    def multicall(self, calls: Sequence[Call]) -> Call:
        """Several calls of the market in one transaction, all or none."""
        return self._call("multicall", ([call.data for call in calls],), ", ".join(call.purpose for call in calls))

    def posted_job(self, returned: bytes) -> JobId:
        """The id of the job in what `post` returned."""
        return JobId.from_bytes(self._abi.functions["post"].decode_result(returned)[0])

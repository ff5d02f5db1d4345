"""Opening a dispute about a claim that was recomputed and found wrong. A verifier's agent plays it on."""

from collections.abc import Mapping
from dataclasses import dataclass

from assay.amounts import format_tokens
from assay.chain.connection import Chain
from assay.chain.events import DisputeOpened, decode_logs
from assay.chain.history import JobHistory
from assay.chain.node import Receipt
from assay.chain.records import Status
from assay.chain.sender import Sender
from assay.client.costs import dispute_cost
from assay.client.exits import current
from assay.client.recompute import Verification, opening_of
from assay.errors import InputError, IntegrityError
from assay.machines.base import FetchBlob, Machine


@dataclass(frozen=True)
class Challenge:
    """A dispute that was opened."""

    dispute_id: bytes
    task: int
    bond: int
    """What of the challenger's stake is at risk in it, base units."""
    deadline: int
    """Until when the provider has to answer, seconds since the epoch. Then it is the challenger's turn."""
    receipt: Receipt


def check_means(chain: Chain, sender: Sender, history: JobHistory) -> None:
    """Whether a claim can be challenged now, and by this wallet. Raises `InputError` with what is missing.

    Asked before anything is run: who cannot challenge in the end should know at once.
    """
    job = current(history)
    if job.status is not Status.CLAIMED:
        raise InputError(f"job {job.job_id} is not claimed: there is nothing to challenge")
    head = chain.node.head()
    if head.timestamp > job.deadline:
        raise InputError(f"the challenge period of job {job.job_id} is over: nobody can challenge it any more")
    if sender.address == job.provider:
        raise InputError("this wallet is the provider of the job: nobody disputes with themselves")
    bond = chain.market.parameters().challenger_bond
    stake = chain.market.account_of(sender.address).stake
    if stake < bond:
        raise InputError(
            f"a challenge takes a bond of {format_tokens(bond)} tokens out of the stake, and {sender.address} has "
            f"{format_tokens(stake)} staked beside its bonds: `assay stake {format_tokens(bond - stake)}`"
        )
    gas = dispute_cost(job.terms.rounds).challenger * (head.base_fee + chain.node.priority_fee())
    coins = chain.node.balance(sender.address)
    if coins < gas:
        raise InputError(
            f"a dispute can take up to {gas / 10**18:.6g} coins for gas, and {sender.address} has "
            f"{coins / 10**18:.6g}: send it some, or a dispute that is right may be lost for want of gas"
        )


def challenge(
    chain: Chain,
    sender: Sender,
    history: JobHistory,
    found: Verification,
    fetch: FetchBlob,
    machines: Mapping[str, Machine],
) -> Challenge:
    """Dispute the first task that `found` says is claimed wrongly.

    Raises `InputError` if none is, `ContractError` if the market refuses.
    """
    wrong = found.wrong
    if wrong is None:
        raise InputError(f"the claim of job {history.job.job_id} is right: a challenge of it would be lost")
    roots = opening_of(found, wrong.task, fetch, machines)
    receipt = sender.execute(chain.market.challenge(current(history), found.proof(wrong.task), roots))
    for entry in decode_logs(receipt.logs, chain.deployment):
        if isinstance(entry.event, DisputeOpened):
            dispute_id = entry.event.dispute_id
            bond = chain.market.parameters().challenger_bond
            return Challenge(dispute_id, wrong.task, bond, chain.game.deadline_of(dispute_id), receipt)
    raise IntegrityError(f"transaction 0x{receipt.transaction.hex()} succeeded, and yet opened no dispute")

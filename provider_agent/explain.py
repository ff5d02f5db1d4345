"""Why an agent would take a job, or recompute its claim, or not: every consideration, one a line."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from assay.amounts import format_tokens
from assay.chain.connection import Chain, connect
from assay.chain.fees import GWEI
from assay.chain.history import JobHistory
from assay.chain.records import JobId, Status, words
from assay.chain.sender import Sender
from assay.chain.signers import NoSigner
from assay.client.jobs import find_job, read_job
from assay.errors import AssayError, TransientError
from provider_agent import policy
from provider_agent.agent import account_of
from provider_agent.bench import Bench, Workload, shipped_machines
from provider_agent.context import is_admitted
from provider_agent.database import is_url
from provider_agent.duty import State
from provider_agent.hook import Asking, question
from provider_agent.journal import Journal
from provider_agent.keeper import room_for
from provider_agent.settings import Settings, VerifierSettings
from provider_agent.worth import GAS_AFTER_ACCEPT


@dataclass(frozen=True)
class Consideration:
    """One thing that speaks for a job, or against it."""

    what: str
    speaks_for: bool
    detail: str


def explain(settings: Settings, reference: str, role: str = "provider") -> tuple[JobId, list[Consideration]]:
    """What a provider, or a verifier, with these settings thinks of a job, by its id or the beginning of one.

    Raises `InputError` if there is no such job, `TransientError` if the node does not answer.
    """
    chain = connect(settings.chain.rpc, settings.chain.deployment)
    job_id = find_job(chain, reference, None)
    history, _ = read_job(chain, job_id)
    considered = _considered if role == "provider" else _considered_claim
    return job_id, list(considered(settings, chain, history))


def _considered(settings: Settings, chain: Chain, history: JobHistory) -> Iterator[Consideration]:
    job, chosen = history.job, settings.provider
    terms, machine = job.terms, chain.deployment.machine_of(job.terms.referee)
    account = account_of(settings.wallet)
    is_open = history.ended is None and job.status == Status.OPEN
    stage = words(history.ended.end) if history.ended else words(job.status)
    yield Consideration("stage", is_open, stage if is_open else f"{stage}: only an open job can be taken")
    left = job.deadline - chain.node.head().timestamp
    if is_open:
        told = f"{left} s are left to accept it" if left >= 0 else "the time to accept it is over"
        yield Consideration("time", left >= 0, told)
    yield from _reasons("requester", policy.requester_refusals(job.job_id.requester, chosen), job.job_id.requester)
    price, bond = format_tokens(terms.price), format_tokens(terms.bond)
    good = (
        f"{machine}, {terms.task_count} tasks of 16^{terms.rounds} steps at most, {price} tokens for a bond of {bond}"
    )
    refusals = policy.provider_refusals(terms, machine, account, chosen)
    yield from _reasons("terms", refusals, good)
    size, read = None, None
    if machine is not None:
        size, read = _documents(settings, history, machine, chosen.maximum_bytes)
    if size is not None:
        floor = format_tokens(policy.tariff(terms, size, chosen))
        told = f"{price} tokens, and at least {floor} are wanted for its steps and its {size} bytes"
        yield from _reasons("size", policy.size_refusals(terms, size, chosen), told)
    taken, recorded = _journal(settings, "provider", str(job.job_id))
    pays = terms.price_at(chain.node.head().timestamp, job.deadline) if is_open else job.price
    money, admitted = chain.market.account_of(account), is_admitted(chain, job, account)
    room = room_for(settings.cache)
    obstacles = policy.provider_obstacles(terms, pays, size or 0, money, taken, room, admitted, chosen)
    yield from _reasons("now", obstacles, f"{taken} of {chosen.maximum_jobs} jobs are taken, and the stake is enough")
    if is_open:
        yield _gas(settings, chain, history, account, size or 0)
    if chosen.hook is not None and not refusals:
        yield _hook(settings, "provider", history, machine, chosen.hook)
    if read is not None:
        yield read
    if recorded is not None:
        yield recorded


def _considered_claim(settings: Settings, chain: Chain, history: JobHistory) -> Iterator[Consideration]:
    job, chosen, account = history.job, settings.verifier, account_of(settings.wallet)
    terms, machine = job.terms, chain.deployment.machine_of(job.terms.referee)
    is_claimed = history.ended is None and job.status == Status.CLAIMED
    stage = words(history.ended.end) if history.ended else words(job.status)
    yield Consideration("stage", is_claimed, stage if is_claimed else f"{stage}: only a claim can be recomputed")
    if is_claimed:
        left = job.deadline - chain.node.head().timestamp
        told = f"{left} s are left to challenge it" if left >= 0 else "the time to challenge it is over"
        yield Consideration("time", left >= 0, told)
        others = job.provider != account
        yield Consideration("provider", others, job.provider if others else "the claim is this account's own")
    refusals = policy.verifier_refusals(terms, machine, chosen)
    good = f"{machine}, {terms.task_count} tasks of 16^{terms.rounds} steps at most"
    yield from _reasons("terms", refusals, good)
    yield _lot(job.price, chosen)
    needed = chain.market.parameters().challenger_bond
    obstacles = policy.verifier_obstacles(chain.market.account_of(account), needed)
    yield from _reasons("stake", obstacles, f"enough for a challenge, which takes {format_tokens(needed)} tokens")
    if chosen.hook is not None and not refusals:
        yield _hook(settings, "verifier", history, machine, chosen.hook)
    if machine is not None:
        yield _documents(settings, history, machine, chosen.maximum_bytes)[1]
    _, recorded = _journal(settings, "verifier", str(job.job_id))
    if recorded is not None:
        yield recorded


def _lot(price: int, chosen: VerifierSettings) -> Consideration:
    """Whether a claim is recomputed at all. The lot itself is drawn by the agent when it sees the claim."""
    pays = f"its job pays {format_tokens(price)} tokens"
    if price >= chosen.always_from:
        told = f"{pays}, and from {format_tokens(chosen.always_from)} on every claim is recomputed"
    else:
        told = f"{pays}, and of such claims a share of {chosen.share:g} is recomputed, by lot"
    return Consideration("share", policy.is_drawn(price, 0.0, chosen), told)


def _reasons(what: str, against: list[str], good: str) -> Iterator[Consideration]:
    if against:
        yield from (Consideration(what, False, reason) for reason in against)
    else:
        yield Consideration(what, True, good)


def _journal(settings: Settings, role: str, job: str) -> tuple[int, Consideration | None]:
    """How many jobs the agent has, and what it has decided about this one."""
    location = settings.journal
    if not is_url(location) and not Path(location).exists():
        return 0, None
    journal = Journal(location, writable=False)
    try:
        taken = journal.count_duties("provider", (State.TAKEN, State.COMPUTED))
        duty = journal.duty(role, job)
    finally:
        journal.close()
    if duty is None:
        return taken, None
    told = f"{duty.state}: {duty.reason}"
    return taken, Consideration("journal", duty.state is not State.REFUSED, told)


def _gas(settings: Settings, chain: Chain, history: JobHistory, account: str, size: int) -> Consideration:
    """What it costs, against what it brings."""
    limit = int(settings.fees.limit * GWEI)
    sender = Sender(chain.node, NoSigner(account), chain.deployment.chain_id, fee_limit=limit)
    try:
        found = sender.simulate(chain.market.accept(history.job))
    except TransientError:
        raise
    except AssayError as refusal:
        return Consideration("acceptance", False, str(refusal))
    cost = found.likely_cost(GAS_AFTER_ACCEPT)
    told = f"acceptance, claim and payment cost about {format_tokens(cost)} coins of gas now"
    if settings.fees.token_price is None:
        return Consideration("gas", True, f"{told}, which is not weighed without fees.token_price")
    above = max(history.job.price - policy.tariff(history.job.terms, size, settings.provider), 0)
    worth = int(above * settings.fees.token_price)
    what = "the price" if above == history.job.price else "what the price is above the steps' and bytes' own"
    return Consideration("gas", cost <= worth, f"{told}, and {what} is worth {format_tokens(worth)}")


def _hook(settings: Settings, role: str, history: JobHistory, machine: str | None, hook: Path) -> Consideration:
    try:
        asking = Asking(hook, question(role, history.job, machine), settings.loop.hook_timeout)
        answer = asking.answer(wait=True)
    except AssayError as fault:
        return Consideration("hook", False, str(fault))
    assert answer is not None
    return Consideration("hook", answer.yes, answer.reason or "says yes")


def _documents(
    settings: Settings, history: JobHistory, machine: str, maximum_bytes: int
) -> tuple[int | None, Consideration]:
    """Whether the job is what it says, and its bytes then: read as its worker would, and not run."""
    terms = history.job.terms
    with TemporaryDirectory(prefix="assay-explain-") as folder:
        workload = Workload(
            machine=machine,
            spec_ids=tuple(spec_id.hex() for spec_id in history.spec_ids),
            task_root=terms.task_root,
            task_count=terms.task_count,
            rounds=terms.rounds,
            store=settings.store.location,
            cache=Path(folder),
            maximum_bytes=maximum_bytes,
        )
        try:
            bench = Bench(workload, shipped_machines(), lambda _: None)
            bench.initial_roots()
        except AssayError as fault:
            return None, Consideration("documents", False, str(fault))
    return bench.size, Consideration("documents", True, f"{bench.size} bytes, which lead to the job's task root")

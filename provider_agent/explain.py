"""Why an agent with these settings would take a job, or not: every consideration, one a line."""

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
from provider_agent.settings import Settings
from provider_agent.worth import GAS_AFTER_ACCEPT


@dataclass(frozen=True)
class Consideration:
    """One thing that speaks for a job, or against it."""

    what: str
    speaks_for: bool
    detail: str


def explain(settings: Settings, reference: str) -> tuple[JobId, list[Consideration]]:
    """What a provider with these settings thinks of a job, by its id or the beginning of one.

    Raises `InputError` if there is no such job, `TransientError` if the node does not answer.
    """
    chain = connect(settings.chain.rpc, settings.chain.deployment)
    job_id = find_job(chain, reference, None)
    history, _ = read_job(chain, job_id)
    return job_id, list(_considered(settings, chain, history))


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
    taken, recorded = _journal(settings, str(job.job_id))
    pays = terms.price_at(chain.node.head().timestamp, job.deadline) if is_open else job.price
    money, admitted = chain.market.account_of(account), is_admitted(chain, job, account)
    obstacles = policy.provider_obstacles(terms, pays, money, taken, admitted, chosen)
    yield from _reasons("now", obstacles, f"{taken} of {chosen.maximum_jobs} jobs are taken, and the stake is enough")
    if is_open:
        yield _gas(settings, chain, history, account)
    if chosen.hook is not None and not refusals:
        yield _hook(settings, history, machine, chosen.hook)
    if machine is not None:
        yield _documents(settings, history, machine)
    if recorded is not None:
        yield recorded


def _reasons(what: str, against: list[str], good: str) -> Iterator[Consideration]:
    if against:
        yield from (Consideration(what, False, reason) for reason in against)
    else:
        yield Consideration(what, True, good)


def _journal(settings: Settings, job: str) -> tuple[int, Consideration | None]:
    """How many jobs the agent has, and what it has decided about this one."""
    location = settings.journal
    if not is_url(location) and not Path(location).exists():
        return 0, None
    journal = Journal(location, writable=False)
    try:
        taken = journal.count_duties("provider", (State.TAKEN, State.COMPUTED))
        duty = journal.duty("provider", job)
    finally:
        journal.close()
    if duty is None:
        return taken, None
    told = f"{duty.state}: {duty.reason}"
    return taken, Consideration("journal", duty.state is not State.REFUSED, told)


def _gas(settings: Settings, chain: Chain, history: JobHistory, account: str) -> Consideration:
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
    worth = int(history.job.price * settings.fees.token_price)
    return Consideration("gas", cost <= worth, f"{told}, and the price is worth {format_tokens(worth)}")


def _hook(settings: Settings, history: JobHistory, machine: str | None, hook: Path) -> Consideration:
    try:
        asking = Asking(hook, question("provider", history.job, machine), settings.loop.hook_timeout)
        answer = asking.answer(wait=True)
    except AssayError as fault:
        return Consideration("hook", False, str(fault))
    assert answer is not None
    return Consideration("hook", answer.yes, answer.reason or "says yes")


def _documents(settings: Settings, history: JobHistory, machine: str) -> Consideration:
    """Whether the job is what it says: read as its worker would, and not run."""
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
            maximum_bytes=settings.provider.maximum_bytes,
        )
        try:
            Bench(workload, shipped_machines(), lambda _: None).initial_roots()
        except AssayError as fault:
            return Consideration("documents", False, str(fault))
        size = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
    return Consideration("documents", True, f"{size} bytes were read over a network, and lead to the job's task root")

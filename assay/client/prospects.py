"""Who could take a job: the providers that are listed, and those that have worked before, against the job's terms."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from assay.amounts import format_tokens
from assay.chain.connection import Chain
from assay.chain.events import JobAccepted, JobClaimed
from assay.chain.history import Book, JobHistory
from assay.chain.records import ZERO_ADDRESS, Admission, End, Terms
from assay.client.listing import read_entries, try_record
from assay.client.papers import CapabilityRecord
from assay.errors import ChainError
from assay.store.base import Store

LATEST = 5
"""Of a provider's claims: how many tell how long it takes."""


@dataclass(frozen=True)
class Record:
    """What a provider has done on this market."""

    finalized: int = 0
    failed: int = 0
    """Jobs that it accepted and was slashed for, or did not claim in time."""
    seconds: float | None = None
    """From acceptance to claim: the median of its latest jobs."""


@dataclass(frozen=True)
class Candidate:
    """A provider that is known, and what keeps it from a job."""

    provider: str
    is_listed: bool
    """In the directory, and not leaving it."""
    speed: int | None
    """Steps a second on the job's machine, as it says."""
    floor: int | None
    """The least that it takes for a task, as it says, base units."""
    stake: int
    """Free for bonds, base units."""
    record: Record
    obstacles: tuple[str, ...]

    @property
    def is_able(self) -> bool:
        """Whether nothing that is known keeps it from the job. What its owner has set beyond that, nobody knows."""
        return not self.obstacles


def find_candidates(
    chain: Chain, store: Store, book: Book, requester: str | None, terms: Terms, steps: int | None = None
) -> list[Candidate]:
    """The providers that are known, those that could take the job first, the cheapest first.

    `book` has the market's jobs; `steps` is what a task takes, if that is known. The access list of a `requester` is
    asked only if there is one. Raises `TransientError`.
    """
    machine = chain.deployment.machine_of(terms.referee)
    listed = {entry.provider: entry for entry in read_entries(chain)}
    records = records_of(chain, book.jobs.values())
    found = []
    for provider in dict.fromkeys([*listed, *records]):
        entry = listed.get(provider)
        capability, problem = (None, "") if entry is None else try_record(chain, store, entry)
        offered = next((each for each in capability.machines if each.machine == machine), None) if capability else None
        stake = chain.market.account_of(provider).stake
        obstacles = [
            *_listing_obstacles(capability, problem, machine, terms, steps),
            *_money_obstacles(stake, terms),
            *_admission_obstacles(chain, provider, requester, terms),
        ]
        if entry is not None and entry.leaves_at:
            obstacles.append("is leaving the directory")
        found.append(
            Candidate(
                provider=provider,
                is_listed=entry is not None and not entry.leaves_at,
                speed=offered.steps_per_second if offered else None,
                floor=capability.price_floor if capability else None,
                stake=stake,
                record=records.get(provider, Record()),
                obstacles=tuple(obstacles),
            )
        )
    return sorted(found, key=lambda each: (not each.is_able, each.floor or 0, -each.record.finalized))


def records_of(chain: Chain, jobs: Iterable[JobHistory]) -> dict[str, Record]:
    """What each provider has done, by its address, in the order of its first job."""
    done: dict[str, list[JobHistory]] = {}
    for history in jobs:
        if history.job.provider != ZERO_ADDRESS:
            done.setdefault(history.job.provider, []).append(history)
    return {provider: _record(chain, histories) for provider, histories in done.items()}


def _record(chain: Chain, histories: Sequence[JobHistory]) -> Record:
    ends = [history.ended.end for history in histories if history.ended]
    bad = (End.MISSED_DEADLINE, End.SLASHED_BY_STEP, End.SLASHED_BY_TIMEOUT)
    claimed = [history for history in histories if history.final_roots][-LATEST:]
    took = [seconds for history in claimed if (seconds := _run_time(chain, history)) is not None]
    return Record(
        finalized=ends.count(End.FINALIZED),
        failed=sum(end in bad for end in ends),
        seconds=median(took) if took else None,
    )


def _run_time(chain: Chain, history: JobHistory) -> int | None:
    """Seconds from acceptance to claim; None if both were one transaction."""
    blocks = {type(entry.event): entry.block for entry in history.entries}
    if JobAccepted not in blocks or JobClaimed not in blocks:
        return None
    accepted, claimed = (chain.node.block(blocks[kind]).timestamp for kind in (JobAccepted, JobClaimed))
    return claimed - accepted


def _listing_obstacles(
    capability: CapabilityRecord | None, problem: str, machine: str | None, terms: Terms, steps: int | None
) -> list[str]:
    """What its own record says against it. Who is not listed has said nothing."""
    if capability is None:
        return [f"its record cannot be used: {problem}"] if problem else []
    offered = next((each for each in capability.machines if each.machine == machine), None)
    if offered is None:
        return [f"does not run {machine}"]
    found = []
    if offered.rounds < terms.rounds:
        found.append(f"takes tasks of at most 16^{offered.rounds} steps, not 16^{terms.rounds}")
    if capability.price_floor * terms.task_count > terms.price:
        asked = format_tokens(capability.price_floor * terms.task_count)
        found.append(f"asks for {asked} tokens, and the job pays {format_tokens(terms.price)}")
    if steps is not None and offered.steps_per_second * terms.run_period < steps * terms.task_count:
        seconds = steps * terms.task_count // offered.steps_per_second
        found.append(f"would take {seconds:,} s, and the run period is {terms.run_period:,} s")
    return found


def _money_obstacles(stake: int, terms: Terms) -> list[str]:
    if stake >= terms.bond:
        return []
    has, asked = format_tokens(stake), format_tokens(terms.bond)
    return [f"has {has} tokens of stake free, and the job asks for a bond of {asked}"]


def _admission_obstacles(chain: Chain, provider: str, requester: str | None, terms: Terms) -> list[str]:
    if terms.admission is Admission.ONLY and provider != terms.gate:
        return [f"the job is for {terms.gate} only"]
    if terms.admission is Admission.LISTED and requester is not None:
        try:
            if not chain.access(terms.gate).admits(requester, provider):
                return ["is not admitted by the access list that the job names"]
        except ChainError:
            return ["the access list that the job names does not answer"]
    return []

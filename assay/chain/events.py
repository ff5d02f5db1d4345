"""The contracts' events as frozen dataclasses, decoded from receipts and from the node's logs."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assay.chain.codec import load_abi
from assay.chain.deployments import Deployment
from assay.chain.node import Log, Node, RangeRefusedError
from assay.chain.records import DisputeTerms, End, Ending, JobId, Terms
from assay.dispute.game import ARITY, Roots, Side
from assay.errors import IntegrityError

FIRST_PAGE = 2_000
"""Blocks that are asked for at first; halved when the node refuses, doubled when it answers."""

LARGEST_PAGE = 50_000


@dataclass(frozen=True)
class JobPosted:
    """A job and its terms; `deadline` is the last moment to accept it."""

    job_id: JobId
    requester: str
    terms: Terms
    deadline: int


@dataclass(frozen=True)
class JobAccepted:
    """`deadline` is the last moment to claim."""

    job_id: JobId
    provider: str
    deadline: int


@dataclass(frozen=True)
class JobClaimed:
    """`deadline` is the last moment to challenge; `result_id` the content id of the result document."""

    job_id: JobId
    provider: str
    claim_root: bytes
    result_id: bytes
    deadline: int


@dataclass(frozen=True)
class FinalRootsClaimed:
    """The leaves of a claim about several tasks. Follows its `JobClaimed`."""

    job_id: JobId
    final_roots: tuple[bytes, ...]


@dataclass(frozen=True)
class JobChallenged:
    """A dispute about one task was opened."""

    job_id: JobId
    dispute_id: bytes
    challenger: str
    task: int
    bond: int


@dataclass(frozen=True)
class ChallengeClosed:
    """A challenge failed, or its job had ended before (`moot`)."""

    job_id: JobId
    dispute_id: bytes
    challenger: str
    bond: int
    moot: bool


@dataclass(frozen=True)
class JobEnded:
    """Who got what when a job ended."""

    job_id: JobId
    end: End
    beneficiary: str
    paid: int
    refunded: int
    burned: int


@dataclass(frozen=True)
class DisputeOpened:
    """The challenger's list over the whole trace."""

    dispute_id: bytes
    terms: DisputeTerms
    roots: Roots


@dataclass(frozen=True)
class Moved:
    """`side` disputes the opponent's root at `index` and posts its own list, which starts from `agreed`."""

    dispute_id: bytes
    side: Side
    index: int
    agreed: bytes
    roots: Roots


@dataclass(frozen=True)
class Stepped:
    """The referee executed the disputed step."""

    dispute_id: bytes
    index: int
    prestate: bytes
    poststate: bytes


@dataclass(frozen=True)
class DisputeResolved:
    """A dispute is over."""

    dispute_id: bytes
    winner: Side
    ending: Ending


@dataclass(frozen=True)
class Deposited:
    """Money came into the market."""

    account: str
    payer: str
    amount: int


@dataclass(frozen=True)
class Withdrawn:
    """Money left the market."""

    account: str
    to: str
    amount: int


@dataclass(frozen=True)
class Staked:
    """Free money became stake."""

    account: str
    amount: int


@dataclass(frozen=True)
class Unstaked:
    """Stake became free money."""

    account: str
    amount: int


@dataclass(frozen=True)
class BurnedSwept:
    """Burned money left the market."""

    amount: int


JobEvent = JobPosted | JobAccepted | JobClaimed | FinalRootsClaimed | JobChallenged | ChallengeClosed | JobEnded
DisputeEvent = DisputeOpened | Moved | Stepped | DisputeResolved
MoneyEvent = Deposited | Withdrawn | Staked | Unstaked | BurnedSwept
Event = JobEvent | DisputeEvent | MoneyEvent


@dataclass(frozen=True)
class Entry:
    """An event, and where in the chain it stands. The block's hash tells a reorganisation."""

    event: Event
    block: int
    block_hash: bytes
    index: int
    """Of the log within the block."""
    transaction: bytes


def _job(values: Mapping[str, Any]) -> JobId:
    return JobId.from_bytes(values["jobId"])


def _roots(values: Mapping[str, Any]) -> Roots:
    roots = tuple(values["roots"])
    if len(roots) != ARITY:
        raise IntegrityError(f"a list has {ARITY} roots, not {len(roots)}")
    return roots


_MARKET: Mapping[str, Callable[[Mapping[str, Any]], Event]] = {
    "JobPosted": lambda v: JobPosted(_job(v), v["requester"], Terms.from_abi(v["terms"]), v["deadline"]),
    "JobAccepted": lambda v: JobAccepted(_job(v), v["provider"], v["deadline"]),
    "JobClaimed": lambda v: JobClaimed(_job(v), v["provider"], v["claimRoot"], v["resultId"], v["deadline"]),
    "FinalRootsClaimed": lambda v: FinalRootsClaimed(_job(v), tuple(v["finalRoots"])),
    "JobChallenged": lambda v: JobChallenged(_job(v), v["disputeId"], v["challenger"], v["task"], v["bond"]),
    "ChallengeClosed": lambda v: ChallengeClosed(_job(v), v["disputeId"], v["challenger"], v["bond"], v["moot"]),
    "JobEnded": lambda v: JobEnded(_job(v), End(v["end"]), v["beneficiary"], v["paid"], v["refunded"], v["burned"]),
    "Deposited": lambda v: Deposited(v["account"], v["payer"], v["amount"]),
    "Withdrawn": lambda v: Withdrawn(v["account"], v["to"], v["amount"]),
    "Staked": lambda v: Staked(v["account"], v["amount"]),
    "Unstaked": lambda v: Unstaked(v["account"], v["amount"]),
    "BurnedSwept": lambda v: BurnedSwept(v["amount"]),
}
_GAME: Mapping[str, Callable[[Mapping[str, Any]], Event]] = {
    "DisputeOpened": lambda v: DisputeOpened(v["disputeId"], DisputeTerms.from_abi(v["terms"]), _roots(v)),
    "Moved": lambda v: Moved(v["disputeId"], Side(v["side"]), v["index"], v["agreed"], _roots(v)),
    "Stepped": lambda v: Stepped(v["disputeId"], v["index"], v["prestate"], v["poststate"]),
    "DisputeResolved": lambda v: DisputeResolved(v["disputeId"], Side(v["winner"]), Ending(v["ending"])),
}


def decode_logs(logs: Sequence[Log], deployment: Deployment) -> list[Entry]:
    """The events of the market and the game among `logs`; logs of others are left out. Raises `IntegrityError`."""
    entries = (_decode(log, deployment) for log in logs)
    return [entry for entry in entries if entry is not None]


def read_events(
    node: Node, deployment: Deployment, first: int, last: int, keys: Sequence[bytes] | None = None
) -> Iterator[Entry]:
    """The events of the market and the game in blocks `first` to `last`, in the chain's order, page by page.

    `keys` restricts them to jobs and disputes with these ids (the events' first indexed argument). Raises
    `TransientError`, `IntegrityError`, `ChainError`.
    """
    for page in read_logs(node, deployment, first, last, keys):
        yield from decode_logs(page, deployment)


def read_logs(
    node: Node, deployment: Deployment, first: int, last: int, keys: Sequence[bytes] | None = None
) -> Iterator[list[Log]]:
    """The logs behind `read_events`, page by page, for whoever keeps them.

    The pages become smaller when the node refuses to answer for so many blocks.
    """
    topics = () if keys is None else (None, list(keys))
    size = FIRST_PAGE
    while first <= last:
        until = min(first + size - 1, last)
        try:
            page = node.logs((deployment.market, deployment.game), first, until, topics)
        except RangeRefusedError:
            if size == 1:
                raise
            size = max(size // 4, 1)
            continue
        yield page
        first, size = until + 1, min(size * 2, LARGEST_PAGE)


def _decode(log: Log, deployment: Deployment) -> Entry | None:
    contract, makers = {deployment.market: ("market", _MARKET), deployment.game: ("game", _GAME)}.get(
        log.address, ("", {})
    )
    if not contract or not log.topics:
        return None
    declared = load_abi(contract).events.get(log.topics[0])
    if declared is None or declared.name not in makers:
        return None
    try:
        event = makers[declared.name](declared.decode_log(log.topics, log.data))
    except ValueError as unknown:
        raise IntegrityError(f"a log of {declared.name} holds a value that it cannot have: {unknown}") from unknown
    return Entry(event, log.block, log.block_hash, log.index, log.transaction)

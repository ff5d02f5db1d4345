"""The contracts' events as frozen dataclasses, decoded from receipts and from the node's logs."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eth_utils.address import to_checksum_address

from assay.chain.codec import load_abi
from assay.chain.deployments import Deployment
from assay.chain.node import Log, Node, RangeRefusedError
from assay.chain.records import DisputeTerms, End, Ending, JobId, Stage, Terms, Verdict
from assay.dispute.game import ARITY, Roots, Side
from assay.errors import IntegrityError

FIRST_PAGE = 2_000
"""Blocks that are asked for at first; halved when the node refuses, doubled when it answers."""

LARGEST_PAGE = 50_000


@dataclass(frozen=True)
class JobPosted:
    """A job and its terms; `deadline` is the last moment to accept it."""

    job_id: JobId
    terms: Terms
    deadline: int


@dataclass(frozen=True)
class PriceAgreed:
    """The price of a job with a rising price, as it stood when the job was accepted."""

    job_id: JobId
    price: int


@dataclass(frozen=True)
class JobAccepted:
    """`deadline` is the last moment to claim; a provider that was `hired` by its offer may decline."""

    job_id: JobId
    provider: str
    deadline: int
    hired: bool = False


@dataclass(frozen=True)
class DeadlineExtended:
    """Both sides want the claim until `deadline`."""

    job_id: JobId
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
class SignedJobClaimed:
    """A signed job was posted, accepted and claimed in one: its terms, and the rest as in `JobClaimed`."""

    job_id: JobId
    terms: Terms
    provider: str
    claim_root: bytes
    result_id: bytes
    deadline: int


@dataclass(frozen=True)
class TicketsTaken:
    """Tickets became the tasks of a job, in this order; their nonces are the bits of `mask` in word `word`."""

    job_id: JobId
    word: int
    mask: int
    spec_ids: tuple[bytes, ...]


@dataclass(frozen=True)
class OfferTaken:
    """The provider of a job is hired by its offer."""

    job_id: JobId
    provider: str
    nonce: int


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
    """A challenge is over. The bond went back to the challenger, or to the defender if the challenge was lost."""

    job_id: JobId
    dispute_id: bytes
    challenger: str
    verdict: Verdict
    bond: int


@dataclass(frozen=True)
class JobEnded:
    """A job is over. Its price went to the provider, less the fee, if it was finalized, else back to the requester.

    IJobMarket.JobFinalized, or IJobMarket.JobEnded for all other ends.
    """

    job_id: JobId
    end: End


@dataclass(frozen=True)
class FeePaid:
    """Part of a finalized job's price went to the recipient of fees."""

    job_id: JobId
    fee: int


@dataclass(frozen=True)
class BondSlashed:
    """A provider's bond is lost: `paid` to the beneficiary, the rest burned."""

    job_id: JobId
    beneficiary: str
    paid: int
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
class EpochRaised:
    """All that an account had signed is cancelled."""

    account: str
    epoch: int


@dataclass(frozen=True)
class SlotSkipped:
    """The order for this generation of a slot is cancelled."""

    requester: str
    slot: int
    generation: int


@dataclass(frozen=True)
class TicketsCancelled:
    """A requester's tickets with these nonces are cancelled."""

    requester: str
    word: int
    mask: int


@dataclass(frozen=True)
class OfferCancelled:
    """A provider's offers with this nonce are cancelled."""

    provider: str
    nonce: int


@dataclass(frozen=True)
class BurnedSwept:
    """Burned money left the market."""

    amount: int


@dataclass(frozen=True)
class Listed:
    """A provider is listed, with this capability record."""

    provider: str
    record_id: bytes
    stake: int


@dataclass(frozen=True)
class Leaving:
    """A provider is not listed any more; its stake can be returned later than `leaves_at`."""

    provider: str
    leaves_at: int


@dataclass(frozen=True)
class Delisted:
    """A provider that has left has its stake back."""

    provider: str
    stake: int


@dataclass(frozen=True)
class ListedOnlySet:
    """An access list is now one that allows, or one that denies."""

    principal: str
    listed_only: bool


@dataclass(frozen=True)
class ListedSet:
    """Accounts were put on an access list, or taken off it."""

    principal: str
    candidates: tuple[str, ...]
    listed: bool


@dataclass(frozen=True)
class ClaimRegistered:
    """The claim about this job can be proved to contracts after its end."""

    job_id: JobId


@dataclass(frozen=True)
class ResultDelivered:
    """A contract was told the result of a task; `taken` is False if it has reverted."""

    job_id: JobId
    task: int
    consumer: str
    taken: bool


JobEvent = (
    JobPosted
    | PriceAgreed
    | JobAccepted
    | DeadlineExtended
    | JobClaimed
    | SignedJobClaimed
    | TicketsTaken
    | OfferTaken
    | FinalRootsClaimed
    | JobChallenged
    | ChallengeClosed
    | JobEnded
    | FeePaid
    | BondSlashed
)
DisputeEvent = DisputeOpened | Moved | Stepped | DisputeResolved
MoneyEvent = Deposited | Withdrawn | Staked | Unstaked | BurnedSwept
SigningEvent = EpochRaised | SlotSkipped | TicketsCancelled | OfferCancelled
ListingEvent = Listed | Leaving | Delisted
AccessEvent = ListedOnlySet | ListedSet
CourierEvent = ClaimRegistered | ResultDelivered
Event = JobEvent | DisputeEvent | MoneyEvent | SigningEvent | ListingEvent | AccessEvent | CourierEvent


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


def _stage(values: Mapping[str, Any]) -> Stage:
    return Stage.from_bytes(values["stage"])


def _roots(values: Mapping[str, Any]) -> Roots:
    roots = tuple(values["roots"])
    if len(roots) != ARITY:
        raise IntegrityError(f"a list has {ARITY} roots, not {len(roots)}")
    return roots


_MARKET: Mapping[str, Callable[[Mapping[str, Any]], Event]] = {
    "JobPosted": lambda v: JobPosted(_job(v), Terms.from_abi(v["terms"]), _stage(v).deadline),
    "PriceAgreed": lambda v: PriceAgreed(_job(v), v["price"]),
    "JobAccepted": lambda v: JobAccepted(_job(v), _stage(v).provider, _stage(v).deadline, _stage(v).hired),
    "DeadlineExtended": lambda v: DeadlineExtended(_job(v), _stage(v).deadline),
    "JobClaimed": lambda v: JobClaimed(_job(v), _stage(v).provider, v["claimRoot"], v["resultId"], _stage(v).deadline),
    "SignedJobClaimed": lambda v: SignedJobClaimed(
        _job(v), Terms.from_abi(v["terms"]), _stage(v).provider, v["claimRoot"], v["resultId"], _stage(v).deadline
    ),
    "TicketsTaken": lambda v: TicketsTaken(_job(v), v["word"], v["mask"], tuple(v["specIds"])),
    "OfferTaken": lambda v: OfferTaken(_job(v), v["provider"], v["nonce"]),
    "FinalRootsClaimed": lambda v: FinalRootsClaimed(_job(v), tuple(v["finalRoots"])),
    "JobChallenged": lambda v: JobChallenged(_job(v), v["disputeId"], v["challenger"], v["task"], v["bond"]),
    "ChallengeClosed": lambda v: ChallengeClosed(
        _job(v), v["disputeId"], v["challenger"], Verdict(v["verdict"]), v["bond"]
    ),
    "JobFinalized": lambda v: JobEnded(_job(v), End.FINALIZED),
    "JobEnded": lambda v: JobEnded(_job(v), End(v["end"])),
    "FeePaid": lambda v: FeePaid(_job(v), v["fee"]),
    "BondSlashed": lambda v: BondSlashed(_job(v), v["beneficiary"], v["paid"], v["burned"]),
    "EpochRaised": lambda v: EpochRaised(v["account"], v["epoch"]),
    "SlotSkipped": lambda v: SlotSkipped(v["requester"], v["slot"], v["generation"]),
    "TicketsCancelled": lambda v: TicketsCancelled(v["requester"], v["word"], v["mask"]),
    "OfferCancelled": lambda v: OfferCancelled(v["provider"], v["nonce"]),
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
_DIRECTORY: Mapping[str, Callable[[Mapping[str, Any]], Event]] = {
    "Listed": lambda v: Listed(v["provider"], v["recordId"], v["stake"]),
    "Leaving": lambda v: Leaving(v["provider"], v["leavesAt"]),
    "Delisted": lambda v: Delisted(v["provider"], v["stake"]),
}
_ACCESS: Mapping[str, Callable[[Mapping[str, Any]], Event]] = {
    "ListedOnlySet": lambda v: ListedOnlySet(v["principal"], v["listedOnly"]),
    "ListedSet": lambda v: ListedSet(v["principal"], tuple(map(to_checksum_address, v["candidates"])), v["listed"]),
}
_COURIER: Mapping[str, Callable[[Mapping[str, Any]], Event]] = {
    "ClaimRegistered": lambda v: ClaimRegistered(_job(v)),
    "ResultDelivered": lambda v: ResultDelivered(_job(v), v["task"], to_checksum_address(v["consumer"]), v["taken"]),
}


def decode_logs(logs: Sequence[Log], deployment: Deployment) -> list[Entry]:
    """The events of a deployment's contracts among `logs`; logs of others are left out. Raises `IntegrityError`.

    The directory has a ledger too: what happens to the money there is left out.
    """
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


def read_listings(node: Node, deployment: Deployment, last: int) -> Iterator[Entry]:
    """The directory's events up to block `last`, in the chain's order. Raises as `read_events` does."""
    for page in _pages(node, (deployment.directory,), deployment.start_block, last, ()):
        yield from decode_logs(page, deployment)


def read_access(node: Node, deployment: Deployment, principal: str, last: int) -> Iterator[Entry]:
    """What has happened to the access list of `principal` up to block `last`. Raises as `read_events` does."""
    topics = (None, [bytes(12) + bytes.fromhex(principal[2:])])
    for page in _pages(node, (deployment.access_lists,), deployment.start_block, last, topics):
        yield from decode_logs(page, deployment)


def read_logs(
    node: Node, deployment: Deployment, first: int, last: int, keys: Sequence[bytes] | None = None
) -> Iterator[list[Log]]:
    """The logs behind `read_events`, page by page, for whoever keeps them."""
    topics = () if keys is None else (None, list(keys))
    return _pages(node, (deployment.market, deployment.game), first, last, topics)


def _pages(
    node: Node, addresses: tuple[str, ...], first: int, last: int, topics: tuple[list[bytes] | None, ...]
) -> Iterator[list[Log]]:
    """The logs of some contracts, page by page. The pages become smaller when the node refuses so many blocks."""
    size = FIRST_PAGE
    while first <= last:
        until = min(first + size - 1, last)
        try:
            page = node.logs(addresses, first, until, topics)
        except RangeRefusedError:
            if size == 1:
                raise
            size = max(size // 4, 1)
            continue
        yield page
        first, size = until + 1, min(size * 2, LARGEST_PAGE)


def _decode(log: Log, deployment: Deployment) -> Entry | None:
    known = {
        deployment.market: ("market", _MARKET),
        deployment.game: ("game", _GAME),
        deployment.directory: ("directory", _DIRECTORY),
        deployment.access_lists: ("access", _ACCESS),
        deployment.courier: ("courier", _COURIER),
    }
    contract, makers = known.get(log.address, ("", {}))
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

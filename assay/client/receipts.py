"""Receipts: one file with all that a stranger needs to run a job again and to check what was claimed of it.

What it says is believed for nothing: `read_receipt` checks it against itself, `matches` against the chain, and
`assay.client.recompute` runs it again. docs/documents.md has its fields.
"""

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, PlainSerializer

from assay.chain.connection import Chain
from assay.chain.history import Book, JobHistory
from assay.chain.records import ZERO_ADDRESS
from assay.client.papers import Address, Amount, ChainId, Hash, Job, JobTerms, Time, terms_document
from assay.client.recompute import Claim, claim_of, specs_match, touch
from assay.client.standing import money_of, status_of
from assay.content import content_id
from assay.documents import read_document, write_json
from assay.errors import InputError, IntegrityError
from assay.machines import merkle
from assay.machines.base import FetchBlob, Machine
from assay.machines.registry import MACHINES
from assay.store.base import Store
from assay.validation import ContentId, DocumentModel

MAX_RECEIPT = 1 << 26
"""Bytes: 64 MiB. What does not fit stays with the store."""

MAX_TASKS = 1024
"""The market's bound."""


def _blob(value: Any) -> bytes:
    if not isinstance(value, str):
        raise ValueError("has to be bytes in base64")
    try:
        raw = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("has to be bytes in base64") from None
    if base64.b64encode(raw).decode() != value:
        raise ValueError("has to be bytes in base64, in its only form")
    return raw


Blob = Annotated[
    bytes, BeforeValidator(_blob), PlainSerializer(lambda raw: base64.b64encode(raw).decode(), return_type=str)
]
Text = Annotated[str, Field(max_length=64)]


class _Contracts(DocumentModel):
    """Where the job was settled."""

    market: Address
    game: Address
    token: Address
    referee: Address


class _Event(DocumentModel):
    """One event of the job or of a dispute about it, and the transaction that it came from."""

    event: Text
    transaction: Hash
    block: Annotated[int, Field(ge=0, lt=1 << 63)]
    block_hash: Hash
    index: Annotated[int, Field(ge=0, lt=1 << 32)]
    time: Time


class _Claimed(DocumentModel):
    """What the provider states."""

    claim_root: Hash
    final_roots: Annotated[list[Hash], Field(min_length=1, max_length=MAX_TASKS)]
    result_id: Hash


class _Money(DocumentModel):
    """Where the price, and what was slashed, went."""

    escrow: Amount
    refunded: Amount
    paid: Amount
    fee: Amount
    slashed: Amount
    beneficiary: Address | None
    burned: Amount


class JobReceipt(DocumentModel):
    """A job's receipt."""

    assay: Literal["receipt/1"]
    chain_id: ChainId
    contracts: _Contracts
    job: Job
    machine: Text
    terms: JobTerms
    status: Text
    provider: Address
    price: Amount
    money: _Money
    claim: _Claimed
    specs: Annotated[list[ContentId], Field(min_length=1, max_length=MAX_TASKS)]
    events: Annotated[list[_Event], Field(min_length=1, max_length=1 << 14)]
    blobs: dict[ContentId, Blob]

    def encode(self) -> bytes:
        """The file's bytes. Raises `InputError` if they are too many."""
        return write_json(self.model_dump(), ": leave out --full, and what is large stays with the store", MAX_RECEIPT)

    @property
    def stated(self) -> Claim:
        """What was claimed, it says."""
        return Claim(
            job_id=self.job,
            machine=self.machine,
            terms=self.terms.terms(),
            spec_ids=tuple(bytes.fromhex(spec) for spec in self.specs),
            final_roots=tuple(self.claim.final_roots),
            result_id=self.claim.result_id,
        )

    def fetch(self, store: Callable[[], Store]) -> FetchBlob:
        """Its blobs, and for what it has not, the store's."""
        return lambda blob_id: self.blobs[blob_id] if blob_id in self.blobs else store().get(blob_id)

    @classmethod
    def make(cls, chain: Chain, history: JobHistory, book: Book, blobs: Mapping[str, bytes]) -> Self:
        """The receipt of a claimed job. Raises `InputError` if nothing was claimed, or its machine is unknown."""
        claim, deployment, money = claim_of(chain.deployment, history), chain.deployment, money_of(history)
        entries = [*history.entries, *(entry for each in book.disputes_of(claim.job_id) for entry in each.entries)]
        amounts = {
            name: str(getattr(money, name)) for name in ("escrow", "refunded", "paid", "fee", "slashed", "burned")
        }
        return cls.model_validate(
            {
                "assay": "receipt/1",
                "chain_id": deployment.chain_id,
                "contracts": {
                    "market": deployment.market,
                    "game": deployment.game,
                    "token": deployment.token,
                    "referee": claim.terms.referee,
                },
                "job": str(claim.job_id),
                "machine": claim.machine,
                "terms": terms_document(claim.terms),
                "status": status_of(history),
                "provider": history.job.provider,
                "price": str(history.job.price),
                "money": {**amounts, "beneficiary": money.beneficiary},
                "claim": {
                    "claim_root": history.job.claim_root.hex(),
                    "final_roots": [root.hex() for root in claim.final_roots],
                    "result_id": claim.result_id.hex(),
                },
                "specs": [spec.hex() for spec in claim.spec_ids],
                "events": [
                    {
                        "event": type(entry.event).__name__,
                        "transaction": entry.transaction.hex(),
                        "block": entry.block,
                        "block_hash": entry.block_hash.hex(),
                        "index": entry.index,
                        "time": chain.node.block(entry.block).timestamp,
                    }
                    for entry in sorted(entries, key=lambda entry: (entry.block, entry.index))
                ],
                "blobs": {name: base64.b64encode(data).decode() for name, data in blobs.items()},
            }
        )


def make_receipt(
    chain: Chain,
    store: Store,
    history: JobHistory,
    book: Book,
    full: bool,
    machines: Mapping[str, Machine] = MACHINES,
) -> JobReceipt:
    """The receipt of a claimed job, with its documents; with `full`, also with program, inputs and outputs.

    Raises `InputError` if nothing was claimed, `MissingBlobError` if the store lacks what has to be in it.
    """
    claim = claim_of(chain.deployment, history)
    blobs = _Recorded(store)
    for name in (*claim.spec_ids, claim.result_id):
        blobs.fetch(name.hex())
    if full:
        touch(claim, blobs.fetch, machines)
    return JobReceipt.make(chain, history, book, blobs.found)


class _Recorded:
    """What was fetched from a store, as long as a receipt can hold it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.found: dict[str, bytes] = {}

    def fetch(self, blob_id: str) -> bytes:
        """A blob. Raises as a store does, and `InputError` if all together are too many bytes."""
        if blob_id not in self.found:
            self.found[blob_id] = self._store.get(blob_id)
            if sum(map(len, self.found.values())) > MAX_RECEIPT * 3 // 4:  # base64: four characters for three bytes
                raise InputError("this is more than a receipt can hold: leave out --full, and it stays with the store")
        return self.found[blob_id]


def read_receipt(data: bytes) -> JobReceipt:
    """The receipt in `data`, which contradicts itself nowhere. Raises `InputError` if it is none, `IntegrityError`."""
    receipt = read_document(JobReceipt, data, "receipt", MAX_RECEIPT)
    claim = receipt.stated
    wrong = [
        *("a blob has another hash than its id says" for name, raw in receipt.blobs.items() if content_id(raw) != name),
        *_if(len(claim.final_roots) != claim.terms.task_count, "it has not as many final roots as tasks"),
        *_if(
            merkle.root(claim.final_roots) != receipt.claim.claim_root, "its final roots do not have the claim's root"
        ),
        *_if(not specs_match(claim.terms, claim.spec_ids), "its specs are not those of its terms"),
        *_if(receipt.contracts.referee != claim.terms.referee, "it names another referee than its terms do"),
        *_if(receipt.provider == ZERO_ADDRESS, "it has a claim and no provider"),
    ]
    if wrong:
        raise IntegrityError(f"the receipt contradicts itself: {wrong[0]}")
    return receipt


def check_against(chain: Chain, receipt: JobReceipt, history: JobHistory, book: Book) -> None:
    """Raise `IntegrityError` unless the chain has all that a receipt says; what came later, it may not have."""
    job, now = history.job, JobReceipt.make(chain, history, book, {})
    says = (
        receipt.job,
        receipt.terms.terms(),
        receipt.provider,
        receipt.claim.claim_root,
        receipt.claim.result_id,
        receipt.price,
    )
    has = (job.job_id, job.terms, job.provider, job.claim_root, history.result_id, job.price)
    names = ("id", "terms", "provider", "claim", "result document", "price")
    different = [name for name, said, found in zip(names, says, has, strict=True) if said != found]
    if receipt.specs != now.specs:
        different.append("list of specs")
    if any(event not in now.events for event in receipt.events):
        different.append("event")
    if len(receipt.events) == len(now.events) and (receipt.status, receipt.money) != (now.status, now.money):
        different.append("end, or place for the money,")
    if receipt.machine != now.machine:
        different.append("machine")
    if different:
        raise IntegrityError(f"the chain has another {different[0]} for job {receipt.job} than the receipt")


def check_market(chain: Chain, receipt: JobReceipt) -> None:
    """Raise `InputError` unless a receipt is about this market."""
    here, there = (chain.deployment.chain_id, chain.deployment.market), (receipt.chain_id, receipt.contracts.market)
    if here != there:
        raise InputError(
            f"the receipt is about the market {there[1]} on chain {there[0]}, and this is {here[1]} on chain {here[0]}"
            ": choose that deployment, or give --offline to run it again without the chain"
        )


def _if(condition: bool, text: str) -> list[str]:
    return [text] if condition else []

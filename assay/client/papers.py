"""The files in which signed things travel: orders, tickets, offers, extensions, capability records (docs/documents.md).

Reading one checks its form alone. Whether it is signed, and still counts, is `assay.client.checks`' to say.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer

from assay.chain.records import Admission, JobId, Terms, parse_address
from assay.chain.signing import Capability, Domain, Extension, Offer, Order, Speed, Ticket, TicketKind
from assay.documents import read_document, write_json
from assay.errors import InputError
from assay.validation import DocumentModel


def _number(value: Any) -> int:
    if not isinstance(value, str) or not value.isascii() or not value.isdigit() or len(value) > 78:
        raise ValueError("has to be a whole number in quotes")
    return int(value)


def _job(value: Any) -> JobId:
    if not isinstance(value, str) or "@" not in value:
        raise ValueError("has to be a job, slot.generation@requester")
    try:
        return JobId.parse(value)
    except InputError as fault:
        raise ValueError(str(fault)) from fault


def _address(value: str) -> str:
    try:
        return parse_address(value)
    except InputError as fault:
        raise ValueError(str(fault)) from fault


def _admission(value: Any) -> Admission:
    names = [member.name.lower() for member in Admission]
    if value not in names:
        raise ValueError(f"has to be one of {', '.join(names)}")
    return Admission(names.index(value))


def _hash(value: Any) -> bytes:
    raw = _bytes(value)
    if len(raw) != 32:
        raise ValueError("has to be 32 bytes")
    return raw


def _bytes(value: Any) -> bytes:
    if not isinstance(value, str) or value != value.lower() or len(value) > 1 << 20:
        raise ValueError("has to be bytes in lowercase hexadecimal digits without a prefix")
    try:
        raw = bytes.fromhex(value)
    except ValueError:
        raise ValueError("has to be bytes in lowercase hexadecimal digits without a prefix") from None
    if raw.hex() != value:
        raise ValueError("has to be bytes in lowercase hexadecimal digits without a prefix")
    return raw


_as_text = PlainSerializer(str, return_type=str)
_as_hex = PlainSerializer(bytes.hex, return_type=str)
Amount = Annotated[int, BeforeValidator(_number), Field(ge=0, lt=1 << 96), _as_text]
"""Base units, as a decimal number in text: more than a JSON number holds everywhere."""

Nonce = Annotated[int, BeforeValidator(_number), Field(ge=0, lt=1 << 256), _as_text]
Hash = Annotated[bytes, BeforeValidator(_hash), _as_hex]
Signature = Annotated[bytes, BeforeValidator(_bytes), _as_hex]
Address = Annotated[str, AfterValidator(_address)]
Job = Annotated[JobId, BeforeValidator(_job), _as_text]
Who = Annotated[
    Admission, BeforeValidator(_admission), PlainSerializer(lambda who: Admission(who).name.lower(), return_type=str)
]
ChainId = Annotated[int, Field(ge=1)]
Period = Annotated[int, Field(ge=0, lt=1 << 32)]
Time = Annotated[int, Field(ge=0, lt=1 << 40)]
Epoch = Annotated[int, Field(ge=0, lt=1 << 64)]
Rounds = Annotated[int, Field(ge=0, lt=1 << 8)]
Slot = Annotated[int, Field(ge=0, lt=1 << 48)]
Count = Annotated[int, Field(ge=0, lt=1 << 32)]

MAX_TICKETS = 1 << 12
"""In one file: it stays a document (`assay.documents.MAX_DOCUMENT`)."""


class _TaskTerms(DocumentModel):
    """What a task is worth, who may take it, and how long things take: without the task."""

    referee: Address
    rounds: Rounds
    price: Amount
    floor_price: Amount
    bond: Amount
    accept_period: Period
    run_period: Period
    challenge_period: Period
    admission: Who
    gate: Address


class JobTerms(_TaskTerms):
    """All terms of a job."""

    def terms(self) -> Terms:
        """As the chain's records have them."""
        return Terms(**dict(self))

    task_root: Hash
    task_count: Count
    spec_id: Hash


class Signed(DocumentModel):
    """What all signed things have."""

    chain_id: ChainId
    signature: Signature

    @property
    def signer(self) -> str:
        """Who has signed it, it says."""
        raise NotImplementedError

    @property
    def domain(self) -> Domain:
        """For which contract on which chain."""
        raise NotImplementedError

    def encode(self) -> bytes:
        """The file's bytes."""
        return write_json(self.model_dump())


class _ForMarket(Signed):
    """What is signed for a market, in an epoch."""

    market: Address
    epoch: Epoch

    @property
    def domain(self) -> Domain:
        """The market."""
        return Domain(self.chain_id, self.market)


class SignedOrder(_ForMarket):
    """A requester's order for a job."""

    assay: Literal["order/1"]
    job: Job
    terms: JobTerms
    expiry: Time

    @property
    def signer(self) -> str:
        """The requester."""
        return self.job.requester

    @property
    def order(self) -> Order:
        """What is signed."""
        return Order(self.job, self.terms.terms(), self.expiry)

    @classmethod
    def make(cls, domain: Domain, epoch: int, order: Order, signature: bytes) -> Self:
        """The file of an order."""
        values = {"job": str(order.job_id), "terms": terms_document(order.terms), "expiry": order.expiry}
        return cls.model_validate({"assay": "order/1", **_market(domain, epoch, signature), **values})


class _Ticket(DocumentModel):
    """One task of those that tickets are for."""

    nonce: Nonce
    initial_root: Hash
    spec_id: Hash


class SignedTickets(_ForMarket):
    """A requester's tickets of one kind, under one signature."""

    assay: Literal["tickets/1"]
    requester: Address
    slot: Slot
    terms: _TaskTerms
    expiry: Time
    tickets: Annotated[list[_Ticket], Field(min_length=1, max_length=MAX_TICKETS)]

    @property
    def signer(self) -> str:
        """The requester."""
        return self.requester

    @property
    def all(self) -> tuple[Ticket, ...]:
        """What is signed, in the order of the file."""
        terms = Terms(**dict(self.terms), task_count=1, task_root=bytes(32), spec_id=bytes(32))
        kind = TicketKind(self.requester, self.slot, terms, self.expiry)
        return tuple(Ticket(kind, each.initial_root, each.spec_id, each.nonce) for each in self.tickets)

    @classmethod
    def make(cls, domain: Domain, epoch: int, tickets: tuple[Ticket, ...], signature: bytes) -> Self:
        """The file of some tickets."""
        kind = tickets[0].kind
        values = {
            "requester": kind.requester,
            "slot": kind.slot,
            "terms": _task_terms(kind.terms),
            "expiry": kind.expiry,
            "tickets": [
                {"nonce": str(each.nonce), "initial_root": each.initial_root.hex(), "spec_id": each.spec_id.hex()}
                for each in tickets
            ],
        }
        return cls.model_validate({"assay": "tickets/1", **_market(domain, epoch, signature), **values})


class SignedOffer(_ForMarket):
    """A provider's offer."""

    assay: Literal["offer/1"]
    provider: Address
    referee: Address
    rounds: Rounds
    price: Amount
    bond: Amount
    run_period: Period
    challenge_period: Period
    admission: Who
    gate: Address
    capacity: Count
    nonce: Annotated[int, BeforeValidator(_number), Field(ge=0, lt=1 << 64), _as_text]
    expiry: Time

    @property
    def signer(self) -> str:
        """The provider."""
        return self.provider

    @property
    def offer(self) -> Offer:
        """What is signed."""
        return Offer(**{name: getattr(self, name) for name in Offer.__dataclass_fields__})

    @classmethod
    def make(cls, domain: Domain, epoch: int, offer: Offer, signature: bytes) -> Self:
        """The file of an offer."""
        values = {name: getattr(offer, name) for name in Offer.__dataclass_fields__}
        texts = {name: str(values[name]) for name in ("price", "bond", "nonce")}
        who = {"admission": offer.admission.name.lower()}
        return cls.model_validate({"assay": "offer/1", **_market(domain, epoch, signature), **values, **texts, **who})


class SignedExtension(_ForMarket):
    """One party's word that the provider of a job has more time."""

    assay: Literal["extension/1"]
    job: Job
    present: Time
    deadline: Time
    party: Address

    @property
    def signer(self) -> str:
        """The requester or the provider."""
        return self.party

    @property
    def extension(self) -> Extension:
        """What is signed."""
        return Extension(self.job, self.present, self.deadline)

    @classmethod
    def make(cls, domain: Domain, epoch: int, party: str, extension: Extension, signature: bytes) -> Self:
        """The file of an extension."""
        values = {
            "job": str(extension.job_id),
            "present": extension.present,
            "deadline": extension.deadline,
            "party": party,
        }
        return cls.model_validate({"assay": "extension/1", **_market(domain, epoch, signature), **values})


class _Speed(DocumentModel):
    machine: Annotated[str, Field(min_length=1, max_length=64)]
    steps_per_second: Annotated[int, Field(ge=0, lt=1 << 64)]
    rounds: Annotated[int, Field(ge=1, le=15)]


class CapabilityRecord(Signed):
    """What a provider says of itself in the directory, and signs for it."""

    assay: Literal["capability/1"]
    directory: Address
    provider: Address
    machines: Annotated[list[_Speed], Field(min_length=1, max_length=64)]
    price_floor: Amount
    endpoint: Annotated[str, Field(max_length=2048)]
    issued_at: Time

    @property
    def signer(self) -> str:
        """The provider."""
        return self.provider

    @property
    def domain(self) -> Domain:
        """The directory."""
        return Domain(self.chain_id, self.directory)

    @property
    def capability(self) -> Capability:
        """What is signed."""
        speeds = tuple(Speed(each.machine, each.steps_per_second, each.rounds) for each in self.machines)
        return Capability(self.provider, speeds, self.price_floor, self.endpoint, self.issued_at)

    @classmethod
    def make(cls, domain: Domain, capability: Capability, signature: bytes) -> Self:
        """The record of what is signed."""
        values = {
            "provider": capability.provider,
            "machines": [
                {"machine": each.machine, "steps_per_second": each.steps_per_second, "rounds": each.rounds}
                for each in capability.machines
            ],
            "price_floor": str(capability.price_floor),
            "endpoint": capability.endpoint,
            "issued_at": capability.issued_at,
        }
        head = {"chain_id": domain.chain_id, "directory": domain.contract, "signature": signature.hex()}
        return cls.model_validate({"assay": "capability/1", **head, **values})


_KINDS: Mapping[type[Signed], str] = {
    SignedOrder: "signed order",
    SignedTickets: "file of signed tickets",
    SignedOffer: "signed offer",
    SignedExtension: "signed extension",
    CapabilityRecord: "capability record",
}
Paper = TypeVar("Paper", bound=Signed)


def read_paper(model: type[Paper], data: bytes) -> Paper:
    """The signed thing in `data`, of which nothing but its form is checked. Raises `InputError` if it is none."""
    return read_document(model, data, _KINDS[model])


def _market(domain: Domain, epoch: int, signature: bytes) -> dict[str, Any]:
    return {"chain_id": domain.chain_id, "market": domain.contract, "epoch": epoch, "signature": signature.hex()}


def _task_terms(terms: Terms) -> dict[str, Any]:
    plain = ("referee", "rounds", "accept_period", "run_period", "challenge_period", "gate")
    amounts = {name: str(getattr(terms, name)) for name in ("price", "floor_price", "bond")}
    return {**{name: getattr(terms, name) for name in plain}, **amounts, "admission": terms.admission.name.lower()}


def terms_document(terms: Terms) -> dict[str, Any]:
    """The terms of a job, as a document has them (`JobTerms`)."""
    more = {"task_root": terms.task_root.hex(), "task_count": terms.task_count, "spec_id": terms.spec_id.hex()}
    return {**_task_terms(terms), **more}

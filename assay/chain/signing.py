"""What parties sign instead of sending it (EIP-712): orders, tickets, offers and extensions, as in ISignedOrders.

The domain is the market at its address on its chain, and all that is signed holds the signer's epoch (`Account.epoch`):
so a signature counts nowhere else, and can be cancelled. A provider's capability record, which no contract reads, is
signed for the directory in the same way, without an epoch.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from eth_account import Account
from eth_account.messages import SignableMessage, encode_typed_data
from eth_account.signers.local import LocalAccount
from eth_keys.exceptions import BadSignature
from eth_utils.exceptions import ValidationError

from assay.chain.codec import Entry
from assay.chain.node import Call, Node
from assay.chain.records import ZERO_ADDRESS, Admission, JobId, Terms
from assay.errors import ChainError, InputError, IntegrityError
from assay.keccak import keccak256
from assay.machines import merkle

_DOMAIN = [("name", "string"), ("version", "string"), ("chainId", "uint256"), ("verifyingContract", "address")]
_TERMS_OF_ALL = [
    ("price", "uint96"),
    ("floorPrice", "uint96"),
    ("bond", "uint96"),
    ("acceptPeriod", "uint32"),
    ("runPeriod", "uint32"),
    ("challengePeriod", "uint32"),
    ("admission", "uint8"),
    ("gate", "address"),
]
_TYPES = {
    "Order": [
        ("requester", "address"),
        ("slot", "uint48"),
        ("generation", "uint48"),
        ("referee", "address"),
        ("taskRoot", "bytes32"),
        ("taskCount", "uint32"),
        ("rounds", "uint8"),
        *_TERMS_OF_ALL,
        ("specId", "bytes32"),
        ("expiry", "uint40"),
        ("epoch", "uint64"),
    ],
    "Ticket": [
        ("requester", "address"),
        ("slot", "uint48"),
        ("referee", "address"),
        ("rounds", "uint8"),
        *_TERMS_OF_ALL,
        ("expiry", "uint40"),
        ("epoch", "uint64"),
        ("initialRoot", "bytes32"),
        ("specId", "bytes32"),
        ("nonce", "uint256"),
    ],
    "Offer": [
        ("provider", "address"),
        ("referee", "address"),
        ("rounds", "uint8"),
        ("price", "uint96"),
        ("bond", "uint96"),
        ("runPeriod", "uint32"),
        ("challengePeriod", "uint32"),
        ("admission", "uint8"),
        ("gate", "address"),
        ("capacity", "uint32"),
        ("nonce", "uint64"),
        ("expiry", "uint40"),
        ("epoch", "uint64"),
    ],
    "Extension": [("jobId", "bytes32"), ("from", "uint40"), ("deadline", "uint40"), ("epoch", "uint64")],
    "Bulk": [("root", "bytes32")],
    "Capability": [
        ("provider", "address"),
        ("machines", "Speed[]"),
        ("priceFloor", "uint96"),
        ("endpoint", "string"),
        ("issuedAt", "uint40"),
    ],
    "Speed": [("machine", "string"), ("stepsPerSecond", "uint64"), ("rounds", "uint8")],
}
PLAIN_SIGNATURE = 65
"""Bytes of an account's own signature: r, s, v."""

_IS_VALID = Entry(
    "isValidSignature",
    ({"name": "hash", "type": "bytes32"}, {"name": "signature", "type": "bytes"}),
    ({"name": "magic", "type": "bytes4"},),
)
"""ERC-1271. It answers with its own selector."""

_INDEX = 4
"""Bytes of a leaf's place, in a signature of one of many."""


@dataclass(frozen=True)
class Domain:
    """Where signatures count."""

    chain_id: int
    contract: str

    def sign_with(self, kind: str, values: dict[str, Any]) -> SignableMessage:
        """The message to sign for a struct of this kind, by field."""
        return encode_typed_data(
            full_message={
                "domain": {
                    "name": "Assay",
                    "version": "1",
                    "chainId": self.chain_id,
                    "verifyingContract": self.contract,
                },
                "types": {
                    "EIP712Domain": [{"name": name, "type": kind} for name, kind in _DOMAIN],
                    **{part: [{"name": name, "type": type_} for name, type_ in _TYPES[part]] for part in _parts(kind)},
                },
                "primaryType": kind,
                "message": values,
            }
        )


@dataclass(frozen=True)
class Order:
    """ISignedOrders.Order: a whole job, signed by its requester for one place in its slots."""

    job_id: JobId
    terms: Terms
    expiry: int
    """The last moment to fill it, inclusive, seconds since the epoch."""

    def abi(self) -> tuple[Any, ...]:
        """As the ABI wants it."""
        return (bytes(self.job_id), self.terms.abi(), self.expiry)

    def message(self, domain: Domain, epoch: int) -> SignableMessage:
        """What its requester signs in this epoch of its account."""
        values = {
            **_terms_of_all(self.terms),
            "requester": self.job_id.requester,
            "slot": self.job_id.slot,
            "generation": self.job_id.generation,
            "taskRoot": self.terms.task_root,
            "taskCount": self.terms.task_count,
            "specId": self.terms.spec_id,
            "expiry": self.expiry,
            "epoch": epoch,
        }
        return domain.sign_with("Order", values)


@dataclass(frozen=True)
class TicketKind:
    """ISignedOrders.TicketKind: what tickets that can be taken together have in common."""

    requester: str
    slot: int
    terms: Terms
    """Those of one task; its roots do not count."""
    expiry: int

    def abi(self) -> tuple[Any, ...]:
        """As the ABI wants it."""
        terms = self.terms
        return (self.requester, self.slot, terms.deal(), terms.work(), terms.opening(), self.expiry)


@dataclass(frozen=True)
class Ticket:
    """One task of a kind, as its requester signs it."""

    kind: TicketKind
    initial_root: bytes
    spec_id: bytes
    nonce: int

    def message(self, domain: Domain, epoch: int) -> SignableMessage:
        """What its requester signs in this epoch of its account."""
        values = {
            **_terms_of_all(self.kind.terms),
            "requester": self.kind.requester,
            "slot": self.kind.slot,
            "expiry": self.kind.expiry,
            "epoch": epoch,
            "initialRoot": self.initial_root,
            "specId": self.spec_id,
            "nonce": self.nonce,
        }
        return domain.sign_with("Ticket", values)


@dataclass(frozen=True)
class Tickets:
    """ISignedOrders.Tickets: tickets of one kind that are taken as one job, in the order of their nonces."""

    tickets: tuple[Ticket, ...]
    signatures: tuple[bytes, ...]
    """Of each ticket, in the same order; or one alone, for all of them together."""
    together: bool | None = None
    """Whether it is one for all of them; None for what their number says."""

    def __post_init__(self) -> None:
        nonces = [ticket.nonce for ticket in self.tickets]
        if not nonces or nonces != sorted(set(nonces)) or len({nonce >> 8 for nonce in nonces}) > 1:
            raise InputError("tickets are taken in the order of their nonces, all out of one range of 256")
        if len({ticket.kind for ticket in self.tickets}) > 1:
            raise InputError("tickets that are taken together are of one kind")
        if len(self.signatures) not in (1, len(nonces)) or (self.together and len(self.signatures) > 1):
            raise InputError(
                f"{len(nonces)} tickets have so many signatures, or one together, not {len(self.signatures)}"
            )

    @property
    def kind(self) -> TicketKind:
        """What they have in common."""
        return self.tickets[0].kind

    @property
    def terms(self) -> Terms:
        """The terms of the job that they make."""
        one, count = self.kind.terms, len(self.tickets)
        return replace(
            one,
            price=one.price * count,
            bond=one.bond * count,
            floor_price=one.floor_price * count,
            task_count=count,
            task_root=merkle.root([ticket.initial_root for ticket in self.tickets]),
            spec_id=keccak256(b"".join(ticket.spec_id for ticket in self.tickets)),
        )

    def abi(self) -> tuple[Any, ...]:
        """As the ABI wants it."""
        mask = sum(1 << (ticket.nonce & 0xFF) for ticket in self.tickets)
        together = len(self.signatures) == 1 and (len(self.tickets) > 1 or bool(self.together))
        return (
            self.kind.abi(),
            self.tickets[0].nonce >> 8,
            mask,
            [ticket.initial_root for ticket in self.tickets],
            [ticket.spec_id for ticket in self.tickets],
            together,
            b"".join(self.signatures),
        )


@dataclass(frozen=True)
class Offer:
    """ISignedOrders.Offer: what a provider runs for whoever takes it. Price and bond are those of one task."""

    provider: str
    referee: str
    rounds: int
    price: int
    bond: int
    run_period: int
    challenge_period: int
    capacity: int
    nonce: int
    expiry: int
    admission: Admission = Admission.ANYONE
    gate: str = ZERO_ADDRESS

    def _fields(self) -> dict[str, Any]:
        return {
            "provider": self.provider,
            "referee": self.referee,
            "rounds": self.rounds,
            "price": self.price,
            "bond": self.bond,
            "runPeriod": self.run_period,
            "challengePeriod": self.challenge_period,
            "admission": int(self.admission),
            "gate": self.gate,
            "capacity": self.capacity,
            "nonce": self.nonce,
            "expiry": self.expiry,
        }

    def abi(self) -> tuple[Any, ...]:
        """As the ABI wants it."""
        return tuple(self._fields().values())

    def message(self, domain: Domain, epoch: int) -> SignableMessage:
        """What its provider signs in this epoch of its account."""
        return domain.sign_with("Offer", {**self._fields(), "epoch": epoch})


@dataclass(frozen=True)
class Extension:
    """More time for the provider of an accepted job, until `deadline` instead of `present`."""

    job_id: JobId
    present: int
    deadline: int

    def message(self, domain: Domain, epoch: int) -> SignableMessage:
        """What the other side signs in this epoch of its account."""
        values = {"jobId": bytes(self.job_id), "from": self.present, "deadline": self.deadline, "epoch": epoch}
        return domain.sign_with("Extension", values)


@dataclass(frozen=True)
class Speed:
    """How fast a provider runs a machine."""

    machine: str
    steps_per_second: int
    rounds: int
    """Tasks of at most 16^rounds steps."""


@dataclass(frozen=True)
class Capability:
    """What a provider says of itself in the directory."""

    provider: str
    machines: tuple[Speed, ...]
    price_floor: int
    """The least that a task brings, base units."""
    endpoint: str
    """Where more is to be had: a URL, or nothing."""
    issued_at: int
    """Seconds since the epoch."""

    def message(self, domain: Domain) -> SignableMessage:
        """What the provider signs, for the directory."""
        speeds = [
            {"machine": speed.machine, "stepsPerSecond": speed.steps_per_second, "rounds": speed.rounds}
            for speed in self.machines
        ]
        values = {
            "provider": self.provider,
            "machines": speeds,
            "priceFloor": self.price_floor,
            "endpoint": self.endpoint,
            "issuedAt": self.issued_at,
        }
        return domain.sign_with("Capability", values)


def sign(account: LocalAccount, message: SignableMessage) -> bytes:
    """The account's own signature."""
    return bytes(account.sign_message(message).signature)


def compact(signature: bytes) -> tuple[bytes, bytes]:
    """The words r and vs of a signature of 65 bytes (EIP-2098). Raises `InputError` for any other."""
    if len(signature) != 65 or signature[64] not in (27, 28) or signature[32] >> 7:
        raise InputError("only a key's own signature, of 65 bytes, has a compact form (EIP-2098)")
    r, s, v = signature[:32], signature[32:64], signature[64]
    return r, bytes([s[0] | (v - 27) << 7]) + s[1:]


def digest(message: SignableMessage) -> bytes:
    """The hash that is signed (EIP-712)."""
    return keccak256(b"\x19" + message.version + message.header + message.body)


def struct_hash(message: SignableMessage) -> bytes:
    """The hash of the struct in a message, without its domain: a leaf of what is signed in bulk."""
    return bytes(message.body)


def bulk_message(domain: Domain, messages: Sequence[SignableMessage]) -> SignableMessage:
    """The one message that signs for all of `messages`."""
    return _bulk(domain, merkle.root([struct_hash(message) for message in messages]))


def bulk_signature(signature: bytes, messages: Sequence[SignableMessage], index: int) -> bytes:
    """The signature of one of `messages`, from that of their `bulk_message`. At least two."""
    return part_signature(signature, [struct_hash(message) for message in messages], index, 1)


def part_signature(signature: bytes, hashes: Sequence[bytes], first: int, count: int) -> bytes:
    """The signature of `count` structs together, of all whose hashes were signed in bulk.

    Raises `ValueError` if no node of their tree is over just these (`merkle.prove_part`).
    """
    index, siblings = merkle.prove_part(hashes, first, count)
    return signature if not siblings else signature + index.to_bytes(_INDEX, "big") + b"".join(siblings)


def is_signed(node: Node, signer: str, domain: Domain, message: SignableMessage, signature: bytes) -> bool:
    """Whether the contracts take `signature` for that of `signer` over a struct (contracts/market/Signatures.sol)."""
    if len(signature) == PLAIN_SIGNATURE and _recover(message, signature) == signer:
        return True
    if _is_of_many(signature) and _recover(_above(domain, struct_hash(message), signature), signature) == signer:
        return True
    return _is_accepted(node, signer, digest(message), signature)


def are_signed(node: Node, signer: str, domain: Domain, messages: Sequence[SignableMessage], signature: bytes) -> bool:
    """Whether the contracts take `signature` for that of `signer` over these structs together."""
    root = merkle.root([struct_hash(message) for message in messages])
    if len(signature) == PLAIN_SIGNATURE and _recover(_bulk(domain, root), signature) == signer:
        return True
    if _is_of_many(signature) and _recover(_above(domain, root, signature), signature) == signer:
        return True
    return _is_accepted(node, signer, digest(_bulk(domain, root)), signature)


def _bulk(domain: Domain, root: bytes) -> SignableMessage:
    return domain.sign_with("Bulk", {"root": root})


def _is_of_many(signature: bytes) -> bool:
    rest = len(signature) - PLAIN_SIGNATURE - _INDEX
    return rest > 0 and rest % 32 == 0


def _above(domain: Domain, node: bytes, signature: bytes) -> SignableMessage:
    """What was signed for all structs in a tree, of one node of it, and a signature with its place."""
    rest = signature[PLAIN_SIGNATURE:]
    index, siblings = int.from_bytes(rest[:_INDEX], "big"), rest[_INDEX:]
    return _bulk(domain, merkle.climb(node, index, [siblings[at : at + 32] for at in range(0, len(siblings), 32)]))


def _recover(message: SignableMessage, signature: bytes) -> str | None:
    try:
        return str(Account.recover_message(message, signature=signature[:PLAIN_SIGNATURE]))
    except (ValueError, BadSignature, ValidationError):  # what no key can have signed
        return None


def _is_accepted(node: Node, signer: str, signed: bytes, signature: bytes) -> bool:
    """Whether the contract at `signer`, if there is one, accepts it (ERC-1271)."""
    if not node.code(signer):
        return False
    try:
        answer = node.call(Call(signer, _IS_VALID.encode_call((signed, signature)), "check a signature"))
        return bool(_IS_VALID.decode_result(answer)[0] == _IS_VALID.signature_hash[:4])
    except (ChainError, IntegrityError):
        return False


def _parts(kind: str) -> list[str]:
    """A struct, and those that its fields are made of."""
    parts = [kind]
    for part in parts:
        types = (type_.removesuffix("[]") for _, type_ in _TYPES[part])
        parts += [type_ for type_ in types if type_ in _TYPES and type_ not in parts]
    return parts


def _terms_of_all(terms: Terms) -> dict[str, Any]:
    return {
        "referee": terms.referee,
        "rounds": terms.rounds,
        "price": terms.price,
        "floorPrice": terms.floor_price,
        "bond": terms.bond,
        "acceptPeriod": terms.accept_period,
        "runPeriod": terms.run_period,
        "challengePeriod": terms.challenge_period,
        "admission": int(terms.admission),
        "gate": terms.gate,
    }

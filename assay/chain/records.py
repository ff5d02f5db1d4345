"""The structs of the contracts' interfaces as frozen dataclasses (those of a dispute's play are in `assay.dispute`).

Each has `abi()`, the tuple that the ABI wants, and `from_abi()` for what comes back. Addresses are checksummed text,
hashes and roots 32 bytes, amounts base units, times seconds since the epoch, periods seconds.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import lru_cache
from typing import Any, Self

from eth_abi.abi import encode
from eth_utils.address import to_checksum_address

from assay.dispute.game import ARITY, Side
from assay.errors import InputError, IntegrityError
from assay.keccak import keccak256

ZERO_ADDRESS = "0x" + 40 * "0"
ZERO_HASH = bytes(32)
_CONDITIONAL, _HIRED = 1, 2
"""Flags of a job's stage (contracts/market/libraries/Stages.sol)."""


def words(member: IntEnum) -> str:
    """A member of an enumeration in words: `missed deadline`."""
    return member.name.lower().replace("_", " ")


class Status(IntEnum):
    """IJobMarket.Status: where a job that has not ended is."""

    OPEN = 0
    ACCEPTED = 1
    CLAIMED = 2


class End(IntEnum):
    """IJobMarket.End: how a job ended."""

    FINALIZED = 0
    CANCELLED = 1
    EXPIRED = 2
    DECLINED = 3
    MISSED_DEADLINE = 4
    SLASHED_BY_STEP = 5
    SLASHED_BY_TIMEOUT = 6


class Verdict(IntEnum):
    """IJobMarket.Verdict: how a challenge ended for whoever made it."""

    WON = 0
    LOST = 1
    MOOT = 2


class Admission(IntEnum):
    """IJobMarket.Admission: who may accept a job, or take an offer."""

    ANYONE = 0
    ONLY = 1
    """Only the account that the gate is."""
    LISTED = 2
    """Whom the contract that the gate is admits."""


class Ending(IntEnum):
    """IDisputeGame.Ending: how a dispute was decided."""

    STEP = 0
    TIMEOUT = 1


def parse_address(text: str) -> str:
    """Checksummed form of an address. Raises `InputError` if it is none, or its checksum is wrong."""
    if not re.fullmatch("0x[0-9a-fA-F]{40}", text):
        raise InputError(f"{text!r} is no address: one is 0x and 40 hexadecimal digits")
    address = str(to_checksum_address(text))
    if text not in (address, text.lower(), "0x" + text[2:].upper()):
        raise InputError(f"the checksum of address {text} is wrong (ERC-55): look for a typing error")
    return address


_JOB_TEXT = re.compile(r"([0-9]{1,15})\.([0-9]{1,15})@(0x[0-9a-fA-F]{40})")


@dataclass(frozen=True, order=True)
class JobId:
    """Which job of which slot of which requester. On chain: requester (160 bits) | slot (48) | generation (48)."""

    requester: str
    slot: int
    generation: int

    @classmethod
    def from_bytes(cls, raw: bytes) -> Self:
        """Of the 32 bytes on chain."""
        requester, slot, generation = raw[:20], raw[20:26], raw[26:32]
        return cls(str(to_checksum_address(requester)), int.from_bytes(slot, "big"), int.from_bytes(generation, "big"))

    @staticmethod
    def parse(text: str) -> "JobId":
        """Of its text, `slot.generation@requester`, or of the 32 bytes in hexadecimal. Raises `InputError`."""
        return _parse_job(text)

    def __bytes__(self) -> bytes:
        return bytes.fromhex(self.requester[2:]) + self.slot.to_bytes(6, "big") + self.generation.to_bytes(6, "big")

    def __str__(self) -> str:
        return f"{self.slot}.{self.generation}@{self.requester}"


@lru_cache(maxsize=1 << 14)  # an agent looks at the same jobs again and again, and a checksum is a hash
def _parse_job(text: str) -> JobId:
    if match := _JOB_TEXT.fullmatch(text):
        slot, generation, requester = match.groups()
        if max(int(slot), int(generation)) >= 2**48:
            raise InputError(f"{text!r} is no job: slot and generation are below 2^48")
        return JobId(parse_address(requester), int(slot), int(generation))
    if re.fullmatch(r"0x[0-9a-fA-F]{64}", text):
        return JobId.from_bytes(bytes.fromhex(text[2:]))
    raise InputError(f"{text!r} is no job: a job is written slot.generation@requester, like 0.1@0x52c0...")


@dataclass(frozen=True)
class Terms:
    """IJobMarket.Terms: what the requester fixes when it posts or signs a job. Packed into five words on chain."""

    referee: str
    task_root: bytes
    task_count: int
    rounds: int
    price: int
    """For all tasks together; the ceiling, if `floor_price` is not 0."""
    bond: int
    accept_period: int
    run_period: int
    challenge_period: int
    spec_id: bytes
    floor_price: int = 0
    """Where a rising price starts; 0 for a fixed one."""
    admission: Admission = Admission.ANYONE
    gate: str = ZERO_ADDRESS

    ABI = "(bytes32,bytes32,uint256,bytes32,bytes32)"

    @property
    def step_limit(self) -> int:
        """Steps for which a task is run at most."""
        return int(ARITY**self.rounds)

    @property
    def is_plain(self) -> bool:
        """Whether the price is fixed and anyone can accept: then `accept` needs no terms."""
        return self.floor_price == 0 and self.admission == Admission.ANYONE

    def price_at(self, when: int, end: int) -> int:
        """The price at a time, of a job whose price reaches its ceiling at `end`; both seconds since the epoch."""
        if self.floor_price == 0:
            return self.price
        elapsed = min(max(when - end + self.accept_period, 0), self.accept_period)
        return self.floor_price + (self.price - self.floor_price) * elapsed // self.accept_period

    def deal(self) -> bytes:
        """The word `Deal`."""
        return _pack((self.price, 96), (self.bond, 96), (self.run_period, 32), (self.challenge_period, 32))

    def work(self) -> bytes:
        """The word `Work`."""
        how = ((self.admission, 24), (self.rounds, 8), (self.accept_period, 32), (self.task_count, 32))
        return _pack(*how, (int(self.referee, 16), 160))

    def opening(self) -> int:
        """The word `Opening`."""
        return int.from_bytes(_pack((self.floor_price, 96), (int(self.gate, 16), 160)), "big")

    def abi(self) -> tuple[Any, ...]:
        """As the ABI wants it."""
        return (self.deal(), self.work(), self.opening(), self.task_root, self.spec_id)

    def hash(self) -> bytes:
        """keccak-256 of the ABI encoding."""
        return keccak256(encode([self.ABI], [self.abi()]))

    @classmethod
    def from_abi(cls, values: Sequence[Any]) -> Self:
        """Of a decoded tuple. Raises `IntegrityError` for words that no terms are packed into."""
        deal, work, opening, task_root, spec_id = values
        price, bond, run_period, challenge_period = _unpack(deal, 96, 96, 32, 32)
        admission, rounds, accept_period, task_count, referee = _unpack(work, 24, 8, 32, 32, 160)
        floor_price, gate = _unpack(opening.to_bytes(32, "big"), 96, 160)
        if admission not in list(Admission):
            raise IntegrityError(f"the terms have an unknown kind of admission, {admission}")
        return cls(
            referee=_address(referee),
            task_root=task_root,
            task_count=task_count,
            rounds=rounds,
            price=price,
            bond=bond,
            accept_period=accept_period,
            run_period=run_period,
            challenge_period=challenge_period,
            spec_id=spec_id,
            floor_price=floor_price,
            admission=Admission(admission),
            gate=_address(gate),
        )


@dataclass(frozen=True)
class Job:
    """A job that has not ended. What the market stores is the hash of its record, which `abi` and `encode` give."""

    requester: str
    slot: int
    generation: int
    terms: Terms
    status: Status
    deadline: int
    """Open: last moment to accept. Accepted: last moment to claim. Claimed: last moment to challenge. Inclusive."""
    provider: str = ZERO_ADDRESS
    claim_root: bytes = ZERO_HASH
    agreed_price: int | None = None
    """What a rising price had risen to when the job was accepted."""
    hired: bool = False
    """Whether the provider was hired by its signed offer, and may decline."""

    ABI = "(bytes32,bytes32,bytes32,bytes32)"

    @classmethod
    def posted(cls, job_id: JobId, terms: Terms, deadline: int) -> Self:
        """The record after `post`."""
        return cls(job_id.requester, job_id.slot, job_id.generation, terms, Status.OPEN, deadline)

    def priced(self, price: int) -> Self:
        """The record with the price that was agreed."""
        return replace(self, agreed_price=None if price == self.terms.price else price)

    def accepted(self, provider: str, deadline: int, hired: bool = False) -> Self:
        """The record after `accept`, or after the provider was hired by its offer."""
        return replace(self, status=Status.ACCEPTED, provider=provider, deadline=deadline, hired=hired)

    def extended(self, deadline: int) -> Self:
        """The record after `extend`."""
        return replace(self, deadline=deadline)

    def claimed(self, provider: str, claim_root: bytes, deadline: int) -> Self:
        """The record after a claim: of `provider`, which may have accepted the job with the same call."""
        return replace(self, status=Status.CLAIMED, provider=provider, claim_root=claim_root, deadline=deadline)

    @property
    def job_id(self) -> JobId:
        """Which job this is the record of."""
        return JobId(self.requester, self.slot, self.generation)

    @property
    def price(self) -> int:
        """What is in escrow for it."""
        return self.terms.price if self.agreed_price is None else self.agreed_price

    def abi(self) -> tuple[Any, ...]:
        """The record, IJobMarket.Job, as the ABI wants it: id, deal, stage, commitment."""
        flags = (0 if self.terms.is_plain else _CONDITIONAL) | (_HIRED if self.hired else 0)
        provider = int(self.provider, 16)
        stage = _pack((flags, 16), (self.terms.task_count, 32), (self.status, 8), (self.deadline, 40), (provider, 160))
        commitment = self.terms.hash()
        if self.status == Status.CLAIMED:
            commitment = keccak256(commitment + self.claim_root)
        return (bytes(self.job_id), replace(self.terms, price=self.price).deal(), stage, commitment)

    def encode(self) -> bytes:
        """The ABI encoding: also the `context` that ends a dispute about this job."""
        return encode([self.ABI], [self.abi()])

    def record_hash(self) -> bytes:
        """keccak-256 of the ABI encoding."""
        return keccak256(self.encode())


@dataclass(frozen=True)
class Stage:
    """The word `Stage`: how far a job is."""

    task_count: int
    status: Status
    deadline: int
    provider: str
    hired: bool
    """Whether the provider was hired by its signed offer, and may decline."""

    @classmethod
    def from_bytes(cls, word: bytes) -> Self:
        """Of the 32 bytes on chain. Raises `ValueError` for a status that there is not."""
        flags, task_count, status, deadline, provider = _unpack(word, 16, 32, 8, 40, 160)
        return cls(task_count, Status(status), deadline, _address(provider), bool(flags & _HIRED))


@dataclass(frozen=True)
class TaskProof:
    """IJobMarket.TaskProof: where one task begins, and where the claim says that it ends."""

    task: int
    initial_root: bytes
    initial_siblings: tuple[bytes, ...]
    final_root: bytes
    final_siblings: tuple[bytes, ...]

    def abi(self) -> tuple[Any, ...]:
        """As the ABI wants it."""
        return (self.task, self.initial_root, self.initial_siblings, self.final_root, self.final_siblings)


@dataclass(frozen=True)
class Output:
    """ICourier.Output: what is delivered of a run."""

    status: int
    exit_status: int
    stdout: bytes

    def abi(self) -> tuple[Any, ...]:
        """As the ABI wants it."""
        return (self.status, self.exit_status, self.stdout)


@dataclass(frozen=True)
class OutputProof:
    """ICourier.OutputProof: that a run whose final state is under a claim has left an output."""

    task: int
    stderr_length: int
    stderr_node: bytes
    kernel_node: bytes
    input_node: bytes
    program_node: bytes
    registers: bytes
    """The final state's encoding behind its memory root."""
    siblings: tuple[bytes, ...]

    def abi(self) -> tuple[Any, ...]:
        """As the ABI wants it."""
        nodes = (self.stderr_node, self.kernel_node, self.input_node, self.program_node)
        return (self.task, self.stderr_length, *nodes, self.registers, self.siblings)


@dataclass(frozen=True)
class Parameters:
    """IJobMarket.Parameters: fixed when the market was deployed."""

    token: str
    game: str
    challenger_bond: int
    minimum_bond: int
    burn_share: int
    """Of a slashed bond, in 1/10,000."""
    minimum_challenge_period: int
    fee_share: int
    """Of a finalized job's price, in 1/10,000, rounded down."""
    fee_recipient: str

    @classmethod
    def from_abi(cls, values: Sequence[Any]) -> Self:
        """Of a decoded tuple."""
        token, game, *numbers, recipient = values
        addresses = [str(to_checksum_address(address)) for address in (token, game, recipient)]
        bond, minimum, burn, period, fee = numbers
        return cls(addresses[0], addresses[1], bond, minimum, burn, period, fee, addresses[2])


@dataclass(frozen=True)
class Account:
    """ILedger.Account: what one party has in the market, beside its money in bonds and escrows."""

    free: int
    stake: int
    epoch: int = 0
    """Part of all that the account signs: raising it cancels what was not used."""


@dataclass(frozen=True)
class DisputeTerms:
    """IDisputeGame.Terms: the fixed terms of one dispute."""

    market: str
    claim: bytes
    task: int
    referee: str
    rounds: int
    challenger: str
    defender: str
    initial_root: bytes
    claimed_root: bytes

    ABI = "(address,bytes32,uint32,address,uint8,address,address,bytes32,bytes32)"

    @property
    def job_id(self) -> JobId:
        """The job whose claim is disputed."""
        return JobId.from_bytes(self.claim)

    @property
    def dispute_id(self) -> bytes:
        """keccak-256 of the ABI encoding: what the game calls this dispute."""
        return keccak256(encode([self.ABI], [self.abi()]))

    def party(self, side: Side) -> str:
        """The address that plays `side`."""
        return self.challenger if side == Side.CHALLENGER else self.defender

    def abi(self) -> tuple[Any, ...]:
        """As the ABI wants it."""
        return (
            self.market,
            self.claim,
            self.task,
            self.referee,
            self.rounds,
            self.challenger,
            self.defender,
            self.initial_root,
            self.claimed_root,
        )

    @classmethod
    def from_abi(cls, values: Sequence[Any]) -> Self:
        """Of a decoded tuple."""
        market, claim, task, referee, rounds, challenger, defender, initial_root, claimed_root = values
        return cls(
            to_checksum_address(market),
            claim,
            task,
            to_checksum_address(referee),
            rounds,
            to_checksum_address(challenger),
            to_checksum_address(defender),
            initial_root,
            claimed_root,
        )


@dataclass(frozen=True)
class DisputeState:
    """IDisputeGame.State: what the game stores of a dispute."""

    challenger: str
    deadline: int
    """Until when the side to move can answer, inclusive."""
    waiting_bank: int
    """What is left of the other side's time bank, seconds."""
    to_move: Side
    remaining: int
    """Lists still to be posted: 0 when the last list has stride 1."""
    running: bool
    defender: str
    commitment: bytes

    @classmethod
    def from_abi(cls, values: Sequence[Any]) -> Self:
        """Of a decoded tuple."""
        challenger, deadline, bank, to_move, remaining, running, defender, commitment = values
        challenger, defender = to_checksum_address(challenger), to_checksum_address(defender)
        return cls(challenger, deadline, bank, Side(to_move), remaining, running, defender, commitment)


def _pack(*fields: tuple[int, int]) -> bytes:
    """One word of (value, bits), the first one highest. Raises `OverflowError` if a value has more bits."""
    word = 0
    for value, bits in fields:
        if not 0 <= value < 1 << bits:
            raise OverflowError(f"{value} does not fit into {bits} bits")
        word = word << bits | value
    return word.to_bytes(32, "big")


def _unpack(word: bytes, *sizes: int) -> list[int]:
    """The fields of one word, of so many bits, the first one highest."""
    number, fields = int.from_bytes(word, "big"), []
    for size in reversed(sizes):
        fields.append(number & ((1 << size) - 1))
        number >>= size
    return fields[::-1]


def _address(number: int) -> str:
    return str(to_checksum_address(number.to_bytes(20, "big")))

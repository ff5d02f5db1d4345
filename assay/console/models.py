"""What the API answers, and takes.

Amounts are tokens in decimal text, times seconds since the epoch, hashes 0x and digits.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Amount = Annotated[str, StringConstraints(pattern=r"^-?[0-9]+(\.[0-9]+)?$", max_length=60)]
"""Tokens."""
Address = Annotated[str, StringConstraints(pattern="^0x[0-9a-fA-F]{40}$")]
JobText = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,15}\.[0-9]{1,15}@0x[0-9a-fA-F]{40}$")]
"""slot.generation@requester"""
Hash = Annotated[str, StringConstraints(pattern="^0x[0-9a-f]{64}$")]
Hex = Annotated[str, StringConstraints(pattern="^0x([0-9a-f]{2})*$")]
Time = int

MAX_PAGE = 200
"""Things in one answer."""


class Answer(BaseModel):
    """Frozen, like all data here."""

    model_config = ConfigDict(frozen=True)


class Problem(Answer):
    """What went wrong, in a word for programs and in a sentence for people."""

    code: Literal["invalid", "not_found", "forbidden", "too_large", "refused", "unavailable", "integrity", "busy"]
    message: str


class Fault(Answer):
    """The body of every answer that is no success."""

    error: Problem


class Contracts(Answer):
    """Where a market is."""

    market: Address
    game: Address
    token: Address
    directory: Address
    referees: dict[str, Address]


class Rules(Answer):
    """What was fixed when the market was deployed."""

    challenger_bond: Amount
    minimum_bond: Amount
    burn_share: int = Field(description="of a slashed bond, in 1/10,000")
    minimum_challenge_period: int = Field(description="seconds")
    fee_share: int = Field(description="of a finalized job's price, in 1/10,000")
    allowance: int = Field(description="each side's time bank in a dispute, seconds")
    minimum_reply: int = Field(description="the least time for a turn, seconds")


class Place(Answer):
    """How far the index is."""

    block: int
    hash: Hash
    time: Time
    revision: int
    following: str | None = Field(description="why the index does not go on, if it does not")


class Market(Answer):
    """A market at a glance."""

    chain_id: int
    symbol: str
    contracts: Contracts
    rules: Rules
    position: Place
    jobs: dict[str, int] = Field(description="by status")
    disputes: dict[str, int] = Field(description="by status")
    providers: int
    held: Amount | None = Field(description="all tokens that the market holds, if the node says it now")
    staked: Amount
    free: Amount
    at_risk: Amount = Field(description="bonds of jobs that are accepted or claimed")
    paid: Amount = Field(description="to providers, ever")
    burned: Amount


class Period(Answer):
    """A stretch of time."""

    start: Time
    posted: int
    accepted: int
    claimed: int
    ended: int
    challenged: int
    mean_price: Amount | None = Field(description="of the jobs that were posted, rounded down; none without jobs")
    paid: Amount
    staked: Amount = Field(description="at its end")


class History(Answer):
    """A market over time, the oldest period first."""

    period: int = Field(description="seconds")
    periods: list[Period]


class JobSummary(Answer):
    """Where a job stands."""

    job: JobText
    status: str
    requester: Address
    provider: Address | None
    machine: str | None
    price: Amount
    bond: Amount
    task_count: int
    step_limit: str = Field(description="of a task; a number in text, since it may be larger than JavaScript's")
    deadline: Time | None = Field(description="of what has to happen next; none of a job that has ended")
    challenges: int
    posted_at: Time
    changed_at: Time
    ended_at: Time | None


class Jobs(Answer):
    """A page of jobs, the newest first."""

    jobs: list[JobSummary]
    next: str | None = Field(description="give it as `before` for the page that follows")


class Event(Answer):
    """Something that happened on the chain."""

    time: Time
    block: int
    log_index: int
    transaction: Hash
    event: str
    stage: str
    text: str
    arguments: dict[str, Any]


class DisputeSummary(Answer):
    """Where a dispute stands."""

    dispute: Hash
    job: JobText
    task: int
    challenger: Address
    defender: Address
    status: str
    rounds: int
    turns: int
    opened_at: Time
    changed_at: Time


class Disputes(Answer):
    """A page of disputes, the newest first."""

    disputes: list[DisputeSummary]
    next: str | None


class Job(JobSummary):
    """A job, with all that happened to it and in its disputes."""

    id: Hash
    referee: Address
    floor_price: Amount
    accept_period: int
    run_period: int
    challenge_period: int
    admission: str
    specs: list[str] = Field(description="content ids of the documents that say what is run")
    result: str | None = Field(description="content id of the result document")
    claim_root: Hash | None
    earned: Amount
    refunded: Amount
    fee: Amount
    slashed: Amount | None
    burned: Amount | None
    disputes: list[DisputeSummary]
    events: list[Event]


class Stream(Answer):
    """What a task wrote."""

    kind: Literal["text", "picture", "binary", "empty"]
    size: int
    text: str | None = Field(description="its beginning, of a text")
    truncated: bool


class Output(Answer):
    """What a task of a claimed job left behind, proved to belong to the claim."""

    job: JobText
    task: int
    final_root: Hash
    standing: Literal["final", "open", "wrong"] = Field(
        description="final: the claim stood; open: it can be challenged; wrong: it was slashed"
    )
    status: str
    exit_status: int
    stdout: Stream
    stderr: Stream


class Turn(Answer):
    """One list of state roots of a dispute."""

    turn: int = Field(description="0 is the challenger's opening")
    side: Literal["challenger", "defender"]
    party: Address
    disputed: int | None = Field(description="place of the root in the list before that this turn disputes, 0 to 15")
    start: str = Field(description="the step that the list starts from: both agree about the state after so many")
    stride: str = Field(description="steps between two of its roots")
    agreed: Hash
    roots: list[Hash]
    time: Time
    block: int
    transaction: Hash


class StepTaken(Answer):
    """The step that the referee executed."""

    step: str
    index: int = Field(description="place of its root in the last list, 0 to 15")
    prestate: Hash
    poststate: Hash
    claimed: Hash = Field(description="what the last list says instead, or as well")
    time: Time
    transaction: Hash


class Dispute(DisputeSummary):
    """A dispute with every turn."""

    machine: str | None
    referee: Address
    initial_root: Hash
    claimed_root: Hash
    step_limit: str
    to_move: Literal["challenger", "defender"] | None
    deadline: Time | None = Field(description="until when the side to move can answer, as the chain says now")
    winner: Literal["challenger", "defender"] | None
    ending: Literal["step", "timeout"] | None
    bond: Amount
    list: list[Turn]
    step: StepTaken | None


class Register(Answer):
    """A number of the machine's state."""

    name: str
    before: Hex
    after: Hex


class Memory(Answer):
    """32 bytes of memory that the step touched."""

    address: Hex
    role: Literal["instruction", "data"]
    before: Hex
    after: Hex


class Step(Answer):
    """The disputed step, computed here from the job's files, and compared with what the referee found."""

    step: str
    machine: str
    witness_bytes: int
    agrees: bool = Field(description="whether the states before and after are those of the chain")
    prestate: Hash
    poststate: Hash
    pc: Hex | None = Field(description="of programs; so are the fields that follow")
    instruction: str | None
    registers: list[Register]
    memory: list[Memory]


class Provider(Answer):
    """A provider's record."""

    provider: Address
    accepted: int = Field(description="jobs, whatever became of them")
    running: int
    finalized: int
    slashed: int
    missed: int = Field(description="deadlines")
    declined: int
    earned: Amount
    lost: Amount = Field(description="of bonds")
    at_risk: Amount
    free: Amount
    stake: Amount


class Providers(Answer):
    """A page of providers, by address."""

    providers: list[Provider]
    next: str | None = Field(description="give it as `after` for the page that follows")


class ProviderPage(Provider):
    """A provider's record, and whether it is listed in the directory."""

    listed: bool
    listing_stake: Amount
    leaves_at: Time | None


class Money(Answer):
    """What an event did to an account."""

    time: Time
    block: int
    transaction: Hash
    event: str
    job: JobText | None
    free: Amount
    stake: Amount


class AccountSummary(Answer):
    """What an account has in the market."""

    account: Address
    free: Amount
    stake: Amount
    epoch: int
    checked_block: int | None = Field(description="when the chain was asked for it last")
    agrees: bool = Field(description="whether the events come to what the chain says")


class Accounts(Answer):
    """A page of accounts, by address."""

    accounts: list[AccountSummary]
    next: str | None


class Account(AccountSummary):
    """An account, with what it holds outside the market and what happened last."""

    outside: Amount
    coins: str = Field(description="wei, for gas")
    changes: list[Money]


class Call(Answer):
    """A transaction to be signed by a wallet."""

    to: Address
    data: Hex
    purpose: str


class Calls(Answer):
    """Transactions, to be sent one after the other."""

    chain_id: int
    account: Address
    calls: list[Call]
    job: JobText | None = Field(description="the job that they post, if nobody uses its slot in between")


class Wanted(BaseModel):
    """What is asked for. Unknown fields are refused: they would be misunderstandings."""

    model_config = ConfigDict(extra="forbid")


class Withdrawal(Wanted):
    """Take free tokens out of the market."""

    account: Address
    amount: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,30}(\.[0-9]{1,18})?$")]


class Posting(Wanted):
    """One run of a program, as a job. Blobs go into the store before anything is signed."""

    account: Address
    name: Annotated[str, StringConstraints(min_length=1, max_length=255)] = Field(description="of the program")
    program: str = Field(description="an ELF file, in base64")
    arguments: Annotated[list[Annotated[str, StringConstraints(max_length=4096)]], Field(max_length=256)] = []
    stdin: str = Field(default="", description="in base64")
    price: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,30}(\.[0-9]{1,18})?$")]
    bond: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,30}(\.[0-9]{1,18})?$")] | None = None
    accept_period: int = Field(default=3600, ge=1, le=2_592_000)
    run_period: int = Field(default=600, ge=1, le=2_592_000)
    challenge_period: int | None = Field(default=None, ge=1, le=2_592_000)
    step_limit: int = Field(default=16**8, ge=1, le=16**15)


class Changes(Answer):
    """What is sent on the stream of live updates."""

    revision: int
    block: int
    time: Time
    reset: bool = Field(description="something was taken back: ask for everything anew")
    jobs: list[JobText]
    disputes: list[Hash]
    accounts: list[Address]

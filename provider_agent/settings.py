"""The agent's settings: one TOML file, checked as a whole before anything starts, and handed down as one object."""

import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, ValidationInfo, model_validator

from assay.amounts import MAX_AMOUNT, format_tokens, parse_tokens
from assay.chain.records import parse_address
from assay.errors import InputError
from assay.store.base import MAX_BLOB
from assay.validation import explain
from provider_agent.confinement import Limits
from provider_agent.database import is_url


def _tokens(value: Any) -> int:
    if not isinstance(value, str):
        raise ValueError('has to be an amount of tokens, in quotes: "2.5"')
    try:
        return parse_tokens(value)
    except InputError as fault:
        raise ValueError(str(fault)) from fault


def _token_price(value: Any) -> Fraction:
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{1,18}(\.[0-9]{1,18})?", value) or not Fraction(value):
        raise ValueError('has to be a number above 0, in quotes: "0.0005"')
    return Fraction(value)


def _urls(value: Any) -> Any:
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list) or not values or not all(isinstance(each, str) for each in values):
        raise ValueError("has to be a URL in quotes, or a list of such")
    return tuple(values)


def _address(value: Any) -> str:
    try:
        return parse_address(str(value))
    except InputError as fault:
        raise ValueError(str(fault)) from fault


def _path(value: Any, info: ValidationInfo) -> Path:
    if not isinstance(value, str) or not value:
        raise ValueError("has to be a path, in quotes")
    folder: Path = (info.context or {}).get("folder", Path())
    return folder / Path(value).expanduser()


def _location(value: Any, info: ValidationInfo) -> str:
    return value if isinstance(value, str) and "://" in value else str(_path(value, info))


Tokens = Annotated[int, BeforeValidator(_tokens)]
"""Base units; in the file, decimal tokens in quotes."""

FilePath = Annotated[Path, BeforeValidator(_path)]
"""Relative to the folder of the settings file."""

Location = Annotated[str, BeforeValidator(_location)]
"""A URL, or a path relative to the folder of the settings file."""

NodeUrls = Annotated[tuple[str, ...], BeforeValidator(_urls)]
Address = Annotated[str, BeforeValidator(_address)]

TokenPrice = Annotated[Fraction, BeforeValidator(_token_price)]
"""In the file, a decimal number in quotes."""

Gwei = Annotated[float, Field(gt=0, le=10**6)]
Seconds = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]
Confirmations = Annotated[int, Field(ge=0, le=256)]
Share = Annotated[float, Field(ge=0, le=1)]
Rounds = Annotated[int, Field(ge=1, le=15)]

_MACHINES = ["riscv", "tensor", "counter"]
_WEEK = 7 * 24 * 3600
_MAXIMUM_BYTES = 256 * 2**20
_LIMITS = Limits()
_KEPT_RUNS = 16


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class ChainSettings(_Section):
    """Which market, and through which node."""

    rpc: NodeUrls = Field(
        description="URL of the node's JSON-RPC interface; or a list of them, the preferred one first"
    )
    deployment: FilePath = Field(description="the market's deployment file: `assay devnet`, `brownie run deploy`")
    confirmations: Confirmations = Field(default=2, description="blocks on top of one before it is acted on")
    stall: Seconds = Field(
        default=60.0, description="without a new block, before another node of the list is tried, seconds"
    )


class WalletSettings(_Section):
    """Whose stake, and who signs. No other program may sign with this key while the agent runs."""

    keystore: FilePath | None = Field(default=None, description="the encrypted key, as `assay wallet new` wrote it")
    password_file: FilePath | None = Field(
        default=None, description="file with its password; without one, ASSAY_PASSWORD_FILE or ASSAY_PASSWORD"
    )
    environment: str | None = Field(
        default=None, description="instead of a keystore: the environment variable that has the key"
    )
    signer: str | None = Field(default=None, description="instead of a keystore: URL of clef, or of a signer like it")
    account: Address | None = Field(default=None, description="the signer's account, or a dry run's")

    @model_validator(mode="after")
    def _has_one_key(self) -> Self:
        keys = {"keystore": self.keystore, "environment": self.environment, "signer": self.signer}
        if len(named := [name for name, value in keys.items() if value is not None]) > 1:
            raise ValueError(f"{named[0]} and {named[1]} are both set, and one key signs")
        if not named and self.account is None:
            raise ValueError("one of keystore, environment and signer has to be set, or account for dry runs")
        if self.signer is not None and self.account is None:
            raise ValueError("account has to be set: a signer may have several")
        return self


class StoreSettings(_Section):
    """Where specs, inputs and outputs are."""

    location: Location = Field(description="URL of the store (docs/documents.md), or a folder's path")
    cache: FilePath | None = Field(
        default=None, description="folder that keeps what the agent's jobs need; beside the journal's file, without one"
    )
    keep_days: Count | None = Field(
        default=None, description="days after a job's end that its outputs are kept; for ever, without a number"
    )


class ProviderSettings(_Section):
    """Which jobs the provider takes."""

    machines: list[str] = Field(default=_MACHINES, description="the machines whose jobs are taken")
    referees: list[Address] = Field(
        default=[], description="the referees whose jobs are taken; all of the deployment, without any"
    )
    minimum_price: Tokens = Field(default=0, description="the least price of a job, tokens")
    price_per_gigastep: Tokens = Field(
        default=0, description="the least price for each 10^9 steps that a job may take, tokens"
    )
    price_per_mebibyte: Tokens = Field(
        default=0, description="the least price for each MiB of its documents, program and inputs, tokens"
    )
    maximum_bond: Tokens = Field(default=MAX_AMOUNT, description="the most to put at risk in one job, tokens")
    maximum_jobs: Count = Field(default=4, description="jobs taken and not claimed yet, at once")
    maximum_tasks: Count = Field(default=1024, description="tasks in one job")
    maximum_rounds: Rounds = Field(default=8, description="a task may take 16 to the power of this many steps")
    maximum_bytes: Count = Field(default=_MAXIMUM_BYTES, description="documents, program and inputs of a job, bytes")
    minimum_run_period: Count = Field(default=60, description="the least time from acceptance to claim, seconds")
    maximum_challenge_period: Count = Field(default=_WEEK, description="the longest challenge period, seconds")
    allow: list[Address] = Field(default=[], description="the requesters whose jobs are taken; all, without any")
    deny: list[Address] = Field(default=[], description="the requesters whose jobs are not taken")
    hook: FilePath | None = Field(default=None, description="program that is asked about each job to take")


class VerifierSettings(_Section):
    """Which claims the verifier recomputes."""

    machines: list[str] = Field(default=_MACHINES, description="the machines whose claims are recomputed")
    referees: list[Address] = Field(
        default=[], description="the referees whose jobs' claims are recomputed; all of the deployment, without any"
    )
    share: Share = Field(default=1.0, description="the share of claims that is recomputed, drawn by lot: 0 to 1")
    always_from: Tokens = Field(
        default=MAX_AMOUNT, description="claims of jobs that pay this or more are recomputed whatever the lot, tokens"
    )
    maximum_tasks: Count = Field(default=1024, description="tasks in one job")
    maximum_rounds: Rounds = Field(default=8, description="a task may take 16 to the power of this many steps")
    maximum_bytes: Count = Field(default=_MAXIMUM_BYTES, description="documents, program and inputs of a job, bytes")
    hook: FilePath | None = Field(default=None, description="program that is asked about each claim to recompute")


class ExecutionSettings(_Section):
    """How jobs are run, in both roles."""

    engine: Literal["native", "reference"] = Field(
        default="native", description="what runs programs: `native` code, or the `reference`, far slower"
    )
    maximum_memory: Count = Field(default=2**32, description="what a task may write to beyond its inputs, bytes")
    worker_memory: Count = Field(
        default=_LIMITS.memory, description="memory of the process that runs a job: one with more is stopped, bytes"
    )
    maximum_output: Count = Field(
        default=MAX_BLOB, description="what the tasks of a job may leave behind, all together, bytes"
    )
    check_time: Seconds = Field(
        default=_LIMITS.check_time, description="to read a job's documents before it is taken, seconds"
    )
    run_time: Seconds = Field(
        default=_LIMITS.run_time, description="to run a job, or to recompute a claim, seconds; disputes have no limit"
    )
    kept_runs: Annotated[int, Field(ge=0)] = Field(
        default=_KEPT_RUNS,
        description="idle processes that stay for the disputes that may follow; others are run again if need be",
    )
    cluster: str | None = Field(
        default=None, description="address of a Ray cluster that runs the jobs, host:port or `auto`; here, without one"
    )
    cache: FilePath | None = Field(
        default=None, description="folder that keeps native code; in the user's cache folder, without one"
    )


class FeeSettings(_Section):
    """What transactions may cost."""

    limit: Gwei = Field(default=500.0, description="the most that is offered for a unit of gas, gwei")
    replace_after: Seconds = Field(
        default=60.0, description="without a block that takes a transaction, before its fees are raised, seconds"
    )
    token_price: TokenPrice | None = Field(
        default=None, description="coins that a token is worth; with it, nothing is sent that costs more than it brings"
    )


class OperationsSettings(_Section):
    """What operators look at."""

    listen: str | None = Field(
        default=None, description="host:port that answers /metrics and /health; anyone who reaches it can read them"
    )
    danger: Seconds = Field(
        default=120.0,
        description="to the deadline of a claim, from which on it is in danger, seconds; of a short one, a quarter",
    )
    dispute_danger: Seconds = Field(
        default=60.0,
        description="to the end of a turn in a dispute, from which on it is in danger, seconds; likewise",
    )


class LoopSettings(_Section):
    """How often the agent looks, and how it takes faults."""

    poll: Seconds = Field(default=2.0, description="between two looks at the chain, seconds")
    processes: Count = Field(default=2, description="jobs computed at once; what a dispute needs runs beside them")
    hook_timeout: Seconds = Field(default=10.0, description="that a hook has to answer, seconds")
    retry: Seconds = Field(default=1.0, description="before the first repetition after a fault, seconds; then doubled")
    retry_limit: Seconds = Field(default=30.0, description="the longest time between two repetitions, seconds")
    fault_limit: Count = Field(default=200, description="faults of the node in a row that stop the agent")


class Settings(_Section):
    """Everything that an agent is told."""

    journal: Location = Field(
        description="the agent's database: a file, made if it is not there, or a postgresql:// URL"
    )
    roles: list[Literal["provider", "verifier"]] = Field(
        default=[], description="what the agent does: provider, verifier or both; --roles goes before it"
    )
    chain: ChainSettings
    wallet: WalletSettings
    store: StoreSettings
    provider: ProviderSettings = Field(default_factory=ProviderSettings)
    verifier: VerifierSettings = Field(default_factory=VerifierSettings)
    execution: ExecutionSettings = Field(default_factory=ExecutionSettings)
    fees: FeeSettings = Field(default_factory=FeeSettings)
    operations: OperationsSettings = Field(default_factory=OperationsSettings)
    loop: LoopSettings = Field(default_factory=LoopSettings)

    @model_validator(mode="after")
    def _has_a_cache(self) -> Self:
        if is_url(self.journal) and self.store.cache is None:
            raise ValueError("store.cache has to be set, since a journal at a URL has no folder beside it")
        return self

    @property
    def cache(self) -> Path:
        """The folder that keeps what the agent's jobs need."""
        return self.store.cache or Path(f"{self.journal}-cache")


@dataclass(frozen=True)
class Setting:
    """One setting, for people."""

    name: str
    """With its section."""
    default: str
    """As the file would have it; empty if there is none."""
    description: str


def load_settings(path: Path) -> Settings:
    """Read a settings file. Raises `InputError` that names the first setting that is missing or wrong."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as missing:
        raise InputError(f"there is no settings file {path}: docs/agent.md has one to start from") from missing
    except (OSError, ValueError) as fault:
        raise InputError(f"the settings file {path} cannot be read: {fault}") from fault
    try:
        return Settings.model_validate(content, context={"folder": path.resolve().parent})
    except ValidationError as error:
        raise InputError(f"the settings file {path} cannot be used: {_explain(error)}") from error


def _explain(error: ValidationError) -> str:
    """One line for a person, who may just have mistyped a name."""
    first = error.errors(include_url=False)[0]
    if first["type"] != "extra_forbidden":
        return explain(error)
    name = ".".join(str(part) for part in first["loc"])
    near = get_close_matches(name, [setting.name for setting in describe_settings()], 1)
    hint = f"did you mean {near[0]}?" if near else "`provider-agent settings` lists them"
    return f"there is no setting {name}: {hint}"


def describe_settings(model: type[BaseModel] = Settings, prefix: str = "") -> Iterator[Setting]:
    """Every setting there is, in the file's order."""
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, _Section):
            yield from describe_settings(kind, f"{prefix}{name}.")
        else:
            is_tokens = any(getattr(mark, "func", None) is _tokens for mark in field.metadata)
            default = "" if field.is_required() else _toml(field.default, is_tokens)
            yield Setting(prefix + name, default, field.description or "")


def _toml(value: Any, is_tokens: bool) -> str:
    if value in (None, MAX_AMOUNT):
        return ""
    return json.dumps(format_tokens(value) if is_tokens else value)

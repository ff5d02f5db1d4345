"""Whether an agent has what it needs, one finding a line, each with what to do."""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from statistics import median

from assay.amounts import MAX_AMOUNT, format_tokens
from assay.chain.connection import Chain, connect
from assay.chain.node import Node
from assay.chain.signers import RemoteSigner
from assay.errors import AssayError, ChainError, InputError
from assay.store.location import open_store
from assay.urls import public_part
from provider_agent.agent import account_of, execution_of, limits_of, unlock
from provider_agent.bench import shipped_machines
from provider_agent.cluster import Cluster
from provider_agent.database import OutdatedError, is_url
from provider_agent.journal import Journal
from provider_agent.keeper import room_for
from provider_agent.settings import Settings
from provider_agent.speed import measure_speed

_NO_BLOB = "0" * 64
_SAMPLE = 12
"""Blocks from which the usual time between two is taken."""

_SKEW = 60
"""Seconds by which the chain's time and this machine's may differ."""

_SLOW = 20_000_000
"""Steps a second: the engine does fifty times as many on any computer, the reference a tenth."""

_USEFUL_COINS = 10**16
"""Wei: with less, an agent is not far from having nothing left for gas."""


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARN = "warn"
    """The agent runs, and something should be looked at."""
    FAIL = "FAIL"
    """The agent does not run, or cannot do its duty."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    what: str
    level: Level
    detail: str


class _DoubtError(AssayError):
    """What is found by looking, and does not keep the agent from running."""


def check_all(settings: Settings) -> Iterator[Finding]:
    """Look at everything, and go on where something is wrong."""
    yield _look("roles", lambda: _roles(settings))
    yield _look("journal", lambda: _journal(settings))
    yield _look("store", lambda: _store(settings))
    yield _look("disk", lambda: _disk(settings))
    if (settings.provider.hook or settings.verifier.hook) is not None:
        yield _look("hooks", lambda: _hooks(settings))
    yield _look("speed", lambda: _speed(settings))
    yield _look("key", lambda: _key(settings))
    if settings.execution.cluster is not None:
        yield _look("cluster", lambda: _cluster(settings, str(settings.execution.cluster)))
    if len(settings.chain.rpc) > 1:
        for place, url in enumerate(settings.chain.rpc, 1):
            yield _look(f"node {place}", lambda url=url: _node(url))  # type: ignore[misc]
    try:
        chain = connect(settings.chain.rpc, settings.chain.deployment)
    except AssayError as fault:
        yield Finding("market", Level.FAIL, str(fault))
        return
    yield Finding("market", Level.OK, f"{chain.deployment.market} on chain {chain.deployment.chain_id}")
    yield _look("machines", lambda: _machines(chain))
    yield _look("coins", lambda: _coins(settings, chain))
    yield _look("stake", lambda: _stake(settings, chain))
    yield _look("clock", lambda: _clock(chain))
    yield _look("time to answer", lambda: _time(settings, chain))
    yield _look("gas", lambda: _gas(settings, chain))
    yield _look("policy", lambda: _policy(settings))


def _look(what: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(what, Level.OK, look())
    except _DoubtError as doubt:
        return Finding(what, Level.WARN, str(doubt))
    except AssayError as fault:
        return Finding(what, Level.FAIL, str(fault))


def _roles(settings: Settings) -> str:
    if not settings.roles:
        raise _DoubtError("none are named: set `roles`, or give `run` its --roles")
    return ", ".join(settings.roles)


def _hooks(settings: Settings) -> str:
    """Whether they can be run. What they say is theirs to say: `explain` asks them about a job."""
    hooks = [hook for hook in (settings.provider.hook, settings.verifier.hook) if hook is not None]
    for hook in hooks:
        if not os.access(hook, os.X_OK) or not hook.is_file():
            raise InputError(f"{hook} is no program that can be run: without its answer nothing is taken")
    return ", ".join(map(str, hooks))


def _journal(settings: Settings) -> str:
    location = settings.journal
    if not is_url(location) and not Path(location).exists():
        return f"{location} is made when the agent starts"
    try:
        journal = Journal(location, writable=False)
    except OutdatedError as outdated:
        raise _DoubtError(str(outdated)) from outdated
    try:
        position = journal.position()
        return f"{journal.name}, " + ("nothing read yet" if position is None else f"read up to block {position.number}")
    finally:
        journal.close()


def _store(settings: Settings) -> str:
    open_store(settings.store.location).has(_NO_BLOB)
    return public_part(settings.store.location)


def _disk(settings: Settings) -> str:
    free = room_for(settings.cache)
    needed = settings.provider.maximum_jobs * settings.provider.maximum_bytes
    told = f"{free / 1e9:.1f} GB free for {settings.cache}"
    if free < needed:
        raise _DoubtError(
            f"{told}, and {settings.provider.maximum_jobs} jobs may need {needed / 1e9:.1f}: make room, or lower "
            "provider.maximum_jobs or provider.maximum_bytes"
        )
    return told


def _speed(settings: Settings) -> str:
    """Of this computer, whatever else runs on it now; other nodes of a cluster have their own."""
    speed = measure_speed(execution_of(settings))
    told = f"{speed / 1e6:,.0f} million steps a second of a simple RISC-V loop, in one process"
    if speed < _SLOW:
        raise _DoubtError(f"{told}: programs run on the reference, so others will be faster (execution.engine)")
    return told


def _key(settings: Settings) -> str:
    signer = unlock(settings.wallet)
    if isinstance(signer, RemoteSigner):
        return f"{signer.address}, with the signer at {signer.place}, protocol {signer.version()}"
    return str(signer.address)


def _cluster(settings: Settings, address: str) -> str:
    """Where jobs run, if not here."""
    cluster = Cluster(address, limits_of(settings))
    try:
        return f"{address}, {cluster.nodes()} nodes, and {settings.loop.processes} jobs run at once"
    finally:
        cluster.close()


def _node(url: str) -> str:
    """One of several: without it, the others are used."""
    try:
        node = Node(url)
        return f"{node.place}, chain {node.chain_id()}, block {node.head().number}"
    except AssayError as fault:
        raise _DoubtError(str(fault)) from fault


def _machines(chain: Chain) -> str:
    known = [name for name in chain.deployment.referees if name in shipped_machines()]
    if not known:
        raise ChainError("no referee of this market executes a machine that this release has")
    return ", ".join(known)


def _coins(settings: Settings, chain: Chain) -> str:
    address = account_of(settings.wallet)
    balance = chain.node.balance(address)
    if balance == 0:
        raise ChainError(f"{address} has no coins to pay for gas: send it some")
    told = f"{balance / 10**18:g} to pay for gas"
    if balance < _USEFUL_COINS:
        raise _DoubtError(f"{told}, which is little: send {address} some")
    return told


def _stake(settings: Settings, chain: Chain) -> str:
    address = account_of(settings.wallet)
    stake = chain.market.account_of(address).stake
    needed = chain.market.parameters().challenger_bond
    if stake == 0:
        raise ChainError(f"{address} has staked nothing: `assay stake` it")
    return f"{format_tokens(stake)} tokens; a challenge takes {format_tokens(needed)}"


def _clock(chain: Chain) -> str:
    """A chain's newest block is a little older than now. Deadlines are in the chain's time."""
    age = time.time() - chain.node.head().timestamp
    if age < -_SKEW:
        raise _DoubtError(f"the newest block is {-age:.0f} s ahead of this machine's clock: set the clock (NTP)")
    if age > _SKEW:
        raise _DoubtError(
            f"the newest block is {age:.0f} s old: the node is behind, the chain stands still, or this machine's clock "
            "is ahead (NTP)"
        )
    return f"the newest block is {max(age, 0):.0f} s old"


def _time(settings: Settings, chain: Chain) -> str:
    """A turn of a dispute has to leave time for what the agent waits for: its own poll, and confirmations."""
    reply = chain.game.minimum_reply()
    head = chain.node.head().number
    times = [chain.node.block(number).timestamp for number in range(max(head - _SAMPLE, 0), head + 1)]
    a_block = median([later - earlier for earlier, later in pairwise(times)] or [0])
    needed = 2 * settings.loop.poll + (settings.chain.confirmations + 2) * a_block
    told = f"{reply} s for each turn of a dispute, and this agent needs about {needed:.0f} s before it can answer"
    if reply < needed:
        raise ChainError(f"{told}: lower chain.confirmations or loop.poll")
    if reply < needed + settings.fees.replace_after:
        raise _DoubtError(
            f"{told}, and once more {settings.fees.replace_after:g} s if a transaction has to be replaced"
        )
    return told


def _gas(settings: Settings, chain: Chain) -> str:
    price, limit = chain.node.head().base_fee / 10**9, settings.fees.limit
    told = f"{price:g} gwei a unit now, and {limit:g} at most"
    if price >= limit:
        raise _DoubtError(f"{told}: nothing can be sent; raise fees.limit, or wait")
    if settings.fees.token_price is None:
        raise _DoubtError(f"{told}; nothing is weighed against its gas: set fees.token_price")
    return told


def _policy(settings: Settings) -> str:
    chosen = settings.provider
    missing = [
        *(["pay (set provider.minimum_price)"] if chosen.minimum_price == 0 else []),
        *(["put at risk (set provider.maximum_bond)"] if chosen.maximum_bond == MAX_AMOUNT else []),
    ]
    if missing:
        raise _DoubtError(f"jobs are taken whatever they {' or '.join(missing)}")
    price, bond = format_tokens(chosen.minimum_price), format_tokens(chosen.maximum_bond)
    return f"jobs that pay {price} tokens at least, for a bond of {bond} at most"

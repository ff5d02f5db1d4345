"""Whether an agent has what it needs, one finding a line."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from assay.amounts import format_tokens
from assay.chain.connection import Chain, connect
from assay.errors import AssayError, ChainError
from assay.store.location import open_store
from assay.urls import public_part
from provider_agent.agent import account_of, unlock
from provider_agent.bench import shipped_machines
from provider_agent.settings import Settings

_NO_BLOB = "0" * 64
_SAMPLE = 12
"""Blocks from which the usual time between two is taken."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    what: str
    ok: bool
    detail: str


def check_all(settings: Settings) -> Iterator[Finding]:
    """Look at everything, and go on where something is wrong."""
    yield _look("store", lambda: _store(settings))
    yield _look("key", lambda: str(unlock(settings.wallet).address))
    try:
        chain = connect(settings.chain.rpc, settings.chain.deployment)
    except AssayError as fault:
        yield Finding("market", False, str(fault))
        return
    yield Finding("market", True, f"{chain.deployment.market} on chain {chain.deployment.chain_id}")
    yield _look("machines", lambda: _machines(chain))
    yield _look("coins", lambda: _coins(settings, chain))
    yield _look("stake", lambda: _stake(settings, chain))
    yield _look("time to answer", lambda: _time(settings, chain))


def _look(what: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(what, True, look())
    except AssayError as fault:
        return Finding(what, False, str(fault))


def _store(settings: Settings) -> str:
    open_store(settings.store.location).has(_NO_BLOB)
    return public_part(settings.store.location)


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
    return f"{balance / 10**18:g} to pay for gas"


def _stake(settings: Settings, chain: Chain) -> str:
    address = account_of(settings.wallet)
    stake = chain.market.account_of(address).stake
    needed = chain.market.parameters().challenger_bond
    if stake == 0:
        raise ChainError(f"{address} has staked nothing: `assay stake` it")
    return f"{format_tokens(stake)} tokens; a challenge takes {format_tokens(needed)}"


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
    return told

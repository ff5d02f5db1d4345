"""Putting an agent together: locks, key, chain, journal, roles."""

import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from eth_account.signers.local import LocalAccount

from assay.amounts import format_tokens
from assay.chain.connection import Chain, connect
from assay.chain.fees import GWEI
from assay.chain.history import Book
from assay.chain.keys import Wallet, find_password, read_wallet, unlock_wallet
from assay.chain.sender import Sender
from assay.errors import InputError
from assay.machines.base import Machine
from assay.machines.registry import Execution
from assay.native.cache import default_folder
from provider_agent.bench import shipped_machines
from provider_agent.context import Context
from provider_agent.daemon import Daemon
from provider_agent.executor import Executor
from provider_agent.journal import Identity, Journal
from provider_agent.lock import Lock
from provider_agent.logs import about
from provider_agent.outbox import Outbox
from provider_agent.roles.base import Role
from provider_agent.roles.provider import Provider
from provider_agent.roles.verifier import Verifier
from provider_agent.settings import Settings, WalletSettings
from provider_agent.stop import Stop
from provider_agent.worth import Appraiser

log = logging.getLogger(__name__)

ROLES: Mapping[str, Callable[[Context], Role]] = {"provider": Provider, "verifier": Verifier}


@dataclass(frozen=True)
class _Means:
    """What an agent holds while it runs."""

    chain: Chain
    account: LocalAccount
    journal: Journal
    executor: Executor


def run_agent(
    settings: Settings,
    roles: Sequence[str],
    stop: Stop,
    machines: Callable[[Execution], Mapping[str, Machine]] = shipped_machines,
) -> None:
    """Run an agent in these roles until it is told to stop, or cannot go on.

    `machines`, which is called in each worker, makes the machines: a function at the top of a module, or a part of one.

    Raises `InputError` for settings that cannot be used, and if another agent uses the journal or the key.
    """
    with _means(settings, machines) as means:
        chain, address = means.chain, str(means.account.address)
        node, confirmations = chain.node, settings.chain.confirmations
        fees = settings.fees
        limit = int(fees.limit * GWEI)
        sender = Sender(node, means.account, chain.deployment.chain_id, means.journal, fee_limit=limit)
        context = Context(
            settings=settings,
            chain=chain,
            parameters=chain.market.parameters(),
            account=address,
            journal=means.journal,
            outbox=Outbox(means.journal, sender, settings.loop, confirmations, replace_after=fees.replace_after),
            executor=means.executor,
            book=Book(chain.deployment.market),
        )
        context.outbox.appraise = Appraiser(context, fees.token_price).worth
        stake = format_tokens(chain.market.account_of(address).stake)
        about_it = about(account=address, roles=",".join(roles), chain=chain.deployment.chain_id, stake=stake)
        log.info("started", extra=about_it)
        Daemon(context, [ROLES[role](context) for role in roles], stop).run()


def wallet_of(settings: WalletSettings) -> Wallet:
    """The keystore file. Raises `InputError`."""
    return read_wallet(settings.keystore)


def unlock(settings: WalletSettings) -> LocalAccount:
    """The key that signs. Raises `InputError` if the keystore or its password cannot be used."""
    named = settings.password_file or os.environ.get("ASSAY_PASSWORD_FILE")
    password = find_password(Path(named) if named else None, os.environ)
    if password is None:
        raise InputError(
            "the keystore needs a password: set wallet.password_file, ASSAY_PASSWORD_FILE or ASSAY_PASSWORD"
        )
    return unlock_wallet(wallet_of(settings), password)


@contextmanager
def _means(settings: Settings, machines: Callable[[Execution], Mapping[str, Machine]]) -> Iterator[_Means]:
    """The journal and its lock first, so that a second agent has touched nothing when it is refused."""
    journal = Journal(settings.journal)
    try:
        account = unlock(settings.wallet)
        chain = connect(settings.chain.rpc, settings.chain.deployment)
        key_lock = _lock_folder() / f"{account.address}-{chain.deployment.chain_id}.lock"
        with Lock(key_lock, f"the key of {account.address}"):
            journal.lock_key(chain.deployment.chain_id, str(account.address))
            executor = Executor(partial(machines, _execution(settings)), settings.loop.processes)
            try:
                journal.bind(_identity(chain, str(account.address)))
                yield _Means(chain, account, journal, executor)
            finally:
                executor.close()
    finally:
        journal.close()


def _execution(settings: Settings) -> Execution:
    """How jobs are run. All workers share one cache of native code."""
    chosen = settings.execution
    cache = chosen.cache or default_folder(os.environ)
    return Execution(reference=chosen.engine == "reference", memory=chosen.maximum_memory, cache=cache)


def _identity(chain: Chain, account: str) -> Identity:
    deployment = chain.deployment
    return Identity(deployment.chain_id, deployment.market, account, chain.node.block(deployment.start_block).hash)


def _lock_folder() -> Path:
    """One folder for all agents of this user on this machine."""
    state = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(state).expanduser() / "assay" / "locks"

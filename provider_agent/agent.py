"""Putting an agent together: locks, key, chain, journal, roles."""

import logging
import os
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from eth_account.signers.local import LocalAccount

from assay.amounts import format_tokens
from assay.chain.connection import Chain, connect
from assay.chain.fees import GWEI
from assay.chain.history import Book
from assay.chain.keys import find_password, read_wallet, unlock_wallet
from assay.chain.sender import Sender, Signer
from assay.chain.signers import NoSigner, RemoteSigner, key_from
from assay.errors import InputError
from assay.machines.base import Machine
from assay.machines.registry import Execution
from assay.native.cache import default_folder
from provider_agent.batch import Batch
from provider_agent.bench import shipped_machines
from provider_agent.cluster import Cluster
from provider_agent.confinement import Limits
from provider_agent.context import Context
from provider_agent.daemon import Daemon
from provider_agent.executor import Executor
from provider_agent.journal import Identity, Journal
from provider_agent.lock import Lock
from provider_agent.logs import about
from provider_agent.operations import Operations, Server
from provider_agent.outbox import DryOutbox, Outbox
from provider_agent.roles.base import Role
from provider_agent.roles.provider import Provider
from provider_agent.roles.verifier import Verifier
from provider_agent.settings import Settings, WalletSettings
from provider_agent.stop import Stop
from provider_agent.worth import Appraiser

log = logging.getLogger(__name__)

LATE_AFTER = 120.0
"""Seconds without a pass of the loop, after which the agent counts as not well, at least."""

ROLES: Mapping[str, Callable[[Context], Role]] = {"provider": Provider, "verifier": Verifier}


@dataclass(frozen=True)
class _Means:
    """What an agent holds while it runs."""

    chain: Chain
    signer: Signer
    journal: Journal
    executor: Executor


def run_agent(
    settings: Settings,
    roles: Sequence[str],
    stop: Stop,
    machines: Callable[[Execution], Mapping[str, Machine]] = shipped_machines,
    dry: bool = False,
) -> None:
    """Run an agent in these roles until it is told to stop, or cannot go on.

    `machines`, which is called in each worker, makes the machines: a function at the top of a module, or a part of one.
    A `dry` run needs no key, sends nothing, and keeps nothing.

    Raises `InputError` for settings that cannot be used, and if another agent uses the journal or the key.
    """
    if dry:
        with TemporaryDirectory(prefix="assay-dry-run-") as folder:
            _run(_rehearsed(settings, Path(folder)), roles, stop, machines, dry)
    else:
        _run(settings, roles, stop, machines, dry)


def _run(
    settings: Settings,
    roles: Sequence[str],
    stop: Stop,
    machines: Callable[[Execution], Mapping[str, Machine]],
    dry: bool,
) -> None:
    with _means(settings, machines, dry) as means:
        chain, address = means.chain, str(means.signer.address)
        node, confirmations, fees = chain.node, settings.chain.confirmations, settings.fees
        limit = int(fees.limit * GWEI)
        sender = Sender(node, means.signer, chain.deployment.chain_id, means.journal, fee_limit=limit)
        kind = DryOutbox if dry else Outbox
        outbox = kind(means.journal, sender, settings.loop, confirmations, replace_after=fees.replace_after)
        context = Context(
            settings=settings,
            chain=chain,
            parameters=chain.market.parameters(),
            account=address,
            journal=means.journal,
            outbox=outbox,
            batch=Batch(outbox, chain.market),
            executor=means.executor,
            book=Book(chain.deployment.market),
        )
        context.outbox.appraise = Appraiser(context, fees.token_price).worth
        stake = format_tokens(chain.market.account_of(address).stake)
        about_it = about(account=address, roles=",".join(roles), chain=chain.deployment.chain_id, stake=stake, dry=dry)
        log.info("started", extra=about_it)
        operations = Operations(late_after=max(LATE_AFTER, 10 * settings.loop.poll))
        with _answering(operations, settings.operations.listen):
            Daemon(context, [ROLES[role](context) for role in roles], stop, operations).run()


@contextmanager
def _answering(operations: Operations, listen: str | None) -> Iterator[None]:
    """Let operators ask, if they want to."""
    if listen is None:
        yield
        return
    server = Server(operations, listen)
    server.start()
    log.info("listening", extra=about(port=server.port))
    try:
        yield
    finally:
        server.close()


def drain_agent(settings: Settings) -> int:
    """Tell the agent with these settings, on this machine, to drain; its process. Raises `InputError` if none runs."""
    process = Lock.holder(_cache_lock(settings))
    if process is None:
        raise InputError(f"no agent with these settings runs on this machine: nobody holds {_cache_lock(settings)}")
    os.kill(process, signal.SIGUSR1)
    return process


def _cache_lock(settings: Settings) -> Path:
    return settings.cache / ".lock"


def _rehearsed(settings: Settings, folder: Path) -> Settings:
    """The settings of a dry run: what it writes is in a folder of its own."""
    store = settings.store.model_copy(update={"cache": folder / "cache"})
    return settings.model_copy(update={"journal": str(folder / "journal.db"), "store": store})


def unlock(settings: WalletSettings) -> Signer:
    """Who signs. Raises `InputError` if the keystore, its password or the environment's key cannot be used."""
    if settings.signer is not None:
        assert settings.account is not None
        return RemoteSigner(settings.signer, settings.account)
    account = _local_key(settings)
    if settings.account not in (None, account.address):
        raise InputError(f"wallet.account is {settings.account}, and the key is that of {account.address}")
    return account


def account_of(settings: WalletSettings) -> str:
    """Whose stake it is, without a password where that is possible. Raises `InputError`."""
    if settings.account is not None:
        return settings.account
    if settings.keystore is not None:
        return read_wallet(settings.keystore).address
    return str(unlock(settings).address)


def _local_key(settings: WalletSettings) -> LocalAccount:
    if settings.environment is not None:
        return key_from(os.environ, settings.environment)
    if settings.keystore is None:
        raise InputError("there is no key: set wallet.keystore, wallet.environment or wallet.signer, or use --dry-run")
    named = settings.password_file or os.environ.get("ASSAY_PASSWORD_FILE")
    password = find_password(Path(named) if named else None, os.environ)
    if password is None:
        raise InputError(
            "the keystore needs a password: set wallet.password_file, ASSAY_PASSWORD_FILE or ASSAY_PASSWORD"
        )
    return unlock_wallet(read_wallet(settings.keystore), password)


@contextmanager
def _means(settings: Settings, machines: Callable[[Execution], Mapping[str, Machine]], dry: bool) -> Iterator[_Means]:
    """The journal and its lock first, so that a second agent has touched nothing when it is refused."""
    with ExitStack() as held:
        journal = Journal(settings.journal)
        held.callback(journal.close)
        held.enter_context(Lock(_cache_lock(settings), f"the folder {settings.cache} (store.cache)"))
        signer: Signer = NoSigner(account_of(settings.wallet)) if dry else unlock(settings.wallet)
        for name in ("ASSAY_PASSWORD", settings.wallet.environment or "ASSAY_PASSWORD"):
            os.environ.pop(name, None)  # so that no worker, which runs strangers' programs, inherits it
        chain = connect(settings.chain.rpc, settings.chain.deployment)
        chain_id, address = chain.deployment.chain_id, str(signer.address)
        if not dry:
            held.enter_context(Lock(_lock_folder() / f"{address}-{chain_id}.lock", f"the key of {address}"))
            journal.lock_key(chain_id, address)
        executor = Executor(
            partial(machines, execution_of(settings)),
            settings.loop.processes,
            limits_of(settings),
            _cluster(settings),
            settings.execution.kept_runs,
        )
        held.callback(executor.close)
        journal.bind(_identity(chain, address))
        yield _Means(chain, signer, journal, executor)


def execution_of(settings: Settings) -> Execution:
    """How jobs are run. All workers share one cache of native code."""
    chosen = settings.execution
    cache = chosen.cache or default_folder(os.environ)
    return Execution(reference=chosen.engine == "reference", memory=chosen.maximum_memory, cache=cache)


def limits_of(settings: Settings) -> Limits:
    """What each worker may take."""
    chosen = settings.execution
    return Limits(memory=chosen.worker_memory, check_time=chosen.check_time, run_time=chosen.run_time)


def _cluster(settings: Settings) -> Cluster | None:
    """Where jobs run, if not here."""
    address = settings.execution.cluster
    return None if address is None else Cluster(address, limits_of(settings))


def _identity(chain: Chain, account: str) -> Identity:
    deployment = chain.deployment
    return Identity(deployment.chain_id, deployment.market, account, chain.node.block(deployment.start_block).hash)


def _lock_folder() -> Path:
    """One folder for all agents of this user on this machine."""
    state = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(state).expanduser() / "assay" / "locks"

"""A market of one's own on this machine: a local chain with one-second blocks, the contracts, and a store over HTTP.

Needs a checkout, because Brownie compiles and deploys the contracts. Everything is kept under the home folder:
`config.toml` and `deployment.json`, which every command reads, and `devnet/` with the logs, the blobs, and the lock of
the process that runs the network.
"""

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType

import requests
import uvicorn

from assay.anvil import CHECKOUT, TOOL_FOLDERS, anvil, find_tool
from assay.chain.deployments import load_deployment
from assay.errors import AssayError, InputError, TransientError
from assay.settings import Settings, read_config, write_config
from assay.store.server import make_server
from assay.urls import public_part

START_TIMEOUT = 30.0
"""Seconds in which a process has to start, or to stop."""

DEPLOY_TIMEOUT = 600.0
"""Seconds for Brownie: compiling all contracts takes it about a minute."""

CHAIN_ID = 31337
_HERE = "http://127.0.0.1:"
_NETWORK = "assay-devnet"
_BROWNIE_NETWORKS = """\
live:
  - name: Assay
    networks:
      - id: {network}
        name: the network of `assay devnet`
        chainid: 31337
        host: {host}
        explorer: null
development: []
"""

Told = Callable[[str], None]
"""Told what is being done."""


@dataclass(frozen=True)
class Running:
    """A network that is up."""

    pid: int
    rpc_url: str
    store_url: str


def run_devnet(
    settings: Settings, *, port: int, store_port: int, fund: Sequence[str], told: Told, ready: Callable[[Running], None]
) -> None:
    """Start everything, call `ready`, and stay until SIGINT or SIGTERM, or until the chain ends.

    `fund` are addresses that get tokens and coins; a port of 0 is a free one. Raises `InputError` if a port is taken,
    the network runs already, the home folder is another market's or a tool is missing, and `AssayError` if the
    contracts cannot be deployed.
    """
    check_checkout(CHECKOUT)
    check_home(settings)
    folder = _folder(settings)
    signal.signal(signal.SIGTERM, _interrupt)
    with _lock(folder), suppress(KeyboardInterrupt):
        listening = _listen(store_port)
        _listen(port).close()  # refuse a taken port before anything is started
        with listening, anvil(folder / "anvil.log", port=port) as chain:
            told("deploying the contracts (Brownie compiles them first if they have changed, which takes a minute)")
            _deploy(settings, folder, chain.url, fund)
            _mine_every_second(chain.url)
            running = Running(os.getpid(), chain.url, f"{_HERE}{listening.getsockname()[1]}")
            configured = read_config(settings.home)
            write_config(settings.home, configured | {"rpc_url": chain.url, "store": running.store_url})
            with _announced(folder, running):
                ready(running)
                _serve(folder, listening, chain.process)


def start_detached(settings: Settings, arguments: Sequence[str], told: Told) -> Running:
    """Run `assay devnet` with `arguments` in the background; returns when it is up.

    Raises `InputError` if it is up already, and `AssayError` with what it said if it does not start.
    """
    check_checkout(CHECKOUT)
    check_home(settings)
    folder = _folder(settings)
    log = folder / "devnet.log"
    with _lock(folder):
        told(
            f"starting the network in the background, which takes a minute or two when Brownie has the contracts to "
            f"compile; its log is {log}"
        )
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "assay.cli.main", "devnet", "--home", str(settings.home), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    while process.poll() is None:
        if found := find_running(settings):
            return found
        time.sleep(0.1)
    said = log.read_text(encoding="utf-8").strip().splitlines()
    raise AssayError("the network did not start: " + " ".join(said[-3:]).removeprefix("Error: "))


def check_checkout(folder: Path) -> None:
    """Raise `InputError` if Brownie cannot deploy the contracts from this folder."""
    if not (folder / "brownie-config.yaml").is_file():
        raise InputError("the contracts are not here: `assay devnet` works in a checkout, after `make setup`")
    # Brownie imports the script that deploys as the module `path.of.the.checkout.scripts.deploy`.
    if dotted := [part for part in folder.parts if "." in part]:
        raise InputError(
            f"{folder} has a dot in {dotted[0]!r}, and Brownie cannot work there: move the checkout to a path "
            "without one, and run `make setup` there"
        )


def check_home(settings: Settings) -> None:
    """Raise `InputError` if the home folder was set up for another market, whose place this network would take."""
    what_to_do = "choose another folder with --home or ASSAY_HOME, or remove"
    path = settings.deployment
    if path.exists():
        chain_id = load_deployment(path).chain_id
        if chain_id != CHAIN_ID:
            raise InputError(f"{path} is about a market on chain {chain_id}: {what_to_do} that file")
    for key, value in read_config(settings.home).items():
        if key in ("rpc_url", "store") and not value.startswith(_HERE):
            raise InputError(
                f"{settings.home / 'config.toml'} sets {key} to {public_part(value)}: {what_to_do} that line"
            )


def find_running(settings: Settings) -> Running | None:
    """The network of this home folder, if it is up."""
    path = _folder(settings) / "running.json"
    try:
        with _lock(path.parent):
            return None
    except InputError:
        with suppress(OSError, ValueError, TypeError):  # still starting, or stopping already
            return Running(**json.loads(path.read_text(encoding="utf-8")))
    return None


def stop_devnet(settings: Settings) -> None:
    """Stop the network of this home folder, and wait until it has. Raises `InputError` if none is up."""
    found = find_running(settings)
    if found is None:
        raise InputError(f"no network is running in {settings.home}")
    os.kill(found.pid, signal.SIGTERM)
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline:
        time.sleep(0.1)
        with suppress(InputError), _lock(_folder(settings)):
            return
    raise TransientError(f"process {found.pid} does not stop: look at {_folder(settings) / 'devnet.log'}")


def _folder(settings: Settings) -> Path:
    folder = settings.home / "devnet"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise InputError(f"the folder {folder} cannot be made: {fault.strerror}") from fault
    return folder


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    """Make SIGTERM clean up as Ctrl-C does."""
    raise KeyboardInterrupt


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """Be the only process that runs this folder's network: the system frees the lock however the process ends."""
    with (folder / "lock").open("w", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as held:
            message = f"the network in {folder.parent} is running already: `assay devnet --stop` stops it"
            raise InputError(message) from held
        yield


@contextmanager
def _announced(folder: Path, running: Running) -> Iterator[None]:
    """Let other processes find the network."""
    path = folder / "running.json"
    path.write_text(json.dumps(asdict(running)), encoding="utf-8")
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def _listen(port: int) -> socket.socket:
    try:
        return socket.create_server(("127.0.0.1", port))
    except OSError as taken:
        raise InputError(f"port {port} is taken: choose another one with --port or --store-port") from taken


def _deploy(settings: Settings, folder: Path, rpc_url: str, fund: Sequence[str]) -> None:
    """Run `brownie run deploy`, with a home folder of its own so that nobody's Brownie settings are touched."""
    home = folder / "brownie"
    networks = home / ".brownie" / "network-config.yaml"
    networks.parent.mkdir(parents=True, exist_ok=True)
    networks.write_text(_BROWNIE_NETWORKS.format(network=_NETWORK, host=rpc_url), encoding="utf-8")
    parameters = folder / "parameters.toml"
    parameters.write_text(f"fund = {json.dumps(list(fund))}\n", encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ASSAY_")} | {
        "HOME": str(home),
        "PATH": os.pathsep.join([*map(str, TOOL_FOLDERS), os.environ.get("PATH", "")]),
        "SOLCX_BINARY_PATH": os.environ.get("SOLCX_BINARY_PATH", str(CHECKOUT / ".solcx")),
        "ASSAY_HOME": str(home),
        "ASSAY_DEPLOYMENT": str(settings.deployment),
    }
    log = folder / "deploy.log"
    command = [find_tool("brownie"), "run", "deploy", "main", str(parameters), "--network", _NETWORK]
    with log.open("wb") as output:
        try:
            deployed = subprocess.run(
                command,
                cwd=CHECKOUT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=DEPLOY_TIMEOUT,
                check=False,
            )
        except subprocess.TimeoutExpired as late:
            raise AssayError(f"the contracts were not deployed within {DEPLOY_TIMEOUT:g} s: see {log}") from late
    if deployed.returncode != 0:
        said = log.read_text(encoding="utf-8", errors="replace").strip().rpartition("\n")[2]
        raise AssayError(f"the contracts could not be deployed (all of it is in {log}): {said}")


def _mine_every_second(rpc_url: str) -> None:
    """From now on the chain makes a block a second, as a chain does that others use too."""
    request = {"jsonrpc": "2.0", "id": 1, "method": "evm_setIntervalMining", "params": [1]}
    requests.post(rpc_url, json=request, timeout=START_TIMEOUT).raise_for_status()


def _serve(folder: Path, listening: socket.socket, chain: subprocess.Popen[bytes]) -> None:
    """Serve blobs until SIGINT or SIGTERM. Raises `AssayError` if the chain ends before that."""
    server = make_server(folder / "blobs", "127.0.0.1", 0)
    watch = threading.Thread(target=_stop_with, args=(chain, server), daemon=True)
    watch.start()
    server.run(sockets=[listening])
    if chain.poll() is not None:
        raise AssayError(f"the chain has ended: look at {folder / 'anvil.log'}")


def _stop_with(chain: subprocess.Popen[bytes], server: uvicorn.Server) -> None:
    chain.wait()
    server.should_exit = True

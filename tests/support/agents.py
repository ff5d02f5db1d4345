"""Agents as processes of their own."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from provider_agent.confinement import memory_of
from tests.support.anvil import CHECKOUT
from tests.support.market import LocalMarket, Party

AGENT = ("-m", "provider_agent.cli", "run")
LIAR = ("-m", "demo.saboteur")


class Agent:
    """One agent: its folder stays, its process comes and goes."""

    def __init__(
        self,
        market: LocalMarket,
        party: Party,
        name: str,
        folder: Path,
        minimum_price: int = 0,
        maximum_jobs: int = 1,
        engine: str = "native",
        journal: str = "journal.db",
        rpc: Sequence[str] = (),
        wallet: str | None = None,
        more: str = "",
    ) -> None:
        """`wallet` stands in place of a keystore, `rpc` in place of the market's node, and `more` at the file's end."""
        self.party = party
        self._state = market.folder / "state"  # where the keys' locks are
        self.folder = folder / name
        self.folder.mkdir(parents=True)
        self.config = self.folder / "agent.toml"
        self.log = self.folder / "log"
        self._process: subprocess.Popen[bytes] | None = None
        key = wallet or f"""keystore = "{party.write_wallet(self.folder, name)}"\npassword_file = "password\""""
        self.config.write_text(
            f"""
journal = "{journal}"

[chain]
rpc = {json.dumps([*rpc] or market.url)}
deployment = "{market.deployment_file}"
confirmations = 1

[wallet]
{key}

[store]
location = "{market.store.folder}"
cache = "cache"

[provider]
minimum_price = "{minimum_price}"
maximum_jobs = {maximum_jobs}

[execution]
engine = "{engine}"

[loop]
poll = 0.3
{more}
"""
        )

    def command(self, program: Sequence[str], *arguments: str) -> list[str]:
        """The command line of an agent with this one's settings."""
        return [sys.executable, *program, "--config", str(self.config), *arguments]

    def start(self, program: Sequence[str], *arguments: str) -> None:
        """Start the process."""
        assert self._process is None
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command(program, *arguments), cwd=CHECKOUT, env=self.environment(), stdout=log, stderr=log
            )

    def environment(self) -> dict[str, str]:
        """Of the process: nothing of it is kept outside the test's folder."""
        folders = {"XDG_STATE_HOME": str(self._state), "XDG_CACHE_HOME": str(self._state)}
        return os.environ | folders | {"PYTHONPATH": str(CHECKOUT)}

    def kill(self) -> None:
        """SIGKILL: nothing is cleaned up."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._process = None

    def stop(self) -> int:
        """SIGTERM, and the exit status."""
        if self._process is None:
            return 0
        process, self._process = self._process, None
        process.send_signal(signal.SIGTERM)
        try:
            return process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            raise

    def run(self, program: Sequence[str], *arguments: str) -> subprocess.CompletedProcess[str]:
        """Another process with the same settings, for as long as it takes."""
        return subprocess.run(
            self.command(program, *arguments),
            cwd=CHECKOUT,
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def wait(self, seconds: float) -> int:
        """Until the process ends by itself, and its exit status."""
        assert self._process is not None
        status = self._process.wait(seconds)
        self._process = None
        return status

    def memory(self) -> int:
        """Bytes that the process has in use; 0 if there is none."""
        return 0 if self._process is None else memory_of(self._process.pid)

    def journal_size(self) -> int:
        """Bytes of its journal, if that is a file: with what SQLite has not put into the file itself yet."""
        return sum(path.stat().st_size for path in self.folder.glob("journal.db*") if path.is_file())

    def said(self) -> str:
        """Its log so far."""
        return self.log.read_text() if self.log.exists() else ""


@contextmanager
def running(agent: Agent, program: Sequence[str], *arguments: str) -> Iterator[Agent]:
    """The agent's process, as long as the block lasts."""
    agent.start(program, *arguments)
    try:
        yield agent
    except BaseException:
        agent.stop()
        raise
    assert agent.stop() == 0, f"{agent.folder.name} did not stop as it should: {agent.said()[-500:]}"

"""What the tests with a whole network share: the network itself, and the command line in this very process."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from assay.cli.main import cli
from assay.settings import load_settings

CHECKOUT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Market:
    """A network that `assay devnet` runs, and the wallets that it has funded."""

    home: Path

    @property
    def environment(self) -> dict[str, str]:
        """What a shell of a user of this network would have set."""
        return {"ASSAY_HOME": str(self.home), "ASSAY_PASSWORD_FILE": str(self.home / "password")}

    def assay(self, *arguments: str, expect: int = 0, **environment: str) -> Result:
        """Run a command; fails with what it said if its exit status is not the one expected."""
        result = CliRunner().invoke(cli, arguments, env={**self.environment, **environment})
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == expect, (
            f"assay {' '.join(arguments)} exits with {result.exit_code}:\n{result.output}"
        )
        return result

    def json(self, *arguments: str, **environment: str) -> Any:
        """What a command prints with `--json`."""
        return json.loads(self.assay(*arguments, "--json", **environment).stdout)


@contextmanager
def running_agent(
    market: Market, wallet: str, *arguments: str, program: Sequence[str] = ("-m", "provider_agent.cli", "run")
) -> Iterator[Path]:
    """An agent of a wallet, as long as the block lasts, as the README has it started; yields its log."""
    config, log = market.home / f"{wallet}.toml", market.home / f"{wallet}.log"
    settings = load_settings({}, market.environment)
    config.write_text(
        f"""
journal = "{market.home / wallet}.db"
[chain]
rpc = "{settings.rpc_url}"
deployment = "{settings.deployment}"
confirmations = 0
[wallet]
keystore = "{settings.wallets / wallet}.json"
password_file = "{market.home / "password"}"
[store]
location = "{settings.store}"
[loop]
poll = 0.3
"""
    )
    command = [sys.executable, *program, "--config", str(config), *arguments]
    state = {"XDG_STATE_HOME": str(market.home / "state")}
    with log.open("wb") as output:
        agent = subprocess.Popen(command, cwd=CHECKOUT, env=os.environ | state, stdout=output, stderr=output)
    try:
        yield log
    finally:
        agent.terminate()
        assert agent.wait(30) == 0, log.read_text()[-2000:]


@contextmanager
def running_market(home: Path, *wallets: str) -> Iterator[Market]:
    """A network of its own on free ports, as a user starts and stops it, with these wallets made and funded."""
    market = Market(home)
    (home / "password").write_text("correct horse\n")
    for wallet in wallets:
        market.assay("wallet", "new", wallet)
    funds = [argument for wallet in wallets for argument in ("--fund", wallet)]
    assay = [sys.executable, "-m", "assay.cli.main"]
    environment = {**os.environ, **market.environment}
    started = subprocess.run(
        [*assay, "devnet", "--port", "0", "--store-port", "0", "--detach", *funds],
        env=environment,
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert started.returncode == 0, started.stderr
    try:
        yield market
    finally:
        subprocess.run([*assay, "devnet", "--stop"], env=environment, cwd=CHECKOUT, check=True, capture_output=True)

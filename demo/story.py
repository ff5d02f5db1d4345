"""The story itself: the acts in their order."""

import gzip
import shutil
import subprocess
from pathlib import Path

from assay.chain.connection import Chain, connect
from assay.chain.keys import find_wallet
from assay.client.jobs import read_book
from assay.settings import load_settings
from demo import closing
from demo.closing import Holdings
from demo.stage import CHECKOUT, Stage, StoryError

PARTIES = ("requester", "provider", "liar", "verifier")
STAKE = 500
HONEST_PRICE, CHEAP_PRICE = "5", "2"
FLOOR = "3"
"""The least that the honest provider works for: so the cheap job falls to the liar."""
LIE_BEFORE_END = 300
"""How many steps before the end of its run the liar alters a byte of the picture."""
RUN_PERIOD = 30
"""Seconds; so long can the claim be challenged, too."""

AGENT_CONFIG = """\
journal = "{name}.db"

[chain]
rpc = "{rpc}"
deployment = "deployment.json"
confirmations = 1

[wallet]
keystore = "{keystore}"
password_file = "password"

[store]
location = "{store}"

[provider]
minimum_price = "{floor}"
minimum_run_period = {run_period}

[loop]
poll = 0.5
"""


class Story:
    """Everything that happens, on one stage."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._home = stage.home

    def play(self, port: int) -> None:
        """Play all acts. Raises `StoryError` where the story goes wrong."""
        self._set_up(port)
        self._take_stakes()
        before = {name: closing.holdings_of(self._chain, address) for name, address in self._addresses.items()}
        before["burned"] = self._burned()
        self._pay_for_a_job()
        self._catch_a_lie()
        self._close(before)

    def say_how_to_go_on(self) -> None:
        """After a story whose network was kept."""
        pids = " ".join(str(pid) for pid in self._stage.agent_pids().values())
        self._stage.act("Go on yourself")
        self._stage.console.print(
            f"""
The network, its store and the agents are still up. In your shell:

  . tools/env.sh
  export ASSAY_HOME={self._home} ASSAY_PASSWORD_FILE={self._home}/password
  export ASSAY_WALLET=requester
  assay jobs
  assay wallet balance
  assay submit {self._home}/compress.elf --stdin README.md --price 4 --run-period {RUN_PERIOD}s --wait -o README.gz

The agents write to {self._home}/logs. To end it all:

  kill {pids}; assay devnet --stop
"""
        )

    def _set_up(self, port: int) -> None:
        stage = self._stage
        stage.act("1. A network")
        stage.tell("Four people make themselves a wallet, and one command starts a chain with the market on it.")
        for name in PARTIES:
            stage.run("assay", "wallet", "new", name)
        wallets = load_settings({"home": str(self._home)}, {}).wallets
        self._keystores = {name: find_wallet(wallets, name).path for name in PARTIES}
        self._addresses = {name: find_wallet(wallets, name).address for name in PARTIES}
        fund = [word for name in PARTIES for word in ("--fund", name)]
        stage.run("assay", "devnet", "--detach", "--port", port, "--store-port", 0, *fund)
        self._settings = load_settings({"home": str(self._home)}, {})
        self._chain: Chain = connect(self._settings.rpc_url, self._settings.deployment)
        self._names = {address.lower(): name for name, address in self._addresses.items()}

    def _take_stakes(self) -> None:
        stage = self._stage
        stage.act("2. Stakes")
        stage.tell(
            "Two providers and a verifier put tokens at stake: whoever claims a wrong result, or challenges a "
            "right one, loses a part of them. The requester deposits what it will pay with."
        )
        for name in ("provider", "liar", "verifier"):
            stage.run("assay", "stake", STAKE, "--wallet", name)
        stage.run("assay", "deposit", 100, "--wallet", "requester")

    def _pay_for_a_job(self) -> None:
        stage = self._stage
        stage.act("3. A job is paid for")
        stage.tell("The honest provider and the verifier start their agents, each a process of its own.")
        self._start("provider", FLOOR)
        self._start("verifier")
        stage.tell("The requester builds a C program, and sends it out to compress a file.")
        source, text = CHECKOUT / "examples/compress/compress.c", CHECKOUT / "examples/compress/text.txt"
        program, output = self._home / "compress.elf", self._home / "text.gz"
        stage.run("assay", "build", source, "-o", program)
        stage.run(*self._submit(program, text, HONEST_PRICE, output))
        stage.require_agents()

        native = self._run_natively(source, text)
        result = output.read_bytes()
        if result != native or gzip.decompress(result) != text.read_bytes():
            raise StoryError("the provider's output is not what the program writes natively")
        stage.tell(
            f"The output, {len(result):,} bytes, belongs to the claim, is the same as that of the program compiled for "
            f"this machine, and gunzip makes the {text.stat().st_size:,} bytes of the input of it."
        )

    def _catch_a_lie(self) -> None:
        stage = self._stage
        stage.act("4. A lie is slashed")
        stage.tell(
            f"Another provider starts. Its machine is rigged: {LIE_BEFORE_END} steps before the end it alters one byte "
            "of the output, and goes on from there. The next job pays less than the "
            f"{FLOOR} tokens that the honest provider works for, so it falls to the liar."
        )
        stage.start_agent(
            "liar", "python -m demo.saboteur", "--config", self._config("liar"), "--step", -LIE_BEFORE_END
        )
        source, scene = CHECKOUT / "examples/render/render.c", CHECKOUT / "examples/render/scene.txt"
        program = self._home / "render.elf"
        stage.run("assay", "build", source, "-o", program)
        ended = stage.run(*self._submit(program, scene, CHEAP_PRICE, self._home / "picture.png"), check=False)
        stage.require_agents()
        if ended.returncode == 0:
            raise StoryError("the lie was paid for")

    def _close(self, before: dict[str, Holdings]) -> None:
        stage, chain = self._stage, self._chain
        stage.act("5. Who has what")
        stage.console.print()
        after = {name: closing.holdings_of(chain, address) for name, address in self._addresses.items()}
        after["burned"] = self._burned()
        sent = list(closing.sent_to(chain))
        closing.show_money(stage.console, before, after)
        stage.console.print()
        closing.show_gas(stage.console, sent, self._names)
        stage.console.print()
        for dispute in read_book(chain).disputes.values():
            closing.show_dispute(stage.console, dispute, sent, self._names)
        stage.console.print()
        parties = {name: holding for name, holding in after.items() if name != "burned"}
        closing.show_conservation(stage.console, chain, parties)

    def _submit(self, program: Path, stdin: Path, price: str, output: Path) -> tuple[object, ...]:
        sums = ("--price", price, "--bond", 100)
        wait = ("--wallet", "requester", "--wait", "-o", output)
        return ("assay", "submit", program, "--stdin", stdin, *sums, "--run-period", RUN_PERIOD, *wait)

    def _start(self, role: str, floor: str = "0") -> None:
        """Start the agent of the party that is named for its role."""
        config = self._config(role, floor)
        self._stage.start_agent(role, "provider-agent", "run", "--roles", role, "--config", config)

    def _config(self, name: str, floor: str = "0") -> Path:
        path = self._home / f"{name}.toml"
        path.write_text(
            AGENT_CONFIG.format(
                name=name,
                rpc=self._settings.rpc_url,
                store=self._settings.store,
                keystore=self._keystores[name],
                floor=floor,
                run_period=RUN_PERIOD,
            )
        )
        return path

    def _burned(self) -> Holdings:
        return Holdings(0, self._chain.market.account_of(closing.BURNED).free, 0)

    def _run_natively(self, source: Path, stdin: Path) -> bytes:
        """What the program writes when it is compiled for this machine and run on it."""
        compiler = shutil.which("cc")
        if compiler is None:
            raise StoryError("no C compiler: `cc` is needed for the comparison with a native run")
        program = self._home / source.stem
        subprocess.run([compiler, "-O2", "-o", str(program), str(source)], check=True)
        with stdin.open("rb") as file:
            return subprocess.run([str(program)], stdin=file, capture_output=True, check=True).stdout

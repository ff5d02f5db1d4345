"""A market with one of everything that there is to see: jobs in every stage, disputes won, lost and running.

Played in this process by the agent's own questions: what is shown of it is what anybody's jobs would show.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assay.chain.events import read_events
from assay.chain.history import Book, DisputeHistory, JobHistory
from assay.chain.records import JobId
from assay.cli.main import INTERRUPTED
from assay.dispute.game import Side
from assay.dispute.strategy import Move, Step
from demo.tampering import Lie, tampered_machines
from provider_agent.bench import Bench, Workload, shipped_machines
from provider_agent.questions import Play, Produce, Verify
from provider_agent.roles.verifier import proof_of
from tests.support.anvil import CHECKOUT
from tests.support.market import ALLOWANCE, CHALLENGE_PERIOD, TOKEN, LocalMarket, Party
from tests.support.programs import program

RENDER = CHECKOUT / "examples" / "render"
ENDLESS = {"start": 0, "target": 10**6}
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>"
"""What a program wrote, for pages to show as the text that it is."""

ECHO = """
#include <stdio.h>
int main(int count, char **arguments) {
    for (int at = 1; at < count; at++) puts(arguments[at]);
    return count == 1;
}
"""


@dataclass
class Gallery:
    """The market, its parties, and its jobs by what they show."""

    network: LocalMarket
    requester: Party
    provider: Party
    liar: Party
    verifier: Party
    jobs: dict[str, JobId] = field(default_factory=dict)

    def book(self) -> Book:
        """All that has happened."""
        chain = self.network.chain
        entries = read_events(chain.node, chain.deployment, chain.deployment.start_block, chain.node.head().number)
        return Book(chain.deployment.market, entries)

    def history(self, name: str) -> JobHistory:
        """What has become of a job."""
        return self.book().jobs[self.jobs[name]]

    def disputes(self, name: str) -> list[DisputeHistory]:
        """The disputes about a job, the oldest first."""
        return self.book().disputes_of(self.jobs[name])

    def post(self, name: str, tasks: Sequence[dict[str, Any]], **terms: Any) -> None:
        """Have the requester post a job."""
        self.jobs[name] = self.network.post(self.requester, tasks, slot=len(self.jobs), **terms)

    def claim(self, name: str, party: Party, lie: Lie | None = None) -> None:
        """Have somebody accept a job, run it, and claim what came out, or what comes of a lie."""
        market = self.network.chain.market
        self.network.call(party, market.accept(self.history(name).job))
        result = Produce().answer(self._bench(name, lie))
        claim = market.claim(self.history(name).job, result.final_roots, bytes.fromhex(result.result_id))
        self.network.call(party, claim)

    def challenge(self, name: str, party: Party, lie: Lie | None = None) -> None:
        """Have somebody challenge a claim, for what it has computed."""
        history = self.history(name)
        objection = Verify(history.final_roots).answer(self._bench(name, lie))
        assert objection is not None
        market = self.network.chain.market
        self.network.call(party, market.challenge(history.job, proof_of(objection), objection.opening))

    def play(self, name: str, turns: int = 1000, challenger: Lie | None = None, defender: Lie | None = None) -> None:
        """Play the last dispute about a job, for so many turns, or until nobody has one."""
        game = self.network.chain.game
        for _ in range(turns):
            history, dispute = self.history(name), self.disputes(name)[-1]
            state = game.state_of(dispute.dispute_id)
            if not state.running:
                return
            side, lie = state.to_move, challenger if state.to_move is Side.CHALLENGER else defender
            address = dispute.terms.challenger if side is Side.CHALLENGER else dispute.terms.defender
            party = next(each for each in (self.provider, self.liar, self.verifier) if each.address == address)
            action = Play(dispute.terms.task, dispute.play, side).answer(self._bench(name, lie))
            match action:
                case Move(pair, roots):
                    self.network.call(party, game.move(dispute.dispute_id, pair, roots))
                case Step(pair, witness):
                    self.network.call(party, game.step(dispute.terms, pair, witness, history.job.encode()))
                case _:
                    return

    def finalize(self, name: str) -> None:
        """Have anybody end a job whose challenge period is over."""
        self.network.call(self.verifier, self.network.chain.market.finalize(self.history(name).job))

    def _bench(self, name: str, lie: Lie | None) -> Bench:
        history = self.history(name)
        terms, folder = history.job.terms, self.network.folder / f"bench-{name}"
        workload = Workload(
            machine=self.network.chain.deployment.machine_of(terms.referee) or "",
            spec_ids=tuple(spec_id.hex() for spec_id in history.spec_ids),
            task_root=terms.task_root,
            task_count=terms.task_count,
            rounds=terms.rounds,
            store=str(self.network.store.folder),
            cache=folder,
            maximum_bytes=1 << 24,
        )
        return Bench(workload, tampered_machines(lie) if lie else shipped_machines(), lambda _: None)


def make_gallery(network: LocalMarket) -> Gallery:
    """Play everything: takes some seconds."""
    gallery = Gallery(
        network,
        requester=network.join(free=200 * TOKEN),
        provider=network.join(stake=200 * TOKEN),
        liar=network.join(stake=200 * TOKEN),
        verifier=network.join(stake=200 * TOKEN),
    )
    source = network.folder / "echo.c"
    source.write_text(ECHO)
    echo = program(source)
    hello, hostile = ({"arguments": ["echo", text], "stdin": None} for text in ("hello", HOSTILE))
    scene = {"arguments": ["render"], "stdin": network.store.put((RENDER / "scene.txt").read_bytes())}
    middle = Lie(step=2000, register=10)

    gallery.post("text", [hello, hostile], machine="riscv", program=echo, rounds=4, price=3)
    gallery.claim("text", gallery.provider)
    gallery.post("wrong", [hello], machine="riscv", program=echo, rounds=4, price=5)
    gallery.claim("wrong", gallery.liar, middle)
    gallery.challenge("wrong", gallery.verifier)
    gallery.play("wrong", defender=middle)
    # Wrongly challenged, by somebody who then falls silent.
    gallery.post("silent", [ENDLESS], rounds=3)
    gallery.claim("silent", gallery.provider)
    gallery.challenge("silent", gallery.liar, Lie(step=37))
    gallery.play("silent", turns=1, challenger=Lie(step=37))
    network.skip_time(2 * ALLOWANCE)
    dispute = gallery.disputes("silent")[-1]
    network.call(gallery.provider, network.chain.game.timeout(dispute.terms, gallery.history("silent").job.encode()))
    network.skip_time(CHALLENGE_PERIOD)
    for name in ("text", "silent"):
        gallery.finalize(name)
    gallery.post("picture", [scene], machine="riscv", program=program(RENDER / "render.c"), rounds=6, price=4)
    gallery.claim("picture", gallery.provider)
    gallery.post("disputed", [ENDLESS], rounds=4, price=2)
    gallery.claim("disputed", gallery.liar, Lie(step=40_000))
    gallery.challenge("disputed", gallery.verifier)
    gallery.play("disputed", turns=2, defender=Lie(step=40_000))
    gallery.post("open", [hello], machine="riscv", program=echo, rounds=4, price=7)
    gallery.post("cancelled", [ENDLESS])
    network.call(gallery.requester, network.chain.market.cancel(gallery.history("cancelled").job))
    return gallery


@contextmanager
def serving(gallery: Gallery, home: Path, *options: str) -> Iterator[str]:
    """The gallery as `assay console` shows it; yields the URL."""
    network = gallery.network
    environment = {
        **os.environ,
        "ASSAY_HOME": str(home),
        "ASSAY_RPC_URL": network.url,
        "ASSAY_DEPLOYMENT": str(network.deployment_file),
        "ASSAY_STORE": str(network.store.folder),
    }
    command = [sys.executable, "-u", "-m", "assay.cli.main", "console", "--port", "0", "--json", *options]
    with subprocess.Popen(command, cwd=CHECKOUT, env=environment, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            said = "".join(iter(server.stdout.readline, "}\n"))
            yield str(json.loads(f"{said}}}")["url"]).rstrip("/")
        finally:
            server.send_signal(signal.SIGINT)
            assert server.wait(20) == INTERRUPTED

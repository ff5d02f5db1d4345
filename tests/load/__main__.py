"""A market under load: many small jobs, lies among them, and agents that are killed at random.

    python -m tests.load --jobs 1000 --requesters 20 --providers 4 --verifiers 2 --lies 0.05

Every job has to end, every lie to be slashed, every token to be where it belongs. What it took is printed.
"""

import argparse
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import quantiles

from assay.chain.events import read_events
from assay.chain.history import Book, JobHistory
from assay.chain.records import End, JobId, Status
from assay.errors import TransientError
from tests.support.agents import AGENT, LIAR, Agent
from tests.support.anvil import anvil
from tests.support.market import CHALLENGE_PERIOD, TOKEN, LocalMarket, Party

FAIR, CHEAP, BOND = 2, 1, 10
"""Tokens. The honest providers take no job that pays less than `FAIR`, so the liar has the others to itself."""
PLENTY = 100_000
"""Tokens: for days of jobs, and of lies."""

DAY = 86_400
BURNED = "0x000000000000000000000000000000000000dEaD"
WAVE = 250
"""Jobs that are open at once."""

PATIENCE = 1800.0
"""Seconds without anything new, after which the market counts as stuck."""


@dataclass
class Figures:
    """What is measured."""

    started: float = field(default_factory=time.monotonic)
    seconds: float = 0.0
    """Of real time, from the first post to the last end."""
    to_accept: list[int] = field(default_factory=list)
    to_claim: list[int] = field(default_factory=list)
    """Seconds of chain time from the post."""
    kills: int = 0
    transactions: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    memory: list[int] = field(default_factory=list)
    """Bytes that the largest agent had in use after each wave, its jobs' processes not counted."""
    journals: list[int] = field(default_factory=list)
    """Bytes of the largest journal after each wave."""

    def report(self) -> dict[str, object]:
        """For people, and for comparison."""
        jobs = sum(self.ends.values())
        return {
            "jobs": jobs,
            "ends": dict(self.ends),
            "seconds": round(self.seconds, 1),
            "jobs a minute": round(60 * jobs / self.seconds, 1),
            "seconds to acceptance": _percentiles(self.to_accept),
            "seconds to claim": _percentiles(self.to_claim),
            "kills": self.kills,
            "transactions of agents a job": round(self.transactions / jobs, 2),
            "MiB of an agent, by wave": [round(size / 2**20) for size in self.memory],
            "MiB of a journal, by wave": [round(size / 2**20, 1) for size in self.journals],
        }


class Load:
    """One market, its parties, and what becomes of them."""

    def __init__(self, url: str, folder: Path, options: argparse.Namespace) -> None:
        self.options = options
        self.network = LocalMarket(url, folder / "market")
        self.figures = Figures()
        self._random = random.Random(options.seed)
        self.requesters = [self.network.join(free=PLENTY * TOKEN) for _ in range(options.requesters)]
        self.given = {party.address: PLENTY * TOKEN for party in self.requesters}
        self.providers = [self._agent(f"provider-{n}", folder, stake=BOND * 200) for n in range(options.providers)]
        self.verifiers = [self._agent(f"verifier-{n}", folder, stake=1000) for n in range(options.verifiers)]
        self.liar = self._agent("liar", folder, stake=PLENTY, minimum_price=0)
        self._down: dict[Agent, float] = {}
        self._next_kill = time.monotonic() + options.kill_every
        self._known = Book(self.network.chain.deployment.market)
        self._next_block = self.network.chain.deployment.start_block

    def _agent(self, name: str, folder: Path, stake: int, minimum_price: int = FAIR) -> Agent:
        party = self.network.join(stake=stake * TOKEN)
        self.given[party.address] = stake * TOKEN
        more = "processes = 2\n"
        agent = Agent(self.network, party, name, folder, minimum_price=minimum_price, maximum_jobs=40, more=more)
        text = agent.config.read_text()
        if name == "liar":  # and it takes none of those that are paid fairly
            text = text.replace("[provider]\n", f'[provider]\nhook = "{_only_cheap(folder)}"\n')
        agent.config.write_text(text.replace("poll = 0.3", "poll = 0.5"))
        return agent

    # The run

    def run(self) -> Figures:
        """Everything, to its end."""
        agents = [*self.providers, *self.verifiers, self.liar]
        try:
            for agent in agents:
                self._start(agent)
            done = 0
            while done < self.options.jobs or time.monotonic() - self.figures.started < 3600 * self.options.hours:
                size = min(WAVE, self.options.jobs)
                self._wave(range(done, done + size))
                done += size
                if done % (4 * size) == 0:
                    print(json.dumps(self.figures.report() if self.figures.seconds else {"jobs": done}), flush=True)
            self._settle()
        except BaseException:
            for agent in agents:
                print(f"--- {agent.folder.name}\n{agent.said()[-3000:]}", file=sys.stderr)
            raise
        finally:
            for agent in agents:
                agent.stop()
        self._check_money()
        return self.figures

    def _start(self, agent: Agent) -> None:
        if agent is self.liar:
            agent.start(LIAR, "--roles", "provider", "--step", "5")
        else:
            agent.start(AGENT, "--roles", "verifier" if agent in self.verifiers else "provider")

    def _wave(self, numbers: Sequence[int]) -> None:
        """Post jobs, wait until all are claimed and the lies are slashed, let the time pass, wait for the payments."""
        jobs = self._post(numbers)
        self._until("all are claimed", lambda book: all(_is_claimed(book.jobs.get(job)) for job in jobs))
        lies = [job for job, is_lie in jobs.items() if is_lie]
        self._until("the lies are slashed", lambda book: all(book.jobs[job].ended for job in lies))
        self._until("no dispute that matters is open", lambda book: not any(_is_disputed(book, job) for job in jobs))
        self.network.skip_time(CHALLENGE_PERIOD)
        book = self._until("all have ended", lambda book: all(book.jobs[job].ended for job in jobs))
        self._count(book, jobs)
        agents = [*self.providers, *self.verifiers, self.liar]
        self.figures.memory.append(max(agent.memory() for agent in agents))
        self.figures.journals.append(max(agent.journal_size() for agent in agents))

    def _post(self, numbers: Sequence[int]) -> dict[JobId, bool]:
        """Jobs by id, and whether they are the liar's."""
        market, jobs = self.network.chain.market, {}
        lies = set(self._random.sample(list(numbers), round(len(numbers) * self.options.lies)))
        sent = []
        for number in numbers:
            place, slot, generation = slot_of(number, self.options.jobs, len(self.requesters))
            party = self.requesters[place]
            # The target is out of reach, so that a lie about any step is one.
            task = {"start": number, "target": number + 10**6}
            terms = self.network.terms([task], price=CHEAP if number in lies else FAIR)
            terms = replace(terms, accept_period=DAY, run_period=DAY)
            job_id = JobId(party.address, slot, generation)
            sent.append((party, party.sender.send(market.post(slot, terms), f"post {job_id}")))
            jobs[job_id] = number in lies
            self._chaos()
        for party, transaction in sent:
            party.sender.wait(transaction)
        return jobs

    def _until(self, what: str, condition: Callable[[Book], object]) -> Book:
        seen, since = -1, time.monotonic()
        while True:
            self._chaos()
            book = self._book()
            if condition(book):
                return book
            progress = sum(len(history.entries) for history in book.jobs.values())
            progress += sum(len(dispute.entries) for dispute in book.disputes.values())
            if progress != seen:
                seen, since = progress, time.monotonic()
            if time.monotonic() - since > PATIENCE:
                raise AssertionError(f"nothing new for {PATIENCE:g} s: {what}")
            time.sleep(1)

    def _chaos(self) -> None:
        """Kill an agent now and then, and start it again a little later."""
        now = time.monotonic()
        for agent, at in list(self._down.items()):
            if now >= at:
                del self._down[agent]
                self._start(agent)
        if not self.options.kill_every or now < self._next_kill:
            return
        self._next_kill = now + self._random.uniform(0.5, 1.5) * self.options.kill_every
        running = [each for each in [*self.providers, *self.verifiers, self.liar] if each not in self._down]
        agent = self._random.choice(running)
        agent.kill()
        self._down[agent] = now + self._random.uniform(0, 3)
        self.figures.kills += 1

    def _settle(self) -> None:
        """Challenges that a slash has made pointless end when their clocks have run out."""
        self.network.skip_time(4 * CHALLENGE_PERIOD)
        self._until("no dispute is open", lambda book: all(dispute.resolved for dispute in book.disputes.values()))

    # What is checked

    def _count(self, book: Book, jobs: dict[JobId, bool]) -> None:
        self.figures.seconds = time.monotonic() - self.figures.started
        for job, is_lie in jobs.items():
            history = book.jobs[job]
            assert history.ended is not None
            wanted = (End.SLASHED_BY_STEP, End.SLASHED_BY_TIMEOUT) if is_lie else (End.FINALIZED,)
            assert history.ended.end in wanted, f"{job} was {'a lie' if is_lie else 'right'}: {history.ended.end.name}"
            self.figures.ends[history.ended.end.name] += 1
            posted, accepted, claimed = (self._time(entry.block) for entry in history.entries[:3])
            self.figures.to_accept.append(accepted - posted)
            self.figures.to_claim.append(claimed - posted)

    def _check_money(self) -> None:
        """Every token is accounted for, and nobody who was honest has lost one."""
        market = self.network.chain.market
        parties: list[Party] = [*self.requesters, *(a.party for a in [*self.providers, *self.verifiers, self.liar])]
        accounts = {party.address: market.account_of(party.address) for party in parties}
        burned = market.account_of(BURNED)
        held = sum(account.free + account.stake for account in [*accounts.values(), burned])
        assert held == self.network.total(), f"{self.network.total() - held} base units are nobody's"
        slashed = sum(count for end, count in self.figures.ends.items() if end != "FINALIZED")
        paid = self.figures.ends["FINALIZED"] * FAIR
        for agent in [*self.providers, *self.verifiers]:
            account = accounts[agent.party.address]
            assert account.stake == self.given[agent.party.address], f"{agent.folder.name} has lost a bond"
        earned = sum(accounts[agent.party.address].free for agent in self.providers) // TOKEN
        assert earned == paid, f"the providers were paid {earned}, and have earned {paid}"
        rewards = sum(accounts[agent.party.address].free for agent in self.verifiers) // TOKEN
        assert rewards == slashed * BOND // 2, f"the verifiers have {rewards} for {slashed} lies"
        spent = sum(self.given[party.address] - accounts[party.address].free for party in self.requesters) // TOKEN
        assert spent == paid, f"the requesters have spent {spent}, and {paid} was paid"
        liar = accounts[self.liar.party.address]
        assert self.given[self.liar.party.address] - liar.stake == slashed * BOND * TOKEN
        nonce = self.network.chain.node.mined_nonce
        agents = [*self.providers, *self.verifiers]
        self.figures.transactions = sum(nonce(agent.party.address) for agent in agents)

    def _book(self) -> Book:
        """All that has happened so far; each block is read once, since nothing is reorganised here."""
        node, deployment = self.network.chain.node, self.network.chain.deployment
        while True:
            try:
                last = node.head().number
                entries = list(read_events(node, deployment, self._next_block, last))
            except TransientError as fault:  # a busy node
                print(f"trying again: {fault}", file=sys.stderr)
                continue
            for entry in entries:
                self._known.add(entry)
            self._next_block = last + 1
            return self._known

    def _time(self, block: int) -> int:
        return self.network.chain.node.block(block).timestamp


def slot_of(number: int, jobs: int, requesters: int) -> tuple[int, int, int]:
    """Requester, slot and generation of a job: each round of `jobs` uses the slots of the one before again."""
    generation, place = divmod(number, jobs)
    slot, requester = divmod(place, requesters)
    return requester, slot, generation + 1


def _is_claimed(history: JobHistory | None) -> bool:
    return history is not None and (history.ended is not None or history.job.status is Status.CLAIMED)


def _is_disputed(book: Book, job: JobId) -> bool:
    is_over = book.jobs[job].ended is not None
    return not is_over and any(not dispute.resolved for dispute in book.disputes_of(job))


def _only_cheap(folder: Path) -> Path:
    hook = folder / "only-cheap"
    hook.write_text(f'#!/bin/sh\nexec grep -q \'"price": "{CHEAP}"\'\n')
    hook.chmod(0o755)
    return hook


def _percentiles(values: Sequence[int]) -> dict[str, float]:
    cuts = quantiles(values, n=100, method="inclusive") if len(values) > 1 else [float(values[0])] * 99
    return {"median": cuts[49], "90%": cuts[89], "99%": cuts[98], "most": float(max(values))}


def load(folder: Path, options: argparse.Namespace) -> Figures:
    """Play one load, on a node of its own."""
    with anvil() as url:
        made = Load(url, folder, options)
        made.network.request("evm_setIntervalMining", 1)  # seconds; so far, whoever joined had a block at once
        return made.run()


def parser() -> argparse.ArgumentParser:
    """The options, with what `make load` plays."""
    made = argparse.ArgumentParser(prog="python -m tests.load", description=__doc__.splitlines()[0])
    made.add_argument("--jobs", type=int, default=1000)
    made.add_argument("--requesters", type=int, default=20)
    made.add_argument("--providers", type=int, default=4)
    made.add_argument("--verifiers", type=int, default=2)
    made.add_argument("--lies", type=float, default=0.05, help="share of the jobs that a liar claims wrongly")
    made.add_argument("--kill-every", type=float, default=20.0, help="seconds between two kills; 0: none")
    made.add_argument("--hours", type=float, default=0.0, help="go on with as many jobs again for so long")
    made.add_argument("--seed", type=int, default=int(time.time()))
    return made


def main() -> None:
    """Play it, and tell how it went."""
    options = parser().parse_args()
    print(f"seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="assay-load-") as folder:
        print(json.dumps(load(Path(folder), options).report(), indent=2))


if __name__ == "__main__":
    main()

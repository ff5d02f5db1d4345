"""Agents as processes on a real node: honest ones are paid, liars are slashed, and a killed one goes on."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from assay.chain.events import read_events
from assay.chain.history import Book, JobHistory
from assay.chain.records import End, JobId, Status
from assay.dispute.game import Side
from assay.documents import read_result_document
from assay.machines.registry import machine_named
from tests.support.agents import AGENT, LIAR, Agent, running
from tests.support.anvil import CHECKOUT, anvil
from tests.support.market import ALLOWANCE, CHALLENGE_PERIOD, TOKEN, LocalMarket, Party
from tests.support.programs import program

WAIT = 300.0
"""Seconds of real time after which something that should happen counts as not happening."""

COUNT = {"start": 7, "target": 100}
ENDLESS = {"start": 0, "target": 10**6}
"""Counts beyond its step limit, so that all its states differ."""

FAIR = 2
"""Tokens: what the honest provider asks for. The other tests' jobs pay 1, so that it leaves them to their liars."""

PROVIDER = ("--roles", "provider")
VERIFIER = ("--roles", "verifier")

Recruit = Callable[..., Agent]


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalMarket]:
    with anvil("--block-time", "0.5") as url:
        yield LocalMarket(url, tmp_path_factory.mktemp("market"))


@pytest.fixture(scope="module")
def provider(network: LocalMarket, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    """An honest one that works for all tests, at `FAIR` prices."""
    party = network.join(stake=1000 * TOKEN)
    agent = Agent(network, party, "provider", tmp_path_factory.mktemp("a"), minimum_price=FAIR, maximum_jobs=20)
    with running(agent, AGENT, *PROVIDER):
        yield agent


@pytest.fixture(scope="module")
def verifier(network: LocalMarket, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    """An honest one that works for all tests."""
    agent = Agent(network, network.join(stake=100 * TOKEN), "verifier", tmp_path_factory.mktemp("a"))
    with running(agent, AGENT, *VERIFIER):
        yield agent


@pytest.fixture
def requester(network: LocalMarket) -> Party:
    return network.join(free=100 * TOKEN)


@pytest.fixture
def recruit(network: LocalMarket, tmp_path: Path, provider: Agent, verifier: Agent) -> Iterator[Recruit]:
    """Makes agents that have staked; prints what all said if the test fails."""
    agents: list[Agent] = []

    def make(name: str, engine: str = "native") -> Agent:
        agents.append(Agent(network, network.join(stake=100 * TOKEN), name, tmp_path, engine=engine))
        return agents[-1]

    yield make
    for agent in agents:
        agent.stop()
    for agent in [provider, verifier, *agents]:
        print(f"--- {agent.folder.name} {agent.party.address}\n{agent.said()}")


def book_of(network: LocalMarket) -> Book:
    node, deployment = network.chain.node, network.chain.deployment
    entries = read_events(node, deployment, deployment.start_block, node.head().number)
    return Book(deployment.market, entries)


def wait_until(what: str, condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT
    while not condition():
        assert time.monotonic() < deadline, f"not within {WAIT:g} s: {what}"
        time.sleep(0.2)


def wait_for(network: LocalMarket, job_id: JobId, condition: Callable[[JobHistory], bool]) -> JobHistory:
    wait_until(f"what was expected of job {job_id}", lambda: condition(book_of(network).jobs[job_id]))
    return book_of(network).jobs[job_id]


def end_of(network: LocalMarket, job_id: JobId) -> End:
    history = wait_for(network, job_id, lambda history: history.ended is not None)
    assert history.ended is not None
    return history.ended.end


def account(network: LocalMarket, agent: Agent) -> tuple[int, int]:
    """Free tokens and stake, in whole tokens."""
    found = network.chain.market.account_of(agent.party.address)
    return found.free // TOKEN, found.stake // TOKEN


def test_an_honest_provider_is_paid_while_a_verifier_looks_on(
    network: LocalMarket, requester: Party, provider: Agent, verifier: Agent
) -> None:
    free, stake = account(network, provider)
    tasks = [COUNT, {"start": 5, "target": 6}, {"start": 0, "target": 1000}]
    job_id = network.post(requester, tasks, price=FAIR)
    wait_until("the verifier agrees", lambda: f'job={job_id} reason="recomputed, and right"' in verifier.said())
    network.skip_time(CHALLENGE_PERIOD)
    assert end_of(network, job_id) is End.FINALIZED

    assert account(network, provider) == (free + FAIR, stake)
    history = book_of(network).jobs[job_id]
    assert history.result_id is not None
    document = read_result_document(network.store.get(history.result_id.hex()))
    proved = [machine_named("counter").check_result(entry, network.store.get) for entry in document.tasks]
    assert tuple(root for root, _ in proved) == history.final_roots
    assert proved[0][1].stdout == b"100\n"


def test_a_hostile_job_is_refused_with_its_reason_and_the_next_one_is_run(
    network: LocalMarket, requester: Party, provider: Agent
) -> None:
    rubbish = network.store.put(b"\x7fELF rubbish")
    terms = network.terms([COUNT], price=FAIR)
    wrong = [
        replace(terms, spec_id=bytes.fromhex(rubbish)),
        replace(terms, spec_id=bytes(32)),
        replace(terms, task_root=bytes(32)),
        replace(terms, referee=requester.address),
        replace(terms, price=0),
    ]
    for slot, hostile in enumerate(wrong):
        network.call(requester, network.chain.market.post(slot, hostile))
    job_id = network.post(requester, [COUNT], slot=len(wrong), price=FAIR)
    wait_for(network, job_id, lambda history: history.job.status is Status.CLAIMED)
    wait_until("all are refused", lambda: provider.said().count(" refused ") == len(wrong))

    network.skip_time(CHALLENGE_PERIOD)
    assert end_of(network, job_id) is End.FINALIZED
    for slot in range(len(wrong)):
        posted = JobId(requester.address, slot, 1)
        network.call(requester, network.chain.market.cancel(book_of(network).jobs[posted].job))

    status = provider.run(("-m", "provider_agent.cli", "status"))
    for reason in ("not a job spec", "has no blob", "another job's", "its referee", "pays 0 tokens, less than 2"):
        assert reason in status.stdout


def test_a_second_agent_on_a_journal_or_a_key_is_refused(provider: Agent, recruit: Recruit) -> None:
    other = recruit("other")
    wallet = provider.folder / "provider.json"
    other.config.write_text(other.config.read_text().replace(str(other.folder / "other.json"), str(wallet)))
    wait_until("the first one is up", lambda: " started " in provider.said())

    same_journal = provider.run(AGENT, *VERIFIER)
    same_key = other.run(AGENT, *PROVIDER)

    assert (same_journal.returncode, same_key.returncode) == (1, 1)
    assert "journal.db is in use by another agent" in same_journal.stderr
    assert f"the key of {provider.party.address} is in use by another agent" in same_key.stderr


def test_check_names_what_is_missing_and_nothing_else(provider: Agent, network: LocalMarket, tmp_path: Path) -> None:
    newcomer = Agent(network, network.join(), "newcomer", tmp_path)

    ready, not_ready = (agent.run(("-m", "provider_agent.cli", "check")) for agent in (provider, newcomer))

    assert "FAIL" not in ready.stdout
    assert (ready.returncode, not_ready.returncode) == (0, 1)
    (failed,) = (line for line in not_ready.stdout.splitlines() if line.startswith("FAIL"))
    assert "stake: " in failed
    assert "has staked nothing" in failed


def test_lies_about_the_first_a_middle_and_the_last_step_are_slashed(
    network: LocalMarket, requester: Party, verifier: Agent, recruit: Recruit
) -> None:
    steps = [0, 40, 255]
    liars = [recruit(f"liar-{step}") for step in steps]
    free, stake = account(network, verifier)
    with ExitStack() as processes:
        for liar, step in zip(liars, steps, strict=True):
            processes.enter_context(running(liar, LIAR, "--step", str(step)))
        job_ids = [network.post(requester, [ENDLESS], slot=slot) for slot in range(len(steps))]
        assert [end_of(network, job_id) for job_id in job_ids] == [End.SLASHED_BY_STEP] * 3

    disputes = [dispute for job_id in job_ids for dispute in book_of(network).disputes_of(job_id)]
    found = [dispute.play.start + dispute.stepped.index for dispute in disputes if dispute.stepped]
    assert sorted(found) == steps
    assert [account(network, liar) for liar in liars] == [(0, 90)] * 3
    assert account(network, verifier) == (free + 3 * 5, stake)
    assert network.chain.market.account_of(requester.address).free == 100 * TOKEN


def test_lies_in_a_register_and_in_memory_are_slashed_by_the_risc_v_referee(
    network: LocalMarket, requester: Party, verifier: Agent, recruit: Recruit
) -> None:
    """Two verifiers challenge each lie, side by side: the first to win has the reward, and no bond is lost."""
    elf = program(CHECKOUT / "examples" / "compress" / "compress.c")
    stdin = network.store.put(b"so much depends upon a red wheel barrow " * 10)
    task = {"arguments": ["compress"], "stdin": stdin}
    by_register, by_memory, second = recruit("register"), recruit("memory"), recruit("second")
    free, stake = account(network, verifier)
    with (
        running(by_register, LIAR, "--step", "40000", "--register", "10"),
        running(by_memory, LIAR, "--step", "-1"),
        running(second, AGENT, *VERIFIER),
    ):
        job_ids = [
            network.post(requester, [task], machine="riscv", program=elf, rounds=6, slot=slot) for slot in range(2)
        ]
        assert [end_of(network, job_id) for job_id in job_ids] == [End.SLASHED_BY_STEP] * 2
        # Challenges that a slash has made pointless end when a clock runs out: then their bonds are back.
        network.skip_time(ALLOWANCE)
        wait_until(
            "no bond is left", lambda: account(network, verifier)[1] + account(network, second)[1] == stake + 100
        )

    assert all(len(book_of(network).jobs[job_id].challenges) == 2 for job_id in job_ids)
    assert account(network, by_register) == account(network, by_memory) == (0, 90)
    assert account(network, verifier)[0] - free + account(network, second)[0] == 2 * 5


def test_a_liar_that_falls_silent_is_slashed_by_its_clock(
    network: LocalMarket, requester: Party, verifier: Agent, recruit: Recruit
) -> None:
    liar = recruit("liar")
    free, stake = account(network, verifier)
    with running(liar, LIAR, "--step", "3"):
        job_id = network.post(requester, [ENDLESS])
        wait_for(network, job_id, lambda history: history.job.status is Status.CLAIMED)
        liar.kill()
    wait_for(network, job_id, lambda history: bool(history.challenges))
    wait_until("the challenger knows", lambda: verifier.said().count(f'settled purpose="challenge {job_id}') == 1)
    network.skip_time(2 * ALLOWANCE)
    assert end_of(network, job_id) is End.SLASHED_BY_TIMEOUT

    assert account(network, verifier) == (free + 5, stake)


def test_an_honest_provider_wins_against_lying_challengers_at_once(
    network: LocalMarket, requester: Party, provider: Agent, recruit: Recruit
) -> None:
    first, second = recruit("first"), recruit("second")
    free, stake = account(network, provider)
    with (
        running(first, LIAR, *VERIFIER, "--step", "10"),
        running(second, LIAR, *VERIFIER, "--step", "200"),
    ):
        job_id = network.post(requester, [ENDLESS], rounds=3, price=FAIR)
        wait_for(network, job_id, lambda history: len(history.closed) == 2)
    network.skip_time(CHALLENGE_PERIOD)
    assert end_of(network, job_id) is End.FINALIZED

    disputes = book_of(network).disputes_of(job_id)
    assert [dispute.resolved and dispute.resolved.winner for dispute in disputes] == [Side.DEFENDER] * 2
    assert account(network, provider) == (free + FAIR + 2 * 5, stake)
    assert [account(network, liar) for liar in (first, second)] == [(0, 95)] * 2


def test_a_provider_killed_again_and_again_finishes_and_signs_nothing_twice(
    network: LocalMarket, requester: Party, recruit: Recruit
) -> None:
    """SIGKILL after the acceptance was sent, in the middle of the run, after the claim was sent, and in a dispute."""
    elf = program(CHECKOUT / "examples" / "compress" / "compress.c")
    stdin = network.store.put(bytes(range(256)) * 12)
    task = {"arguments": ["compress"], "stdin": stdin}
    killed, liar = recruit("killed", engine="reference"), recruit("liar")  # slow enough to be killed in a run
    before = network.chain.node.mined_nonce(killed.party.address)
    job_id = network.post(requester, [task], machine="riscv", program=elf, rounds=5)

    def kill_after(event: str) -> None:
        count = killed.said().count(event)
        killed.start(AGENT, *PROVIDER)
        wait_until(event, lambda: killed.said().count(event) > count)
        killed.kill()

    kill_after(f'sent purpose="accept {job_id}"')
    kill_after(f'settled purpose="accept {job_id}"')
    kill_after(f'sent purpose="claim {job_id}"')
    with running(liar, LIAR, *VERIFIER, "--step", "-1"):
        wait_for(network, job_id, lambda history: bool(history.challenges))
        kill_after(" answering ")
        with running(killed, AGENT, *PROVIDER):
            wait_for(network, job_id, lambda history: bool(history.closed))
            network.skip_time(CHALLENGE_PERIOD)
            assert end_of(network, job_id) is End.FINALIZED

    (dispute,) = book_of(network).disputes_of(job_id)
    defended = len(dispute.play.answers[::2])
    # The acceptance, the claim, the moves of the defender, the step that ended the dispute, and the end: each once.
    assert network.chain.node.mined_nonce(killed.party.address) - before == 2 + defended + 1 + 1
    assert account(network, killed) == (1 + 5, 100)


def test_payments_that_are_due_at_once_are_one_transaction(
    network: LocalMarket, requester: Party, provider: Agent
) -> None:
    free, stake = account(network, provider)
    job_ids = [network.post(requester, [COUNT], slot=slot, price=FAIR) for slot in range(4)]
    for job_id in job_ids:
        wait_until("the claim is settled", lambda job_id=job_id: f"claim {job_id}" in settled_by(provider))
    network.skip_time(CHALLENGE_PERIOD)
    assert [end_of(network, job_id) for job_id in job_ids] == [End.FINALIZED] * 4

    endings = {book_of(network).jobs[job_id].entries[-1].transaction for job_id in job_ids}
    assert len(endings) == 1
    assert account(network, provider) == (free + 4 * FAIR, stake)


def settled_by(agent: Agent) -> str:
    """The lines of an agent's log about its settled transactions."""
    return "\n".join(line for line in agent.said().splitlines() if " settled " in line)


def test_agents_find_their_way_through_a_reorganisation(
    network: LocalMarket, requester: Party, provider: Agent, verifier: Agent
) -> None:
    free, stake = account(network, provider)
    job_id = network.post(requester, [COUNT], price=FAIR)
    wait_until("the verifier agrees", lambda: f'job={job_id} reason="recomputed, and right"' in verifier.said())
    wait_until("the claim is settled", lambda: f'settled purpose="claim {job_id}"' in provider.said())
    network.request("evm_setIntervalMining", 0)  # no block between the count and the cut
    posted, accepted, *_ = book_of(network).jobs[job_id].entries
    network.request("anvil_reorg", network.chain.node.head().number - accepted.block + 1, [])
    network.request("evm_setIntervalMining", 1)

    for agent in (provider, verifier):
        wait_until("it is noticed", lambda agent=agent: " reorganisation " in agent.said())
    wait_for(network, job_id, lambda history: history.job.status is Status.CLAIMED)
    assert book_of(network).jobs[job_id].entries[1].block_hash != accepted.block_hash
    assert book_of(network).jobs[job_id].entries[0] == posted
    network.skip_time(CHALLENGE_PERIOD)
    assert end_of(network, job_id) is End.FINALIZED
    assert account(network, provider) == (free + FAIR, stake)

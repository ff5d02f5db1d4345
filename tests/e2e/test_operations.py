"""An agent as its operator sees it: figures, health, money, and a drain that brings everything to its end."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from assay.amounts import parse_tokens
from assay.chain.records import End, Status
from tests.e2e.test_agents import COUNT, PROVIDER, WAIT, account, book_of, end_of, wait_for, wait_until
from tests.support.agents import AGENT, Agent
from tests.support.anvil import anvil
from tests.support.market import CHALLENGE_PERIOD, TOKEN, LocalMarket

CLI = ("-m", "provider_agent.cli")


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalMarket]:
    with anvil("--block-time", "0.5") as url:
        yield LocalMarket(url, tmp_path_factory.mktemp("market"))


@pytest.fixture
def agent(network: LocalMarket, tmp_path: Path) -> Iterator[Agent]:
    more = '[operations]\nlisten = "127.0.0.1:0"\n[fees]\ntoken_price = "0.01"'
    made = Agent(network, network.join(stake=100 * TOKEN), "watched", tmp_path, maximum_jobs=20, more=more)
    made.config.write_text('roles = ["provider"]\n' + made.config.read_text())
    yield made
    made.stop()


def figures(url: str) -> dict[str, float]:
    text = requests.get(f"{url}/metrics", timeout=10).text
    lines = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in lines}


def test_a_drained_agent_finishes_what_it_has_begun_takes_nothing_new_and_has_it_all_in_its_books(
    network: LocalMarket, agent: Agent
) -> None:
    requester = network.join(free=100 * TOKEN)
    coins = network.chain.node.balance(agent.party.address)
    agent.start(AGENT)
    wait_until("it listens", lambda: " listening port=" in agent.said())
    (port,) = re.findall(r" listening port=(\d+)", agent.said())
    url = f"http://127.0.0.1:{port}"
    first = network.post(requester, [COUNT], slot=0, price=3)
    wait_for(network, first, lambda history: history.job.status is Status.CLAIMED)
    wait_until("the bond is at risk", lambda: figures(url).get('assay_agent_at_risk_tokens{as="provider"}') == 10)
    health = requests.get(f"{url}/health", timeout=10)
    assert (health.status_code, health.json()["draining"]) == (200, False)

    drained = agent.run((*CLI, "drain"))
    assert (drained.returncode, "takes nothing new" in drained.stdout) == (0, True)
    wait_until("it drains", lambda: requests.get(f"{url}/health", timeout=10).json()["draining"])
    second = network.post(requester, [COUNT], slot=1, price=3)
    wait_until("it is known", lambda: figures(url).get('assay_agent_duties{role="provider",state="considering"}') == 1)
    network.skip_time(CHALLENGE_PERIOD // 2)
    network.skip_time(CHALLENGE_PERIOD // 2)
    assert end_of(network, first) is End.FINALIZED
    assert agent.wait(WAIT) == 0
    assert "drained: nothing is at risk any more" in agent.said()

    assert book_of(network).jobs[second].job.status is Status.OPEN
    assert account(network, agent) == (3, 100)
    status = json.loads(agent.run((*CLI, "status"), "--json").stdout)
    assert (status["earned_in_all"], status["earned"]) == ("3", {"payment": "3"})
    assert set(status["gas"]) == {"accept", "claim", "finalize"}
    assert status["at_risk"]["jobs"] == 0
    assert status["pending"] == []
    assert parse_tokens(status["gas_in_all"]) == coins - network.chain.node.balance(agent.party.address)
    assert "earned   3 tokens (payment 3)" in agent.run((*CLI, "status")).stdout
    assert "no agent with these settings runs" in agent.run((*CLI, "drain")).stderr


def test_check_says_what_to_do(network: LocalMarket, agent: Agent) -> None:
    def check() -> tuple[int, dict[str, str]]:
        checked = agent.run((*CLI, "check"))
        return checked.returncode, {line.split(": ")[0].split()[-1]: line for line in checked.stdout.splitlines()}

    status, lines = check()
    assert status == 0, lines
    assert lines["roles"] == "ok    roles: provider"
    assert "million steps a second" in lines["speed"]
    assert lines["policy"].startswith("warn") == ("set provider.minimum_price" in lines["policy"]) is True
    assert lines["gas"].startswith("ok")
    assert "is made when the agent starts" in lines["journal"]
    whole = agent.config.read_text()
    agent.config.write_text(whole.partition("\n")[2].replace("[provider]", '[provider]\nhook = "nobody"'))
    status, lines = check()
    assert (status, lines["roles"][:4], lines["hooks"][:4]) == (1, "warn", "FAIL")
    agent.config.write_text(whole)
    network.request("anvil_setNextBlockBaseFeePerGas", hex(10**15))
    try:
        wait_until("gas is dear", lambda: network.chain.node.head().base_fee > 10**13)
        assert "raise fees.limit, or wait" in agent.run((*CLI, "check")).stdout
    finally:
        network.request("anvil_setNextBlockBaseFeePerGas", hex(10**9))
        wait_until("gas is cheap", lambda: network.chain.node.head().base_fee <= 10**9)


def test_explain_says_what_speaks_for_a_job_and_against_it_and_the_agent_does_as_it_says(
    network: LocalMarket, tmp_path: Path
) -> None:
    hook = tmp_path / "hook"
    hook.write_text("""#!/bin/sh\nif grep -q '"price": "4"'; then echo unlucky; exit 1; fi\n""")
    hook.chmod(0o755)
    denied = network.join(free=10 * TOKEN)
    agent = Agent(network, network.join(stake=100 * TOKEN), "choosy", tmp_path, minimum_price=2, maximum_jobs=20)
    settings = f'[provider]\nhook = "{hook}"\ndeny = ["{denied.address}"]'
    agent.config.write_text(agent.config.read_text().replace("[provider]", settings))
    requester = network.join(free=100 * TOKEN)
    jobs = {
        "taken": network.post(requester, [COUNT], slot=0, price=3),
        "cheap": network.post(requester, [COUNT], slot=1, price=1),
        "unlucky": network.post(requester, [COUNT], slot=2, price=4),
        "denied": network.post(denied, [COUNT], price=3),
    }
    said = {name: agent.run((*CLI, "explain", str(job_id))) for name, job_id in jobs.items()}
    assert {name: done.returncode for name, done in said.items()} == {"taken": 0, "cheap": 1, "unlucky": 1, "denied": 1}
    assert "would be taken" in said["taken"].stdout
    assert "+  documents: " in said["taken"].stdout
    against = {name: [line for line in done.stdout.splitlines() if line[0] == "-"] for name, done in said.items()}
    assert against["cheap"] == ["-  terms: pays 1 tokens, less than 2"]
    assert against["unlucky"] == ["-  hook: unlucky"]
    assert against["denied"] == [f"-  requester: its requester, {denied.address}, is in provider.deny"]

    agent.start(AGENT, *PROVIDER)
    try:
        wait_for(network, jobs["taken"], lambda history: history.job.status is Status.CLAIMED)
        wait_until("the others are refused", lambda: agent.said().count(" refused ") == 3)
    finally:
        agent.stop()
    assert "the hook says no: unlucky" in agent.said()
    after = agent.run((*CLI, "explain", str(jobs["taken"])))
    assert "-  stage: claimed: only an open job can be taken" in after.stdout
    claim = agent.run((*CLI, "explain", str(jobs["taken"]), "--role", "verifier"))
    against_it = [line for line in claim.stdout.splitlines() if line[0] == "-"]
    assert (claim.returncode, against_it) == (1, ["-  provider: the claim is this account's own"])

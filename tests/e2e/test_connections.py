"""An agent that reaches its chain, its key and its journal otherwise than the others do; and one that only looks."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from assay.chain.records import End, JobId
from tests.e2e.test_agents import COUNT, PROVIDER, VERIFIER, book_of, end_of, wait_until
from tests.support.agents import AGENT, Agent, running
from tests.support.anvil import anvil
from tests.support.market import CHALLENGE_PERIOD, TOKEN, LocalMarket
from tests.support.postgresql import MISSING, postgresql, programs
from tests.support.signer import signer


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalMarket]:
    with anvil("--block-time", "0.5") as url:
        yield LocalMarket(url, tmp_path_factory.mktemp("market"))


def done(network: LocalMarket, agent: Agent) -> JobId:
    """A job that the agent was paid for."""
    job_id = network.post(network.join(free=10 * TOKEN), [COUNT])
    wait_until("the claim is settled", lambda: f'settled purpose="claim {job_id}"' in agent.said())
    network.skip_time(CHALLENGE_PERIOD)
    assert end_of(network, job_id) is End.FINALIZED
    return job_id


def test_an_agent_earns_through_its_second_node_over_websocket_with_a_key_that_a_signer_keeps(
    network: LocalMarket, tmp_path: Path
) -> None:
    party = network.join(stake=100 * TOKEN)
    key = tmp_path / "key"
    key.write_text(bytes(party.account.key).hex())
    with signer(key) as url:
        nodes = ["http://127.0.0.1:1", network.url.replace("http", "ws")]
        wallet = f'signer = "{url}"\naccount = "{party.address}"'
        agent = Agent(network, party, "remote", tmp_path, rpc=nodes, wallet=wallet, maximum_jobs=20)
        checked = agent.run(("-m", "provider_agent.cli", "check"))
        assert checked.returncode == 0, checked.stdout
        assert "warn  node 1: no node answers" in checked.stdout
        assert "ok    node 2: ws://" in checked.stdout
        with running(agent, AGENT, *PROVIDER):
            done(network, agent)
    assert f"now={network.url.replace('http', 'ws')}" in agent.said()
    assert network.chain.market.account_of(party.address).free == TOKEN


def test_an_agent_whose_journal_is_in_postgresql_is_killed_and_goes_on_and_a_second_one_is_refused(
    network: LocalMarket, tmp_path: Path
) -> None:
    if programs() is None:
        pytest.skip(MISSING)
    with postgresql() as server:
        location = server.new_schema()
        agent = Agent(network, network.join(stake=100 * TOKEN), "first", tmp_path, journal=location, maximum_jobs=20)
        second = Agent(network, network.join(stake=100 * TOKEN), "second", tmp_path, journal=location)
        agent.start(AGENT, *PROVIDER)
        try:
            job_id = network.post(network.join(free=10 * TOKEN), [COUNT])
            wait_until("the claim is sent", lambda: f'sent purpose="claim {job_id}"' in agent.said())
        finally:
            agent.kill()
        with running(agent, AGENT, *PROVIDER):
            wait_until("the claim is settled", lambda: f'settled purpose="claim {job_id}"' in agent.said())
            refused = second.run(AGENT, *VERIFIER)
            server.drop_connections()  # as a restart of the server does
            done(network, agent)
            network.skip_time(CHALLENGE_PERIOD)
            assert end_of(network, job_id) is End.FINALIZED
    assert refused.returncode == 1
    assert "is in use by another agent" in refused.stderr
    assert agent.said().count(f'sent purpose="claim {job_id}"') == 1
    assert server.password not in agent.said() + refused.stderr


def test_a_dry_run_says_what_it_would_send_and_sends_nothing(network: LocalMarket, tmp_path: Path) -> None:
    party = network.join(stake=100 * TOKEN)
    agent = Agent(network, party, "looker", tmp_path, wallet=f'account = "{party.address}"', maximum_jobs=20)
    refused = agent.run(AGENT, *PROVIDER)
    assert (refused.returncode, "there is no key" in refused.stderr) == (1, True)

    before = network.chain.node.mined_nonce(party.address)
    with running(agent, AGENT, *PROVIDER, "--dry-run"):
        job_id = network.post(network.join(free=10 * TOKEN), [COUNT])
        wait_until("it is told", lambda: f'would send purpose="accept {job_id}"' in agent.said())
    assert agent.said().count(f'would send purpose="accept {job_id}"') == 1
    assert network.chain.node.mined_nonce(party.address) == before
    assert book_of(network).jobs[job_id].job.provider != party.address
    assert not (agent.folder / "journal.db-cache").exists()

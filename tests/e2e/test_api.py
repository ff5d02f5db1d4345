"""The JSON API on a market with one of everything: what it answers is what the chain says."""

import base64
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests

from assay.amounts import format_tokens
from assay.chain.records import JobId
from assay.console.models import MAX_PAGE
from assay.console.replay import Replayer
from assay.dispute.game import Side
from assay.errors import InputError, ResourceError
from assay.machines.registry import DEFAULT
from tests.support.anvil import CHECKOUT, anvil
from tests.support.gallery import HOSTILE, RENDER, Gallery, make_gallery, serving
from tests.support.market import CHALLENGE_PERIOD, TOKEN, LocalMarket, Party
from tests.support.programs import program
from tests.support.proxy import Proxy, proxy

NOBODY = "0x" + "12" * 20
ELF = b"\x7fELF rubbish"


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gallery]:
    with anvil() as url:
        yield make_gallery(LocalMarket(url, tmp_path_factory.mktemp("market")))


@pytest.fixture(scope="module")
def base(gallery: Gallery, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(gallery, tmp_path_factory.mktemp("home")) as url:
        catch_up(url, gallery)
        yield url


def catch_up(base: str, gallery: Gallery) -> None:
    """Wait until the index is at the chain's head, and has compared all accounts with it."""
    head = gallery.network.chain.node.head().number
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        answer = requests.get(f"{base}/api/market", timeout=20)
        if answer.ok and answer.json()["position"]["block"] >= head:
            accounts = get(base, "/accounts")["accounts"]
            if all(each["checked_block"] is not None for each in accounts):
                return
        time.sleep(0.1)
    raise AssertionError(f"the index does not come to block {head}: {answer.text}")


def get(base: str, path: str, expect: int = 200, **query: Any) -> Any:
    answer = requests.get(f"{base}/api{path}", params=query, timeout=120)
    assert answer.status_code == expect, answer.text
    return answer.json()


def refusal(base: str, path: str, expect: int, **query: Any) -> str:
    """Why a request is refused."""
    error = get(base, path, expect, **query)["error"]
    assert set(error) == {"code", "message"}
    return f"{error['code']}: {error['message']}"


def place(gallery: Gallery, name: str) -> str:
    return f"/jobs/{gallery.jobs[name]}"


def dispute_id(gallery: Gallery, name: str) -> str:
    return f"0x{gallery.disputes(name)[-1].dispute_id.hex()}"


# What there is


def test_a_market_at_a_glance_is_what_the_chain_says(base: str, gallery: Gallery) -> None:
    market, chain = get(base, "/market"), gallery.network.chain
    assert market["contracts"]["market"] == chain.deployment.market
    assert market["position"]["hash"] == f"0x{chain.node.block(market['position']['block']).hash.hex()}"
    assert market["position"]["following"] is None
    assert market["jobs"] == {
        "finalized": 2, "slashed by step": 1, "claimed": 1, "disputed": 1, "open": 1, "cancelled": 1,
    }  # fmt: skip
    assert market["disputes"] == {"won by challenger": 1, "won by defender": 1, "running": 1}
    parties = [gallery.requester, gallery.provider, gallery.liar, gallery.verifier]
    accounts = [chain.market.account_of(party.address) for party in parties]
    assert market["held"] == format_tokens(gallery.network.total())
    assert market["staked"] == format_tokens(sum(account.stake for account in accounts))
    assert market["free"] == format_tokens(sum(account.free for account in accounts))
    assert (market["paid"], market["burned"], market["at_risk"]) == ("4", "5", "20")


def test_what_the_market_holds_is_what_the_api_says_it_is_for(base: str) -> None:
    """SPEC.md's first rule, read from the API: balances, stakes, bonds and escrows."""
    market = get(base, "/market")
    names = ("held", "free", "staked", "at_risk", "burned")
    held, free, staked, at_risk, burned = (float(market[name]) for name in names)
    escrows = sum(float(job["price"]) for job in get(base, "/jobs")["jobs"] if job["ended_at"] is None)
    challenger_bonds = float(market["rules"]["challenger_bond"]) * market["disputes"]["running"]
    assert held == free + staked + at_risk + burned + escrows + challenger_bonds


def test_history_adds_up_to_the_jobs(base: str) -> None:
    history = get(base, "/history", period=600, count=400)
    assert [each["start"] % 600 for each in history["periods"]] == [0] * 400
    sums = {name: sum(each[name] for each in history["periods"]) for name in ("posted", "ended", "challenged")}
    assert sums == {"posted": 7, "ended": 4, "challenged": 3}
    assert history["periods"][-1]["staked"] == get(base, "/market")["staked"]
    assert sum(float(each["paid"]) for each in history["periods"]) == 4


def test_jobs_come_page_by_page_in_the_order_of_their_posting(base: str, gallery: Gallery) -> None:
    pages, before = [], None
    while True:
        page = get(base, "/jobs", limit=3, **({} if before is None else {"before": before}))
        pages.append([job["job"] for job in page["jobs"]])
        if (before := page["next"]) is None:
            break
    assert [len(page) for page in pages] == [3, 3, 1]
    newest_first = [str(job_id) for job_id in reversed(gallery.jobs.values())]
    assert [job for page in pages for job in page] == newest_first


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"status": "finalized"}, {"text", "silent"}),
        ({"status": "slashed by step"}, {"wrong"}),
        ({"status": "expired"}, set()),
        ({"machine": "counter"}, {"silent", "disputed", "cancelled"}),
        ({"provider": "liar"}, {"wrong", "disputed"}),
        ({"provider": "liar", "status": "disputed"}, {"disputed"}),
        ({"requester": "provider"}, set()),
    ],
)
def test_jobs_are_found_by_what_they_are(
    base: str, gallery: Gallery, filters: dict[str, str], expected: set[str]
) -> None:
    parties = {"liar": gallery.liar, "provider": gallery.provider}
    # Addresses may be given without a checksum.
    query = {name: parties[value].address.lower() if value in parties else value for name, value in filters.items()}
    found = {job["job"] for job in get(base, "/jobs", **query)["jobs"]}
    assert found == {str(gallery.jobs[name]) for name in expected}


def test_a_job_tells_all_that_happened_to_it(base: str, gallery: Gallery) -> None:
    job, history = get(base, place(gallery, "wrong")), gallery.history("wrong")
    assert [event["event"] for event in job["events"]] == [
        "JobPosted", "JobAccepted", "JobClaimed", "DisputeOpened", "JobChallenged",
        "Moved", "Moved", "Moved", "Stepped", "DisputeResolved", "JobEnded", "BondSlashed", "ChallengeClosed",
    ]  # fmt: skip
    assert (job["status"], job["earned"], job["refunded"], job["slashed"], job["burned"]) == (
        "slashed by step", "0", "5", "5", "5",
    )  # fmt: skip
    assert job["claim_root"] == f"0x{history.job.claim_root.hex()}"
    receipts = {event["transaction"] for event in job["events"]}
    for transaction in receipts:
        assert gallery.network.request("eth_getTransactionReceipt", transaction)["status"] == "0x1"
    assert [each["dispute"] for each in job["disputes"]] == [dispute_id(gallery, "wrong")]


def test_outputs_are_shown_as_what_they_are(base: str, gallery: Gallery) -> None:
    text = get(base, f"{place(gallery, 'text')}/tasks/1/output")
    assert text["stdout"] == {"kind": "text", "size": len(HOSTILE) + 1, "text": f"{HOSTILE}\n", "truncated": False}
    assert (text["standing"], text["exit_status"]) == ("final", 0)
    picture = get(base, f"{place(gallery, 'picture')}/tasks/0/output")
    assert (picture["stdout"]["kind"], picture["standing"]) == ("picture", "open")
    wrong = get(base, f"{place(gallery, 'wrong')}/tasks/0/output")
    assert wrong["standing"] == "wrong"


def test_outputs_themselves_are_sandboxed_and_only_pictures_are_shown(base: str, gallery: Gallery) -> None:
    picture = requests.get(f"{base}/api{place(gallery, 'picture')}/tasks/0/stdout", timeout=60)
    assert picture.headers["Content-Type"] == "image/png"
    assert picture.content.startswith(b"\x89PNG")
    page = requests.get(f"{base}/api{place(gallery, 'text')}/tasks/1/stdout", timeout=60)
    assert page.content == f"{HOSTILE}\n".encode()
    assert page.headers["Content-Type"] == "application/octet-stream"
    assert page.headers["Content-Disposition"].startswith("attachment")
    for answer in (picture, page):
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_an_output_that_is_gone_or_altered_is_not_shown(base: str, gallery: Gallery) -> None:
    assert gallery.history("disputed").result_id is not None
    store = gallery.network.store.folder
    document = (gallery.history("disputed").result_id or b"").hex()
    (path,) = (each for each in store.rglob("*") if each.is_file() and each.name.endswith(document[2:]))
    whole = path.read_bytes()
    try:
        path.unlink()
        assert "not_found" in refusal(base, f"{place(gallery, 'disputed')}/tasks/0/output", 404)
        path.write_bytes(whole[:-1] + b" ")
        get(base, f"{place(gallery, 'disputed')}/tasks/0/output", 502)
    finally:
        path.unlink(missing_ok=True)
        path.write_bytes(whole)
    assert get(base, f"{place(gallery, 'disputed')}/tasks/0/output")["standing"] == "open"


def test_a_dispute_tells_every_turn(base: str, gallery: Gallery) -> None:
    dispute = get(base, f"/disputes/{dispute_id(gallery, 'wrong')}")
    history = gallery.disputes("wrong")[0]
    assert [turn["roots"] for turn in dispute["list"]] == [
        [f"0x{root.hex()}" for root in roots]
        for roots in (history.play.opening, *(answer.roots for answer in history.play.answers))
    ]
    assert [turn["side"] for turn in dispute["list"]] == ["challenger", "defender", "challenger", "defender"]
    assert dispute["list"][0]["disputed"] is None
    strides = [int(turn["stride"]) for turn in dispute["list"]]
    assert strides == [16**3, 16**2, 16, 1]
    starts = [int(turn["start"]) for turn in dispute["list"]]
    assert starts == [0, 0, 1792, 2000]  # 2000 = 7 * 256 + 13 * 16
    assert (dispute["winner"], dispute["ending"], dispute["to_move"]) == ("challenger", "step", None)
    assert int(dispute["step"]["step"]) == 2000


def test_the_disputed_step_is_the_one_that_was_altered(base: str, gallery: Gallery) -> None:
    step = get(base, f"/disputes/{dispute_id(gallery, 'wrong')}/step")
    dispute = get(base, f"/disputes/{dispute_id(gallery, 'wrong')}")
    assert step["agrees"]
    assert (step["prestate"], step["poststate"]) == (dispute["step"]["prestate"], dispute["step"]["poststate"])
    assert step["poststate"] != dispute["step"]["claimed"]
    assert step["instruction"]
    pc = next(each for each in step["registers"] if each["name"] == "pc")
    assert pc["before"] == step["pc"]
    assert int(pc["after"], 16) == int(pc["before"], 16) + 4
    assert len(step["registers"]) == 38
    assert step["memory"][0]["role"] == "instruction"
    assert len(bytes.fromhex(step["memory"][0]["before"][2:])) == 32


def test_a_running_dispute_says_whose_turn_it_is_and_until_when(base: str, gallery: Gallery) -> None:
    identity = dispute_id(gallery, "disputed")
    dispute, game = get(base, f"/disputes/{identity}"), gallery.network.chain.game
    state = game.state_of(bytes.fromhex(identity[2:]))
    assert (dispute["winner"], dispute["step"]) == (None, None)
    assert dispute["to_move"] == ("challenger" if state.to_move is Side.CHALLENGER else "defender")
    assert dispute["deadline"] == game.deadline_of(bytes.fromhex(identity[2:]))
    assert "no step was executed" in refusal(base, f"/disputes/{identity}/step", 400)


def test_disputes_are_found_by_party_and_state(base: str, gallery: Gallery) -> None:
    def found(**query: Any) -> set[str]:
        return {each["dispute"] for each in get(base, "/disputes", **query)["disputes"]}

    wrong, silent, running = (dispute_id(gallery, name) for name in ("wrong", "silent", "disputed"))
    assert found() == {wrong, silent, running}
    assert found(running="true") == {running}
    assert found(running="false", party=gallery.liar.address) == {wrong, silent}
    assert found(party=gallery.provider.address) == {silent}


def test_a_silent_challenger_has_lost(base: str, gallery: Gallery) -> None:
    dispute = get(base, f"/disputes/{dispute_id(gallery, 'silent')}")
    assert (dispute["winner"], dispute["ending"], dispute["step"]) == ("defender", "timeout", None)


def test_providers_have_their_records(base: str, gallery: Gallery) -> None:
    page = get(base, f"/providers/{gallery.liar.address}")
    account = gallery.network.chain.market.account_of(gallery.liar.address)
    assert page["stake"] == format_tokens(account.stake)
    record = {name: page[name] for name in ("accepted", "running", "finalized", "slashed", "lost", "at_risk")}
    assert record == {"accepted": 2, "running": 1, "finalized": 0, "slashed": 1, "lost": "10", "at_risk": "10"}
    assert not page["listed"]
    listed = get(base, "/providers")["providers"]
    assert [each["provider"] for each in listed] == sorted([gallery.liar.address, gallery.provider.address])
    first = get(base, "/providers", limit=1)
    assert get(base, "/providers", after=first["next"], limit=1)["providers"] == listed[1:]


def test_accounts_are_what_the_market_says_and_their_changes_add_up(base: str, gallery: Gallery) -> None:
    for party in (gallery.requester, gallery.provider, gallery.liar, gallery.verifier):
        found, account = get(base, f"/accounts/{party.address}"), gallery.network.chain.market.account_of(party.address)
        assert (found["free"], found["stake"]) == (format_tokens(account.free), format_tokens(account.stake))
        assert found["agrees"]
        for name in ("free", "stake"):
            assert sum(float(change[name]) for change in found["changes"]) == float(found[name])


def test_an_account_without_anything_has_nothing(base: str) -> None:
    account = get(base, f"/accounts/{NOBODY}")
    assert (account["free"], account["outside"], account["changes"]) == ("0", "0", [])


# What is refused


@pytest.mark.parametrize(
    ("path", "query", "status", "reason"),
    [
        ("/jobs", {"limit": 0}, 422, "greater than or equal to 1"),
        ("/jobs", {"limit": MAX_PAGE + 1}, 422, f"less than or equal to {MAX_PAGE}"),
        ("/jobs", {"status": "x' OR 1=1"}, 422, "query.status"),
        ("/jobs", {"before": "1"}, 422, "query.before"),
        ("/jobs", {"before": "9" * 15 + "." + "9" * 9}, 200, ""),
        ("/jobs", {"before": "9" * 30 + ".1"}, 422, "query.before"),
        ("/jobs", {"provider": "0x12"}, 422, "query.provider"),
        ("/jobs/1.1@" + NOBODY, {}, 404, "there is no job"),
        ("/jobs/1.1", {}, 422, "path.job"),
        ("/jobs/" + "9" * 5000, {}, 422, "path.job"),
        ("/jobs/..%2f..%2fetc", {}, 404, "not_found"),
        ("/disputes", {"running": "perhaps"}, 422, "query.running"),
        ("/disputes/0x" + "00" * 32, {}, 404, "there is no dispute"),
        ("/disputes/0x" + "00" * 31, {}, 422, "path.dispute"),
        ("/accounts/" + "0x" + "zz" * 20, {}, 422, "path.address"),
        ("/history", {"period": 0}, 422, "query.period"),
        ("/history", {"count": 10**9}, 422, "query.count"),
        ("/history", {"period": 31_536_000, "count": 400}, 200, ""),
        ("/live", {"since": -1}, 422, "query.since"),
        ("/nothing", {}, 404, "not_found"),
    ],
)
def test_hostile_requests_are_refused_with_a_reason(
    base: str, path: str, query: dict[str, Any], status: int, reason: str
) -> None:
    if status == 200:
        get(base, path, **query)
    else:
        assert reason in refusal(base, path, status, **query)


def test_what_a_job_does_not_have_is_refused_with_a_reason(base: str, gallery: Gallery) -> None:
    assert "nobody has claimed one" in refusal(base, f"{place(gallery, 'open')}/tasks/0/output", 400)
    assert "has 2 tasks, counted from 0" in refusal(base, f"{place(gallery, 'text')}/tasks/2/output", 400)
    assert "path.task" in refusal(base, f"{place(gallery, 'text')}/tasks/{2**32}/output", 422)


def test_other_sites_are_kept_out(base: str) -> None:
    elsewhere = requests.post(
        f"{base}/api/calls/withdraw",
        json={"account": NOBODY, "amount": "1"},
        headers={"Origin": "https://example.org"},
        timeout=20,
    )
    assert elsewhere.status_code == 403
    rebound = requests.get(f"{base}/api/market", headers={"Host": "example.org"}, timeout=20)
    assert rebound.status_code == 400
    endless = requests.post(f"{base}/api/calls/post", data=iter([b"x"]), timeout=20)
    assert endless.status_code == 400
    too_long = requests.Request("POST", f"{base}/api/calls/post", data=b"x").prepare()
    too_long.headers["Content-Length"] = str(10**10)
    assert requests.Session().send(too_long, timeout=20).status_code == 413


# What a wallet is given to sign


def ask(base: str, path: str, expect: int = 200, **wanted: Any) -> Any:
    answer = requests.post(f"{base}/api/calls{path}", json=wanted, timeout=60)
    assert answer.status_code == expect, answer.text
    return answer.json()


def sign(gallery: Gallery, party: Party, prepared: dict[str, Any]) -> None:
    """Send what was prepared, as a wallet does: it knows no contract, and signs what it is given."""
    node = gallery.network.chain.node
    assert prepared["chain_id"] == gallery.network.chain.deployment.chain_id
    for call in prepared["calls"]:
        transaction = {
            "chainId": prepared["chain_id"],
            "nonce": node.next_nonce(party.address),
            "to": call["to"],
            "data": call["data"],
            "value": 0,
            "gas": 2_000_000,
            "maxFeePerGas": 10**10,
            "maxPriorityFeePerGas": 10**9,
        }
        raw = party.account.sign_transaction(transaction).raw_transaction
        sent = gallery.network.request("eth_sendRawTransaction", f"0x{raw.hex()}")
        while (receipt := gallery.network.request("eth_getTransactionReceipt", sent)) is None:
            time.sleep(0.05)
        assert receipt["status"] == "0x1", call


def test_a_wallet_withdraws(base: str, gallery: Gallery) -> None:
    party, token = gallery.requester, gallery.network.chain.token
    sign(gallery, party, ask(base, "/withdraw", account=party.address, amount="2.5"))
    assert token.balance_of(party.address) == 25 * TOKEN // 10
    error = ask(base, "/withdraw", 409, account=party.address, amount="1000000")["error"]
    assert error["code"] == "refused"
    assert "nothing to withdraw" in ask(base, "/withdraw", 400, account=party.address, amount="0")["error"]["message"]
    assert "amount" in ask(base, "/withdraw", 422, account=party.address, amount="-1")["error"]["message"]
    assert "pyj" in ask(base, "/withdraw", 422, account=party.address, amount="1", pyj=1)["error"]["message"]


def test_a_wallet_posts_a_job_and_pays_in_what_is_missing(base: str, gallery: Gallery) -> None:
    party = gallery.network.join()
    rich = gallery.requester
    gallery.network.call(rich, gallery.network.chain.token.transfer(party.address, 2 * TOKEN))
    wanted = {
        "account": party.address,
        "name": "render",
        "program": base64.b64encode(program(RENDER / "render.c")).decode(),
        "stdin": base64.b64encode((RENDER / "scene.txt").read_bytes()).decode(),
        "price": "2",
        "challenge_period": CHALLENGE_PERIOD,
        "run_period": 600,
    }
    assert "holds 2 outside" in ask(base, "/post", 400, **{**wanted, "price": "3"})["error"]["message"]
    prepared = ask(base, "/post", **wanted)
    sign(gallery, party, prepared)
    catch_up(base, gallery)
    job = get(base, f"/jobs/{prepared['job']}")
    assert (job["status"], job["price"], job["requester"]) == ("open", "2", party.address)
    assert gallery.network.store.get(job["specs"][0])
    history = gallery.book().jobs[JobId.parse(prepared["job"])]
    gallery.jobs["wallet"] = history.job.job_id
    gallery.claim("wallet", gallery.provider)
    catch_up(base, gallery)
    assert get(base, f"/jobs/{prepared['job']}/tasks/0/output")["stdout"]["kind"] == "picture"
    for broken in ({"program": "not base64!"}, {"program": base64.b64encode(ELF).decode()}):
        assert ask(base, "/post", 400, **{**wanted, **broken})["error"]["code"] == "invalid"
    too_little = ask(base, "/post", 409, **{**wanted, "price": "0", "bond": "0.5"})["error"]
    assert too_little["code"] == "refused"
    assert "bond" in too_little["message"]


# Live


def test_changes_are_told_as_they_come_and_none_is_lost_in_between(base: str, gallery: Gallery) -> None:
    def read(lines: Iterator[str]) -> tuple[int, dict[str, Any]]:
        """The next message: its id and its data."""
        fields: dict[str, str] = {}
        for line in lines:
            name, _, value = line.partition(": ")
            if name in ("id", "data"):
                fields[name] = value
            if not line and "data" in fields:
                return int(fields["id"]), json.loads(fields["data"])
        raise AssertionError("the stream has ended")

    with requests.get(f"{base}/api/live", stream=True, timeout=60) as stream:
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        lines = stream.iter_lines(chunk_size=1, decode_unicode=True)
        revision, first = read(lines)
        assert (first["jobs"], first["reset"]) == ([], False)
        gallery.post("live", [{"start": 0, "target": 9}])
        _, second = read(lines)
        while not second["jobs"]:
            _, second = read(lines)
        assert second["jobs"] == [str(gallery.jobs["live"])]
    gallery.network.call(gallery.requester, gallery.network.chain.market.cancel(gallery.history("live").job))
    catch_up(base, gallery)
    headers = {"Last-Event-ID": str(revision)}
    with requests.get(f"{base}/api/live", stream=True, timeout=60, headers=headers) as stream:
        _, missed = read(stream.iter_lines(chunk_size=1, decode_unicode=True))
    assert str(gallery.jobs["live"]) in missed["jobs"]
    assert gallery.requester.address in missed["accounts"]


def test_a_reorganised_chain_is_told_to_pages(base: str, gallery: Gallery) -> None:
    before = get(base, "/market")["position"]
    gallery.post("undone", [{"start": 0, "target": 9}])
    catch_up(base, gallery)
    assert get(base, place(gallery, "undone"))["status"] == "open"
    gallery.network.request("anvil_reorg", 1, [])
    gallery.network.request("anvil_mine", "0x2")
    catch_up(base, gallery)
    deadline = time.monotonic() + 30
    while requests.get(f"{base}/api{place(gallery, 'undone')}", timeout=20).ok and time.monotonic() < deadline:
        time.sleep(0.1)
    refusal(base, place(gallery, "undone"), 404)
    with requests.get(f"{base}/api/live", params={"since": before["revision"]}, stream=True, timeout=60) as stream:
        data = next(line for line in stream.iter_lines(chunk_size=1) if line.startswith(b"data: "))
    assert json.loads(data[6:])["reset"]


# The step of a dispute, computed elsewhere


def test_a_step_that_takes_too_long_is_left_out(gallery: Gallery) -> None:
    replayer = Replayer(str(gallery.network.store.folder), str(gallery.network.folder / "c"), DEFAULT, time_limit=0.05)
    with pytest.raises(ResourceError, match="takes more than"):
        replayer.step("riscv", gallery.history("wrong"), gallery.disputes("wrong")[0])


def test_a_step_of_files_that_are_gone_or_of_another_job_is_refused(gallery: Gallery, tmp_path: Path) -> None:
    dispute = gallery.disputes("wrong")[0]
    empty = Replayer(str(tmp_path / "empty"), str(tmp_path / "cache"), DEFAULT)
    with pytest.raises(InputError, match="has no blob"):
        empty.step("riscv", gallery.history("wrong"), dispute)
    replayer = Replayer(str(gallery.network.store.folder), str(tmp_path / "cache"), DEFAULT)
    with pytest.raises(InputError, match="not about such tasks"):
        replayer.step("riscv", gallery.history("silent"), dispute)
    wrong, other = gallery.history("wrong").job, gallery.history("picture").job
    terms = replace(wrong.terms, spec_id=other.terms.spec_id)
    with pytest.raises(InputError, match="begins in another state"):
        replayer.step("riscv", replace(gallery.history("wrong"), job=replace(wrong, terms=terms)), dispute)


# What is documented


def test_the_api_is_documented_to_the_last_parameter(base: str) -> None:
    described = requests.get(f"{base}/api/openapi.json", timeout=20).json()
    documented = (CHECKOUT / "docs" / "api.md").read_text()
    assert described["openapi"].startswith("3.1")
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            line = next((each for each in documented.splitlines() if f"`{method.upper()} {path}`" in each), None)
            assert line, f"docs/api.md does not have {method.upper()} {path}"
            for parameter in operation.get("parameters", []):
                if parameter["in"] == "query":
                    assert f"`{parameter['name']}`" in line, f"docs/api.md: {path} without {parameter['name']}"
    for code in described["components"]["schemas"]["Problem"]["properties"]["code"]["enum"]:
        assert f"`{code}`" in documented


# The last ones: they take the node away


def test_without_a_node_the_index_still_answers_and_says_why_it_is_old(
    gallery: Gallery, tmp_path: Path, base: str
) -> None:
    del base
    down = False

    def fail(node: Proxy, request: dict[str, Any]) -> bytes | None:
        return None if down else node.ask(request)

    with (
        proxy(gallery.network.url, 0, 1.0, {"fail": fail}) as (url, _),
        serving(gallery, tmp_path / "home", "--rpc-url", url) as own,
    ):
        catch_up(own, gallery)
        down = True
        deadline = time.monotonic() + 60
        while (market := get(own, "/market"))["position"]["following"] is None:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        assert market["held"] is None
        assert market["jobs"]["finalized"] == 2
        assert get(own, place(gallery, "text"))["status"] == "finalized"
        down = False
        while get(own, "/market")["position"]["following"] is not None:
            assert time.monotonic() < deadline + 60
            time.sleep(0.2)

"""The console in a real Chromium, on a market with one of everything, and with wallets that sign with real keys."""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from assay.chain.records import JobId
from demo.tampering import Lie
from tests.support.anvil import CHECKOUT, anvil
from tests.support.chromium import MISSING, Wallet, chromium, program
from tests.support.gallery import HOSTILE, Gallery, make_gallery, serving
from tests.support.market import TOKEN, LocalMarket
from tests.support.programs import program as built
from tests.support.proxy import TROUBLE, proxy

pytestmark = pytest.mark.skipif(program() is None, reason=MISSING)

AXE = CHECKOUT / "node_modules" / "axe-core" / "axe.min.js"
HOSTILE_NAME = "<img src=x onerror=alert(1)>.elf"
NOTHING_THERE = "0x" + "12" * 20

Visit = Callable[..., Page]


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gallery]:
    with anvil() as url:
        yield make_gallery(LocalMarket(url, tmp_path_factory.mktemp("market")))


@pytest.fixture(scope="module")
def base(gallery: Gallery, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(gallery, tmp_path_factory.mktemp("home")) as url:
        catch_up(url, gallery)
        yield url


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def visit(browser: Browser, base: str) -> Iterator[Visit]:
    """Opens pages of the console. None may ask anybody else for anything, or have an error on its console."""
    contexts, faults = [], []

    def open_page(hash: str = "#/", *, width: int = 1280, wallets: Sequence[Wallet] = (), noise: str = "^$") -> Page:
        context = browser.new_context(viewport={"width": width, "height": 900}, timezone_id="UTC")
        context.set_default_timeout(20_000)
        contexts.append(context)
        for wallet in wallets:
            wallet.install(context)
        context.on(
            "console",
            lambda said: (
                faults.append(said.text)
                if said.type in ("error", "warning") and not re.search(noise, said.text)
                else None
            ),
        )
        context.on("weberror", lambda fault: faults.append(str(fault.error)))
        context.on("dialog", lambda dialog: faults.append(f"a dialog: {dialog.message}"))
        context.on("request", lambda asked: None if asked.url.startswith(f"{base}/") else faults.append(asked.url))
        page = context.new_page()
        page.goto(f"{base}/{hash}")
        expect(page.locator("main h1")).to_be_visible()
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert faults == []


def catch_up(base: str, gallery: Gallery) -> None:
    """Wait until the index is at the chain's head."""
    head = gallery.network.chain.node.head().number
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        answer = requests.get(f"{base}/api/market", timeout=20)
        if answer.ok and answer.json()["position"]["block"] >= head:
            return
        time.sleep(0.1)
    raise AssertionError(f"the index does not come to block {head}: {answer.text}")


def job_hash(gallery: Gallery, name: str) -> str:
    return f"#/jobs/{gallery.jobs[name]}"


def dispute_hash(gallery: Gallery, name: str) -> str:
    return f"#/disputes/0x{gallery.disputes(name)[-1].dispute_id.hex()}"


def pages(gallery: Gallery) -> dict[str, str]:
    """One of each page that there is."""
    return {
        "market": "#/",
        "jobs": "#/jobs",
        "job": job_hash(gallery, "text"),
        "job with a picture": job_hash(gallery, "picture"),
        "job that was slashed": job_hash(gallery, "wrong"),
        "disputes": "#/disputes",
        "dispute": dispute_hash(gallery, "wrong"),
        "running dispute": dispute_hash(gallery, "disputed"),
        "providers": "#/providers",
        "provider": f"#/providers/{gallery.provider.address}",
        "accounts": "#/accounts",
        "account": f"#/accounts/{gallery.requester.address}",
        "post": "#/post",
        "missing": "#/nowhere",
    }


def settle(page: Page) -> None:
    """Wait until nothing is loaded any more."""
    expect(page.locator("main[aria-busy], main [aria-busy], main .loading")).to_have_count(0, timeout=60_000)
    expect(page.locator("#footer")).to_contain_text("Block")


def wallet_of(gallery: Gallery, free: int = 0, name: str = "Purse", **more: Any) -> Wallet:
    """A wallet with coins, and so many tokens in the market."""
    network = gallery.network
    party = network.join(free=free * TOKEN)
    return Wallet(name, party.account, network.url, network.chain.deployment.chain_id, **more)


def balance(gallery: Gallery, wallet: Wallet) -> tuple[int, int]:
    """Tokens of a wallet's account: free in the market, and outside."""
    chain, address = gallery.network.chain, wallet.account.address
    return chain.market.account_of(address).free // TOKEN, chain.token.balance_of(address) // TOKEN


# What is seen


def test_the_market_at_a_glance_leads_to_jobs_and_disputes(visit: Visit, gallery: Gallery) -> None:
    page = visit()
    counts = page.get_by_role("region", name="Jobs by status").get_by_role("link")
    assert [text.split() for text in counts.all_inner_texts()][:5] == [
        ["1", "open"],
        ["0", "accepted"],
        ["1", "claimed"],
        ["1", "disputed"],
        ["2", "finalized"],
    ]
    jobs = page.get_by_role("table", name="The newest jobs").get_by_role("row")
    expect(jobs).to_have_count(1 + len(gallery.jobs))
    page.get_by_role("button", name="Day").click()
    expect(page.get_by_role("img", name=re.compile("^Jobs. posted: 7 in all"))).to_be_visible()
    page.get_by_text("Jobs as a table").click()
    expect(page.get_by_role("table", name="Jobs: periods in which there was something")).to_be_visible()
    # The chain's time is hours ahead of everybody's clock, and it is the chain's that counts.
    expect(jobs.filter(has_text="open").first).to_contain_text(re.compile(r"5\d min \d+ s left|1 h"))
    counts.filter(has_text="disputed").click()
    expect(page.locator("h1")).to_have_text("Jobs")
    expect(page.get_by_role("row")).to_have_count(2)


def test_a_jobs_page_has_its_stages_its_money_and_its_output(visit: Visit, gallery: Gallery) -> None:
    page = visit(job_hash(gallery, "wrong"))
    stages = page.get_by_role("region", name="Stages").get_by_role("listitem").locator(".name")
    assert stages.all_inner_texts() == ["posted", "accepted", "claimed", "challenged", "slashed by step", "closed"]
    money = page.get_by_role("table", name="The money of this job").get_by_role("row").all_inner_texts()
    assert [row.split("\t")[::2] for row in money] == [
        ["What", "ASSAY"],
        ["Put in escrow", "5"],
        ["Put at risk", "10"],
        ["Refunded", "5"],
        ["Slashed, paid to", "5"],
        ["Slashed, burned", "5"],
    ]
    expect(page.get_by_role("region", name="Output")).to_contain_text("the claim was disproved")
    page.get_by_text("with their transactions").click()
    expect(page.get_by_role("cell", name="BondSlashed")).to_be_visible()


def test_an_output_is_shown_as_text_or_as_a_picture(visit: Visit, gallery: Gallery) -> None:
    page = visit(job_hash(gallery, "text"))
    output = page.get_by_role("region", name="Output", exact=True)
    expect(output.locator("pre")).to_have_text("hello\n")
    expect(output).to_contain_text("Final: the claim was not disproved")
    page.goto(page.url.split("#")[0] + job_hash(gallery, "picture"))
    picture = page.get_by_role("img", name="Standard output of task 0")
    expect(picture).to_be_visible()
    page.wait_for_function("document.querySelector('img.output').naturalWidth > 0")
    expect(output).to_contain_text("Not final")


def test_what_strangers_write_stays_text(visit: Visit, gallery: Gallery) -> None:
    """A dialog, or a request for the picture, would fail the fixture."""
    page = visit(job_hash(gallery, "text"))
    page.get_by_label("Task, 0 to 1").fill("1")
    page.get_by_label("Task, 0 to 1").press("Enter")
    expect(page.locator("pre.output")).to_have_text(f"{HOSTILE}\n")
    assert page.locator("main script, main img").count() == 0


def test_a_dispute_narrows_to_one_instruction(visit: Visit, gallery: Gallery, base: str) -> None:
    address = dispute_hash(gallery, "wrong")
    page = visit(address)
    expect(page.locator(".instruction code")).to_be_visible(timeout=60_000)
    step = requests.get(f"{base}/api/{address[2:]}/step", timeout=120).json()
    turns = page.locator("ol.turns > li")
    expect(turns).to_have_count(5)
    sentences = turns.locator("p.hidden").all_inner_texts()
    assert "over all 65,536 steps, one every 4,096 steps" in sentences[0]
    assert all("agrees with the" in sentence for sentence in sentences[1:4])
    assert "over steps 2,000 to 2,016, one a step" in sentences[3]
    assert sentences[4] == (
        "The referee executes step 2,000, and gets another state than the defender has stated. The challenger wins."
    )
    expect(page.locator(".bar .segment.disputed")).to_have_count(4)
    expect(page.locator(".instruction code")).to_have_text(step["instruction"])
    changed = page.get_by_role("table", name="Registers that the step changes").get_by_role("row")
    wanted = [each["name"] for each in step["registers"] if each["before"] != each["after"]]
    assert [row.split()[0] for row in changed.all_inner_texts()[1:]] == wanted
    expect(page.locator(".verdict-box")).to_contain_text(step["poststate"])
    expect(page.locator(".verdict-box")).to_contain_text("the same states before and after")


def test_the_turns_of_a_dispute_are_gone_through_with_the_arrow_keys(visit: Visit, gallery: Gallery) -> None:
    page = visit(dispute_hash(gallery, "wrong"))
    shown = page.locator("ol.turns > li:visible")
    page.get_by_role("button", name="First").click()
    expect(shown).to_have_count(1)
    page.keyboard.press("ArrowRight")
    expect(shown).to_have_count(2)
    expect(page.locator(".sentence")).to_contain_text("The defender")
    page.get_by_text("The 16 state roots of turn 2").click()
    rows = page.get_by_role("table", name=re.compile("The state roots of turn 2")).get_by_role("row")
    assert [row.split("\t")[3][0] for row in rows.all_inner_texts()[1:9]] == ["="] * 7 + ["\u2260"]
    page.get_by_role("button", name="First").focus()
    page.keyboard.press("End")
    expect(shown).to_have_count(5)
    page.keyboard.press("ArrowLeft")
    expect(page.locator("ol.turns > li[aria-current=step]")).to_contain_text("Turn 4")


def test_a_dispute_that_was_decided_by_time_says_so(visit: Visit, gallery: Gallery) -> None:
    page = visit(dispute_hash(gallery, "silent"))
    expect(page.locator(".sentence")).to_have_text("The challenger ran out of time. The defender wins.")
    expect(page.get_by_role("region", name="The step")).to_contain_text("decided by time")


def test_providers_and_accounts_have_their_money(visit: Visit, gallery: Gallery) -> None:
    page = visit("#/providers")
    page.get_by_role("link", name=gallery.liar.address[:6]).click()
    expect(page.locator("h1")).to_contain_text("Provider 0x")
    record = page.get_by_role("region", name="Record").get_by_role("listitem").all_inner_texts()
    assert [text.split()[0] for text in record][:4] == ["2", "1", "0", "1"]  # accepted, running, finalized, slashed
    expect(page.get_by_role("region", name="Money")).to_contain_text("10 ASSAY")
    page.get_by_role("link", name="its money").click()
    expect(page.locator("h1")).to_contain_text("Account")
    expect(page.get_by_role("region", name="Money")).to_contain_text("agree, at block")
    expect(page.get_by_role("table", name="Its last 50 changes")).to_contain_text("Deposited")


def test_addresses_that_lead_nowhere_say_so(visit: Visit) -> None:
    page = visit("#/nowhere", noise="404")
    expect(page.locator("h1")).to_have_text("There is no such page")
    expect(page).to_have_title("Not found \u2013 Assay")
    page.goto(f"{page.url.split('#')[0]}#/jobs/0.1@{NOTHING_THERE}")
    expect(page.locator("main")).to_contain_text("There is no job 0.1@")
    page.goto(f"{page.url.split('#')[0]}#/jobs?status=expired")
    expect(page.locator("main")).to_contain_text("No job is like that.")


def test_a_market_with_nothing_in_it_says_what_to_do_next(
    browser: Browser, gallery: Gallery, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("empty")
    empty = LocalMarket(gallery.network.url, folder)
    nobody = Gallery(empty, gallery.requester, gallery.provider, gallery.liar, gallery.verifier)
    with browser.new_context() as context, serving(nobody, folder / "home") as base:
        catch_up(base, nobody)
        page = context.new_page()
        for hash, sentence in {
            "#/": "There are no jobs yet. Post one with assay submit",
            "#/jobs": "There are no jobs yet.",
            "#/disputes": "There are no disputes: nobody has challenged a claim.",
            "#/providers": "Nobody has accepted a job yet.",
            "#/accounts": "Nobody has money in the market yet.",
            f"#/accounts/{gallery.liar.address}": "it has never had money in this market",
            f"#/providers/{gallery.liar.address}": "It has never accepted a job.",
        }.items():
            page.goto(f"{base}/{hash}")
            expect(page.locator(".empty").first).to_contain_text(sentence)
        page.goto(f"{base}/#/")
        settle(page)
        page.evaluate(AXE.read_text())
        assert page.evaluate("axe.run().then(({ violations }) => violations)") == []


# How it is used


def test_axe_finds_nothing_in_light_nor_in_dark_colours(visit: Visit, gallery: Gallery) -> None:
    page = visit()
    axe, found = AXE.read_text(), {}
    for name, address in pages(gallery).items():
        page.goto(f"{page.url.split('#')[0]}{address}")
        settle(page)
        for details in page.locator("main details").all():
            details.evaluate("each => (each.open = true)")
        if not page.evaluate("'axe' in window"):
            page.evaluate(axe)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            violations = page.evaluate("axe.run().then(({ violations }) => violations)")
            if violations:
                nodes = [(each["id"], [node["html"] for node in each["nodes"]][:3]) for each in violations]
                found[f"{name}, {scheme}"] = nodes
    assert found == {}


def test_nothing_is_wider_than_a_phone(visit: Visit, gallery: Gallery) -> None:
    page = visit(width=360)
    wide = {}
    for name, address in pages(gallery).items():
        page.goto(f"{page.url.split('#')[0]}{address}")
        settle(page)
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > 360:
            wide[name] = width
    assert wide == {}


def test_it_works_with_the_keyboard_alone(visit: Visit) -> None:
    page = visit()
    focused = page.locator(":focus")
    page.keyboard.press("Tab")
    expect(focused).to_have_text("Skip to the page's content")
    page.keyboard.press("Enter")
    expect(focused).to_have_id("main")
    page.get_by_role("link", name="Disputes", exact=True).first.focus()
    page.keyboard.press("Enter")
    expect(page).to_have_title("Disputes \u2013 Assay")
    expect(focused).to_have_text("Disputes")
    assert focused.evaluate("each => each.tagName") == "H1"
    page.go_back()
    expect(page).to_have_title("Market \u2013 Assay")
    page.go_forward()
    expect(page).to_have_title("Disputes \u2013 Assay")


def test_the_choice_of_colours_is_kept(visit: Visit) -> None:
    page = visit()
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.get_by_role("button", name="Dark colours").click()
    dark = page.evaluate(ground)
    assert light != dark
    page.reload()
    expect(page.get_by_role("button", name="Light colours")).to_be_visible()
    assert page.evaluate(ground) == dark


def test_without_javascript_there_is_a_sentence(browser: Browser, base: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(base)
    expect(page.locator("noscript p")).to_contain_text("needs JavaScript")
    context.close()


# As the market goes on


def test_what_happens_appears_without_a_reload(visit: Visit, gallery: Gallery) -> None:
    page = visit()
    settle(page)
    page.evaluate("window.isTheSame = true")
    gallery.post("live", [{"start": 0, "target": 10**6}], rounds=2)
    place = str(gallery.jobs["live"]).split("@")[0]
    row = page.get_by_role("table", name="The newest jobs").get_by_role("row").filter(has_text=f"{place}@")
    expect(row).to_contain_text("open")
    expect(page.locator("#announcer")).to_have_text(f"Job {place} is open.")
    row.get_by_role("link").first.click()
    gallery.claim("live", gallery.provider)
    stages = page.get_by_role("region", name="Stages").locator(".name")
    expect(stages).to_have_text(["posted", "accepted", "claimed", "open to challenges"])
    page.get_by_role("link", name="Disputes", exact=True).first.click()
    page.get_by_role("row").filter(has_text="running").get_by_role("link").first.click()
    turns = page.locator("ol.turns > li")
    expect(turns).to_have_count(4)
    gallery.play("disputed", turns=1, defender=Lie(step=40_000))
    expect(turns).to_have_count(5)
    expect(page.locator("#announcer")).to_contain_text("The defender")
    assert page.evaluate("window.isTheSame")


def test_a_node_that_is_gone_is_told_and_then_a_server_with_when_it_is_tried_again(
    browser: Browser, gallery: Gallery, tmp_path_factory: pytest.TempPathFactory
) -> None:
    silence = {"drop request": TROUBLE["drop request"]}
    with browser.new_context() as context, proxy(gallery.network.url, seed=1, share=0, faults=silence) as (url, node):
        page = context.new_page()
        banner = page.locator("#banner")
        with serving(gallery, tmp_path_factory.mktemp("other"), "--rpc-url", url) as base:
            catch_up(base, gallery)
            page.goto(base)
            settle(page)
            expect(banner).to_be_hidden()
            node.share = 1
            expect(banner).to_contain_text("The index does not follow the chain", timeout=40_000)
            expect(banner).to_contain_text(re.compile(r"goes on by itself when it can.*Next try in \d+ s"))
            node.share = 0
            expect(banner).to_be_hidden(timeout=60_000)
        expect(banner).to_contain_text("does not answer", timeout=20_000)
        expect(banner).to_contain_text(re.compile(r"Next try in \d+ s"))
        expect(page.locator("h1")).to_have_text("Market")


# With a wallet


def fill_in(page: Page, elf: bytes, price: str, line: str) -> None:
    page.get_by_label("Program", exact=True).set_input_files(
        {"name": HOSTILE_NAME, "mimeType": "application/x-elf", "buffer": elf}
    )
    page.get_by_label("Arguments").fill(line)
    page.get_by_label("Price, ASSAY").fill(price)


def test_money_is_withdrawn_and_a_job_posted_with_a_wallet(visit: Visit, gallery: Gallery) -> None:
    wallet = wallet_of(gallery, free=20)
    # A job that was posted a moment ago may not be in the index yet: its page comes as soon as it is.
    page = visit(f"#/accounts/{wallet.account.address}", wallets=[wallet], noise="404")
    withdraw = page.get_by_role("region", name="Withdraw")
    withdraw.get_by_role("button", name="Connect wallet").click()
    amount = withdraw.get_by_label("Amount, ASSAY")
    amount.fill("21")
    withdraw.get_by_role("button", name="Prepare").click()
    expect(withdraw).to_contain_text("Only 20 ASSAY are free.")
    amount.fill("12")
    withdraw.get_by_role("button", name="Prepare").click()
    withdraw.get_by_role("button", name="Sign and send").click()
    expect(withdraw).to_contain_text("The tokens are in the wallet.")
    assert balance(gallery, wallet) == (8, 12)
    expect(page.get_by_role("region", name="Money")).to_contain_text("8 ASSAY")

    page.get_by_role("link", name="Post a job").click()
    elf = built(gallery.network.folder / "echo.c")
    fill_in(page, elf, "10", "hello from a browser")
    cost = page.get_by_role("region", name="What it costs")
    expect(cost).to_contain_text("8 ASSAY")
    expect(cost).to_contain_text("200 ASSAY")
    page.get_by_label("Provider's bond, ASSAY").fill("20")
    expect(page.locator("form")).to_contain_text("'<img src=x onerror=alert(1)>.elf' 'hello from a browser'")
    page.get_by_role("button", name="Prepare").click()
    expect(page.get_by_role("region", name="Sign and send")).to_contain_text(HOSTILE_NAME)
    page.get_by_role("button", name="Sign and send 2 transactions").click()
    link = page.locator(".note a")
    expect(link).to_be_visible()
    job = JobId.parse((link.get_attribute("title")) or "")
    assert len(wallet.sent) == 3
    assert balance(gallery, wallet) == (0, 10)
    link.click()
    expect(page.locator("main")).to_contain_text("10 ASSAY in escrow")
    gallery.jobs["posted"] = job
    gallery.claim("posted", gallery.provider)
    expect(page.locator("pre.output")).to_have_text("hello from a browser\n", timeout=30_000)


def test_a_refusal_sends_nothing_and_loses_nothing(visit: Visit, gallery: Gallery) -> None:
    wallet = wallet_of(gallery, free=20)
    wallet.refuses = lambda method: method == "eth_requestAccounts"
    page = visit("#/post", wallets=[wallet])
    page.get_by_role("button", name="Connect wallet").first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("You have refused")
    wallet.refuses = lambda method: method == "eth_sendTransaction"
    dialog.get_by_role("button", name="Purse").click()
    expect(page.locator("#wallet")).to_contain_text(wallet.account.address[:6].lower())
    fill_in(page, built(gallery.network.folder / "echo.c"), "5", "once\nand again")
    page.get_by_role("button", name="Prepare").click()
    page.get_by_role("button", name="Sign and send").click()
    expect(page.get_by_role("alert")).to_contain_text("You have refused to sign: nothing more was sent.")
    assert wallet.sent == []
    # Back, nothing of the form is lost; forth, it is sent once, however often it is asked for.
    page.get_by_role("button", name="Change or prepare anew").click()
    expect(page.get_by_label("Arguments")).to_have_value("once\nand again")
    page.get_by_role("button", name="Prepare").click()
    wallet.refuses = lambda _: False
    page.get_by_role("button", name="Sign and send").evaluate("each => { each.click(); each.click(); }")
    expect(page.locator(".note a")).to_be_visible()
    assert wallet.asked["eth_sendTransaction"] == 2  # once refused, once signed
    # It is still there after another page was looked at.
    page.get_by_role("link", name="Market", exact=True).click()
    page.get_by_role("link", name="Post a job").click()
    expect(page.locator(".note a")).to_be_visible()
    assert balance(gallery, wallet) == (15, 0)


def test_the_second_transaction_can_be_sent_without_the_first_again(visit: Visit, gallery: Gallery) -> None:
    wallet = wallet_of(gallery)
    network = gallery.network
    rich = gallery.requester
    network.call(rich, network.chain.market.withdraw(rich.address, 9 * TOKEN))
    network.call(rich, network.chain.token.transfer(str(wallet.account.address), 9 * TOKEN))
    wallet.refuses = lambda method: method == "eth_sendTransaction" and len(wallet.sent) == 1
    page = visit("#/post", wallets=[wallet])
    page.get_by_role("button", name="Connect wallet").first.click()
    fill_in(page, built(network.folder / "echo.c"), "9", "x")
    page.get_by_role("button", name="Prepare").click()
    page.get_by_role("button", name="Sign and send 2 transactions").click()
    expect(page.get_by_role("alert")).to_contain_text("You have refused")
    wallet.refuses = lambda _: False
    page.get_by_role("button", name="Go on").click()
    expect(page.locator(".note a")).to_be_visible()
    assert len(wallet.sent) == 2
    assert len({call["data"] for call in wallet.sent}) == 2


def test_what_was_sent_is_not_sent_again_when_an_answer_was_lost(visit: Visit, gallery: Gallery) -> None:
    wallet = wallet_of(gallery, free=6)
    page = visit(f"#/accounts/{wallet.account.address}", wallets=[wallet])
    withdraw = page.get_by_role("region", name="Withdraw")

    def begin() -> None:
        withdraw.get_by_label("Amount, ASSAY").fill("2")
        withdraw.get_by_role("button", name="Prepare").click()
        withdraw.get_by_role("button", name="Sign and send").click()

    # Of its block: it is waited for again.
    wallet.loses = lambda method: method == "eth_getTransactionReceipt"
    withdraw.get_by_role("button", name="Connect wallet").click()
    begin()
    expect(withdraw.get_by_role("alert")).to_contain_text("The connection was lost.")
    wallet.loses = lambda _: False
    withdraw.get_by_role("button", name="Go on").click()
    expect(withdraw).to_contain_text("The tokens are in the wallet.")
    assert len(wallet.sent) == 1
    # Of its hash: nobody knows whether it was sent, but the account's nonce tells.
    withdraw.get_by_role("button", name="Begin another").click()
    wallet.loses = lambda method: method == "eth_sendTransaction"
    begin()
    expect(withdraw.get_by_role("alert")).to_contain_text("The connection was lost.")
    withdraw.get_by_role("button", name="Go on").click()
    expect(withdraw.get_by_role("alert")).to_contain_text("The wallet has sent something since")
    assert len(wallet.sent) == 2
    assert balance(gallery, wallet) == (2, 4)


def test_a_wallet_on_another_chain_changes_or_sends_nothing(visit: Visit, gallery: Gallery) -> None:
    wallet = wallet_of(gallery, free=3)
    right, wallet.chain_id = wallet.chain_id, 1
    page = visit(f"#/accounts/{wallet.account.address}", wallets=[wallet])
    withdraw = page.get_by_role("region", name="Withdraw")
    withdraw.get_by_role("button", name="Connect wallet").click()
    withdraw.get_by_role("button", name="All of it").click()
    withdraw.get_by_role("button", name="Prepare").click()
    withdraw.get_by_role("button", name="Sign and send").click()
    expect(withdraw.get_by_role("alert")).to_contain_text(f"does not know chain {right}")
    assert wallet.sent == []
    wallet.known.add(right)
    withdraw.get_by_role("button", name="Go on").click()
    expect(withdraw).to_contain_text("The tokens are in the wallet.")
    assert balance(gallery, wallet) == (0, 3)


def test_of_several_wallets_one_is_chosen_and_without_one_there_is_a_command(visit: Visit, gallery: Gallery) -> None:
    wallets = [wallet_of(gallery, name="Purse"), wallet_of(gallery, name="Safe")]
    page = visit(wallets=wallets)
    page.get_by_role("button", name="Connect wallet").click()
    page.get_by_role("dialog").get_by_role("button", name="Safe").click()
    expect(page.locator("#wallet")).to_contain_text(wallets[1].account.address[:6].lower())

    without = visit("#/post")
    without.locator("#wallet").click()
    expect(without.get_by_role("dialog")).to_contain_text("No wallet has announced itself")
    expect(without.get_by_role("dialog")).to_contain_text("assay submit")
    without.keyboard.press("Escape")
    expect(without.get_by_role("dialog")).to_have_count(0)


def test_a_form_says_what_is_wrong_with_it(visit: Visit, gallery: Gallery) -> None:
    wallet = wallet_of(gallery, free=3)
    page = visit("#/post", wallets=[wallet], noise="400")
    page.locator("#wallet").click()
    page.get_by_role("button", name="Prepare").click()
    expect(page.get_by_text("Choose the file of a program.")).to_be_visible()
    expect(page.get_by_text("Say what the job is worth to you.")).to_be_visible()
    expect(page.locator(":focus")).to_have_attribute("id", "program")
    fill_in(page, b"\x7fELF rubbish", "1e3", "x")
    page.get_by_label("Time to run").fill("soon")
    page.get_by_role("button", name="Prepare").click()
    expect(page.get_by_text("Write an amount like 5 or 0.25")).to_be_visible()
    expect(page.get_by_text("Write a time like 90s")).to_be_visible()
    page.get_by_label("Price, ASSAY").fill("4")
    page.get_by_label("Time to run").fill("5m")
    expect(page.get_by_role("region", name="What it costs")).to_contain_text("1 ASSAY are missing")
    page.get_by_role("button", name="Prepare").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("Arguments")).to_have_value("x")
    assert wallet.sent == []

"""Pictures of the console for the documentation: `make screenshots` writes them into docs/screenshots.

They show the market of `tests.support.gallery`, so they differ from run to run in its parties' addresses and in times.
"""

import signal
import tempfile
import time
from io import BytesIO
from pathlib import Path
from typing import Any

import requests
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.support.anvil import CHECKOUT, anvil
from tests.support.chromium import Wallet, chromium
from tests.support.gallery import Gallery, make_gallery, serving
from tests.support.market import LocalMarket
from tests.support.programs import program

FOLDER = CHECKOUT / "docs" / "screenshots"
LARGEST = 150_000
"""Bytes of a picture."""

COLOURS = 256
TALLEST = {1280: 1700, 360: 1500}
"""Pixels of a picture, by the window's width: where a page goes on, the picture ends."""


def places(gallery: Gallery) -> dict[str, str]:
    """The pages that are shown, by their names."""

    def dispute(name: str) -> str:
        return f"#/disputes/0x{gallery.disputes(name)[-1].dispute_id.hex()}"

    return {
        "market": "#/",
        "job": f"#/jobs/{gallery.jobs['picture']}",
        "dispute": dispute("wrong"),
        "dispute-running": dispute("disputed"),
        "provider": f"#/providers/{gallery.provider.address}",
        "account": f"#/accounts/{gallery.requester.address}",
    }


def take(page: Page, name: str, width: int, scheme: str) -> None:
    """Write a picture of what is shown, in few colours, so that it is small."""
    expect(page.locator("main[aria-busy], main [aria-busy], main .loading")).to_have_count(0, timeout=60_000)
    page.evaluate("document.activeElement?.blur(); scrollTo(0, 0)")
    page.mouse.move(0, 0)
    height = min(page.evaluate("document.documentElement.scrollHeight"), TALLEST[width])
    page.set_viewport_size({"width": width, "height": height})
    page.wait_for_timeout(300)
    taken = Image.open(BytesIO(page.screenshot())).convert("RGB")
    file = FOLDER / f"{name}-{width}-{scheme}.png"
    few = taken.quantize(COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    few.save(file, optimize=True)
    assert file.stat().st_size < LARGEST, f"{file.name} has {file.stat().st_size} bytes"
    page.set_viewport_size({"width": width, "height": 900})


def take_all(browser: Browser, base: str, gallery: Gallery) -> None:
    """Every page, wide and narrow, light and dark; and a job as it is posted with a wallet."""
    network = gallery.network
    elf = program(network.folder / "echo.c")
    for width in TALLEST:
        for scheme in ("light", "dark"):
            options: Any = {"viewport": {"width": width, "height": 900}, "color_scheme": scheme, "timezone_id": "UTC"}
            with browser.new_context(**options) as context:
                chain_id = network.chain.deployment.chain_id
                Wallet("Purse", gallery.requester.account, network.url, chain_id).install(context)
                page = context.new_page()
                for name, hash in places(gallery).items():
                    page.goto(f"{base}/{hash}")
                    expect(page.locator("main h1")).to_be_visible()
                    if name == "dispute":
                        expect(page.locator(".instruction")).to_be_visible(timeout=60_000)
                    take(page, name, width, scheme)
                page.goto(f"{base}/#/post")
                page.locator("#wallet").click()
                file: Any = {"name": "echo.elf", "mimeType": "application/x-elf", "buffer": elf}
                page.get_by_label("Program", exact=True).set_input_files(file)
                page.get_by_label("Arguments").fill("hello")
                page.get_by_label("Price, ASSAY").fill("12.5")
                expect(page.get_by_text("Out of what is free in the market")).to_be_visible()
                take(page, "post", width, scheme)


def main() -> None:
    """Play the market, show it, and take the pictures."""
    # What a shell has in the background ignores it, and so would the console that is stopped with it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, anvil() as url:
        market = Path(folder) / "market"
        market.mkdir()
        gallery = make_gallery(LocalMarket(url, market))
        with serving(gallery, Path(folder) / "home") as base, chromium() as browser:
            head = gallery.network.chain.node.head().number
            while requests.get(f"{base}/api/market", timeout=20).json().get("position", {}).get("block", 0) < head:
                time.sleep(0.1)
            take_all(browser, base, gallery)
    for file in sorted(FOLDER.glob("*.png")):
        print(f"{file.relative_to(CHECKOUT)}  {file.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()

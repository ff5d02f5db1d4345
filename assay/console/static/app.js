/** The console: which page an address is, and what becomes of it as the market goes on. */

import { get } from "./api.js";
import { walletButton } from "./connecting.js";
import { announce, h, replace } from "./dom.js";
import { Health } from "./health.js";
import { Live } from "./live.js";
import { heading, trouble } from "./parts.js";
import { themeButton } from "./themes.js";
import { Wallets } from "./wallet.js";
import account from "./pages/account.js";
import accounts from "./pages/accounts.js";
import dispute from "./pages/dispute.js";
import disputes from "./pages/disputes.js";
import job from "./pages/job.js";
import jobs from "./pages/jobs.js";
import market from "./pages/market.js";
import missing from "./pages/missing.js";
import post from "./pages/post.js";
import provider from "./pages/provider.js";
import providers from "./pages/providers.js";

const ADDRESS = "(0x[0-9a-fA-F]{40})";
const ROUTES = [
  ["", market],
  ["jobs", jobs],
  [`jobs/(\\d{1,15}\\.\\d{1,15}@0x[0-9a-fA-F]{40})`, job],
  ["disputes", disputes],
  ["disputes/(0x[0-9a-f]{64})", dispute],
  ["providers", providers],
  [`providers/${ADDRESS}`, provider],
  ["accounts", accounts],
  [`accounts/${ADDRESS}`, account],
  ["post", post],
].map(([pattern, show]) => [new RegExp(`^/?${pattern}/?$`), show]);

/** Milliseconds between two updates of a page, at least. */
const PAUSE = 500;

const main = document.getElementById("main");
const wallets = new Wallets();
/** What is chosen on a page, for as long as the console is open in this window. */
const kept = {};

const health = new Health({
  banner: document.getElementById("banner"),
  footer: document.getElementById("footer"),
  ask: () => get("market"),
  retry: () => {
    live.close();
    live.open();
    health.next = 0;
  },
});
const live = new Live(changed, (until) => health.setSilence(until));

/** The page that is shown: what it is made of, and what is to be done when it is left. */
let current = null;

async function open(isFirst) {
  current?.leaving.abort();
  const leaving = new AbortController();
  const [place, search] = (location.hash.slice(1) || "/").split("?");
  const [found, show] = match(place.replaceAll("%40", "@"));
  const mine = { leaving, page: null, isFailed: false, isBusy: false, waiting: null };
  current = mine;
  markNavigation(place);
  const slow = setTimeout(() => current === mine && replace(main, h("p", { class: "loading" }, "Loading\u2026")), 300);
  main.setAttribute("aria-busy", "true");
  try {
    if (!health.market) health.setMarket(await get("market", {}, leaving.signal));
    if (live.revision === null) live.revision = health.market.position.revision;
    mine.page = await show({
      parameters: found.slice(1),
      query: new URLSearchParams(search),
      market: health.market,
      api: (path, parameters) => get(path, parameters, leaving.signal),
      wallets,
      kept,
      go: (hash) => (location.hash = hash),
      onLeave: (leave) => leaving.signal.addEventListener("abort", leave),
    });
  } catch (fault) {
    if (current !== mine || fault.name === "AbortError") return;
    mine.isFailed = true;
    mine.page = failed(fault);
    if (!fault.code) console.error(fault);
  } finally {
    clearTimeout(slow);
  }
  if (current !== mine) return;
  main.removeAttribute("aria-busy");
  replace(main, h("div", { class: "page" }, mine.page.element));
  document.title = `${mine.page.title} \u2013 Assay`;
  if (!isFirst) main.querySelector("h1")?.focus({ preventScroll: true });
  window.scrollTo(0, 0);
  live.open();
}

function match(place) {
  for (const [pattern, show] of ROUTES) {
    const found = pattern.exec(place);
    if (found) return [found, show];
  }
  return [[], missing];
}

function failed(fault) {
  const title = fault.code === "not_found" ? "Not found" : "This cannot be shown";
  return {
    title,
    element: [heading(title), trouble(fault, () => open(false)), h("p", {}, h("a", { href: "#/" }, "To the market"))],
  };
}

function markNavigation(place) {
  const [, first] = place.split("/");
  for (const link of document.querySelectorAll("#nav a")) {
    const isHere = link.getAttribute("href") === `#/${first ?? ""}`;
    if (isHere) link.setAttribute("aria-current", place === `/${first ?? ""}` ? "page" : "true");
    else link.removeAttribute("aria-current");
  }
}

/** The server says that something has changed. */
function changed(changes) {
  health.setBlock(changes.block, changes.time);
  const mine = current;
  if (!mine?.page || mine.isFailed) {
    if (mine?.isFailed) open(false);
    return;
  }
  if (changes.reset || mine.page.concerns?.(changes)) update(mine, changes);
}

/** Bring a page up to date; while that is done, what comes meanwhile waits. */
async function update(mine, changes) {
  if (mine.isBusy) {
    mine.waiting = changes;
    return;
  }
  mine.isBusy = true;
  try {
    const sentence = await mine.page.update?.(changes);
    if (sentence && current === mine) announce(sentence);
  } catch (fault) {
    if (fault.name !== "AbortError" && !fault.code) console.error(fault);
  }
  setTimeout(() => {
    mine.isBusy = false;
    const next = mine.waiting;
    mine.waiting = null;
    if (next && current === mine) update(mine, next);
  }, PAUSE);
}

document.getElementById("skip").addEventListener("click", (event) => {
  event.preventDefault(); // an address with a hash is a page here
  main.focus();
});
window.addEventListener("hashchange", () => open(false));
walletButton(document.getElementById("wallet"), wallets);
themeButton(document.getElementById("theme"));
open(true);

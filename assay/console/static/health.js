/** Whether what is shown is the chain of today: the banner, and the line at the foot of each page. */

import { setChainTime, timeAgo } from "./clock.js";
import { h, replace } from "./dom.js";
import { count, duration, short } from "./format.js";

const OFTEN = 10_000;
const OFTEN_IN_TROUBLE = 3_000;

/** Asks the server now and then, and says what is wrong. */
export class Health {
  constructor({ banner, footer, ask, retry }) {
    Object.assign(this, { banner, footer, ask, retry });
    this.market = null;
    this.silentUntil = null;
    this.isAnswering = false;
    this.next = Date.now() + OFTEN;
    this.said = null;
    setInterval(() => this.tick(), 1_000);
  }

  /** Take over what the market says of itself. */
  setMarket(market) {
    this.market = market;
    this.next = Date.now() + (market.position.following ? OFTEN_IN_TROUBLE : OFTEN);
    this.setBlock(market.position.block, market.position.time);
    this.draw();
  }

  /** A new block. */
  setBlock(block, time) {
    setChainTime(time);
    if (!this.market) return;
    const { chain_id: chain, contracts } = this.market;
    replace(
      this.footer,
      h("span", {}, "Block ", h("span", { class: "mono" }, count(block)), ", ", timeAgo(time)),
      h("span", {}, "Chain ", h("span", { class: "mono" }, count(chain))),
      h("span", { title: contracts.market }, "Market ", h("span", { class: "mono" }, short(contracts.market))),
      h("a", { href: "/api/openapi.json" }, "API"),
    );
  }

  /** The server is gone, and asked again at a time (milliseconds since the epoch); null: it is there. */
  setSilence(until) {
    const wasSilent = this.silentUntil !== null;
    this.silentUntil = until;
    if (!wasSilent && until !== null) this.isAnswering = false;
    if (wasSilent !== (until !== null)) this.next = 0;
    this.draw();
  }

  async tick() {
    if (Date.now() >= this.next && !document.hidden) {
      this.next = Date.now() + OFTEN;
      try {
        this.setMarket(await this.ask());
        this.isAnswering = true;
      } catch {
        this.isAnswering = false;
        // The live connection tells when the server is gone, and an answer that is a fault is told where it matters.
      }
    }
    this.draw();
  }

  draw() {
    const said = this.sentence();
    const key = said?.kind ?? null;
    if (said) this.wait?.replaceChildren(said.wait ?? "");
    if (key === this.said) return;
    this.said = key;
    this.banner.hidden = !said;
    if (!said) {
      replace(this.banner);
      return;
    }
    // What counts down is not read out each second.
    this.wait = h("span", { "aria-hidden": "true", class: "mono" }, said.wait ?? "");
    replace(
      this.banner,
      h("span", {}, said.text),
      this.wait,
      h("button", { type: "button", class: "quiet", onclick: () => this.retry() }, "Try now"),
    );
  }

  sentence() {
    const left = (until) => `Next try in ${duration(Math.ceil(Math.max(0, until - Date.now()) / 1000))}.`;
    if (this.silentUntil !== null) {
      if (this.isAnswering) {
        return {
          kind: "quiet",
          text: "The console's server answers, but sends nothing by itself: too many of its pages may be open. Reload to see what is new.",
          wait: left(this.silentUntil),
        };
      }
      return {
        kind: "silence",
        text: "The console's server does not answer: what you see is what it said last. Is assay console still running?",
        wait: left(this.silentUntil),
      };
    }
    const position = this.market?.position;
    if (position?.following) {
      return {
        kind: `behind ${position.following}`,
        text: `The index does not follow the chain: ${position.following}. It stands at block ${count(position.block)}, and goes on by itself when it can.`,
        wait: left(this.next),
      };
    }
    return null;
  }
}

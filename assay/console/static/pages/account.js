/** An account: what it has in the market and outside, what happened to it, and how it gets its money out. */

import { path, post } from "../api.js";
import { timeFull } from "../clock.js";
import { connect, sendingView } from "../connecting.js";
import { h, region, replace } from "../dom.js";
import { field, validateAll } from "../fields.js";
import { change, coins, count, isZero, short, tokens } from "../format.js";
import { units } from "../money.js";
import { command, empty, facts, heading, jobLink, jobTable, section, table, trouble, whole } from "../parts.js";
import { Sending } from "../sending.js";

/** Withdrawals that were begun, by account: they are still there when one comes back to the page. */
const begun = new Map();

/** The page of one account. */
export default async function show({ parameters: [who], api, market, wallets, onLeave }) {
  const load = () => Promise.all([api(path("accounts", who)), api("jobs", { requester: who, limit: 10 })]);
  let [account, posted] = await load();
  const money = region((now) => balances(now, market.symbol));
  const withdrawing = new Withdrawing(account, market, wallets, () => refresh());
  const history = region((now) => changes(now, market.symbol));
  const jobs = region(({ jobs: list, next }) =>
    list.length
      ? section(
          "Jobs that it has posted",
          jobTable("Jobs of this requester", list, market.symbol, { hideCaption: true }),
          next ? h("p", {}, h("a", { href: `#/jobs?requester=${who}` }, "All its jobs")) : null,
        )
      : null,
  );
  const draw = () => {
    money.show(account);
    history.show({ changes: account.changes });
    jobs.show(posted);
    withdrawing.account = account;
  };
  async function refresh() {
    [account, posted] = await load();
    draw();
  }
  draw();
  withdrawing.draw();
  const redraw = () => withdrawing.draw();
  wallets.addEventListener("change", redraw);
  onLeave(() => wallets.removeEventListener("change", redraw));
  return {
    title: `Account ${short(who)}`,
    element: [
      heading(`Account ${short(who)}`, whole(account.account, "address")),
      money.element,
      withdrawing.element,
      history.element,
      jobs.element,
    ],
    concerns: (news) => news.accounts.includes(account.account) || news.jobs.length > 0,
    async update() {
      const before = account.free;
      await refresh();
      return account.free === before ? null : `The account now has ${tokens(account.free)} free.`;
    },
  };
}

function balances(account, symbol) {
  const isChecked = account.checked_block !== null;
  return section(
    "Money",
    facts([
      ["Free, in the market", h("span", { class: "large" }, tokens(account.free, symbol))],
      ["Stake", h("span", { class: "large" }, tokens(account.stake, symbol))],
      ["Outside the market", h("span", { class: "large" }, tokens(account.outside, symbol))],
      ["Coins for gas", coins(account.coins)],
      ["Epoch of its signed orders", count(account.epoch)],
      [
        "Events and chain",
        isChecked
          ? account.agrees
            ? `agree, at block ${count(account.checked_block)}`
            : h("strong", { class: "differs" }, "differ: the events come to another amount than the chain says")
          : "not compared yet",
      ],
      ["As a provider", h("a", { href: `#/providers/${account.account}` }, "its record")],
    ]),
  );
}

function changes({ changes: list }, symbol) {
  if (!list.length) return section("What happened to it", empty("Nothing yet: it has never had money in this market."));
  const columns = [
    { name: "Time", cell: ({ time }) => timeFull(time) },
    { name: "Event", cell: ({ event }) => h("span", { class: "mono" }, event) },
    { name: "Job", cell: ({ job }) => (job ? jobLink(job) : "\u2013") },
    { name: `Free, ${symbol}`, kind: "number", cell: ({ free }) => change(free) },
    { name: "Stake", kind: "number", cell: ({ stake }) => change(stake) },
    {
      name: "Block",
      kind: "number",
      cell: ({ block, transaction }) => h("span", { title: transaction }, count(block)),
    },
  ];
  return section("What happened to it", table("Its last 50 changes, the newest first", columns, list));
}

/** The form that takes money out, with a wallet of the very account. */
class Withdrawing {
  constructor(account, market, wallets, refresh) {
    Object.assign(this, { account, market, wallets, refresh });
    this.element = h("div");
    this.fault = null;
    this.amount = "";
  }

  get sending() {
    return begun.get(this.account.account);
  }

  draw() {
    const form = this.element.querySelector("form");
    const isMine = this.wallets.account?.toLowerCase() === this.account.account.toLowerCase();
    if (form && isMine && !this.sending && !this.fault) return; // what was typed stays
    replace(
      this.element,
      section("Withdraw", this.sending ? this.progress() : isMine ? this.form() : this.invitation()),
    );
  }

  invitation() {
    const said = this.wallets.account
      ? `The wallet uses ${short(this.wallets.account)}: choose this account in it to withdraw.`
      : "Its owner can withdraw what is free, with a wallet in this browser.";
    return [
      h("p", {}, said),
      h(
        "div",
        { class: "buttons" },
        h(
          "button",
          { type: "button", class: "quiet", "data-key": "connect", onclick: () => connect(this.wallets) },
          this.wallets.account ? "Choose another wallet" : "Connect wallet",
        ),
      ),
      h("p", { class: "muted" }, "The same in a terminal: ", command("assay withdraw AMOUNT")),
    ];
  }

  form() {
    const { symbol } = this.market;
    const input = h("input", {
      name: "amount",
      inputmode: "decimal",
      autocomplete: "off",
      required: true,
      value: this.amount,
    });
    const check = () => {
      const wanted = units(input.value);
      if (wanted === null) return "Write an amount like 12 or 0.25, with 18 decimals at most.";
      if (wanted === 0n) return "There is nothing to withdraw in zero.";
      return wanted > units(this.account.free) ? `Only ${tokens(this.account.free, symbol)} are free.` : null;
    };
    const amount = field({
      id: "amount",
      label: `Amount, ${symbol}`,
      hint: `${tokens(this.account.free, symbol)} are free. Stake has to be unstaked first (assay unstake). It costs gas, and nothing else.`,
      input,
      check,
    });
    const all = h(
      "button",
      {
        type: "button",
        class: "quiet",
        disabled: isZero(this.account.free),
        onclick: () => {
          input.value = this.account.free;
          amount.validate();
        },
      },
      "All of it",
    );
    const form = h(
      "form",
      { novalidate: true, "aria-label": "Withdraw" },
      amount.element,
      this.fault ? trouble(this.fault) : null,
      h("div", { class: "buttons" }, h("button", { type: "submit" }, "Prepare"), all),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.amount = input.value.trim();
      if (validateAll([amount])) this.prepare(form);
    });
    return form;
  }

  async prepare(form) {
    const button = form.querySelector("button[type=submit]");
    if (button.disabled) return;
    button.disabled = true;
    try {
      const calls = await post("calls/withdraw", { account: this.account.account, amount: this.amount });
      begun.set(this.account.account, new Sending(this.wallets, calls));
      this.fault = null;
    } catch (fault) {
      this.fault = { message: fault.message };
    }
    button.disabled = false;
    this.draw();
    this.element.querySelector("[data-key=send], .trouble")?.focus?.();
  }

  progress() {
    const { sending } = this;
    const again = () => {
      begun.delete(this.account.account);
      this.fault = null;
      if (sending.isDone) this.amount = "";
      this.draw();
    };
    const done = () => {
      this.refresh();
      return h("p", { class: "note" }, "The tokens are in the wallet.");
    };
    return sendingView(sending, again, done);
  }
}

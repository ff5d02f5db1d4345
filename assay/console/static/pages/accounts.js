/** Accounts: everybody who ever had money in the market. */

import { h, region } from "../dom.js";
import { tokens } from "../format.js";
import { command, empty, heading, pager, partyLink, table } from "../parts.js";

/** A page of the list. */
export default async function show({ query, api, market, go }) {
  const load = () => api("accounts", { after: query.get("after"), limit: 50 });
  const list = region(
    ({ accounts, next }) => [
      accounts.length
        ? accountTable(accounts, market.symbol)
        : empty("Nobody has money in the market yet.", "Tokens come in with ", command("assay deposit 100"), "."),
      pager("#/accounts", !query.get("after"), next, "after"),
    ],
    { class: "list" },
  );
  list.show(await load());
  return {
    title: "Accounts",
    element: [heading("Accounts"), finder(go), list.element],
    concerns: (changes) => changes.accounts.length > 0,
    async update() {
      return list.show(await load()) ? "The list of accounts has changed." : null;
    },
  };
}

function finder(go) {
  const input = h("input", {
    id: "address",
    name: "address",
    required: true,
    pattern: "0x[0-9a-fA-F]{40}",
    title: "0x and 40 hexadecimal digits",
    placeholder: "0x\u2026",
    autocomplete: "off",
    spellcheck: "false",
  });
  const form = h(
    "form",
    { class: "filters", role: "search", "aria-label": "Accounts" },
    h("div", { class: "field" }, h("label", { for: "address" }, "Address"), input),
    h("button", { type: "submit", class: "quiet" }, "Show"),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    go(`#/accounts/${input.value}`);
  });
  return form;
}

function accountTable(accounts, symbol) {
  return table(
    "Accounts, by address",
    [
      { name: "Account", cell: ({ account }) => partyLink(account) },
      { name: `Free, ${symbol}`, kind: "number", cell: ({ free }) => tokens(free) },
      { name: `Stake, ${symbol}`, kind: "number", cell: ({ stake }) => tokens(stake) },
      { name: "Events and chain", cell: ({ agrees }) => (agrees ? "agree" : h("strong", { class: "over" }, "differ")) },
    ],
    accounts,
    { hideCaption: true },
  );
}

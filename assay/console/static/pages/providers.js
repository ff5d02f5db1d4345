/** Providers: everybody who ever accepted a job. */

import { h, region } from "../dom.js";
import { count, tokens } from "../format.js";
import { command, empty, heading, pager, partyLink, table } from "../parts.js";

/** A page of the list. */
export default async function show({ query, api, market }) {
  const load = () => api("providers", { after: query.get("after"), limit: 50 });
  const list = region(
    ({ providers, next }) => [
      providers.length
        ? providerTable(providers, market.symbol)
        : empty(
            "Nobody has accepted a job yet.",
            "Whoever wants to earn puts tokens at stake, and starts an agent: ",
            command("assay stake 500"),
            " and ",
            command("provider-agent run"),
            ".",
          ),
      pager("#/providers", !query.get("after"), next, "after"),
    ],
    { class: "list" },
  );
  list.show(await load());
  return {
    title: "Providers",
    element: [
      heading("Providers"),
      h("p", { class: "muted" }, "Everybody who ever accepted a job, by address."),
      list.element,
    ],
    concerns: (changes) => changes.jobs.length + changes.accounts.length > 0,
    async update() {
      return list.show(await load()) ? "The list of providers has changed." : null;
    },
  };
}

function providerTable(providers, symbol) {
  const number = (name, cell) => ({ name, kind: "number", cell });
  return table(
    "Providers",
    [
      { name: "Provider", cell: (each) => partyLink(each.provider, "providers") },
      number("Accepted", (each) => count(each.accepted)),
      number("Running", (each) => count(each.running)),
      number("Finalized", (each) => count(each.finalized)),
      number("Slashed", (each) => count(each.slashed)),
      number("Missed", (each) => count(each.missed)),
      number(`Earned, ${symbol}`, (each) => tokens(each.earned)),
      number("Lost", (each) => tokens(each.lost)),
      number("Stake", (each) => tokens(each.stake)),
      number("At risk", (each) => tokens(each.at_risk)),
    ],
    providers,
    { hideCaption: true },
  );
}

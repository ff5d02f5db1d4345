/** A provider: its record, what it has earned and lost, its stake, and its jobs. */

import { path } from "../api.js";
import { timeFull } from "../clock.js";
import { h, region } from "../dom.js";
import { count, isZero, short, tokens } from "../format.js";
import { disputeTable, empty, facts, heading, jobTable, section, whole } from "../parts.js";

/** The page of one provider. */
export default async function show({ parameters: [who], api, market }) {
  const load = () =>
    Promise.all([
      api(path("providers", who)),
      api("jobs", { provider: who, limit: 15 }),
      api("disputes", { party: who, limit: 10 }),
    ]);
  const all = region(([provider, { jobs, next }, { disputes }]) =>
    drawn(provider, jobs, next, disputes, market.symbol),
  );
  all.show(await load());
  return {
    title: `Provider ${short(who)}`,
    element: [heading(`Provider ${short(who)}`, whole(who, "address")), all.element],
    concerns: (changes) => changes.jobs.length > 0 || changes.accounts.includes(who),
    async update() {
      return all.show(await load()) ? "The provider's record has changed." : null;
    },
  };
}

function drawn(provider, jobs, next, disputes, symbol) {
  const item = (name, number) =>
    h("li", {}, h("div", { class: "plain" }, h("span", { class: "figure-large" }, number), name));
  return [
    section(
      "Record",
      h(
        "ul",
        { class: "counts" },
        ["accepted", "running", "finalized", "slashed", "missed", "declined"].map((name) =>
          item(name === "missed" ? "missed deadlines" : name, count(provider[name])),
        ),
      ),
    ),
    section(
      "Money",
      facts([
        ["Earned", tokens(provider.earned, symbol)],
        ["Lost, of bonds", tokens(provider.lost, symbol)],
        ["Stake", tokens(provider.stake, symbol)],
        ["At risk", tokens(provider.at_risk, symbol)],
        ["Free", tokens(provider.free, symbol)],
        ["Listed", listing(provider, symbol)],
        ["As an account", h("a", { href: `#/accounts/${provider.provider}` }, "its money")],
      ]),
    ),
    section(
      "Its jobs",
      jobs.length
        ? jobTable("Jobs of this provider", jobs, symbol, { hideCaption: true })
        : empty("It has never accepted a job."),
      next ? h("p", {}, h("a", { href: `#/jobs?provider=${provider.provider}` }, "All its jobs")) : null,
    ),
    disputes.length
      ? section("Its disputes", disputeTable("Disputes of this provider", disputes, { hideCaption: true }))
      : null,
  ];
}

function listing({ listed, listing_stake: stake, leaves_at: leaves }, symbol) {
  if (listed) return `in the directory, with ${tokens(stake, symbol)} locked`;
  if (leaves) return h("span", {}, `no longer; ${tokens(stake, symbol)} can be taken out after `, timeFull(leaves));
  return isZero(stake) ? "not in the directory" : `not in the directory, ${tokens(stake, symbol)} locked`;
}

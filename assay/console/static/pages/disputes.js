/** Disputes, the newest first. */

import { h, region } from "../dom.js";
import { command, disputeTable, empty, heading, pager } from "../parts.js";

const LIMIT = 25;
const CHOICES = [
  ["", "All"],
  ["true", "Running"],
  ["false", "Over"],
];

/** A page of the list. */
export default async function show({ query, api }) {
  const running = query.get("running") ?? "";
  const hash = running ? `#/disputes?running=${running}` : "#/disputes";
  const load = () =>
    api("disputes", { running: running || null, party: query.get("party"), before: query.get("before"), limit: LIMIT });
  const list = region(
    ({ disputes, next }) => [
      disputes.length ? disputeTable("Disputes, the newest first", disputes, { hideCaption: true }) : nothing(running),
      pager(hash, !query.get("before"), next),
    ],
    { class: "list" },
  );
  list.show(await load());
  const link = ([value, name]) =>
    h(
      "a",
      { href: value ? `#/disputes?running=${value}` : "#/disputes", "aria-current": value === running ? "page" : null },
      name,
    );
  return {
    title: "Disputes",
    element: [
      heading("Disputes"),
      h("nav", { class: "choices", "aria-label": "Which disputes" }, CHOICES.map(link)),
      list.element,
    ],
    concerns: (changes) => changes.disputes.length > 0,
    async update() {
      return list.show(await load()) ? "The list of disputes has changed." : null;
    },
  };
}

function nothing(running) {
  if (running) return empty("There is no such dispute.", h("a", { href: "#/disputes" }, "Show all disputes"));
  return empty(
    "There are no disputes: nobody has challenged a claim.",
    "Who doubts one runs it again: ",
    command("assay verify JOB --challenge"),
    ".",
  );
}

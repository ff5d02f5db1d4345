/** Jobs, the newest first. */

import { h, region } from "../dom.js";
import { command, empty, heading, jobTable, pager, STATUSES } from "../parts.js";

const LIMIT = 25;

/** A page of the list. */
export default async function show({ query, api, market, go }) {
  const wanted = Object.fromEntries(
    ["status", "requester", "provider", "machine"].map((name) => [name, query.get(name)]),
  );
  const load = () => api("jobs", { ...wanted, before: query.get("before"), limit: LIMIT });
  const list = region(
    ({ jobs, next }) => [
      jobs.length ? jobTable("Jobs, the newest first", jobs, market.symbol, { hideCaption: true }) : nothing(wanted),
      pager(hashOf(wanted), !query.get("before"), next),
    ],
    { class: "list" },
  );
  list.show(await load());
  return {
    title: "Jobs",
    element: [heading("Jobs"), filters(wanted, Object.keys(market.contracts.referees), go), list.element],
    concerns: (changes) => changes.jobs.length > 0,
    async update() {
      return list.show(await load()) ? "The list of jobs has changed." : null;
    },
  };
}

function hashOf(wanted) {
  const given = Object.entries(wanted).filter(([, value]) => value);
  return given.length ? `#/jobs?${new URLSearchParams(given)}` : "#/jobs";
}

function filters(wanted, machines, go) {
  const select = (name, label, choices) =>
    h(
      "div",
      { class: "field" },
      h("label", { for: `filter-${name}` }, label),
      h(
        "select",
        { id: `filter-${name}`, name },
        h("option", { value: "" }, "any"),
        choices.map((each) => h("option", { value: each, selected: wanted[name] === each }, each)),
      ),
    );
  const form = h(
    "form",
    { class: "filters", role: "search", "aria-label": "Jobs" },
    select("status", "Status", STATUSES),
    select("machine", "Machine", machines),
    h(
      "div",
      { class: "field" },
      h("label", { for: "filter-requester" }, "Requester"),
      h("input", {
        id: "filter-requester",
        name: "requester",
        value: wanted.requester ?? "",
        placeholder: "0x\u2026",
        pattern: "0x[0-9a-fA-F]{40}",
        title: "0x and 40 hexadecimal digits",
        autocomplete: "off",
        spellcheck: "false",
      }),
    ),
    h("button", { type: "submit", class: "quiet" }, "Show"),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    go(hashOf({ ...wanted, ...Object.fromEntries(new FormData(form)) }));
  });
  return form;
}

function nothing(wanted) {
  return Object.values(wanted).some(Boolean)
    ? empty("No job is like that.", h("a", { href: "#/jobs" }, "Show all jobs"))
    : empty(
        "There are no jobs yet.",
        "Post one with ",
        command("assay submit prog.elf --price 5 --wait"),
        " or ",
        h("a", { href: "#/post" }, "from this browser"),
        ".",
      );
}

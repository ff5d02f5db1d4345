/** What several pages consist of. */

import { countdown, timeAgo } from "./clock.js";
import { h } from "./dom.js";
import { capital, count, plural, short, shortJob, tokens } from "./format.js";

const MARKS = {
  open: "waiting",
  accepted: "moving",
  claimed: "moving",
  disputed: "contested",
  running: "contested",
  finalized: "done",
  final: "done",
  "not final": "moving",
  wrong: "bad",
  "missed deadline": "bad",
  "slashed by step": "bad",
  "slashed by timeout": "bad",
};

/** The statuses of jobs, in the order of a job's life. */
export const STATUSES = [
  "open",
  "accepted",
  "claimed",
  "disputed",
  "finalized",
  "cancelled",
  "expired",
  "declined",
  "missed deadline",
  "slashed by step",
  "slashed by timeout",
];

/** A status in words, with a mark whose shape differs, too. */
export function badge(status) {
  const mark = MARKS[status] ?? (status.startsWith("won") ? "done" : "quiet");
  return h("span", { class: `badge ${mark}` }, status);
}

/** A link to a job's page. */
export function jobLink(job) {
  return h("a", { href: `#/jobs/${job}`, class: "mono", title: job }, shortJob(job));
}

/** A link to a dispute's page. */
export function disputeLink(dispute) {
  return h("a", { href: `#/disputes/${dispute}`, class: "mono", title: dispute }, short(dispute));
}

/** A link to an account's page, or to its page as a provider. */
export function partyLink(address, kind = "accounts") {
  if (!address) return h("span", { class: "muted" }, "nobody");
  return h("a", { href: `#/${kind}/${address}`, class: "mono", title: address }, short(address));
}

/** A sentence of the API, the addresses in it as links. */
export function withParties(text) {
  return text.split(/(0x[0-9a-fA-F]{40})(?![0-9a-fA-F])/).map((part, place) => (place % 2 ? partyLink(part) : part));
}

/** A hash or an address in full, that can be copied. */
export function whole(text, what = "value") {
  const button = h(
    "button",
    { type: "button", class: "copy", "aria-label": `Copy ${what}`, "data-key": `copy ${text}` },
    "Copy",
  );
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Not allowed";
    }
    setTimeout(() => (button.textContent = "Copy"), 2000);
  });
  return h("span", { class: "whole" }, h("span", { class: "mono" }, text), " ", button);
}

/**
 * A table that becomes a list of cards where the window is narrow; so its roles are said again, which browsers forget
 * with its layout. A column is `{name, cell, kind}`; `kind` is a class, `number` for one.
 */
export function table(caption, columns, rows, { hideCaption = false, compact = false } = {}) {
  const cell = (column, row) =>
    h("td", { role: "cell", class: column.kind, "data-label": column.name }, column.cell(row));
  return h(
    "table",
    { role: "table", class: compact ? "compact" : "cards" },
    h("caption", { class: hideCaption ? "hidden" : null }, caption),
    h(
      "thead",
      { role: "rowgroup" },
      h(
        "tr",
        { role: "row" },
        columns.map((each) => h("th", { role: "columnheader", scope: "col", class: each.kind }, each.name)),
      ),
    ),
    h(
      "tbody",
      { role: "rowgroup" },
      rows.map((row) =>
        h(
          "tr",
          { role: "row" },
          columns.map((each) => cell(each, row)),
        ),
      ),
    ),
  );
}

/** Something wide, that can be scrolled in a box of its own, with the keyboard, too. */
export function scrollable(label, ...children) {
  return h("div", { class: "scroll", role: "region", "aria-label": label, tabindex: "0" }, children);
}

/** Terms and what is to be said of each; pairs without a value are left out. */
export function facts(pairs) {
  const known = pairs.filter(([, value]) => value !== null && value !== undefined && value !== false);
  return h(
    "dl",
    { class: "facts" },
    known.map(([term, value]) => h("div", {}, h("dt", {}, term), h("dd", {}, value))),
  );
}

/** What there is when there is nothing, and what to do next. */
export function empty(sentence, ...next) {
  return h("div", { class: "empty" }, h("p", {}, sentence), next.length ? h("p", {}, next) : null);
}

/** A command to type. */
export function command(text) {
  return h("code", { class: "command" }, text);
}

/** What went wrong, as a part of a page. */
export function trouble(fault, again = null) {
  return h(
    "div",
    { class: "trouble", role: "alert" },
    h("p", {}, capital(fault.message), /[.!?]$/.test(fault.message) ? "" : "."),
    again ? h("button", { type: "button", onclick: again }, "Try again") : null,
  );
}

/** The links to the pages of a list. `hash` has its filters, and no place. */
export function pager(hash, isFirst, next, key = "before") {
  if (isFirst && !next) return null;
  const join = hash.includes("?") ? "&" : "?";
  return h(
    "nav",
    { class: "pager", "aria-label": "Pages of this list" },
    isFirst ? null : h("a", { href: hash }, "To the beginning"),
    next ? h("a", { href: `${hash}${join}${key}=${encodeURIComponent(next)}`, rel: "next" }, "Further") : null,
  );
}

/** A list of jobs. */
export function jobTable(caption, jobs, symbol, options) {
  return table(
    caption,
    [
      { name: "Job", cell: (job) => jobLink(job.job) },
      { name: "Status", cell: (job) => badge(job.status) },
      { name: `Price, ${symbol}`, kind: "number", cell: (job) => tokens(job.price) },
      {
        name: "Machine",
        cell: (job) => [job.machine ?? "unknown", job.task_count > 1 ? `, ${plural(job.task_count, "task")}` : ""],
      },
      { name: "Provider", cell: (job) => partyLink(job.provider, "providers") },
      { name: "Changed", cell: (job) => timeAgo(job.changed_at) },
      { name: "Due", cell: (job) => (job.deadline ? countdown(job.deadline) : "\u2013") },
    ],
    jobs,
    options,
  );
}

/** A list of disputes. */
export function disputeTable(caption, disputes, options) {
  return table(
    caption,
    [
      { name: "Dispute", cell: (dispute) => disputeLink(dispute.dispute) },
      { name: "Status", cell: (dispute) => badge(dispute.status) },
      { name: "Narrowed", cell: progress },
      { name: "Job", cell: (dispute) => [jobLink(dispute.job), dispute.task ? `, task ${count(dispute.task)}` : ""] },
      { name: "Challenger", cell: (dispute) => partyLink(dispute.challenger) },
      { name: "Defender", cell: (dispute) => partyLink(dispute.defender, "providers") },
      { name: "Changed", cell: (dispute) => timeAgo(dispute.changed_at) },
    ],
    disputes,
    options,
  );
}

/** How far a dispute is: a mark for each of its rounds. */
function progress({ turns, rounds }) {
  const pips = Array.from({ length: rounds }, (_, index) => h("span", { class: index < turns ? "pip full" : "pip" }));
  return h(
    "span",
    { class: "pips" },
    h("span", { "aria-hidden": "true" }, pips),
    h("span", { class: "mono" }, `${turns} of ${rounds}`),
  );
}

/** The heading of a page; it has the focus after a change of pages. */
export function heading(text, ...more) {
  return h("div", { class: "heading" }, h("h1", { tabindex: "-1" }, text), more);
}

/** A part of a page, with a heading. */
export function section(title, ...children) {
  const id = `part-${title.toLowerCase().replace(/[^a-z]+/g, "-")}`;
  return h("section", { "aria-labelledby": id }, h("h2", { id }, title), children);
}

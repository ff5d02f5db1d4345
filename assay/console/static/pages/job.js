/** A job: where it stands, its money, what it wrote, its disputes, and all that happened. */

import { path } from "../api.js";
import { countdown, timeFull } from "../clock.js";
import { h, region } from "../dom.js";
import { count, duration, isZero, plural, shortJob, tokens } from "../format.js";
import {
  badge,
  disputeLink,
  disputeTable,
  facts,
  heading,
  partyLink,
  scrollable,
  section,
  table,
  whole,
  withParties,
} from "../parts.js";
import { outputs } from "./output.js";

const DUE = {
  open: [
    "to be accepted",
    "by a provider whose stake covers the bond. If nobody does, anyone may end the job, and the price goes back.",
  ],
  accepted: ["to be claimed", "by the provider. If it is late, it loses its bond, and the price goes back."],
  claimed: [
    "open to challenges",
    "by whoever recomputes another result. After that the claim is final, and anyone may have the provider paid.",
  ],
  disputed: ["to be decided", "by its disputes: the claim is final only when every one of them is won."],
};

/** The page of one job. */
export default async function show({ parameters: [id], api, market }) {
  const address = path("jobs", id);
  let job = await api(address);
  const top = region((now) => summary(now, market.symbol));
  const stages = region((now) => timeline(now, market.symbol));
  const output = outputs(address, api);
  const disputes = region((now) =>
    now.disputes.length
      ? section("Disputes", disputeTable("Disputes about this job", now.disputes, { hideCaption: true }))
      : null,
  );
  const money = region((now) => section("Money", moneyTable(now, market.symbol)));
  const terms = region((now) => section("Terms", termsOf(now, market.symbol)));
  const log = region((now) => section("Events", events(now)));
  const draw = () => {
    for (const each of [top, stages, disputes, money, terms, log]) each.show(job);
    output.show(job);
  };
  draw();
  return {
    title: `Job ${shortJob(id)}`,
    element: [
      heading(`Job ${shortJob(id)}`),
      top.element,
      stages.element,
      output.element,
      disputes.element,
      money.element,
      terms.element,
      log.element,
    ],
    concerns: (changes) =>
      changes.jobs.includes(id) ||
      changes.disputes.some((each) => job.disputes.some(({ dispute }) => dispute === each)),
    async update() {
      const before = job.status;
      job = await api(address);
      draw();
      return job.status === before ? null : `The job is ${job.status}.`;
    },
  };
}

function summary(job, symbol) {
  const list = facts([
    ["Status", badge(job.status)],
    ["Price", tokens(job.price, symbol)],
    ["Requester", partyLink(job.requester)],
    ["Provider", partyLink(job.provider, "providers")],
    ["Machine", job.machine ?? "unknown"],
    ["Tasks", count(job.task_count)],
  ]);
  list.classList.add("tight");
  return list;
}

function timeline(job, symbol) {
  const known = job.events.map((event) => stageOf(event, job, symbol)).filter(Boolean);
  const due = job.deadline ? DUE[job.status] : null;
  return section(
    "Stages",
    h(
      "ol",
      { class: "timeline" },
      known.map(({ name, said, time, kind }) =>
        h(
          "li",
          { class: kind },
          h("span", { class: "name" }, name),
          h("span", { class: "said" }, said),
          timeFull(time),
        ),
      ),
      due
        ? h(
            "li",
            { class: "due", "aria-current": "step" },
            h("span", { class: "name" }, due[0]),
            h(
              "span",
              { class: "said" },
              due[1],
              job.status === "disputed" ? null : [" ", countdown(job.deadline), "."],
            ),
            job.status === "disputed" ? null : timeFull(job.deadline),
          )
        : null,
    ),
  );
}

/** A stage of a job's life, out of an event; null for an event that is none. */
function stageOf({ event, stage, text, time, arguments: given }, job, symbol) {
  if (!stage || stage === "dispute") return null;
  const bad = /slashed|missed/.test(stage) ? "bad" : null;
  const said = {
    JobPosted: () => [partyLink(job.requester), ` puts ${tokens(job.price, symbol)} in escrow.`],
    JobAccepted: () => [partyLink(given.provider, "providers"), ` puts ${tokens(job.bond, symbol)} at risk.`],
    JobClaimed: () => [partyLink(given.provider, "providers"), " states the result."],
    SignedJobClaimed: () => [
      partyLink(given.provider, "providers"),
      " posts it, accepts it and states the result at once, under a signed order.",
    ],
    JobChallenged: () => [
      partyLink(given.challenger),
      ` says that task ${count(given.task)} ends otherwise: dispute `,
      disputeLink(given.dispute_id),
      ".",
    ],
  }[event];
  return {
    name: stage,
    said: said ? said() : [withParties(text), "."],
    time,
    kind: event === "JobChallenged" ? "bad" : bad,
  };
}

function moneyTable(job, symbol) {
  const beneficiary = job.events.find(({ event }) => event === "BondSlashed")?.arguments.beneficiary;
  const rows = [
    ["Put in escrow", partyLink(job.requester), job.price],
    ["Put at risk", partyLink(job.provider, "providers"), job.bond],
    !isZero(job.earned) && ["Paid", partyLink(job.provider, "providers"), job.earned],
    !isZero(job.refunded) && ["Refunded", partyLink(job.requester), job.refunded],
    !isZero(job.fee) && ["Fee", "the market", job.fee],
    job.slashed && ["Slashed, paid to", beneficiary ? partyLink(beneficiary) : "whoever challenged", job.slashed],
    job.burned && ["Slashed, burned", "nobody", job.burned],
  ].filter(Boolean);
  const columns = [
    { name: "What", cell: ([what]) => what },
    { name: "Whose", cell: ([, who]) => who },
    { name: symbol, kind: "number", cell: ([, , amount]) => tokens(amount) },
  ];
  return table("The money of this job", columns, rows, { hideCaption: true });
}

function termsOf(job, symbol) {
  const list = facts([
    ["Job", whole(job.job, "job")],
    ["On the chain", whole(job.id, "the job's id")],
    ["Floor price", isZero(job.floor_price) ? null : tokens(job.floor_price, symbol)],
    ["Who may accept", job.admission],
    ["Steps of a task, at most", count(job.step_limit)],
    ["Time to accept", duration(job.accept_period)],
    ["Time to run", duration(job.run_period)],
    ["Time to challenge", duration(job.challenge_period)],
    ["Referee", whole(job.referee, "the referee's address")],
    [
      job.specs.length > 1 ? `Specs (${job.specs.length})` : "Spec",
      job.specs.slice(0, 20).map((each) => h("div", {}, whole(each, "content id"))),
    ],
    ["Claimed root", job.claim_root ? whole(job.claim_root, "root") : null],
    ["Result document", job.result ? whole(job.result, "content id") : null],
  ]);
  list.classList.add("wide");
  return list;
}

function events(job) {
  const columns = [
    { name: "Time", cell: ({ time }) => timeFull(time) },
    { name: "Event", cell: ({ event }) => h("span", { class: "mono" }, event) },
    {
      name: "What",
      cell: ({ stage, text }) =>
        h("span", { class: "said" }, stage && stage !== "dispute" ? `${stage}: ` : "", withParties(text)),
    },
    {
      name: "Transaction",
      cell: ({ transaction, block }) =>
        h(
          "span",
          { class: "mono", title: transaction },
          `${transaction.slice(0, 10)}\u2026`,
          h("span", { class: "muted" }, ` in ${count(block)}`),
        ),
    },
  ];
  return h(
    "details",
    { "data-key": "events" },
    h("summary", {}, `All ${plural(job.events.length, "event")}, with their transactions`),
    scrollable(
      "Events of this job",
      table("Events of this job, the oldest first", columns, job.events, { hideCaption: true, compact: true }),
    ),
  );
}

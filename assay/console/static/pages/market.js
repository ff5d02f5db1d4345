/** The market at a glance. */

import { region, h } from "../dom.js";
import { capital, count, share, duration, tokens } from "../format.js";
import { badge, command, disputeTable, empty, facts, heading, jobTable, section, STATUSES, whole } from "../parts.js";
import { chart } from "../charts.js";

const SPANS = {
  hour: { period: 120, count: 30, name: "Hour" },
  day: { period: 3_600, count: 24, name: "Day" },
  week: { period: 21_600, count: 28, name: "Week" },
  month: { period: 86_400, count: 30, name: "Month" },
};

/** The first page. */
export default async function show({ api, market: first, kept }) {
  const data = { market: first, span: SPANS[kept.span] ? kept.span : null };
  const counts = region(({ market }) => statuses(market));
  const money = region(({ market }) => amounts(market));
  const jobs = region(({ jobs: list, market }) => latestJobs(list, market));
  const disputes = region(({ disputes: list, market }) => latestDisputes(list, market));
  const charts = region(({ history, span, market }) => over(history, span, market.symbol, choose));
  const rules = region(({ market }) => deployed(market));

  async function load() {
    const [market, newest, quarrels] = await Promise.all([
      api("market"),
      api("jobs", { limit: 8 }),
      api("disputes", { limit: 6 }),
    ]);
    Object.assign(data, { market, jobs: newest.jobs, disputes: quarrels.disputes });
    await loadHistory();
  }

  async function loadHistory() {
    const ask = (span) => api("history", { period: SPANS[span].period, count: SPANS[span].count });
    if (data.span) {
      data.history = await ask(data.span);
      return;
    }
    // A market that has just begun is looked at more closely.
    const day = await ask("day");
    const isYoung = !day.periods.slice(0, -1).some((each) => each.posted || each.staked !== "0");
    data.history = isYoung ? await ask("hour") : day;
  }

  async function choose(span) {
    data.span = span;
    kept.span = span;
    await loadHistory();
    charts.show({ history: data.history, span, market: { symbol: data.market.symbol } });
  }

  const draw = () => {
    const { market, history, span } = data;
    const still = { ...market, position: null };
    counts.show({ market: still });
    money.show({ market: still });
    jobs.show({ jobs: data.jobs, market: { symbol: market.symbol } });
    disputes.show({ disputes: data.disputes, market: { jobs: Object.keys(market.jobs).length } });
    charts.show({ history, span, market: { symbol: market.symbol } });
    rules.show({ market: { ...still, jobs: null, disputes: null } });
  };

  await load();
  draw();
  return {
    title: "Market",
    element: [
      heading("Market"),
      counts.element,
      money.element,
      jobs.element,
      disputes.element,
      charts.element,
      rules.element,
    ],
    concerns: (changes) => changes.jobs.length + changes.disputes.length + changes.accounts.length > 0,
    async update(changes) {
      await load();
      draw();
      const [some] = changes.jobs;
      const job = data.jobs.find((each) => each.job === some);
      return job ? `Job ${job.job.split("@")[0]} is ${job.status}.` : null;
    },
  };
}

function statuses({ jobs, disputes }) {
  const item = (name, number, href) =>
    h("li", {}, h("a", { href }, h("span", { class: "figure-large" }, count(number)), name));
  const always = ["open", "accepted", "claimed", "disputed", "finalized"];
  const shown = STATUSES.filter((status) => jobs[status] || always.includes(status));
  return [
    section(
      "Jobs by status",
      h(
        "ul",
        { class: "counts" },
        shown.map((status) => item(badge(status), jobs[status] ?? 0, `#/jobs?status=${encodeURIComponent(status)}`)),
      ),
    ),
    section(
      "Disputes by status",
      h(
        "ul",
        { class: "counts roomy" },
        item(badge("running"), disputes.running ?? 0, "#/disputes?running=true"),
        item(badge("won by challenger"), disputes["won by challenger"] ?? 0, "#/disputes?running=false"),
        item(badge("won by defender"), disputes["won by defender"] ?? 0, "#/disputes?running=false"),
      ),
    ),
  ];
}

function amounts(market) {
  const item = (name, amount, said) =>
    h(
      "li",
      {},
      h(
        "div",
        { class: "plain" },
        h(
          "span",
          { class: "figure-large" },
          amount === null ? "\u2013" : tokens(amount),
          h("span", { class: "unit" }, ` ${market.symbol}`),
        ),
        name,
        h("div", { class: "muted small" }, said),
      ),
    );
  return section(
    "Money",
    h(
      "ul",
      { class: "counts roomy" },
      item("At stake", market.staked, "put up by providers"),
      item("At risk", market.at_risk, "bonds of jobs that run"),
      item("Paid", market.paid, "to providers, ever"),
      item("Free", market.free, "can be withdrawn"),
      item("Held", market.held, "by the market, all in all"),
      item("Burned", market.burned, "of the bonds of liars"),
    ),
  );
}

function latestJobs(jobs, { symbol }) {
  if (!jobs.length) {
    return section(
      "Latest jobs",
      empty(
        "There are no jobs yet.",
        "Post one with ",
        command("assay submit prog.elf --price 5 --wait"),
        " or ",
        h("a", { href: "#/post" }, "from this browser"),
        ".",
      ),
    );
  }
  return section(
    "Latest jobs",
    jobTable("The newest jobs", jobs, symbol, { hideCaption: true }),
    h("p", {}, h("a", { href: "#/jobs" }, "All jobs")),
  );
}

function latestDisputes(disputes, { jobs }) {
  if (!disputes.length) {
    const more = jobs
      ? ["Who doubts a claim runs it again: ", command("assay verify JOB --challenge"), "."]
      : ["They begin when somebody recomputes a claim, and gets another result."];
    return section("Latest disputes", empty("There are no disputes: nobody has challenged a claim.", ...more));
  }
  return section(
    "Latest disputes",
    disputeTable("The newest disputes", disputes, { hideCaption: true }),
    h("p", {}, h("a", { href: "#/disputes" }, "All disputes")),
  );
}

function over(history, span, symbol, choose) {
  const now = span ?? Object.keys(SPANS).find((each) => SPANS[each].period === history.period);
  const buttons = Object.entries(SPANS).map(([key, { name }]) =>
    h(
      "button",
      { type: "button", "aria-pressed": String(key === now), "data-key": `span ${key}`, onclick: () => choose(key) },
      name,
    ),
  );
  const of = (name) => ({ value: (each) => each[name], text: (each) => count(each[name]) });
  const amount = (name) => ({
    value: (each) => (each[name] === null ? null : Number(each[name])),
    text: (each) => (each[name] === null ? "\u2013" : tokens(each[name])),
  });
  const shared = { period: history.period, periods: history.periods };
  return section(
    "Over time",
    h("div", { class: "segmented", role: "group", "aria-label": "How far back" }, buttons),
    h(
      "div",
      { class: "figures" },
      chart({
        ...shared,
        title: "Jobs",
        unit: "",
        kind: "bars",
        series: [
          { name: "posted", mark: "b", ...of("posted") },
          { name: "ended", mark: "a", ...of("ended") },
          { name: "challenged", mark: "c", ...of("challenged") },
        ],
      }),
      chart({
        ...shared,
        title: "Mean price of the jobs posted",
        unit: symbol,
        kind: "line",
        series: [{ name: "mean price", mark: "a", ...amount("mean_price") }],
      }),
      chart({
        ...shared,
        title: "Stake",
        unit: symbol,
        kind: "line",
        series: [{ name: "stake", mark: "a", ...amount("staked") }],
      }),
      chart({
        ...shared,
        title: "Paid to providers",
        unit: symbol,
        kind: "bars",
        series: [{ name: "paid", mark: "a", ...amount("paid") }],
      }),
    ),
  );
}

function deployed({ symbol, chain_id: chain, contracts, rules, providers }) {
  return section(
    "The rules of this market",
    facts([
      ["A challenger's bond", tokens(rules.challenger_bond, symbol)],
      ["A provider's bond, at least", tokens(rules.minimum_bond, symbol)],
      ["Burned of a slashed bond", share(rules.burn_share)],
      ["The market's fee", share(rules.fee_share)],
      ["Challenge period, at least", duration(rules.minimum_challenge_period)],
      ["Each side's time in a dispute", duration(rules.allowance)],
      ["Time for a turn, at least", duration(rules.minimum_reply)],
      ["Providers so far", count(providers)],
      ["Chain", count(chain)],
    ]),
    h("details", { "data-key": "contracts" }, h("summary", {}, "Its contracts"), contractsOf(contracts)),
  );
}

function contractsOf({ market, game, token, directory, referees }) {
  const pairs = [
    ...Object.entries({ market, game, token, directory }),
    ...Object.entries(referees).map(([machine, at]) => [`referee of ${machine}`, at]),
  ];
  const list = facts(pairs.map(([name, address]) => [capital(name), whole(address, `address of the ${name}`)]));
  list.classList.add("wide");
  return list;
}

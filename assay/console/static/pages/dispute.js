/** A dispute: how it narrows, turn by turn, to one step, and that step. */

import { path } from "../api.js";
import { chosenOf, outcomeOf, segmentsOf, sentencesOf, turnsOf } from "../bisection.js";
import { countdown, timeAgo, timeFull } from "../clock.js";
import { h, region, s } from "../dom.js";
import { capital, count, dateTime, plural, short, tokens } from "../format.js";
import { badge, facts, heading, jobLink, partyLink, scrollable, section, table, trouble, whole } from "../parts.js";
import { stepOf } from "./step.js";

const WORDS = {
  agreed: "both agree",
  disputed: "disputed: the first that differs",
  beyond: "not looked at: it follows from a state that is disputed",
  open: "nobody has answered yet",
};
const SIGNS = { agreed: "=", disputed: "\u2260", beyond: "", open: "?" };

/** Milliseconds between two questions for a step that cannot be computed yet. */
const PAUSE = 3_000;

/** The page of one dispute. */
export default async function show({ parameters: [id], api, market, onLeave }) {
  const address = path("disputes", id);
  const data = { dispute: await api(address) };
  const stepper = new Stepper();
  const top = region(({ dispute }) => summary(dispute, market.symbol));
  const turns = region((dispute) => stepper.draw(dispute));
  const bottom = region(({ dispute, step, fault }) => ending(dispute, step, fault, loadStep));
  let later = null;
  onLeave(() => clearTimeout(later));
  const draw = () => {
    top.show(data);
    turns.show(data.dispute);
    bottom.show(data);
  };

  async function loadStep() {
    if (!data.dispute.step) return;
    try {
      data.step = await api(`${address}/step`);
      data.fault = null;
    } catch (fault) {
      if (fault.name === "AbortError") return;
      // Another step is computed just now: wait for one's turn.
      if (fault.code === "unavailable") later = setTimeout(loadStep, PAUSE);
      else data.fault = { message: fault.message };
    }
    draw();
  }

  draw();
  loadStep();
  return {
    title: `Dispute ${short(id)}`,
    element: [heading(`Dispute ${short(id)}`), top.element, turns.element, bottom.element],
    concerns: (changes) => changes.disputes.includes(id) || changes.jobs.includes(data.dispute.job),
    async update() {
      const before = data.dispute;
      data.dispute = await api(address);
      stepper.follow(before, data.dispute);
      draw();
      if (data.dispute.step && !data.step) loadStep();
      if (data.dispute.winner && !before.winner) return outcomeOf(data.dispute).join(" ");
      return data.dispute.turns > before.turns
        ? sentencesOf(...turnsOf(data.dispute).slice(-2).reverse()).join(" ")
        : null;
    },
  };
}

function summary(dispute, symbol) {
  const party = (side, address, kind) =>
    h(
      "span",
      {},
      partyLink(address, kind),
      dispute.winner === side
        ? " has won"
        : dispute.winner
          ? " has lost"
          : dispute.to_move === side
            ? " is to move"
            : "",
    );
  return facts([
    ["Status", badge(dispute.status)],
    ["Job", h("span", {}, jobLink(dispute.job), `, task ${count(dispute.task)}`)],
    ["Challenger", party("challenger", dispute.challenger, "accounts")],
    ["Defender", party("defender", dispute.defender, "providers")],
    ["Trace", `${count(dispute.step_limit)} steps (16^${dispute.rounds})`],
    ["Machine", dispute.machine ?? "unknown"],
    ["Challenger's bond", tokens(dispute.bond, symbol)],
    ["Opened", timeAgo(dispute.opened_at)],
    ["Time to move", dispute.deadline ? countdown(dispute.deadline) : null],
  ]);
}

/** Goes through the turns of a dispute, with buttons and with the arrow keys. */
class Stepper {
  constructor() {
    this.at = null;
  }

  /** Stay at the end, if that is where one was. */
  follow(before, now) {
    if (this.at === lastOf(before)) this.at = lastOf(now);
  }

  draw(dispute) {
    this.turns = turnsOf(dispute);
    this.dispute = dispute;
    this.at = Math.min(this.at ?? lastOf(dispute), lastOf(dispute));
    this.list = h(
      "ol",
      { class: "turns" },
      this.turns.map((turn, place) => this.turn(turn, place)),
      this.end(),
    );
    this.sentence = h("p", { class: "sentence", "aria-live": "polite" });
    this.places = h("span", { class: "mono" });
    this.roots = h("div");
    const last = lastOf(dispute);
    const button = (name, to) =>
      h("button", { type: "button", class: "quiet", "data-key": `turn ${name}`, onclick: () => this.go(to()) }, name);
    this.buttons = {
      first: button("First", () => 0),
      back: button("Back", () => this.at - 1),
      next: button("Next", () => this.at + 1),
      last: button("Last", () => last),
    };
    const tools = h(
      "div",
      { class: "stepper", role: "group", "aria-label": "Turns of the dispute" },
      h("div", { class: "buttons" }, Object.values(this.buttons)),
      this.places,
    );
    const part = section("How it narrows", legend(), tools, this.sentence, this.list, this.roots);
    part.addEventListener("keydown", (event) => this.key(event));
    this.render();
    return part;
  }

  key(event) {
    const to = { ArrowRight: this.at + 1, ArrowLeft: this.at - 1, Home: 0, End: lastOf(this.dispute) }[event.key];
    if (to === undefined || event.altKey || event.ctrlKey || event.metaKey || event.target.closest(".scroll, input"))
      return;
    event.preventDefault();
    this.go(to);
  }

  go(place) {
    this.at = Math.max(0, Math.min(place, lastOf(this.dispute)));
    this.render();
  }

  render() {
    const [at, last] = [this.at, lastOf(this.dispute)];
    for (const [place, item] of [...this.list.children].entries()) {
      item.classList.toggle("later", place > at);
      item.classList.toggle("now", place === at);
      if (place === at) item.setAttribute("aria-current", "step");
      else item.removeAttribute("aria-current");
    }
    const set = (name, off) => {
      // A button that takes the focus with it when it is disabled would leave nobody to hear the arrow keys.
      this.buttons[name].setAttribute("aria-disabled", String(off));
    };
    ["first", "back"].forEach((name) => set(name, at === 0));
    ["next", "last"].forEach((name) => set(name, at === last));
    const turn = this.turns[at];
    this.places.textContent = turn
      ? `Turn ${at + 1} of ${this.turns.length}`
      : this.dispute.winner
        ? "The end"
        : "What comes next";
    this.sentence.textContent = (turn ? sentencesOf(turn, this.turns[at - 1]) : outcomeOf(this.dispute)).join(" ");
    this.roots.replaceChildren(...(turn ? [rootTable(turn, at)] : []));
  }

  turn(turn, place) {
    const before = this.turns[place - 1];
    const chosen = chosenOf(turn);
    const said = `${sentencesOf(turn, before).join(" ")} ${chosen ? `Of its segments, number ${turn.chosen + 1} of 16 is the first that is disputed.` : "Nobody has answered yet."}`;
    return h(
      "li",
      {},
      before ? funnel(before.chosen) : null,
      h(
        "div",
        { class: "head" },
        h(
          "button",
          { type: "button", class: "turn", "data-key": `turn ${place}`, onclick: () => this.go(place) },
          `Turn ${place + 1}`,
        ),
        h("span", { class: `side ${turn.side}` }, capital(turn.side)),
        partyLink(turn.party, turn.side === "defender" ? "providers" : "accounts"),
        h("span", { class: "muted" }, `${plural(turn.stride, "step")} a segment`),
        h("span", { class: "when" }, timeAgo(turn.time)),
      ),
      h("p", { class: "hidden" }, said),
      bar(turn),
      h(
        "div",
        { class: "ends", "aria-hidden": "true" },
        h("span", {}, count(turn.start)),
        chosen ? h("span", { class: "chosen" }, `${count(chosen.first)} \u2192 ${count(chosen.last)}`) : null,
        h("span", {}, count(turn.end)),
      ),
    );
  }

  end() {
    const { dispute } = this;
    const said = outcomeOf(dispute);
    const waits = h(
      "div",
      { class: "one open" },
      h("span", {}, dispute.winner ? said[0] : `The ${dispute.to_move} is to move`),
      dispute.deadline ? countdown(dispute.deadline) : null,
    );
    const step = () =>
      h(
        "div",
        { class: "one" },
        h("span", { class: "number" }, `Step ${count(dispute.step.step)}`),
        h("span", {}, "one step, executed by the referee"),
      );
    return h(
      "li",
      { class: "end" },
      dispute.step ? [funnel(dispute.step.index), h("p", { class: "hidden" }, said.join(" ")), step()] : waits,
    );
  }
}

/** The place after the last turn: the end, or what comes next. */
function lastOf(dispute) {
  return dispute.list.length;
}

function legend() {
  const key = (kind, text) =>
    h("span", {}, h("span", { class: `segment ${kind}`, "aria-hidden": "true" }, SIGNS[kind]), text);
  return h(
    "div",
    { class: "explained" },
    h(
      "p",
      { class: "muted" },
      "Each bar is what one side says of a stretch of the run: 16 segments, with the machine's state after each. The other side names the first that it disputes, and that one is looked at more closely, until it is a single step.",
    ),
    h(
      "p",
      { class: "keys" },
      key("agreed", "both agree"),
      key("disputed", "first that differs"),
      key("beyond", "after it"),
      key("open", "not answered"),
    ),
  );
}

function bar(turn) {
  return h(
    "div",
    { class: "bar", "aria-hidden": "true" },
    segmentsOf(turn).map(({ kind, first, last, root }) =>
      h(
        "span",
        {
          class: `segment ${kind}`,
          title: `Steps ${count(first)} to ${count(last)}: ${WORDS[kind]}. State after it: ${root}`,
        },
        SIGNS[kind],
      ),
    ),
  );
}

/** From the chosen segment of the bar above to the whole of the one below. */
function funnel(chosen) {
  return s(
    "svg",
    { class: "funnel", viewBox: "0 0 160 10", preserveAspectRatio: "none", "aria-hidden": "true" },
    s("polygon", { points: `${chosen * 10},0 ${chosen * 10 + 10},0 160,10 0,10` }),
    s("line", { x1: chosen * 10, y1: 0, x2: 0, y2: 10 }),
    s("line", { x1: chosen * 10 + 10, y1: 0, x2: 160, y2: 10 }),
  );
}

function rootTable(turn, place) {
  const columns = [
    { name: "Segment", kind: "number", cell: (each) => each.place + 1 },
    { name: "State after step", kind: "number", cell: (each) => count(each.last) },
    { name: "State root", cell: (each) => h("span", { class: "mono", title: each.root }, each.root) },
    {
      name: "What the other side says",
      cell: (each) => h("span", { class: `verdict ${each.kind}` }, `${SIGNS[each.kind]} ${WORDS[each.kind]}`.trim()),
    },
  ];
  const caption = `The state roots of turn ${place + 1}, at block ${count(turn.block)}, ${dateTime(turn.time)}`;
  return h(
    "details",
    { "data-key": "roots" },
    h("summary", {}, `The 16 state roots of turn ${place + 1}`),
    h("p", { class: "muted small" }, "Transaction ", whole(turn.transaction, "transaction")),
    scrollable(caption, table(caption, columns, segmentsOf(turn), { compact: true })),
  );
}

function ending(dispute, step, fault, again) {
  if (!dispute.step) {
    return section(
      "The step",
      h(
        "p",
        { class: "muted" },
        dispute.winner
          ? "No step was executed: the dispute was decided by time."
          : "It is known when the last turn has been made.",
      ),
    );
  }
  return section(
    "The step",
    h("p", { class: "muted" }, "Executed on the chain ", timeFull(dispute.step.time), "."),
    step
      ? stepOf(dispute, step)
      : fault
        ? trouble(fault, again)
        : h("p", { class: "loading" }, "The step is computed from the job's files\u2026"),
    step ? null : statesOnly(dispute),
  );
}

/** What the chain alone says, where the step could not be computed. */
function statesOnly(dispute) {
  const { step } = dispute;
  return facts([
    ["State before", whole(step.prestate, "state root")],
    ["State after, by the referee", whole(step.poststate, "state root")],
    [`State after, by the ${dispute.list.at(-1).side}`, whole(step.claimed, "state root")],
  ]);
}

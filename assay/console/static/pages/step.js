/** One step of a machine: instruction, registers and memory before and after it, and who had stated what. */

import { h } from "../dom.js";
import { bytes, capital, count } from "../format.js";
import { facts, partyLink, scrollable, table, whole } from "../parts.js";
import { loserOf } from "../bisection.js";

/** A step that was computed (`Step`), in the dispute that it decided. */
export function stepOf(dispute, step) {
  const changed = step.registers.filter(({ before, after }) => before !== after);
  const others = step.registers.filter(({ before, after }) => before === after);
  return h(
    "div",
    { class: "step" },
    step.instruction
      ? h(
          "div",
          { class: "instruction" },
          h("code", {}, step.instruction),
          h(
            "span",
            { class: "muted" },
            "at ",
            h("span", { class: "mono" }, word(step.pc)),
            `, step ${count(step.step)}`,
          ),
        )
      : h(
          "p",
          {},
          step.pc
            ? "No instruction could be fetched: the machine traps."
            : `Step ${count(step.step)} of the machine \u201c${step.machine}\u201d, judged with a witness of ${bytes(step.witness_bytes)}.`,
        ),
    verdict(dispute, step),
    step.registers.length
      ? [
          h("h3", {}, "Registers"),
          changed.length
            ? scrollable("Registers that the step changes", registers("Registers that the step changes", changed))
            : h("p", { class: "muted" }, "The step changes none."),
          h(
            "details",
            { "data-key": "registers" },
            h("summary", {}, `The ${others.length} registers that stay as they are`),
            scrollable(
              "Registers that stay",
              table(
                "Registers that stay as they are",
                [
                  { name: "Register", cell: named },
                  { name: "Value", cell: ({ before }) => h("span", { class: "mono" }, word(before)) },
                ],
                others,
                { compact: true, hideCaption: true },
              ),
            ),
          ),
          h("h3", {}, "Memory"),
          step.memory.map((each) => leaf(each, step.pc)),
        ]
      : null,
    step.pc
      ? h(
          "p",
          { class: "muted" },
          `The referee was given a witness of ${bytes(step.witness_bytes)}: the registers, and a proof of each part of memory.`,
        )
      : null,
  );
}

/** Who said what of the state after the step, and who was right. */
function verdict(dispute, step) {
  const { prestate, poststate, claimed } = dispute.step;
  const loser = loserOf(dispute);
  const party = dispute.winner === "challenger" ? [dispute.challenger, "accounts"] : [dispute.defender, "providers"];
  const liar = loser === "challenger" ? [dispute.challenger, "accounts"] : [dispute.defender, "providers"];
  return h(
    "div",
    { class: "verdict-box" },
    facts([
      ["State before: both sides agree", whole(prestate, "state root")],
      ["State after: the referee", whole(poststate, "state root")],
      [
        `State after: the ${loser}`,
        h("span", { class: "differs" }, whole(claimed, "state root"), h("strong", {}, " \u2260 differs")),
      ],
    ]),
    h(
      "p",
      {},
      capital(`the ${loser} `),
      partyLink(...liar),
      " stated a state that the machine does not reach, and has lost. The ",
      dispute.winner,
      " ",
      partyLink(...party),
      " has won.",
    ),
    h(
      "p",
      { class: "muted" },
      step.agrees
        ? "Computed here, from the job's files: the same states before and after."
        : "Computed here, from the job's files, the states differ from the chain's: these files are not the ones that were disputed.",
    ),
  );
}

function registers(caption, list) {
  const columns = [
    { name: "Register", cell: named },
    { name: "Before", cell: ({ before, after }) => digits(before, after, "old") },
    { name: "After", cell: ({ before, after }) => digits(after, before, "new") },
  ];
  return table(caption, columns, list, { compact: true, hideCaption: true });
}

function named({ name }) {
  return h("span", { class: "mono" }, name);
}

/** A number in hexadecimal, in two groups of eight digits, that which differs marked. */
function digits(value, other, kind) {
  const [mine, theirs] = [value.slice(2), other.slice(2)];
  return h("span", { class: "mono hex" }, "0x", marked(mine, theirs, 1, kind, 8));
}

/** 32 bytes of memory, before and after. */
function leaf({ address, role, before, after }, pc) {
  const isFetched = role === "instruction";
  const label = isFetched ? "The 32 bytes with the instruction" : "The 32 bytes that the instruction reads or writes";
  const line = (name, value, other, kind) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, name),
      h("td", { class: "mono hex" }, marked(value.slice(2), other.slice(2), 2, kind, 16)),
    );
  const isSame = before === after;
  return scrollable(
    `Memory at ${address}`,
    h(
      "table",
      { class: "compact memory" },
      h("caption", {}, `${label}, at `, h("span", { class: "mono" }, address), isSame ? ": not changed" : ""),
      h(
        "tbody",
        {},
        isSame
          ? h(
              "tr",
              {},
              h("th", { scope: "row" }, "Before, after"),
              h(
                "td",
                { class: "mono hex" },
                isFetched ? fetched(before, address, pc) : marked(before.slice(2), before.slice(2), 2, "old", 16),
              ),
            )
          : [line("Before", before, after, "old"), line("After", after, before, "new")],
      ),
    ),
  );
}

/** Hexadecimal digits in units that are marked where they differ from others, and in groups. */
function marked(mine, theirs, size, kind, group) {
  const parts = [];
  for (let at = 0; at < mine.length; at += size) {
    if (at && at % group === 0) parts.push(" ");
    const unit = mine.slice(at, at + size);
    if (unit === theirs.slice(at, at + size)) parts.push(unit);
    else parts.push(h(kind === "new" ? "ins" : "del", {}, unit));
  }
  return joined(parts);
}

/** 32 bytes of memory, the four of the instruction at `pc` underlined. */
function fetched(value, address, pc) {
  const from = Number(BigInt(pc) - BigInt(address)) * 2;
  const within = (at) => at >= from && at < from + 8;
  const parts = [];
  for (let at = 2; at < value.length; at += 8) {
    const digit = at - 2;
    if (digit && digit % 16 === 0) parts.push(" ");
    const four = value.slice(at, at + 8);
    parts.push(within(digit) ? h("span", { class: "fetched" }, four) : four);
  }
  return joined(parts);
}

/** Neighbouring strings as one, and neighbouring marks as one. */
function joined(parts) {
  const result = [];
  for (const part of parts) {
    const last = result.at(-1);
    if (typeof part === "string" && typeof last === "string") result[result.length - 1] = last + part;
    else if (part.tagName && part.tagName !== "SPAN" && part.tagName === last?.tagName)
      last.textContent += part.textContent;
    else result.push(part);
  }
  return result;
}

function word(value) {
  return `0x${value.slice(2).replace(/^0+(?=.)/, "")}`;
}

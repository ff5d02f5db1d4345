/** What the turns of a dispute say: pure functions of the API's `Dispute`. Steps are BigInt. */

import { count, short } from "./format.js";

const ARITY = 16;

/**
 * The turns, each with what the next one, or the referee, makes of it: `chosen` is the place of the first root that is
 * disputed, or null as long as nobody has answered.
 */
export function turnsOf(dispute) {
  return dispute.list.map((turn, place) => {
    const next = dispute.list[place + 1];
    const chosen = next ? next.disputed : dispute.step ? dispute.step.index : null;
    const [start, stride] = [BigInt(turn.start), BigInt(turn.stride)];
    return { ...turn, start, stride, end: start + 16n * stride, chosen };
  });
}

/** Of a turn's 16 segments: `agreed`, `disputed`, `beyond` (after the first that is disputed), or `open`. */
export function segmentsOf(turn) {
  return Array.from({ length: ARITY }, (_, place) => {
    const first = turn.start + BigInt(place) * turn.stride;
    const kind =
      turn.chosen === null ? "open" : place < turn.chosen ? "agreed" : place === turn.chosen ? "disputed" : "beyond";
    return { place, first, last: first + turn.stride, root: turn.roots[place], kind };
  });
}

/** The segment that the next turn, or the referee, looks into. */
export function chosenOf(turn) {
  return turn.chosen === null ? null : segmentsOf(turn)[turn.chosen];
}

/** What a side has said with a turn, as sentences. */
export function sentencesOf(turn, before) {
  const range = `steps ${count(turn.start)} to ${count(turn.end)}`;
  const every = turn.stride === 1n ? "one a step" : `one every ${count(turn.stride)} steps`;
  const who = `The ${turn.side} ${short(turn.party)}`;
  if (!before) return [`${who} states its own 16 state roots over all ${count(turn.end)} steps, ${every}.`];
  const chosen = chosenOf(before);
  return [
    `${who} agrees with the ${before.side} until step ${count(chosen.first)}, and disputes its state after step ${count(chosen.last)}.`,
    `It states 16 state roots over ${range}, ${every}.`,
  ];
}

/** What can be said of the end of a dispute, or of what it waits for. */
export function outcomeOf(dispute) {
  if (dispute.step) {
    return [
      `The referee executes step ${count(dispute.step.step)}, and gets another state than the ${loserOf(dispute)} has stated.`,
      `The ${dispute.winner} wins.`,
    ];
  }
  if (dispute.winner) return [`The ${loserOf(dispute)} ran out of time.`, `The ${dispute.winner} wins.`];
  const isLast = BigInt(dispute.list.at(-1).stride) === 1n;
  return [
    `It is the ${dispute.to_move}'s turn: to ${isLast ? "have the referee execute one step" : "name the first state that it disputes"}.`,
  ];
}

/** Who has lost a dispute that is over. */
export function loserOf(dispute) {
  return dispute.winner === "challenger" ? "defender" : "challenger";
}

/**
 * What time it is on the chain, about: deadlines are the chain's, and a visitor's clock may be wrong. The server's clock
 * comes with each of its answers, the chain's with its newest block; a network for tests can be ahead of both.
 */

import { ago, dateTime, duration } from "./format.js";
import { h } from "./dom.js";

let server = null;
let chain = null;

/** Take over the server's time, from the `Date` of an answer. */
export function setServerTime(header) {
  const seconds = Date.parse(header ?? "") / 1000;
  if (Number.isFinite(seconds)) server = { at: performance.now(), seconds };
}

/** Take over the time of a block. */
export function setChainTime(seconds) {
  if (chain === null || now() < seconds || seconds < chain.seconds) chain = { at: performance.now(), seconds };
}

/** Seconds since the epoch. */
export function now() {
  const since = (each) => each.seconds + (performance.now() - each.at) / 1000;
  const clock = server ? since(server) : Date.now() / 1000;
  return chain ? Math.max(clock, since(chain)) : clock;
}

/** A time in the past, with how long ago it was. */
export function timeAgo(seconds) {
  const element = h("time", { datetime: iso(seconds), title: dateTime(seconds), "data-ago": seconds });
  tell(element);
  return element;
}

/** A time in full. */
export function timeFull(seconds) {
  return h("time", { datetime: iso(seconds), title: iso(seconds) }, dateTime(seconds));
}

/** A deadline, with how long there is until then. Not announced: it changes each second. */
export function countdown(seconds) {
  const element = h("time", { datetime: iso(seconds), title: dateTime(seconds), "data-until": seconds, role: "timer" });
  tell(element);
  return element;
}

function iso(seconds) {
  return new Date(seconds * 1000).toISOString().replace(".000Z", "Z");
}

function tell(element) {
  const { ago: past, until } = element.dataset;
  const left = Number(until) - now();
  const text = past ? ago(now() - Number(past)) : left > 0 ? `${duration(left)} left` : `over since ${duration(-left)}`;
  if (element.textContent !== text) element.textContent = text;
  if (until) element.classList.toggle("over", left <= 0);
}

setInterval(() => document.querySelectorAll("time[data-ago], time[data-until]").forEach(tell), 1000);

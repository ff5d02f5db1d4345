/** The server's JSON API. */

import { setServerTime } from "./clock.js";

/** An answer that is no success, or none at all. */
export class Fault extends Error {
  constructor(message, code, status) {
    super(message);
    this.code = code;
    this.status = status;
  }

  /** Whether the server cannot be reached. */
  get isSilence() {
    return this.code === "unreachable";
  }
}

/** Ask for something. Parameters that are null or undefined are left out. Throws `Fault`. */
export function get(path, parameters = {}, signal = undefined) {
  const given = Object.entries(parameters).filter(([, value]) => value !== null && value !== undefined);
  const query = new URLSearchParams(given).toString();
  return request(`/api/${path}${query ? `?${query}` : ""}`, { signal });
}

/** Send JSON. Throws `Fault`. */
export function post(path, body) {
  const headers = { "Content-Type": "application/json" };
  return request(`/api/${path}`, { method: "POST", headers, body: JSON.stringify(body) });
}

async function request(url, options) {
  let answer;
  try {
    answer = await fetch(url, { ...options, credentials: "omit", redirect: "error" });
  } catch (cause) {
    if (cause.name === "AbortError") throw cause;
    throw new Fault("the console's server does not answer", "unreachable", 0);
  }
  setServerTime(answer.headers.get("date"));
  let body;
  try {
    body = await answer.json();
  } catch (cause) {
    if (cause.name === "AbortError") throw cause;
    throw new Fault("the console's server gives no answer that can be read", "unreachable", answer.status);
  }
  if (answer.ok) return body;
  throw new Fault(body?.error?.message ?? `status ${answer.status}`, body?.error?.code ?? "unavailable", answer.status);
}

/** A path made of names that may hold anything. */
export function path(...parts) {
  return parts.map(encodeURIComponent).join("/");
}

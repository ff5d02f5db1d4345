/** Fields of forms: each with a label, what it is for, and what is wrong with it. */

import { h } from "./dom.js";

/**
 * A field around an input, select or text area. `check` gets the input and gives a sentence about what is wrong, or null;
 * it is asked when the field is left, and once it was wrong, with each change.
 */
export function field({ id, label, hint, input, check = () => null }) {
  const wrong = h("div", { class: "wrong", id: `${id}-wrong` });
  const described = [hint ? `${id}-hint` : null, `${id}-wrong`].filter(Boolean).join(" ");
  input.id = id;
  input.setAttribute("aria-describedby", described);
  const validate = () => {
    const problem = check(input);
    wrong.textContent = problem ?? "";
    if (problem) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
    return problem === null;
  };
  input.addEventListener("change", validate);
  input.addEventListener("input", () => input.hasAttribute("aria-invalid") && validate());
  const element = h(
    "div",
    { class: "field" },
    h("label", { for: id }, label),
    hint ? h("div", { class: "hint", id: `${id}-hint` }, hint) : null,
    input,
    wrong,
  );
  return { element, input, validate };
}

/** Check all fields; the first that is wrong has the focus. Whether none is. */
export function validateAll(fields) {
  const wrong = fields.filter((each) => !each.validate());
  wrong[0]?.input.focus();
  return !wrong.length;
}

/** Seconds of `90s`, `15m`, `2h`, `1d` or a bare number; null for anything else. */
export function seconds(text) {
  const match = /^(\d{1,9})\s*([smhd]?)$/.exec(text.trim());
  return match ? Number(match[1]) * { "": 1, s: 1, m: 60, h: 3_600, d: 86_400 }[match[2]] : null;
}

/** A word as a shell reads it. */
export function quoted(word) {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

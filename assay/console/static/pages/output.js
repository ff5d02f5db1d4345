/** What the tasks of a job wrote: proved to belong to the claim, and shown as text or as a picture, never as a page. */

import { h, replace } from "../dom.js";
import { bytes, count } from "../format.js";
import { badge, facts, section, trouble } from "../parts.js";

const STANDING = {
  final: "Final: the claim was not disproved while it could be challenged.",
  open: "Not final: the claim can still be challenged, or is.",
  wrong: "Wrong: this was claimed, and the claim was disproved or given up.",
};

/** The part of a job's page that shows its outputs, one task at a time. */
export function outputs(address, api) {
  const element = h("div");
  const body = h("div", { class: "step" });
  let task = 0;
  let shown = null;

  async function load() {
    body.setAttribute("aria-busy", "true");
    try {
      const found = await api(`${address}/tasks/${task}/output`);
      replace(body, drawn(found, `/api/${address}/tasks/${task}/stdout`));
    } catch (fault) {
      if (fault.name === "AbortError") return;
      replace(body, trouble(fault, load));
    } finally {
      body.removeAttribute("aria-busy");
    }
  }

  return {
    element,
    show(job) {
      const state = `${job.result} ${job.status}`;
      if (state === shown) return;
      shown = state;
      if (!job.result) {
        replace(
          element,
          section(
            "Output",
            h(
              "p",
              { class: "muted" },
              job.ended_at ? "Nobody has claimed a result." : "There is none before a result is claimed.",
            ),
          ),
        );
        return;
      }
      if (!element.contains(body))
        replace(
          element,
          section(
            "Output",
            chooser(job.task_count, (place) => load((task = place))),
            body,
          ),
        );
      load();
    },
  };
}

function chooser(many, choose) {
  if (many < 2) return null;
  const input = h("input", { id: "task", type: "number", min: 0, max: many - 1, value: 0, inputmode: "numeric" });
  input.addEventListener("change", () => {
    const place = Math.max(0, Math.min(many - 1, Number.parseInt(input.value, 10) || 0));
    input.value = place;
    choose(place);
  });
  return h("div", { class: "field task" }, h("label", { for: "task" }, `Task, 0 to ${count(many - 1)}`), input);
}

function drawn(output, url) {
  return [
    facts([
      ["The claim", badge(output.standing === "open" ? "not final" : output.standing)],
      ["How the task ended", output.status],
      ["Exit status", count(output.exit_status)],
    ]),
    h("p", { class: output.standing === "wrong" ? "trouble" : "muted" }, STANDING[output.standing]),
    h("h3", {}, "Standard output"),
    stream(output.stdout, url, `Standard output of task ${output.task}`),
    output.stderr.kind === "empty"
      ? null
      : [h("h3", {}, "Standard error"), stream(output.stderr, null, `Standard error of task ${output.task}`)],
  ];
}

function stream({ kind, size, text, truncated }, url, label) {
  const download = url
    ? h("p", {}, h("a", { href: url, download: "" }, "Download"), h("span", { class: "muted" }, `, ${bytes(size)}`))
    : null;
  if (kind === "empty") return h("p", { class: "muted" }, "Nothing.");
  if (kind === "picture" && url)
    return [h("img", { class: "output", src: url, alt: `${label}: a picture that the program has made` }), download];
  if (kind === "text") {
    return [
      h("pre", { class: "output", tabindex: "0", role: "region", "aria-label": label }, text),
      truncated ? h("p", { class: "muted" }, "This is its beginning; the download has all of it.") : null,
      download,
    ];
  }
  return [h("p", { class: "muted" }, `${bytes(size)} that are no text.`), download];
}

/** What there is under an address that leads nowhere. */

import { h } from "../dom.js";
import { heading } from "../parts.js";

/** The page. */
export default async function show() {
  return {
    title: "Not found",
    element: [
      heading("There is no such page"),
      h(
        "p",
        {},
        "The address leads nowhere. A job's page is ",
        h("code", {}, "#/jobs/0.1@0x\u2026"),
        ", a dispute's ",
        h("code", {}, "#/disputes/0x\u2026"),
        ".",
      ),
      h("p", {}, h("a", { href: "#/" }, "To the market")),
    ],
  };
}

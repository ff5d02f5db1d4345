/** Posting a job from this browser: what is to be run, for how much, and the transactions that a wallet signs. */

import { path, post } from "../api.js";
import { connect, sendingView } from "../connecting.js";
import { h, region, replace } from "../dom.js";
import { field, quoted, seconds, validateAll } from "../fields.js";
import { bytes, capital, duration, share, shortJob, tokens } from "../format.js";
import { text, units } from "../money.js";
import { command, facts, heading, partyLink, section, trouble } from "../parts.js";
import { Sending } from "../sending.js";

const LARGEST = 64 << 20;
const LONGEST = 2_592_000;

/** The job that is being posted: it is still there when one comes back to the page. */
let begun = null;

/** The page. */
export default async function show({ api, market, wallets, onLeave }) {
  const element = h("div", { class: "list" });
  const page = new Posting({ api, market, wallets, element });
  const redraw = () => page.walletChanged();
  wallets.addEventListener("change", redraw);
  onLeave(() => wallets.removeEventListener("change", redraw));
  page.draw();
  page.walletChanged();
  return {
    title: "Post a job",
    element: [
      heading("Post a job"),
      h(
        "p",
        { class: "muted" },
        "One run of a program that was built for the machine (",
        command("assay build prog.c -o prog.elf"),
        "). The price goes into escrow; whoever runs it right is paid.",
      ),
      element,
    ],
    concerns: (changes) => changes.accounts.some((each) => each.toLowerCase() === wallets.account?.toLowerCase()),
    async update() {
      await page.walletChanged();
    },
  };
}

class Posting {
  constructor(parts) {
    Object.assign(this, parts);
    this.account = null;
    this.form = null;
    this.price = null;
  }

  draw() {
    if (begun) {
      replace(this.element, this.progress());
      return;
    }
    this.form ??= this.makeForm();
    replace(this.element, this.form);
  }

  /** Ask what the account of the wallet has. */
  async walletChanged() {
    const { account } = this.wallets;
    try {
      this.account = account ? await this.api(path("accounts", account)) : null;
    } catch (fault) {
      if (fault.name === "AbortError") return;
      this.account = null;
    }
    this.showCost();
  }

  makeForm() {
    const { symbol, rules } = this.market;
    const period = (id, label, value, least, hint) =>
      field({
        id,
        label,
        hint,
        input: h("input", { inputmode: "text", value, autocomplete: "off", spellcheck: "false" }),
        check: ({ value: given }) => {
          if (given.trim() === "" && value === "") return null;
          const found = seconds(given);
          if (found === null) return "Write a time like 90s, 15m, 2h or 1d.";
          if (found > LONGEST) return "A market takes 30 days at most.";
          return found < least ? `It is ${duration(least)} at least.` : null;
        },
      });
    const amount = (id, label, hint, isNeeded) =>
      field({
        id,
        label,
        hint,
        input: h("input", {
          inputmode: "decimal",
          autocomplete: "off",
          required: isNeeded,
          placeholder: isNeeded ? null : "20 times the price",
        }),
        check: ({ value }) => {
          if (value.trim() === "") return isNeeded ? "Say what the job is worth to you." : null;
          if (units(value) === null) return "Write an amount like 5 or 0.25, with 18 decimals at most.";
          return id === "bond" && units(value) < units(rules.minimum_bond)
            ? `The market wants ${tokens(rules.minimum_bond, symbol)} at least.`
            : null;
        },
      });
    const file = (id, label, hint, isNeeded) =>
      field({
        id,
        label,
        hint,
        input: h("input", { type: "file", required: isNeeded }),
        check: ({ files: [chosen] }) => {
          if (!chosen) return isNeeded ? "Choose the file of a program." : null;
          return chosen.size > LARGEST ? `It has ${bytes(chosen.size)}; ${bytes(LARGEST)} are taken at most.` : null;
        },
      });
    this.fields = {
      program: file("program", "Program", "An ELF file for the RISC-V machine.", true),
      lines: field({
        id: "arguments",
        label: "Arguments",
        hint: "One on each line, without the program's name.",
        input: h("textarea", { rows: 3, spellcheck: "false" }),
      }),
      stdin: file("stdin", "Standard input", "A file; without one it is empty.", false),
      price: amount("price", `Price, ${symbol}`, "What the provider is paid for a right result.", true),
      bond: amount("bond", `Provider's bond, ${symbol}`, "What the provider loses for a wrong one.", false),
      accept: period("accept", "Time to accept", "1h", 1, "After that the price comes back."),
      run: period("run", "Time to run", "10m", 1, "Until the result has to be claimed."),
      challenge: period(
        "challenge",
        "Time to challenge",
        "",
        rules.minimum_challenge_period,
        `Empty: as long as the run, ${duration(rules.minimum_challenge_period)} at least.`,
      ),
    };
    const { program, lines, stdin, price, bond, accept, run, challenge } = this.fields;
    this.cost = region((data) => this.costs(data));
    this.problem = h("div");
    this.same = h("code", { class: "command" });
    this.button = h("button", { type: "submit" }, "Prepare");
    this.link = h("button", { type: "button", class: "quiet", onclick: () => connect(this.wallets) }, "Connect wallet");
    const form = h(
      "form",
      { novalidate: true },
      h("fieldset", {}, h("legend", {}, "What is run"), program.element, lines.element, stdin.element),
      h("fieldset", {}, h("legend", {}, "For how much"), h("div", { class: "row" }, price.element, bond.element)),
      h(
        "fieldset",
        {},
        h("legend", {}, "How long"),
        h("div", { class: "row" }, accept.element, run.element, challenge.element),
      ),
      section("What it costs", this.cost.element),
      this.problem,
      h("div", { class: "buttons" }, this.button, this.link),
      h("p", { class: "muted" }, "The same in a terminal: ", this.same),
    );
    form.addEventListener("input", () => this.showCost());
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (validateAll(Object.values(this.fields))) this.prepare();
    });
    return form;
  }

  value(name) {
    return this.fields[name].input.value.trim();
  }

  get arguments() {
    return this.fields.lines.input.value
      .replace(/\n$/, "")
      .split("\n")
      .filter((line, place, all) => all.length > 1 || line !== "");
  }

  showCost() {
    if (!this.form) return;
    const { account } = this;
    this.link.hidden = Boolean(this.wallets.account);
    this.cost.show({
      price: this.value("price"),
      bond: this.value("bond"),
      account: account && { account: account.account, free: account.free, outside: account.outside },
    });
    this.same.textContent = this.commandLine();
  }

  costs({ price, bond, account }) {
    const { symbol, rules } = this.market;
    const wanted = units(price);
    if (wanted === null)
      return h("p", { class: "muted" }, "The price, and gas for one to two transactions. Write a price to see more.");
    const free = account ? units(account.free) : null;
    const missing = free === null ? null : wanted > free ? wanted - free : 0n;
    const lacks = account && missing > units(account.outside);
    const least = units(rules.minimum_bond);
    const usual = wanted * 20n > least ? wanted * 20n : least;
    return [
      facts([
        ["In escrow until the job ends", tokens(text(wanted), symbol)],
        [
          "Out of what is free in the market",
          account ? tokens(text(wanted - missing), symbol) : "known when a wallet is connected",
        ],
        ["Deposited from the wallet", account ? tokens(text(missing), symbol) : null],
        ["The provider's bond", tokens(units(bond) === null ? text(usual) : bond, symbol)],
        [
          "The market's fee",
          rules.fee_share ? `${share(rules.fee_share)} of the price, which the provider pays` : "none",
        ],
      ]),
      lacks
        ? h(
            "p",
            { class: "trouble" },
            `${tokens(text(missing), symbol)} are missing, and `,
            partyLink(account.account),
            ` has ${tokens(account.outside, symbol)} outside the market.`,
          )
        : null,
    ];
  }

  commandLine() {
    const name = (id) => this.fields[id].input.files[0]?.name;
    const option = (flag, value) => (value ? ` ${flag} ${quoted(value)}` : "");
    const given = this.arguments.map((each) => ` ${quoted(each)}`).join("");
    const guard = this.arguments.some((each) => each.startsWith("-")) ? " --" : "";
    const line = `${option("--price", this.value("price") || "PRICE")}${option("--bond", this.value("bond"))}${option("--stdin", name("stdin"))}`;
    const times = `${option("--accept-period", this.value("accept"))}${option("--run-period", this.value("run"))}${option("--challenge-period", this.value("challenge"))}`;
    return `assay submit${line}${times} ${quoted(name("program") ?? "prog.elf")}${guard}${given}`;
  }

  async prepare() {
    if (this.button.disabled) return;
    this.fail(null);
    if (!this.wallets.account) {
      this.fail({ message: "connect a wallet first: the job is posted, and paid for, by its account" });
      connect(this.wallets);
      return;
    }
    this.button.disabled = true;
    this.button.textContent = "Preparing\u2026";
    try {
      const calls = await post("calls/post", await this.wanted());
      begun = {
        sending: new Sending(this.wallets, calls),
        name: this.fields.program.input.files[0].name,
        price: this.value("price"),
      };
      this.draw();
      this.element.querySelector("[data-key=send]")?.focus();
    } catch (fault) {
      this.fail({ message: fault.message });
    } finally {
      this.button.disabled = false;
      this.button.textContent = "Prepare";
    }
  }

  async wanted() {
    const { program, stdin } = this.fields;
    const [file] = program.input.files;
    const [input] = stdin.input.files;
    const head = new Uint8Array(await file.slice(0, 4).arrayBuffer());
    if ([0x7f, 0x45, 0x4c, 0x46].some((byte, place) => head[place] !== byte)) {
      throw new Error(`${file.name} is no ELF file: build one with assay build`);
    }
    return {
      account: this.wallets.account,
      name: file.name,
      program: await base64(file),
      arguments: this.arguments,
      stdin: input ? await base64(input) : "",
      price: this.value("price"),
      bond: this.value("bond") || null,
      accept_period: seconds(this.value("accept")),
      run_period: seconds(this.value("run")),
      challenge_period: this.value("challenge") ? seconds(this.value("challenge")) : null,
    };
  }

  fail(fault) {
    replace(this.problem, fault ? trouble(fault) : null);
  }

  progress() {
    const { sending, name, price } = begun;
    const { job, account } = sending.calls;
    const again = () => {
      if (sending.isDone) this.form = null;
      begun = null;
      this.draw();
      this.showCost();
    };
    const done = () =>
      h(
        "p",
        { class: "note" },
        "The job is posted: ",
        job ? h("a", { href: `#/jobs/${job}`, class: "mono", title: job }, shortJob(job)) : "see your jobs",
        ".",
      );
    return section(
      "Sign and send",
      facts([
        ["Program", name],
        ["In escrow", tokens(price, this.market.symbol)],
        ["Paid by", partyLink(account)],
        ["Job", job ? shortJob(job) : null],
      ]),
      h(
        "p",
        { class: "muted" },
        capital(
          "its files are in the store. The wallet shows each transaction before it signs it, and they are sent one after the other.",
        ),
      ),
      sendingView(sending, again, done),
    );
  }
}

/** A file's bytes in base64. */
function base64(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => resolve(reader.result.slice(reader.result.indexOf(",") + 1)));
    reader.addEventListener("error", () => reject(new Error(`${file.name} cannot be read: choose it again`)));
    reader.readAsDataURL(file);
  });
}

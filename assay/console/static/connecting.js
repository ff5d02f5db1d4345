/** The wallet's button, the choice of a wallet, and the list of transactions that it is asked for. */

import { h, replace } from "./dom.js";
import { capital, short } from "./format.js";
import { command, trouble, whole } from "./parts.js";

/** Connect a wallet: at once if there is one, else by a choice, or with what to do without one. */
export async function connect(wallets) {
  if (wallets.choices.length === 1 && !wallets.used) {
    try {
      await wallets.connect(wallets.choices[0].id);
      return;
    } catch (fault) {
      openDialog(wallets, fault);
      return;
    }
  }
  openDialog(wallets);
}

/** The button in the page's head. */
export function walletButton(button, wallets) {
  const draw = () =>
    replace(
      button,
      wallets.account
        ? [h("span", { class: "word" }, "Wallet "), h("span", { class: "mono" }, short(wallets.account))]
        : "Connect wallet",
    );
  button.addEventListener("click", () => connect(wallets));
  wallets.addEventListener("change", draw);
  draw();
}

function openDialog(wallets, fault = null) {
  const content = h("div");
  const dialog = h("dialog", { "aria-labelledby": "dialog-title" }, content);
  const draw = (problem = null) =>
    replace(
      content,
      inDialog(wallets, problem, draw, () => dialog.close()),
    );
  const redraw = () => draw();
  wallets.addEventListener("change", redraw);
  dialog.addEventListener("close", () => {
    wallets.removeEventListener("change", redraw);
    dialog.remove();
  });
  draw(fault);
  document.body.append(dialog);
  dialog.showModal();
}

function inDialog(wallets, fault, draw, close) {
  const use = async (id) => {
    try {
      await wallets.connect(id);
      close();
    } catch (problem) {
      draw(problem);
    }
  };
  const refusal = fault?.isRefusal ? { message: "you have refused: the page knows no account" } : fault;
  const choices = wallets.choices.map(({ id, name }) =>
    h("button", { type: "button", class: "quiet", "data-key": id, onclick: () => use(id) }, name),
  );
  return [
    h("h2", { id: "dialog-title" }, wallets.account ? "Your wallet" : "Connect a wallet"),
    wallets.account ? h("p", {}, `${wallets.used.name} uses `, whole(wallets.account, "address")) : null,
    refusal ? trouble(refusal) : null,
    choices.length
      ? [wallets.account ? h("p", {}, "Ask for an account again:") : null, h("div", { class: "buttons" }, choices)]
      : [
          h(
            "p",
            {},
            "No wallet has announced itself in this browser. Install one as an extension (any that speaks EIP-6963) and open this page again.",
          ),
          h(
            "p",
            {},
            "Or do without: the commands ",
            command("assay submit"),
            " and ",
            command("assay withdraw"),
            " do the same.",
          ),
        ],
    h(
      "div",
      { class: "buttons" },
      wallets.account
        ? h("a", { href: `#/accounts/${wallets.account}`, onclick: close }, "Its money in the market")
        : null,
      wallets.account
        ? h("button", { type: "button", class: "quiet", onclick: () => wallets.forget() }, "Forget it here")
        : null,
      h("button", { type: "button", onclick: close }, "Close"),
    ),
  ];
}

const STATES = {
  waiting: "not sent yet",
  signing: "the wallet asks you to sign it",
  sent: "sent; waiting for a block",
  done: "done",
  reverted: "refused by the contract",
};

/** The transactions of a `Sending`, how far each is, and the button that has them sent. `done` is what follows the end. */
export function sendingView(sending, again, done) {
  const list = h("div", { class: "step", "aria-live": "polite" });
  const tools = h("div", { class: "buttons" });
  const draw = () => {
    const { steps, fault, isRunning, isDone, hasBegun, canGoOn } = sending;
    replace(
      list,
      h(
        "ol",
        { class: "steps" },
        steps.map(({ call, state, hash }) =>
          h(
            "li",
            {},
            h("strong", {}, capital(call.purpose)),
            h("span", { class: "state" }, `: ${STATES[state]}`),
            hash ? h("div", { class: "small muted" }, whole(hash, "transaction")) : null,
          ),
        ),
      ),
      fault ? trouble(fault) : null,
      isDone ? done() : null,
    );
    const send =
      hasBegun || fault ? "Go on" : steps.length === 1 ? "Sign and send" : `Sign and send ${steps.length} transactions`;
    replace(
      tools,
      canGoOn ? h("button", { type: "button", "data-key": "send", onclick: () => sending.run() }, send) : null,
      isRunning
        ? null
        : h(
            "button",
            { type: "button", class: "quiet", "data-key": "again", onclick: again },
            isDone ? "Begin another" : "Change or prepare anew",
          ),
    );
  };
  sending.addEventListener("change", draw);
  draw();
  return h("div", { class: "step" }, list, tools);
}

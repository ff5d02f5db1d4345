/** Transactions that a wallet sends one after the other, none of them twice. */

import { WalletError } from "./wallet.js";

const POLL = 1_000;

/** Have the browser ask before the page is left: nobody would see what becomes of the transaction. */
const stay = (event) => event.preventDefault();

/**
 * Calls (`Calls` of the API) on their way. Each has a `state`: `waiting`, `signing`, `sent`, `done`, or `reverted`; and
 * the hash of its transaction once it has one. One with a hash is never sent again.
 */
export class Sending extends EventTarget {
  constructor(wallets, calls) {
    super();
    this.wallets = wallets;
    this.calls = calls;
    this.steps = calls.calls.map((call) => ({ call, state: "waiting", hash: null, nonce: null }));
    this.fault = null;
    this.isRunning = false;
  }

  /** Whether all is done. */
  get isDone() {
    return this.steps.every(({ state }) => state === "done");
  }

  /** Whether something was sent, so that it cannot be begun anew without a thought. */
  get hasBegun() {
    return this.steps.some(({ hash }) => hash !== null);
  }

  /** Whether it can go on: not after a transaction that has failed. */
  get canGoOn() {
    return !this.isRunning && !this.isDone && !this.steps.some(({ state }) => state === "reverted");
  }

  /** Go on from where it stands, until all is done, or something is in the way. */
  async run() {
    if (!this.canGoOn) return;
    this.isRunning = true;
    window.addEventListener("beforeunload", stay);
    this.fault = null;
    this.tell();
    try {
      for (const step of this.steps) {
        if (step.state === "done") continue;
        if (step.hash === null) await this.send(step);
        await this.confirm(step);
      }
    } catch (fault) {
      this.fault = fault;
    } finally {
      this.isRunning = false;
      window.removeEventListener("beforeunload", stay);
      this.tell();
    }
  }

  async send(step) {
    const { account, chain_id: chainId } = this.calls;
    const [used] = await this.wallets.request("eth_accounts");
    if (used?.toLowerCase() !== account.toLowerCase()) {
      throw new WalletError(
        `these transactions are ${account}'s, and the wallet now uses ${used ?? "no account"}: choose that account in it`,
      );
    }
    await this.wallets.useChain(chainId);
    const nonce = Number(await this.wallets.request("eth_getTransactionCount", [account, "pending"]));
    if (step.nonce !== null && nonce !== step.nonce) {
      throw new WalletError(
        "the wallet has sent something since it was asked for this transaction: look there whether it was this one. If it was not, prepare everything anew",
      );
    }
    step.nonce = nonce;
    this.set(step, "signing");
    const { to, data } = step.call;
    try {
      step.hash = await this.wallets.request("eth_sendTransaction", [{ from: account, to, data, value: "0x0" }]);
    } catch (fault) {
      this.set(step, "waiting");
      // Who refuses has sent nothing; after any other answer the account's next nonce tells.
      if (!fault.isRefusal) throw fault;
      step.nonce = null;
      throw new WalletError("you have refused to sign: nothing more was sent", fault.code);
    }
    this.set(step, "sent");
  }

  /** Wait for a transaction's block, for as long as it takes. */
  async confirm(step) {
    for (;;) {
      const receipt = await this.wallets.request("eth_getTransactionReceipt", [step.hash]);
      if (receipt) {
        this.set(step, Number(receipt.status) === 1 ? "done" : "reverted");
        if (step.state === "done") return;
        throw new WalletError(
          "the chain has taken the transaction, and the contract has refused it: no tokens were moved by it. Prepare everything anew to see why",
        );
      }
      await new Promise((resolve) => setTimeout(resolve, POLL));
    }
  }

  set(step, state) {
    step.state = state;
    this.tell();
  }

  tell() {
    this.dispatchEvent(new Event("change"));
  }
}

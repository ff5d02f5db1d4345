/**
 * Wallets in the browser: found by EIP-6963, asked by EIP-1193. No key is ever known here: a wallet shows its owner each
 * transaction, signs it and sends it.
 */

const REFUSED = 4001;
const UNKNOWN_CHAIN = 4902;

/** What a wallet, or its owner, does not do. `isRefusal`: the owner has said no. */
export class WalletError extends Error {
  constructor(message, code) {
    super(message);
    this.code = code;
  }

  get isRefusal() {
    return this.code === REFUSED;
  }
}

/** The wallets of this browser, and the one that is used. Tells of every change with an event `change`. */
export class Wallets extends EventTarget {
  constructor() {
    super();
    this.found = new Map();
    this.used = null;
    this.account = null;
    window.addEventListener("eip6963:announceProvider", ({ detail }) => {
      if (typeof detail?.provider?.request !== "function" || this.found.has(detail.info?.uuid)) return;
      this.found.set(detail.info.uuid, { name: String(detail.info.name), provider: detail.provider });
      this.tell();
    });
    window.dispatchEvent(new Event("eip6963:requestProvider"));
  }

  tell() {
    this.dispatchEvent(new Event("change"));
  }

  /** The names of the wallets, by their ids. One that announces itself in no way but the old one is found, too. */
  get choices() {
    const choices = [...this.found].map(([id, { name }]) => ({ id, name }));
    if (!choices.length && typeof window.ethereum?.request === "function") {
      this.found.set("injected", { name: "Browser wallet", provider: window.ethereum });
      return [{ id: "injected", name: "Browser wallet" }];
    }
    return choices;
  }

  /** Ask a wallet for an account. Throws `WalletError`. */
  async connect(id) {
    const { name, provider } = this.found.get(id);
    const [account] = await ask(provider, "eth_requestAccounts");
    if (!account) throw new WalletError(`${name} gives no account: make one in it, and try again`);
    if (this.used?.provider !== provider) this.listen(provider);
    this.used = { id, name, provider };
    this.account = account;
    this.tell();
  }

  /** Do not use the wallet any more. */
  forget() {
    this.used = null;
    this.account = null;
    this.tell();
  }

  listen(provider) {
    provider.on?.("accountsChanged", ([account]) => {
      if (this.used?.provider !== provider) return;
      if (!account) return this.forget();
      this.account = account;
      this.tell();
    });
  }

  /** Make a request of the wallet that is used. Throws `WalletError`. */
  request(method, params = []) {
    if (!this.used) throw new WalletError("no wallet is connected");
    return ask(this.used.provider, method, params);
  }

  /** Have the wallet be on a chain. Throws `WalletError`. */
  async useChain(chainId) {
    const isThere = async () => Number(await this.request("eth_chainId")) === chainId;
    if (await isThere()) return;
    const { name } = this.used;
    try {
      await this.request("wallet_switchEthereumChain", [{ chainId: `0x${chainId.toString(16)}` }]);
    } catch (fault) {
      if (fault.isRefusal)
        throw new WalletError(
          `${name} is on another chain than the market, and you have refused to change: nothing was sent`,
          REFUSED,
        );
      if (fault.code === UNKNOWN_CHAIN) {
        throw new WalletError(
          `${name} does not know chain ${chainId}. Add it in the wallet's settings, with the URL of a node that you trust (this page knows none), and try again: nothing was sent`,
          UNKNOWN_CHAIN,
        );
      }
      throw new WalletError(
        `${name} stays on another chain than the market (${fault.message}): nothing was sent`,
        fault.code,
      );
    }
    if (!(await isThere()))
      throw new WalletError(`${name} is still on another chain than the market: nothing was sent`);
  }
}

async function ask(provider, method, params = []) {
  try {
    return await provider.request({ method, params });
  } catch (fault) {
    throw new WalletError(
      fault?.message ? String(fault.message).slice(0, 400) : "the wallet gives no reason",
      fault?.code,
    );
  }
}

"""The Chromium that shows the console to tests, and a wallet in it that signs with a key."""

import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import requests
from eth_account.signers.local import LocalAccount
from playwright.sync_api import Browser, BrowserContext, sync_playwright

MISSING = "Chromium is not installed: `bash tools/install_oracles.sh` installs it from Debian"


def program() -> str | None:
    """Where Chromium is, if it is here."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run Chromium as long as the `with` block lasts."""
    found = program()
    assert found is not None, MISSING
    with sync_playwright() as playwright:
        # Root, as in a container, cannot have its sandbox; all that it opens here is the console.
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


class RefusedError(Exception):
    """What a wallet answers instead of a result (EIP-1193)."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


_ANNOUNCE = """
(() => {
  const request = async ({ method, params = [] }) => {
    const answer = JSON.parse(await window[NAME + "_request"](JSON.stringify([method, params])));
    if ("result" in answer) return answer.result;
    throw Object.assign(new Error(answer.message), { code: answer.code });
  };
  const info = Object.freeze({ uuid: NAME, name: NAME, icon: "data:image/svg+xml,<svg/>", rdns: "test." + NAME });
  const detail = Object.freeze({ info, provider: Object.freeze({ request, on() {} }) });
  const announce = () => window.dispatchEvent(new CustomEvent("eip6963:announceProvider", { detail }));
  window.addEventListener("eip6963:requestProvider", announce);
  announce();
})();
"""


@dataclass
class Wallet:
    """A wallet that a page finds by EIP-6963, asks by EIP-1193, and that sends what it signs to a node."""

    name: str
    account: LocalAccount
    url: str
    """Of the node."""
    chain_id: int
    """It is on this chain at first."""
    known: set[int] = field(default_factory=set)
    """Chains that it can change to."""
    refuses: Callable[[str], bool] = lambda _: False
    """Whether its owner says no to a method."""
    loses: Callable[[str], bool] = lambda _: False
    """Whether a method is done, and its answer does not arrive."""
    asked: Counter[str] = field(default_factory=Counter)
    """How often each method was asked for."""
    sent: list[dict[str, Any]] = field(default_factory=list)

    def install(self, context: BrowserContext) -> None:
        """Have every page of a context find it."""
        name = f"{self.name}_request"
        context.expose_function(name, self._answer)
        context.add_init_script(f"const NAME = {json.dumps(self.name)};".join(["{", _ANNOUNCE + "}"]))

    def _answer(self, request: str) -> str:
        method, params = json.loads(request)
        self.asked[method] += 1
        try:
            if self.refuses(method):
                raise RefusedError(4001, "User rejected the request.")
            result = self._do(method, params)
            if self.loses(method):
                raise RefusedError(-32603, "The connection was lost.")
            return json.dumps({"result": result})
        except RefusedError as refused:
            return json.dumps({"code": refused.code, "message": str(refused)})

    def _do(self, method: str, params: list[Any]) -> Any:
        match method:
            case "eth_requestAccounts" | "eth_accounts":
                return [self.account.address.lower()]
            case "eth_chainId":
                return hex(self.chain_id)
            case "wallet_switchEthereumChain":
                wanted = int(params[0]["chainId"], 16)
                if wanted not in self.known:
                    raise RefusedError(4902, "Unrecognized chain ID.")
                self.chain_id = wanted
                return None
            case "eth_sendTransaction":
                return self._send(params[0])
        return self._node(method, params)

    def _send(self, call: dict[str, str]) -> str:
        assert int(call["from"], 16) == int(self.account.address, 16)
        transaction = {
            "to": call["to"],
            "data": call["data"],
            "value": int(call["value"], 16),
            "gas": int(int(self._node("eth_estimateGas", [call]), 16) * 1.2),
            "gasPrice": 2 * int(self._node("eth_gasPrice", []), 16),
            "nonce": int(self._node("eth_getTransactionCount", [call["from"], "pending"]), 16),
            "chainId": self.chain_id,
        }
        signed = self.account.sign_transaction(transaction)
        self.sent.append(call)
        return str(self._node("eth_sendRawTransaction", [f"0x{bytes(signed.raw_transaction).hex()}"]))

    def _node(self, method: str, params: list[Any]) -> Any:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        answer = requests.post(self.url, json=body, timeout=20).json()
        if "error" in answer:
            raise RefusedError(-32603, answer["error"]["message"])
        return answer["result"]

"""What operators look at: Prometheus metrics, and whether the agent is well, over HTTP.

The loop writes, and a thread of its own answers: it touches neither the journal nor the chain, so nobody who asks can
disturb the agent.
"""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from assay.errors import InputError
from provider_agent.clocks import Clock, Clocks
from provider_agent.context import Context
from provider_agent.ledger import risk_of

MONEY_EVERY = 60.0
"""Seconds between two looks at stake and coins, which nothing else needs."""

_TOKEN = 10**18


@dataclass
class Health:
    """Whether the agent is well, as `/health` tells it."""

    healthy: bool = False
    """A pass of the loop has succeeded lately, and no clock is in danger."""
    seconds_since_pass: float | None = None
    block: int | None = None
    """Up to which the chain was read."""
    faults: int = 0
    """In a row."""
    draining: bool = False
    in_danger: list[Clock] = field(default_factory=list)
    """Jobs whose deadline is near, and nothing was claimed; disputes in which our turn is nearly over."""


class Operations:
    """The agent's figures."""

    def __init__(self, late_after: float, clock: Callable[[], float] = time.time) -> None:
        """Without a pass for `late_after` seconds, the agent is not well."""
        self._late_after = late_after
        self._clock = clock
        self._lock = threading.Lock()
        self._health = Health()
        self._last_pass: float | None = None
        self._money_at = float("-inf")
        self._clocks = Clocks()
        self.registry = CollectorRegistry()

        def gauge(name: str, text: str, *labels: str) -> Gauge:
            return Gauge(f"assay_agent_{name}", text, labels, registry=self.registry)

        self._info = gauge("info", "1, with whom and what the agent is for", "account", "chain")
        self._pass = gauge("last_pass_timestamp_seconds", "When a pass of the loop last succeeded")
        self._block = gauge("block", "Up to which block the chain was read")
        self._head_time = gauge("head_timestamp_seconds", "The newest block's time")
        self._faults = Counter(
            "assay_agent_faults", "Passes that failed: node, store or journal did not answer", registry=self.registry
        )
        self._duties = gauge("duties", "Jobs in the journal, by role and state", "role", "state")
        self._transactions = gauge("transactions", "Transactions in the journal, by state", "state")
        self._versions = gauge("pending_versions", "Signed versions of the transactions that are pending")
        self._earned = gauge("earned_tokens", "What was earned, by kind; below zero for losses", "kind")
        self._gas = gauge("gas_coins", "What gas has cost, by the purposes' first word", "purpose")
        self._risk = gauge("at_risk_tokens", "Bonds that can be lost at present", "as")
        self._jobs = gauge("jobs", "Jobs of this provider that are not over")
        self._disputes = gauge("disputes", "Disputes of this agent that are not over")
        self._claim_in = gauge("seconds_to_claim", "Until the next deadline for a claim of this agent; absent: none")
        self._answer_in = gauge("seconds_to_answer", "Until the next turn of ours in a dispute is over; absent: none")
        self._danger = gauge("in_danger", "Clocks that are nearly over: jobs to claim, disputes to answer in", "what")
        self._stake = gauge("stake_tokens", "Stake that is not bound")
        self._free = gauge("free_tokens", "What can be withdrawn")
        self._coins = gauge("coins", "What there is to pay for gas")

    # The loop's side

    def passed(self, context: Context, draining: bool) -> list[Clock]:
        """A pass has succeeded; what may be missed: jobs that are to be claimed soon, and turns in disputes."""
        now, journal, book = self._clock(), context.journal, context.book
        position = journal.position()
        risk = risk_of(book, context.account)
        self._info.labels(context.account, str(context.chain.deployment.chain_id)).set(1)
        self._pass.set(now)
        self._block.set(position.number if position else 0)
        self._head_time.set(context.now)
        _set_all(self._duties, {key: float(value) for key, value in journal.count_all_duties().items()})
        _set_all(self._transactions, {(state,): float(value) for state, value in journal.count_transactions().items()})
        self._versions.set(sum(len(pending.attempts) for pending in journal.unsettled()))
        _set_all(self._earned, {(kind.value,): amount / _TOKEN for kind, amount in journal.earnings().items()})
        _set_all(self._gas, {(kind,): wei / _TOKEN for kind, wei in journal.costs().items()})
        self._risk.labels("provider").set(risk.bonds / _TOKEN)
        self._risk.labels("challenger").set(risk.challenge_bonds / _TOKEN)
        self._jobs.set(risk.jobs)
        parties = [(each.terms.challenger, each.terms.defender) for each in book.disputes.values() if not each.resolved]
        self._disputes.set(sum(context.account in pair for pair in parties))
        claims, answers = self._clocks.to_claim(context), self._clocks.to_answer(context)
        self._claim_in.set(min((clock.left for clock in claims), default=float("nan")))
        self._answer_in.set(min((clock.left for clock in answers), default=float("nan")))
        if now - self._money_at >= MONEY_EVERY:
            self._money_at = now
            self._look_at_money(context)
        chosen = context.settings.operations
        danger = [clock for clock in claims if clock.is_in_danger(chosen.danger)]
        danger += [clock for clock in answers if clock.is_in_danger(chosen.dispute_danger)]
        for what in ("job", "dispute"):
            self._danger.labels(what).set(sum(clock.what == what for clock in danger))
        with self._lock:
            self._last_pass = now
            self._health = Health(True, 0.0, position.number if position else None, 0, draining, danger)
        return danger

    def failed(self, faults: int) -> None:
        """A pass has failed, so many in a row by now."""
        self._faults.inc()
        with self._lock:
            self._health.faults = faults

    def _look_at_money(self, context: Context) -> None:
        account = context.own_account()
        self._stake.set(account.stake / _TOKEN)
        self._free.set(account.free / _TOKEN)
        self._coins.set(context.chain.node.balance(context.account) / _TOKEN)

    # The asker's side

    def health(self) -> Health:
        """Whether the agent is well now."""
        with self._lock:
            found, last = replace(self._health), self._last_pass
        if last is not None:
            found.seconds_since_pass = round(self._clock() - last, 1)
        late = found.seconds_since_pass is None or found.seconds_since_pass > self._late_after
        found.healthy = not late and not found.in_danger
        return found


def _set_all(gauge: Gauge, values: dict[tuple[str, ...], float]) -> None:
    """These label values, and no others."""
    gauge.clear()
    for labels, value in values.items():
        gauge.labels(*labels).set(value)


class Server:
    """Answers `/metrics` and `/health` in a thread, from `start` to `close`."""

    def __init__(self, operations: Operations, listen: str) -> None:
        """`listen` is `host:port`; port 0 is any free one. Raises `InputError` if it cannot be had."""
        host, _, port = listen.rpartition(":")
        try:
            self._server = ThreadingHTTPServer((host.strip("[]"), int(port)), _handler(operations))
        except (OSError, ValueError, OverflowError) as fault:
            raise InputError(
                f"operations.listen cannot be used: {listen!r} ({fault}): write it like 127.0.0.1:9464, and choose a "
                "free port"
            ) from fault
        self._server.daemon_threads = True
        self.port = int(self._server.server_port)
        self._thread = threading.Thread(target=self._server.serve_forever, name="operations", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _handler(operations: Operations) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 10  # for whoever connects and says nothing

        def do_GET(self) -> None:
            match self.path.partition("?")[0]:
                case "/metrics":
                    self._answer(200, CONTENT_TYPE_LATEST, generate_latest(operations.registry))
                case "/health":
                    health = operations.health()
                    body = json.dumps(asdict(health)).encode() + b"\n"
                    self._answer(200 if health.healthy else 503, "application/json", body)
                case _:
                    self._answer(404, "text/plain", b"there are /metrics and /health\n")

        def _answer(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing: the log is the agent's."""

    return Handler

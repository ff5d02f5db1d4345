"""Several endpoints as one: the first that works is used until it fails, and none that is on another chain."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from web3.providers.base import BaseProvider
from web3.types import RPCEndpoint, RPCResponse

from assay.chain.transport import SENT_ONCE, Endpoint, RefusedError, endpoint
from assay.errors import InputError, TransientError

log = logging.getLogger(__name__)

FIRST_PAUSE = 0.25
"""Seconds before the second attempt; each later pause is twice as long."""

RETURN_AFTER = 300.0
"""Seconds after which an endpoint that failed is tried again, before those that are named after it."""


class Endpoints(BaseProvider):
    """web3's provider over endpoints of nodes of one chain, in the order of preference."""

    def __init__(
        self, urls: Sequence[str], timeout: float, attempts: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__()
        if not urls:
            raise InputError("a node's URL is needed: write it like http://127.0.0.1:8545")
        self._all = [endpoint(url, timeout) for url in urls]
        self._attempts = attempts
        self._clock = clock
        self._current = self._all[0]
        self._failed_at: dict[Endpoint, float] = {}
        self._chain_id: object = None
        self._checked: set[Endpoint] = set()

    @property
    def current(self) -> Endpoint:
        """The one that is used."""
        return self._current

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._all)

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        """Ask the current endpoint, and the others if it fails; all again after a pause, unless it is a transaction.

        Of a transaction, whoever sends it decides: handing the same one to several nodes does no harm.
        """
        attempts = 1 if method in SENT_ONCE else self._attempts
        for attempt in range(1, attempts + 1):
            try:
                return self._ask_any(method, params)
            except RefusedError:
                raise
            except TransientError:
                if attempt == attempts:
                    raise
            time.sleep(FIRST_PAUSE * 2 ** (attempt - 1))
        raise AssertionError("the last attempt returns or raises")

    def prefer_newest(self) -> bool:
        """Use the endpoint with the highest block, if one is ahead of the current one; whether that is so."""
        newest, best = self._current, -1
        for each in [self._current, *(other for other in self._all if other is not self._current)]:
            try:
                self._check_chain(each)
                block = int(str(each.ask("eth_blockNumber", []).get("result")), 16)
            except (TransientError, ValueError):
                continue
            if block > best:
                newest, best = each, block
        if newest is self._current:
            return False
        self._failed_at[self._current] = self._clock()
        self._use(newest, "it has newer blocks")
        return True

    def _ask_any(self, method: str, params: Any) -> RPCResponse:
        first: TransientError | None = None
        for each in self._candidates():
            try:
                self._check_chain(each)
                answer = each.ask(method, params)
            except TransientError as fault:
                if isinstance(fault, RefusedError) and method == "eth_getLogs":
                    raise  # for fewer blocks, it may answer
                first = first or fault
                if not isinstance(fault, RefusedError):
                    self._failed_at[each] = self._clock()
                continue
            self._failed_at.pop(each, None)
            if each is not self._current:
                self._use(each, str(first) if first else "it is preferred")
            return answer
        assert first is not None
        raise first

    def _candidates(self) -> Iterator[Endpoint]:
        """Each once: those that are preferred to the current one and have had time to recover, that, and the rest."""
        now, place = self._clock(), self._all.index(self._current)
        recovered = [
            each for each in self._all[:place] if now - self._failed_at.get(each, -RETURN_AFTER) >= RETURN_AFTER
        ]
        yield from dict.fromkeys([*recovered, self._current, *self._all])

    def _check_chain(self, each: Endpoint) -> None:
        """Take nothing from an endpoint before it has said that it is on the same chain as the others."""
        if each in self._checked or self.count == 1:
            return
        found = each.ask("eth_chainId", []).get("result")
        if self._chain_id is None:
            self._chain_id = found
        if found != self._chain_id:
            raise TransientError(f"the node at {each.place} is on chain {found}, not {self._chain_id}: it is not used")
        self._checked.add(each)

    def _use(self, chosen: Endpoint, reason: str) -> None:
        fields = {"left": self._current.place, "now": chosen.place, "reason": reason}
        log.warning("another node", extra={"fields": fields})
        self._current = chosen

"""Requests to stop, or to drain, from signals, that also end the loop's sleep."""

import os
import signal
from types import FrameType


class Stop:
    """Set once, by `request` or a signal; `fileno` becomes readable then."""

    def __init__(self) -> None:
        self.reason = ""
        self.draining = False
        """Whether nothing new is to be begun, so that the agent ends when nothing is at risk any more."""
        self._read, self._write = os.pipe()
        os.set_blocking(self._write, False)

    @property
    def requested(self) -> bool:
        """Whether the agent is to stop."""
        return bool(self.reason)

    def request(self, reason: str) -> None:
        """Stop at the end of this pass."""
        if not self.reason:
            os.write(self._write, b"x")
        self.reason = self.reason or reason

    def drain(self) -> None:
        """Begin nothing new, and stop when nothing is at risk any more."""
        self.draining = True

    def fileno(self) -> int:
        """What a sleeper waits for."""
        return self._read

    def on_signals(self) -> None:
        """Have SIGTERM and SIGINT (Ctrl-C) request it, and SIGUSR1 a drain."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._handle)
        signal.signal(signal.SIGUSR1, lambda *_: self.drain())

    def _handle(self, number: int, _: FrameType | None) -> None:
        self.request(signal.Signals(number).name)

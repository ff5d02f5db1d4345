"""A request to stop, from a signal, that also ends the loop's sleep."""

import os
import signal
from types import FrameType


class Stop:
    """Set once, by `request` or a signal; `fileno` becomes readable then."""

    def __init__(self) -> None:
        self.reason = ""
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

    def fileno(self) -> int:
        """What a sleeper waits for."""
        return self._read

    def on_signals(self) -> None:
        """Have SIGTERM and SIGINT (Ctrl-C) request it."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._handle)

    def _handle(self, number: int, _: FrameType | None) -> None:
        self.request(signal.Signals(number).name)

"""The counter's state and its step (docs/counter.md)."""

import struct
from dataclasses import dataclass

from assay.errors import IntegrityError
from assay.keccak import keccak256

ENCODING = struct.Struct(">QQ")


@dataclass(frozen=True)
class CounterState:
    """Counts up to its target and stays there. Both are unsigned 64-bit integers."""

    value: int
    target: int

    @property
    def is_fixed_point(self) -> bool:
        """Whether the state steps to itself."""
        return self.value >= self.target

    def after(self, steps: int) -> "CounterState":
        """The state after `steps` steps from this one."""
        return self if self.is_fixed_point else CounterState(min(self.value + steps, self.target), self.target)

    def encode(self) -> bytes:
        """The 16 bytes of the state; they are the witness of the step from it, too."""
        return ENCODING.pack(self.value, self.target)

    @staticmethod
    def decode(encoding: bytes) -> "CounterState":
        """The state that `encode` gave these bytes; any 16 bytes are one."""
        if len(encoding) != ENCODING.size:
            raise IntegrityError(f"a counter's state has {ENCODING.size} bytes, not {len(encoding)}")
        return CounterState(*ENCODING.unpack(encoding))

    def root(self) -> bytes:
        """The state root."""
        return keccak256(self.encode())


def replay(prestate: bytes, witness: bytes) -> bytes:
    """The state root after `prestate`, as the referee finds it; raises `IntegrityError` for a wrong witness."""
    if keccak256(witness) != prestate:
        raise IntegrityError("the witness is not that of this state root")
    return CounterState.decode(witness).after(1).root()

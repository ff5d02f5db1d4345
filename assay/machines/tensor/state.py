"""The state of the tensor machine (docs/operators.md, section 5)."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from assay.errors import IntegrityError
from assay.keccak import keccak256

ENCODING = struct.Struct(">32s32s32sQII")
END = bytes(32)
"""The code of a run that is over."""


@dataclass(frozen=True)
class State:
    """Where a run stands, and the roots of what it reads."""

    code: bytes
    """The hash of the instruction that comes next and of the code behind it; zeros at the end."""
    weights: bytes
    memory: bytes
    element: int = 0
    run: int = 0
    accumulator: int = 0

    def encode(self) -> bytes:
        """The 112 bytes of the state."""
        return ENCODING.pack(self.code, self.weights, self.memory, self.element, self.run, self.accumulator)

    @staticmethod
    def decode(encoding: bytes) -> "State":
        """The state that `encode` gave these bytes; any 112 bytes are one."""
        if len(encoding) != ENCODING.size:
            raise IntegrityError(f"a tensor machine's state has {ENCODING.size} bytes, not {len(encoding)}")
        return State(*ENCODING.unpack(encoding))

    def root(self) -> bytes:
        """The state root."""
        return keccak256(self.encode())


def code_hashes(instructions: Sequence[bytes]) -> list[bytes]:
    """The code before each instruction, and behind the last one."""
    hashes = [END]
    for instruction in reversed(instructions):
        hashes.append(keccak256(instruction + hashes[-1]))
    return hashes[::-1]

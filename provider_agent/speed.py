"""How fast this computer runs programs: what an operator compares, and lists (`assay directory list --machine`)."""

import struct
import time

from assay.machines.registry import Execution, riscv_machine

_LOOP = (
    0xFF813603,  # loop: ld   a2, -8(sp)
    0x00C686B3,  #       add  a3, a3, a2
    0x00D74733,  #       xor  a4, a4, a3
    0xFEE13C23,  #       sd   a4, -8(sp)
    0x00158593,  #       addi a1, a1, 1
    0xFEB016E3,  #       bne  zero, a1, loop
)
"""A load of what was stored the round before, arithmetic, and a jump."""

_BASE = 0x10000
_ENOUGH = 0.25
"""Seconds after which a run tells the speed."""
_LIMITS = tuple(1 << exponent for exponent in range(16, 33, 4))
"""Steps: the first that takes long enough counts."""


def measure_speed(execution: Execution) -> int:
    """Steps of a simple RISC-V program a second, in one process, on the engine or whatever stands in for it here."""
    machine = riscv_machine(execution)
    for limit in _LIMITS:
        trace = machine.start(_program(), ["speed"], b"", limit)
        begun = time.perf_counter()
        trace.run()
        seconds = time.perf_counter() - begun
        if seconds >= _ENOUGH:
            break
    return int(limit / seconds)


def _program() -> bytes:
    """The loop as an ELF file: its header, one program header, and the code at the entry point."""
    code = struct.pack(f"<{len(_LOOP)}I", *_LOOP)
    headers = 64 + 56
    identification = b"\x7fELF" + bytes([2, 1, 1]) + bytes(9)
    header = struct.pack("<HHIQQQIHHHHHH", 2, 243, 1, _BASE + headers, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    size = headers + len(code)
    segment = struct.pack("<IIQQQQQQ", 1, 5, 0, _BASE, _BASE, size, size, 0x1000)
    return identification + header + segment + code

"""How fast this computer runs programs: what an operator compares, and lists (`assay directory list --machine`)."""

import struct
import time

from assay.machines.registry import Execution, riscv_machine

_CODE = (
    0x5DEEC737,  #       lui  a4, 0x5deec
    0x66D70713,  #       addi a4, a4, 0x66d
    0x00010837,  #       lui  a6, 0x10
    0xFF880813,  #       addi a6, a6, -8
    0x02E686B3,  # loop: mul  a3, a3, a4
    0x00B68693,  #       addi a3, a3, 11
    0x0216D613,  #       srli a2, a3, 33
    0x01067633,  #       and  a2, a2, a6
    0x40C10633,  #       sub  a2, sp, a2
    0xFF863583,  #       ld   a1, -8(a2)
    0x00D5C5B3,  #       xor  a1, a1, a3
    0xFEB63C23,  #       sd   a1, -8(a2)
    0xFE1FF06F,  #       j    loop
)
"""Changes words in 64 KiB of its stack, at places that nothing can foresee, without an end."""

_BASE = 0x10000
_ENOUGH = 0.25
"""Seconds by which a run has to be longer than the one before it, to tell the speed."""
_LIMITS = tuple(1 << exponent for exponent in range(16, 33, 4))
"""Steps of each run."""


def measure_speed(execution: Execution) -> int:
    """Steps of a simple RISC-V program a second, in one process, on the engine or whatever stands in for it here."""
    machine = riscv_machine(execution)
    steps, seconds = 0, 0.0
    for limit in _LIMITS:
        before = steps, seconds
        trace = machine.start(_program(), ["speed"], b"", limit)
        begun = time.perf_counter()
        steps = trace.run()
        seconds = time.perf_counter() - begun
        # What starting takes, and making native code the first time, is in both runs or in the earlier one.
        more_steps, more_seconds = steps - before[0], seconds - before[1]
        if before[0] and more_seconds >= _ENOUGH:
            return int(more_steps / more_seconds)
    return int(steps / seconds)


def _program() -> bytes:
    """The loop as an ELF file: its header, one program header, and the code at the entry point."""
    code = struct.pack(f"<{len(_CODE)}I", *_CODE)
    headers = 64 + 56
    identification = b"\x7fELF" + bytes([2, 1, 1]) + bytes(9)
    header = struct.pack("<HHIQQQIHHHHHH", 2, 243, 1, _BASE + headers, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    size = headers + len(code)
    segment = struct.pack("<IIQQQQQQ", 1, 5, 0, _BASE, _BASE, size, size, 0x1000)
    return identification + header + segment + code

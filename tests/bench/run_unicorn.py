"""Runs a program under unicorn, with as much of Linux as the benchmark's programs need: PROGRAM [ARGS...]."""

import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from unicorn import UC_ARCH_RISCV, UC_HOOK_INTR, UC_MODE_RISCV64, Uc
from unicorn.riscv_const import (
    UC_RISCV_REG_A0,
    UC_RISCV_REG_A1,
    UC_RISCV_REG_A2,
    UC_RISCV_REG_A7,
    UC_RISCV_REG_PC,
    UC_RISCV_REG_SP,
)

from assay.machines.riscv.elf import Executable, parse_elf

MEMORY = 2 << 30
STACK = MEMORY - (1 << 20)
MAPPINGS = MEMORY - (64 << 20)
"""Mappings grow down from here, below the stack."""
AT_PHDR, AT_PHENT, AT_PHNUM, AT_PAGESZ, AT_RANDOM = 3, 4, 5, 6, 25
ENOSYS, ENOTTY, ESPIPE = 38, 25, 29
FIXED = {29: -ENOTTY, 62: -ESPIPE, **dict.fromkeys((96, 99, 134, 135, 215, 226, 233), 0)}
"""Answers that never change: ioctl, lseek; set_tid_address, set_robust_list, rt_sig..., munmap, mprotect, madvise."""


class Linux:
    """The few calls that a static musl program makes to read, to write, and for memory."""

    def __init__(self, uc: Uc, executable: Executable) -> None:
        self.uc = uc
        self.exit_status = 0
        self._break = executable.program_break
        self._floor = MAPPINGS

    def call(self, number: int, a: int, b: int, c: int) -> int:
        """The answer to a call."""
        answers = {63: self._read, 64: self._write, 65: self._readv, 66: self._writev, 93: self._exit, 94: self._exit}
        answers |= {214: self._brk, 222: self._mmap}
        if number in answers:
            return answers[number](a, b, c)
        return FIXED.get(number, -ENOSYS)

    def _read(self, _: int, at: int, size: int) -> int:
        data = sys.stdin.buffer.read1(size)
        self.uc.mem_write(at, data)
        return len(data)

    def _write(self, stream: int, at: int, size: int) -> int:
        (sys.stdout if stream == 1 else sys.stderr).buffer.write(self.uc.mem_read(at, size))
        return size

    def _readv(self, stream: int, at: int, count: int) -> int:
        return self._vector(at, count, lambda start, size: self._read(stream, start, size))

    def _writev(self, stream: int, at: int, count: int) -> int:
        return self._vector(at, count, lambda start, size: self._write(stream, start, size))

    def _exit(self, status: int, _: int, __: int) -> int:
        self.exit_status = status & 255
        self.uc.emu_stop()
        return 0

    def _brk(self, to: int, _: int, __: int) -> int:
        self._break = to if self._break <= to < self._floor else self._break
        return self._break

    def _mmap(self, _: int, size: int, __: int) -> int:
        self._floor -= size + 4095 & ~4095
        return self._floor

    def _vector(self, at: int, count: int, transfer: Callable[[int, int], int]) -> int:
        total = 0
        for i in range(count):
            start, size = struct.unpack("<QQ", self.uc.mem_read(at + 16 * i, 16))
            done = transfer(start, size) if size else 0
            total += done
            if done < size:
                break
        return total


def main(file: str, *arguments: str) -> int:
    """Run it; the exit status of the program."""
    executable = parse_elf(Path(file).read_bytes())
    uc = Uc(UC_ARCH_RISCV, UC_MODE_RISCV64)
    uc.mem_map(0, MEMORY)
    for segment in executable.segments:
        uc.mem_write(segment.address, segment.data)
    uc.reg_write(UC_RISCV_REG_SP, _stack(uc, executable, [Path(file).stem, *arguments]))
    linux = Linux(uc, executable)

    def on_trap(uc: Uc, cause: int, _: Any) -> None:
        if cause not in (8, 11):
            raise RuntimeError(f"the program traps with cause {cause} at {uc.reg_read(UC_RISCV_REG_PC):#x}")
        registers = UC_RISCV_REG_A7, UC_RISCV_REG_A0, UC_RISCV_REG_A1, UC_RISCV_REG_A2
        uc.reg_write(UC_RISCV_REG_A0, linux.call(*(uc.reg_read(register) for register in registers)) & (1 << 64) - 1)

    uc.hook_add(UC_HOOK_INTR, on_trap)
    uc.emu_start(executable.entry, MEMORY)
    sys.stdout.buffer.flush()
    return linux.exit_status


def _stack(uc: Uc, executable: Executable, arguments: list[str]) -> int:
    """Put the arguments and what follows them on the stack; the stack pointer."""
    pointers, at = [], STACK + 4096
    for argument in arguments:
        pointers.append(at)
        uc.mem_write(at, argument.encode() + b"\0")
        at += len(argument.encode()) + 1
    auxiliary = {
        AT_PHDR: executable.headers_address,
        AT_PHENT: executable.header_size,
        AT_PHNUM: executable.header_count,
        AT_PAGESZ: 4096,
        AT_RANDOM: STACK + 2048,
    }
    words = [len(arguments), *pointers, 0, 0, *(word for pair in auxiliary.items() for word in pair), 0, 0]
    uc.mem_write(STACK - 4096, struct.pack(f"<{len(words)}Q", *words))
    return STACK - 4096


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

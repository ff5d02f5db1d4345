"""Machine code made while Assay runs: LLVM IR to bytes, bytes to callable functions, and a cache of them on disk.

LLVM (through llvmlite) emits an object file; its code is used as bytes that run wherever they are put, without a
linker (docs/adr/0005-native-code.md). So code that was kept needs nothing of LLVM to run: only `compile_ir` imports it.

What is made here is for the machine it is made on: `supported` says which those are.
"""

import platform
import sys

PROCESSORS = ("x86_64", "aarch64")


def supported() -> bool:
    """Whether native code can be made and run here: on 64-bit Linux with an x86-64 or AArch64 processor."""
    return sys.platform == "linux" and platform.machine() in PROCESSORS and sys.maxsize > 1 << 32

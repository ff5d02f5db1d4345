"""Builds the kernel: `python guest/build.py` writes assay/machines/riscv/kernel.bin.

It comes out bit for bit the same on every computer that has the locked version of the toolchain. The kernel is part of
every task's initial state, so a change of its bytes changes every task root.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from assay.errors import AssayError
from assay.toolchain.zig import MACHINE, run_zig

SOURCES = Path(__file__).resolve().parent
KERNEL = SOURCES.parent / "assay" / "machines" / "riscv" / "kernel.bin"

FLAGS = (
    *("-target", "riscv64-freestanding-none", MACHINE, "-mcmodel=medany"),
    *("-std=c11", "-O2", "-g0", "-Wall", "-Wextra", "-Werror"),
    *("-ffreestanding", "-fno-builtin", "-fno-stack-protector", "-fno-sanitize=undefined", "-fomit-frame-pointer"),
    *("-static", "-nostdlib", "-Wl,-T,kernel.ld"),
)


def build(output: Path = KERNEL) -> None:
    """Write the kernel as it lies in memory, from its first instruction on, to `output`."""
    # Relative names in a fixed order: nothing of this computer gets into the result.
    sources = sorted(path.name for path in SOURCES.iterdir() if path.suffix in (".S", ".c"))
    with TemporaryDirectory() as folder:
        linked = Path(folder) / "kernel.elf"
        run_zig(["cc", *FLAGS, *sources, "-o", str(linked)], "the kernel cannot be built", folder=SOURCES)
        run_zig(["objcopy", "-O", "binary", str(linked), str(output)], "the kernel cannot be built")


if __name__ == "__main__":
    try:
        build()
    except AssayError as error:
        sys.exit(f"guest/build.py: {error}")

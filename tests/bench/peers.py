"""Who runs it: each peer builds a program in its own way, and says how it is started."""

import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from assay.toolchain.build import build
from tests.bench.run_machine import machine
from tests.bench.workloads import Workload

REFERENCE = "assay.machines.riscv.machine:RiscvMachine"
"""The reference implementation, as an engine to measure."""
SHARE_OF_REFERENCE = 1 / 4096
"""It is slower than native code by as much."""


@dataclass(frozen=True)
class Peer:
    """A way to run a program."""

    name: str
    what: str
    build: Callable[[Workload, Path], Path]
    """Makes the program in a folder."""
    command: Callable[[Path], list[str]]
    share: float = 1.0
    """How much of a program's size it is given; the time is extrapolated."""
    missing: str | None = None
    """Why it cannot be had, and how it could."""


def peers(engine: str = "") -> list[Peer]:
    """All of them, those that are missing too. `engine` is a machine to use instead of `assay run`'s own."""
    machine(engine)  # raises if there is no such thing
    return [
        Peer("native", "gcc -O2, hardware floats", _build_native, lambda program: [str(program)], missing=_no("gcc")),
        Peer(
            "assay",
            f"the machine {engine or 'of `assay run`'}",
            _build_riscv,
            lambda program: [*_module("run_machine"), engine, str(program)],
            share=SHARE_OF_REFERENCE if engine == REFERENCE else 1.0,
            missing=_no_package("ziglang", "build"),
        ),
        Peer(
            "qemu",
            "qemu-riscv64, of the same file",
            _build_riscv,
            lambda program: [shutil.which("qemu-riscv64") or "qemu-riscv64", str(program)],
            missing=_no("qemu-riscv64", "Debian: qemu-user"),
        ),
        Peer(
            "wasmtime",
            "wasmtime with fuel, of the same source for WebAssembly, hardware floats",
            _build_wasm,
            lambda program: [*_module("run_wasmtime"), str(program)],
            missing=_no_package("wasmtime", "bench"),
        ),
        Peer(
            "unicorn",
            "unicorn, of the same file",
            _build_riscv,
            lambda program: [*_module("run_unicorn"), str(program)],
            share=1 / 16,
            missing=_no_package("unicorn", "bench"),
        ),
    ]


def _module(name: str) -> list[str]:
    return [sys.executable, "-m", f"tests.bench.{name}"]


def _no(command: str, source: str = "") -> str | None:
    return None if shutil.which(command) else f"{command} is not installed" + (f" ({source})" if source else "")


def _no_package(name: str, extra: str) -> str | None:
    return None if importlib.util.find_spec(name) else f"{name} is not installed (pip install '.[{extra}]')"


def _build_native(workload: Workload, folder: Path) -> Path:
    compiler = "g++" if any(source.suffix == ".cpp" for source in workload.sources) else "gcc"
    output = folder / f"{workload.name}.native"
    subprocess.run([compiler, "-O2", *map(str, workload.sources), "-o", str(output)], check=True)
    return output


def _build_riscv(workload: Workload, folder: Path) -> Path:
    output = folder / f"{workload.name}.elf"
    if not output.exists():
        build(workload.sources, output)
    return output


def _build_wasm(workload: Workload, folder: Path) -> Path:
    output = folder / f"{workload.name}.wasm"
    is_cpp = any(source.suffix == ".cpp" for source in workload.sources)
    compiler = ["c++", "-fno-exceptions"] if is_cpp else ["cc"]
    target = ["-target", "wasm32-wasi", "-O2", "-s", "-Wl,-z,stack-size=8388608"]
    files = map(str, workload.sources)
    subprocess.run([sys.executable, "-m", "ziglang", *compiler, *target, *files, "-o", str(output)], check=True)
    return output

"""Runs a program for WebAssembly (WASI) under wasmtime, its instructions counted by fuel: PROGRAM [ARGS...]."""

import sys
from pathlib import Path

from wasmtime import Config, Engine, ExitTrap, Linker, Module, Store, WasiConfig

PLENTY = 1 << 60


def main(file: str, *arguments: str) -> int:
    """Run it; the exit status of the program."""
    config = Config()
    config.consume_fuel = True
    engine = Engine(config)
    module = Module.from_file(engine, file)
    store = Store(engine)
    store.set_fuel(PLENTY)
    wasi = WasiConfig()
    wasi.argv = [Path(file).stem, *arguments]
    wasi.inherit_stdin()
    wasi.inherit_stdout()
    wasi.inherit_stderr()
    store.set_wasi(wasi)
    linker = Linker(engine)
    linker.define_wasi()
    start = linker.instantiate(store, module).exports(store)["_start"]
    try:
        start(store)
    except ExitTrap as end:
        return int(end.code)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

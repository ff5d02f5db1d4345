"""The engine: the same machine as `assay.machines.riscv`, at close to native speed (docs/engine.md)."""

"""The reference of the RISC-V machine: docs/machine.md in Python, written to be read.

`state` and `memory` are what a machine is; `decode` and `instructions` what a step does; `interpreter` the loop. The
same loop runs programs, records witnesses and replays them: three implementations of `MemoryAccess`.
"""

"""What runs models where nothing else is asked for."""

from functools import cache
from pathlib import Path

from assay.errors import NativeError
from assay.machines.tensor.engine import Engine
from assay.machines.tensor_fast.engine import FastEngine
from assay.machines.tensor_fast.kernels import load_kernels


def fast_engine(folder: Path | None = None) -> Engine:
    """What runs programs; native code is kept in `folder`, if there is one.

    On a processor without fused additions it is the definition, which is slow.
    """
    try:
        return _engine(folder)
    except NativeError:
        return Engine()


@cache
def _engine(folder: Path | None) -> Engine:
    """One for all runs of this process: tasks of a job have their program in common."""
    return FastEngine(load_kernels(folder))

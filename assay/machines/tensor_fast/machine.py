"""What runs models where nothing else is asked for."""

from pathlib import Path

from assay.errors import NativeError
from assay.machines.tensor.engine import Engine
from assay.machines.tensor_fast.execution import FastExecution
from assay.machines.tensor_fast.kernels import load_kernels


def fast_engine(cache: Path | None = None) -> Engine:
    """What runs programs; native code is kept in the folder `cache`, if there is one.

    On a processor without fused additions it is the definition, which is slow.
    """
    try:
        return Engine(FastExecution(load_kernels(cache)))
    except NativeError:
        return Engine()

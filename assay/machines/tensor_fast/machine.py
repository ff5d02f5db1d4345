"""What executes the instructions of models where nothing else is asked for."""

from pathlib import Path

from assay.errors import NativeError
from assay.machines.tensor.execution import Execute, execute
from assay.machines.tensor_fast.execution import FastExecution
from assay.machines.tensor_fast.kernels import load_kernels


def fast_execution(cache: Path | None = None) -> Execute:
    """What executes the instructions of one run; native code is kept in the folder `cache`, if there is one.

    On a processor without fused additions it is the definition, which is slow.
    """
    try:
        return FastExecution(load_kernels(cache))
    except NativeError:
        return execute

"""Assay: a compute market that pays only for right results.

What programs use is here (docs/sdk.md): `Client`, `AsyncClient`, and what they return and raise.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from assay.errors import AssayError
    from assay.sdk.aio import AsyncClient, AsyncJob
    from assay.sdk.client import Client
    from assay.sdk.errors import (
        JobCancelledError,
        JobDeclinedError,
        JobError,
        JobExpiredError,
        JobSlashedError,
        JobTimeoutError,
        MissedDeadlineError,
        ProgramError,
        ResultMissingError,
        ResultRefusedError,
    )
    from assay.sdk.executor import JobExecutor
    from assay.sdk.job import Job, JobState
    from assay.sdk.result import Result

__all__ = [
    "AssayError",
    "AsyncClient",
    "AsyncJob",
    "Client",
    "Job",
    "JobCancelledError",
    "JobDeclinedError",
    "JobError",
    "JobExecutor",
    "JobExpiredError",
    "JobSlashedError",
    "JobState",
    "JobTimeoutError",
    "MissedDeadlineError",
    "ProgramError",
    "Result",
    "ResultMissingError",
    "ResultRefusedError",
]

_MODULES = ("errors", "sdk.errors", "sdk.result", "sdk.job", "sdk.executor", "sdk.client", "sdk.aio")


def __getattr__(name: str) -> Any:
    """Import what is asked for, when it is: whoever runs a program waits for no chain (PEP 562)."""
    if name not in __all__:
        raise AttributeError(f"module 'assay' has no attribute {name!r}")
    import importlib  # noqa: PLC0415

    for part in _MODULES:
        module = importlib.import_module(f"assay.{part}")
        if name in vars(module):
            return vars(module)[name]
    raise AssertionError(f"{name} is in no module")

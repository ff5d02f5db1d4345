"""The processor that this runs on, without asking LLVM: what code depends on, and how wide its vectors are."""

from functools import cache
from pathlib import Path

# LLVM derives its name for a processor and its features from these, so that the same lines give the same code.
_TELLING = ("vendor_id", "cpu family", "model", "stepping", "flags", "Features", "CPU ")


@cache
def description() -> str:
    """What the kernel says of the kinds of cores here. Processors of the same description run the same code."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join(sorted({line for line in lines if line.startswith(_TELLING)}))


def vector_lanes() -> int:
    """How many numbers of 64 bits a vector register holds."""
    features = set(description().split())
    return 8 if "avx512f" in features else 4 if "avx2" in features else 2

"""What code of ours native code in the cache was made by."""

import hashlib
from functools import cache
from pathlib import Path


@cache
def engine_version() -> str:
    """The hash of all that decides what native code does."""
    here = Path(__file__).parent
    digest = hashlib.sha256()
    for folder in (here, here.parent / "riscv", here.parent.parent / "native"):
        for file in sorted(folder.glob("*.py")):
            digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()

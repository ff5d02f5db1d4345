"""`assay run` waits for nothing that it has no use for: what it imports is most of what a short run takes."""

import subprocess
import sys
from pathlib import Path

SLOW = {"asyncio", "concurrent.futures", "importlib.metadata", "llvmlite", "pydantic", "rich", "tomllib", "web3"}


def test_a_run_imports_no_module_that_it_has_no_use_for(tmp_path: Path) -> None:
    code = "import sys, assay.cli.main, assay.cli.programs, assay.machines.riscv_fast.machine; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert not {*done.stdout.split()} & SLOW

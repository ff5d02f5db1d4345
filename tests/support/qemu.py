"""Programs for the machine under qemu-riscv64, an emulator that shares nothing with ours: an independent oracle."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.support.programs import program


def run_qemu(
    source: Path, arguments: Sequence[str] = (), stdin: bytes = b"", environment: Sequence[str] = ()
) -> subprocess.CompletedProcess[bytes]:
    """Run the very file that the machine runs, its standard input from a file, its output into pipes.

    The exit status is 128 and the signal's number if a signal ends it.
    """
    qemu = shutil.which("qemu-riscv64")
    if qemu is None:
        pytest.skip("qemu-riscv64 is not installed (Debian: qemu-user)")
    with TemporaryDirectory() as folder:
        file = Path(folder) / f"{source.stem}.elf"
        file.write_bytes(program(source))
        file.chmod(0o755)
        (Path(folder) / "stdin").write_bytes(stdin)
        (Path(folder) / "stdin").chmod(0o444)
        command = [qemu, "-0", source.stem, str(file), *arguments]
        variables = dict(each.split("=", 1) for each in environment)
        with (Path(folder) / "stdin").open("rb") as opened:
            done = subprocess.run(command, stdin=opened, capture_output=True, check=False, env=variables)
    status = done.returncode if done.returncode >= 0 else 128 - done.returncode
    return subprocess.CompletedProcess(command, status, done.stdout, done.stderr)

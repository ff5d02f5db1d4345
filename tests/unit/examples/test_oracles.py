"""Each example on the machine, under qemu-riscv64 and on this computer: the same output, and the same exit status."""

from pathlib import Path

import pytest

from assay.machines.base import Outcome, RunStatus
from tests.support.native import run_native
from tests.support.programs import run
from tests.support.qemu import run_qemu

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"


def part(path: str, size: int = 1 << 20) -> bytes:
    """The beginning of an example's input."""
    return (EXAMPLES / path).read_bytes()[:size]


JOBS, _, PROVIDERS = part("join/jobs.csv").partition(b"\n\n")
ORDERS = part("query/orders.json", 5000).rpartition(b",\n")[0]
QUEENS = part("scheme/tour.scm").partition(b"\n; ---- Derivatives")[0]
FORMULA = b"p cnf 4 6\n1 2 0\n-1 3 0\n-2 3 0\n-3 4 0\n-4 -1 0\n2 -4 0\n"

RUNS = {
    "compress": (["-9"], part("compress/text.txt", 2500)),
    "hash": (["512"], part("render/dusk.png", 3000)),
    "join": (["-l", "provider", "id", "-price"], JOBS[:1200].rpartition(b"\n")[0] + b"\n\n" + PROVIDERS),
    "price": ([], part("price/options.txt").replace(b"paths 1200", b"paths 60")),
    "query": (["-c", ".orders[] | {order, total: ([.items[].price] | add)}"], ORDERS + b"]}"),
    "render": ([], part("render/dusk.txt").replace(b"size 40 28", b"size 8 6")),
    "scheme": ([], QUEENS.replace(b"(queens 5)", b"(queens 4)")),
    "solve": (["-p"], FORMULA),
}


def test_every_example_is_compared() -> None:
    assert sorted(RUNS) == sorted(path.name for path in EXAMPLES.iterdir() if path.is_dir())


@pytest.mark.parametrize("name", RUNS)
def test_the_machine_qemu_and_this_computer_agree(name: str) -> None:
    folder = EXAMPLES / name
    source = folder if len(list(folder.glob("*.c"))) > 1 else folder / f"{name}.c"
    arguments, stdin = RUNS[name]
    here = run_native(source, *arguments, stdin=stdin)
    assert here.stdout
    emulated = run_qemu(source, arguments, stdin)
    assert (emulated.returncode, emulated.stdout, emulated.stderr) == (here.returncode, here.stdout, here.stderr)
    assert run(source, arguments, stdin) == Outcome(RunStatus.EXITED, here.returncode, here.stdout, here.stderr)

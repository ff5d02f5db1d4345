"""What is run: programs that take as long as they are told to, and write the same whoever runs them."""

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(__file__).parent / "programs"
EXAMPLES = CHECKOUT / "examples"


@dataclass(frozen=True)
class Workload:
    """A program, and how much of it takes about a second on this computer: `size`. Its time grows in proportion."""

    name: str
    sources: tuple[Path, ...]
    size: int
    kind: str
    """`integer` for the kernels, `float` for those with floats, `other` for calls and containers, `example`."""
    arguments: tuple[str, ...] = ()
    stdin: Callable[[int], bytes] | None = None
    """The input for a size; without it, the size is the program's argument. Of size 0 it takes next to no time."""

    def invocation(self, size: int) -> tuple[list[str], bytes]:
        """Arguments and standard input."""
        if self.stdin is None:
            return [str(size)], b""
        return list(self.arguments), self.stdin(size)


def _text(size: int) -> bytes:
    """`size` KiB of sentences that are no repetition of each other."""
    words = (EXAMPLES / "compress" / "text.txt").read_text().split()
    chance, lines, length = random.Random(1), list[str](), 0
    while length < size << 10:
        lines.append(" ".join(chance.choices(words, k=12)))
        length += len(lines[-1].encode()) + 1
    return "\n".join(lines).encode()


def _options(size: int) -> bytes:
    text = (EXAMPLES / "price" / "options.txt").read_text()
    return re.sub(r"(?m)^paths +\d+", f"paths {max(4, 1000 * size)}", text).encode()


def _orders(size: int) -> bytes:
    return (EXAMPLES / "query" / "orders.json").read_bytes() * size


def _scene(size: int) -> bytes:
    text = (EXAMPLES / "render" / "scene.txt").read_text()
    return re.sub(r"(?m)^size +\d+ +\d+", f"size 1024 {max(1, size)}", text).encode()


def _tours(size: int) -> bytes:
    """The first program of the tour, for seven queens, `size` times."""
    text = (EXAMPLES / "scheme" / "tour.scm").read_text().partition("(define boards")[0]
    return (text + "(display (length (queens 7)))\n" * size).encode()


def _kernel(name: str, size: int, kind: str = "integer") -> Workload:
    return Workload(Path(name).stem, (PROGRAMS / name,), size, kind)


def _example(name: str, size: int, stdin: Callable[[int], bytes], *arguments: str) -> Workload:
    return Workload(name, tuple(sorted((EXAMPLES / name).glob("*.c"))), size, "example", arguments, stdin)


WORKLOADS = (
    _kernel("sieve.c", 2400),
    _kernel("matrix.c", 10_000),
    _kernel("sha256.c", 12_000),
    _kernel("quicksort.c", 800),
    _kernel("bytecode.c", 1800),
    _kernel("mandelbrot.c", 6000, "float"),
    _kernel("fib.c", 24_000, "other"),
    _kernel("containers.cpp", 3600, "other"),
    _example("compress", 16_000, _text),
    _example("price", 900, _options),
    _example("query", 1500, _orders, "-c", ".orders | group_by(.customer.town) | map([.[].items[].price] | add)"),
    _example("render", 2000, _scene),
    _example("scheme", 100, _tours),
)

"""How the commands print: results on standard output, everything else on standard error."""

import dataclasses
import enum
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from assay.amounts import format_tokens
from assay.errors import InputError

if TYPE_CHECKING:
    from rich.status import Status

_AMOUNTS = {
    *(
        "price",
        "floor_price",
        "bond",
        "paid",
        "refunded",
        "escrow",
        "slashed",
        "burned",
        "fee",
        "amount",
        "free",
        "stake",
    ),
    *("floor", "challenger_bond"),
}
"""Fields that are base units, and printed as decimal tokens."""


def print_json(value: Any) -> None:
    """`value` as JSON: amounts as decimal tokens in text, bytes as 0x and hexadecimal digits."""
    click.echo(json.dumps(jsonable(value), indent=2))


def jsonable(value: Any, name: str = "") -> Any:
    """`value` in JSON's types. A field whose name is that of an amount is shown in tokens."""
    result = value
    if isinstance(value, Path) or (dataclasses.is_dataclass(value) and type(value).__str__ is not object.__str__):
        result = str(value)  # it has a text of its own, as a job's id has
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        result = {field.name: jsonable(getattr(value, field.name), field.name) for field in dataclasses.fields(value)}
    elif isinstance(value, Mapping):
        result = {str(key): jsonable(item, str(key)) for key, item in value.items()}
    elif isinstance(value, list | tuple):
        result = [jsonable(item) for item in value]
    elif isinstance(value, bytes):
        result = f"0x{value.hex()}"
    elif isinstance(value, enum.Enum):
        result = value.name.lower()
    elif isinstance(value, int) and not isinstance(value, bool) and name in _AMOUNTS:
        result = format_tokens(value)
    return result


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Rows in columns as wide as they need to be, so that nothing is cut and a pipe gets the same."""
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]
    for row in [header, *rows]:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def say(text: str) -> None:
    """A remark for whoever is watching."""
    # Not click.echo: it goes around what rich puts in the place of sys.stderr while a spinner turns.
    print(text, file=sys.stderr, flush=True)


def format_time(timestamp: int) -> str:
    """A block's time in the local time zone."""
    return f"{datetime.fromtimestamp(timestamp):%Y-%m-%d %H:%M:%S}"


@contextmanager
def waiting(text: str) -> Iterator["Status | None"]:
    """A spinner on a terminal while something takes its time; nothing elsewhere. NO_COLOR is heeded."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console  # noqa: PLC0415 - it takes a tenth of a second

    with Console(stderr=True).status(text) as status:
        yield status


def write_output(data: bytes, target: Path | None) -> None:
    """Bytes to a file, or to standard output as they are. Raises `InputError` if they cannot be written."""
    if target is None:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    try:
        target.write_bytes(data)
    except OSError as fault:
        raise InputError(f"{target} cannot be written: {fault.strerror}") from fault


def check_writable(target: Path) -> None:
    """Raise `InputError` if a file cannot be written: asked before anything is paid for what is to be in it."""
    if target.is_dir() or not os.access(target if target.exists() else target.parent, os.W_OK):
        raise InputError(f"{target} cannot be written: name a file in a folder that is there and yours")


def read_file(path: Path) -> bytes:
    """The bytes of a file; of standard input for `-`. Raises `InputError`."""
    if str(path) == "-":
        return sys.stdin.buffer.read()
    try:
        return path.read_bytes()
    except OSError as fault:
        raise InputError(f"{path} cannot be read: {fault.strerror}") from fault

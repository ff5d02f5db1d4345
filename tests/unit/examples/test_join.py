"""The join: tables in CSV are joined and sorted as Python's csv and sorted do it."""

import csv
import io
import random
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from assay.machines.base import Outcome, RunStatus
from tests.support.native import run_native
from tests.support.programs import run

FOLDER = Path(__file__).resolve().parents[3] / "examples" / "join"
JOIN = FOLDER / "join.c"
JOBS = (FOLDER / "jobs.csv").read_bytes()
SMALL = b"a,b\n1,x\n10,y\n9,x\n\nk,c\nx,1\ny,2\nx,3\n"
QUICK = JOBS.partition(b"\n41,")[0] + b"\n\n" + JOBS.partition(b"\n\n")[2]

Table = list[list[str]]


def value(text: str) -> tuple[Any, ...]:
    """Numbers before text, by their value."""
    is_number = re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text)
    return (0, Decimal(text)) if is_number else (1, text.encode())


def joined(tables: bytes, left_key: str, right_key: str, *columns: str, keeps_all: bool = False) -> Table:
    """The rows of the result, the names of the columns first."""
    left, right = (list(csv.reader(io.StringIO(part.decode(), newline=""))) for part in tables.split(b"\n\n"))
    at, by = left[0].index(left_key), right[0].index(right_key)
    names = left[0] + right[0][:by] + right[0][by + 1 :]
    rows = []
    for row in left[1:]:
        partners = [other for other in right[1:] if other[by] == row[at]]
        if keeps_all and not partners:
            partners = [[""] * len(right[0])]
        rows += [row + partner[:by] + partner[by + 1 :] for partner in partners]
    for column in reversed(columns):
        place = names.index(column.removeprefix("-"))
        rows.sort(key=lambda row, place=place: value(row[place]), reverse=column.startswith("-"))
    return [names, *rows]


def table_of(text: bytes) -> Table:
    return list(csv.reader(io.StringIO(text.decode(), newline="")))


def text_of(table: Table, quoting: Any = csv.QUOTE_MINIMAL) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n", quoting=quoting).writerows(table)
    return text.getvalue().encode()


@pytest.mark.parametrize("arguments", [[], ["b"], ["-l", "b"]])
def test_missing_arguments_are_refused(arguments: list[str]) -> None:
    done = run_native(JOIN, *arguments, stdin=SMALL)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(b"usage:")


@pytest.mark.parametrize(
    ("tables", "arguments", "message"),
    [
        (b"", ["b", "k"], b"two tables are needed"),
        (b"a,b\n1,2\n", ["b", "k"], b"two tables are needed"),
        (b"a,b\n1,2\n\n", ["b", "k"], b"two tables are needed"),
        (SMALL + b"\nd\n", ["b", "k"], b"line 11: there are more than two tables"),
        (SMALL, ["z", "k"], b'no column "z"'),
        (SMALL, ["b", "a"], b'no column "a"'),
        (SMALL, ["b", "k", "-z"], b'no column "z"'),
        (b"a,b\n1,2\n3\n\nk\n", ["b", "k"], b"line 3: this row has not as many fields"),
        (b"a,b\n1,2,3\n\nk\n", ["b", "k"], b"line 2: this row has not as many fields"),
        (b'a,b\n1,"2\n\nk\n', ["b", "k"], b"line 2: the quotes that open here are not closed"),
        (b'a,b\n1,"2"3\n\nk\n', ["b", "k"], b"line 2: behind closing quotes"),
        (b'a,b\n1,2"3"\n\nk\n', ["b", "k"], b"line 2: quotes have to be around the whole field"),
    ],
)
def test_what_is_no_two_tables_is_refused(tables: bytes, arguments: list[str], message: bytes) -> None:
    done = run_native(JOIN, *arguments, stdin=tables)
    assert (done.returncode, done.stdout) == (1, b"")
    assert message in done.stderr


def test_rows_without_a_partner_stay_if_asked_for() -> None:
    tables = b"a,b\n1,x\n2,z\n\nc,k,d\n8,x,9\n"
    assert run_native(JOIN, "b", "k", stdin=tables).stdout == b"a,b,c,d\n1,x,8,9\n"
    assert run_native(JOIN, "-l", "b", "k", stdin=tables).stdout == b"a,b,c,d\n1,x,8,9\n2,z,,\n"


def test_numbers_are_compared_as_numbers_and_come_before_text() -> None:
    order = ["-10", "-9.5", "-0.05", "-0.00", "0", "0.5", "07", "7.0", "7.25", "10", "1" + 30 * "0"]
    order += ["", "-", "--1", "1.", "1e3", "a"]
    tables = "n,k\n" + "".join(f"{text},x\n" for text in reversed(order)) + "\nk\nx\n"
    rows = table_of(run_native(JOIN, "k", "k", "n", stdin=tables.encode()).stdout)[1:]
    # What is equal stays as it was.
    for first, second in [("-0.00", "0"), ("07", "7.0")]:
        at = order.index(first)
        order[at : at + 2] = [second, first]
    assert [row[0] for row in rows] == order


def test_a_column_may_have_a_name_with_a_dash() -> None:
    tables = b"-n,k\n1,x\n2,x\n\nk\nx\n"
    assert run_native(JOIN, "k", "k", "-n", stdin=tables).stdout == b"-n,k\n1,x\n2,x\n"
    assert run_native(JOIN, "k", "k", "--n", stdin=tables).stdout == b"-n,k\n2,x\n1,x\n"


@pytest.mark.parametrize("seed", range(10))
def test_any_text_in_fields_comes_through(seed: int) -> None:
    chance = random.Random(seed)
    pieces = ["a", "b", '"', ",", "\n", "\r", " ", "é", "1", ""]

    def field() -> str:
        return re.sub("\n+", "\n", "".join(chance.choices(pieces, k=chance.randrange(1, 4))))

    def table(names: list[str]) -> bytes:
        rows = ([field(), chance.choice("xyz"), field()] for _ in range(30))
        return text_of([names, *rows], csv.QUOTE_ALL)

    tables = table(["a", "key", "b"]) + b"\n" + table(["c", "key", "d"])
    arguments = ("key", "key", "-c", "b")
    done = run_native(JOIN, *arguments, stdin=tables)
    assert (done.returncode, done.stderr) == (0, b"")
    assert table_of(done.stdout) == joined(tables, *arguments)


def test_lines_may_end_as_in_rfc_4180() -> None:
    plain = run_native(JOIN, "b", "k", stdin=SMALL).stdout
    assert run_native(JOIN, "b", "k", stdin=SMALL.replace(b"\n", b"\r\n")).stdout == plain


@pytest.mark.parametrize("columns", [[], ["city", "name", "-price"], ["-steps"], ["program", "-provider"]])
@pytest.mark.parametrize("keeps_all", [False, True])
def test_the_jobs_are_joined_as_by_python(columns: list[str], keeps_all: bool) -> None:
    done = run_native(JOIN, *["-l"] * keeps_all, "provider", "id", *columns, stdin=JOBS)
    assert done.stdout == text_of(joined(JOBS, "provider", "id", *columns, keeps_all=keeps_all))


def test_the_machine_writes_the_same_table() -> None:
    expected = text_of(joined(QUICK, "provider", "id", "city", "-price"))
    assert expected.count(b"\n") > 30
    assert run(JOIN, ["provider", "id", "city", "-price"], QUICK) == Outcome(RunStatus.EXITED, 0, expected, b"")

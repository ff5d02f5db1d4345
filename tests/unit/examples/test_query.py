"""The query: it reads documents as RFC 8259 says, filters mean what they mean in jq, mistakes are told with a place."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from assay.machines.base import Outcome, RunStatus
from tests.support.native import run_native
from tests.support.programs import run

QUERY = Path(__file__).resolve().parents[3] / "examples" / "query"
ORDERS = (QUERY / "orders.json").read_bytes()
SHOP = json.loads(ORDERS)


def results(query: str, document: bytes = ORDERS) -> list[Any]:
    """What a filter makes of the document, as Python reads it."""
    done = run_native(QUERY, "-c", query, stdin=document)
    assert (done.returncode, done.stderr) == (0, b"")
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("arguments", [[], [".", "."], ["-x", "."], ["-c"], ["-r", "-c"]])
def test_wrong_arguments_are_refused(arguments: list[str]) -> None:
    done = run_native(QUERY, *arguments, stdin=b"1")
    if arguments and arguments[-1] == "-c":
        assert done.returncode == 1  # the last argument is the filter, and this is none
    else:
        assert (done.returncode, done.stdout) == (2, b"")
        assert done.stderr.startswith(b"usage:")


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (b'{"a": 1,\n "b" 2}', "line 2, column 6: behind the name of a member there has to be a colon"),
        (b'{"a": 1,}', "line 1, column 9: here has to be the name of a member"),
        (b'{"a": 1 "b"}', "column 9: behind a member of an object there has to be a comma, or }"),
        (b"[1, 2", "column 6: behind an item of an array there has to be a comma, or ]"),
        (b"[1,]", "column 4: here has to be a value"),
        (b"[1,", "column 4: the input ends where a value has to be"),
        ('["ünï", x]'.encode(), "column 9: here has to be a value"),
        (b"[truE]", "column 5: only null, false and true are written without quotes"),
        (b"\n\n[01]", "line 3, column 3: a number does not begin with a superfluous 0"),
        (b"-", "column 2: a number has digits behind its sign"),
        (b"1.", "column 3: a number has digits behind its point"),
        (b"1e+", "column 4: a number has digits behind its e"),
        (b'[1, "abc', "column 5: this string has no closing quotes"),
        (b'"a\nb"', "column 3: a control character in a string has to be escaped"),
        (b'"\\x"', "column 3: there is no such escape"),
        (b'"\\u00g0"', "column 6: behind \\u there have to be four hexadecimal digits"),
        (b'"\\ud800"', "column 8: here the second half of a \\u pair is missing"),
        (b'"\\ud800\\u0041"', "column 14: this is not the second half of a \\u pair"),
        (b'"\\udc00"', "column 8: the first half of this \\u pair is missing"),
        (b'"\xff"', "column 2: this is not UTF-8"),
        (b'"\xc0\x80"', "column 2: this is not UTF-8"),
        (b'"\xed\xa0\x80"', "column 3: this is not UTF-8"),
        (b'"\xf4\x90\x80\x80"', "column 3: this is not UTF-8"),
        (b'"\xe2\x82"', "this is not UTF-8"),
        (b"\xef\xbb\xbf1", "column 1: here has to be a value"),
        (b"[" * 1001, "column 1001: arrays and objects are nested too deeply"),
    ],
)
def test_what_is_no_json_is_told_with_its_line_and_column(document: bytes, message: str) -> None:
    done = run_native(QUERY, ".", stdin=document)
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.startswith(b"query: input, line ")
    assert message in done.stderr.decode()


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("", "column 1: the filter ends where something has to follow"),
        (".a |", "column 5: the filter ends where something has to follow"),
        (".a b", "column 4: here the filter could have ended"),
        ("1 as $x | 2", "column 3: here the filter could have ended"),
        (".a | sum", "column 6: there is no such function without an argument"),
        (".a | length(1)", "column 6: there is no such function with an argument"),
        ("map(.a", "column 7: a parenthesis is not closed"),
        ("[1, 2", "column 6: a bracket is not closed"),
        (".[1:2", "column 6: a bracket is not closed"),
        ("{a: 1", "column 6: behind a member of an object there has to be a comma, or }"),
        ("{1: 2}", "column 2: here has to be the name of a member"),
        ("{(1)}", "column 5: behind a computed name there has to be a colon"),
        ("if 1 else 2 end", 'column 6: behind a condition there has to be "then"'),
        ("if 1 then 2", 'column 12: an "if" ends by "end"'),
        ('"a', "column 1: this string has no closing quotes"),
        (")", "column 1: here has to be a filter"),
        ("(" * 300, "the filter is nested too deeply"),
        ("." + "|." * 5000, "the filter is too long"),
    ],
)
def test_what_is_no_filter_is_told_with_its_column(query: str, message: str) -> None:
    done = run_native(QUERY, query, stdin=b"1")
    assert (done.returncode, done.stdout) == (1, b"")
    assert message in done.stderr.decode()


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (".shop.name", 'only objects have members: ."name" of a string, "Lantern Books"'),
        (".[0]", 'there is no place 0 in an object, {"shop":"Lantern Books"'),
        (".shop[]", "only arrays and objects have items: this is a string"),
        (".orders[0:2] + 1", "an array and a number cannot be added"),
        (".shop * 2", 'only numbers can be computed with: this is a string, "Lantern Books"'),
        ("1 / 0, 1 % 0.5", "this divides by zero"),
        ("1 % 0.5", "this divides by zero"),
        ("1e300 * 1e300", "a number is too large"),
        ("1e999 + 1", "the number 1e999 is too large to compute with"),
        ("1e20 % 2", "too large for a remainder"),
        (".shop | sort", "sort is for arrays"),
        (".shop | group_by(.)", "only arrays can be arranged"),
        ("true | length", "this has no length"),
        ('"1x" | tonumber', 'this is no number: "1x"'),
        ('"x" | tonumber', 'this is no number: "x"'),
        ('[[1]] | join(",")', "this cannot be joined: this is an array, [1]"),
        ("{(1, 2): 3}", "the name of a member has to be a string"),
        ("[{}] | from_entries", "the key of an entry is a string: this is null"),
    ],
)
def test_a_document_that_does_not_fit_is_refused(query: str, message: str) -> None:
    done = run_native(QUERY, query, stdin=ORDERS)
    assert (done.returncode, done.stdout) == (1, b"")
    assert message in done.stderr.decode()


def test_results_before_a_mistake_are_written() -> None:
    done = run_native(QUERY, "-c", ".a", stdin=b'{"a": 1}\n{"a": 2}\n[3]\n{"a": 4}')
    assert (done.returncode, done.stdout) == (1, b"1\n2\n")
    assert b'only objects have members: ."a" of an array, [3]' in done.stderr


def test_documents_follow_each_other_and_none_is_none() -> None:
    assert results(".", b"1 [2]\n\n {}3") == [1, [2], {}, 3]
    assert results(".", b" \n") == []


def test_numbers_keep_their_digits_until_they_are_computed_with() -> None:
    document = b"[12345678901234567890, 1.50, -0.0, 1E+2, 0.1000000000000000055511151231257827]"
    assert run_native(QUERY, "-c", ".[]", stdin=document).stdout.split() == document[1:-1].split(b", ")
    assert run_native(QUERY, "-c", "map(. + 0)", stdin=document).stdout == b"[1.2345678901234567e+19,1.5,0,100,0.1]\n"


def test_of_members_with_the_same_name_the_last_counts() -> None:
    assert run_native(QUERY, "-c", ".", stdin=b'{"a":1,"b":2,"a":3,"":4,"b":5}').stdout == b'{"a":3,"b":5,"":4}\n'


def test_a_large_object_is_read_in_reasonable_time() -> None:
    document = json.dumps({f"name {i % 150_000}": i for i in range(150_000)}).encode()
    assert results('length, .["name 149999"]', document) == [150_000, 149_999]


def test_raw_strings_are_written_without_quotes() -> None:
    done = run_native(QUERY, "-r", '.orders[0].customer.name, "a\\tb", 1', stdin=ORDERS)
    assert done.stdout.decode() == f"{SHOP['orders'][0]['customer']['name']}\na\tb\n1\n"


def test_a_document_comes_out_as_python_writes_it() -> None:
    pretty = json.dumps(SHOP, ensure_ascii=False, indent=2) + "\n"
    assert run_native(QUERY, ".", stdin=ORDERS).stdout.decode() == pretty
    compact = json.dumps(SHOP, ensure_ascii=False, separators=(",", ":")) + "\n"
    assert run_native(QUERY, "-c", ".", stdin=ORDERS).stdout.decode() == compact


def test_the_orders_are_filtered_grouped_and_summed_as_in_python() -> None:
    orders = SHOP["orders"]

    def total(order: dict[str, Any]) -> float:
        return float(sum(item["price"] * item["count"] for item in order["items"]))

    large = ".orders[] | select([.items[] | .price * .count] | add > 100) | .order"
    assert results(large) == [order["order"] for order in orders if total(order) > 100]

    towns = sorted({order["customer"]["town"] for order in orders})
    by_town = ".orders | group_by(.customer.town)[] | {(.[0].customer.town): map(.order)}"
    expected = [{town: [order["order"] for order in orders if order["customer"]["town"] == town]} for town in towns]
    assert results(by_town) == expected

    titles = {item["title"] for order in orders for item in order["items"]}
    assert results("[.orders[].items[].title] | unique") == [sorted(titles)]
    assert results(".orders | map(select(.paid | not)) | length") == [sum(not order["paid"] for order in orders)]


FILTERS = """
.orders[2:5] | map(.order)
.orders[:-70] | map(.order)
.orders | map(select([.items[] | .price * .count] | add > 100)) | map(.customer.name) | unique
.orders | group_by(.customer.town) | map({town: .[0].customer.town, orders: length}) | sort_by(-.orders)
.orders | map(.items[].title) | group_by(.) | map({(.[0]): length}) | add
[.orders[].items[]] | max_by(.price), min_by(.price)
[.orders[] | .note // empty] | unique
.orders | map(has("note")) | any, all
.orders[5] | to_entries | map(.key), from_entries
.orders[5] | keys, length, type
[.orders[] | if .sent == null then 1 elif .paid then 2 else "owing" end] | group_by(.) | map([.[0], length])
.orders[0].items | [.[] | (1, 2) * .count, -.price, .price / 3]
[(1,2) + (10,20)], [(1,2) < (1,2)], [true, false or false, true and (true, false)]
.orders[0:3] | {a: .[].order, b: (1, 2)}
.orders | map(.customer) | unique_by(.name) | map(.name[0:1]) | join("")
[.orders[].date | select(startswith("2026-03") and endswith("1"))] | unique
[1, null, "a", [2], {"b": 1}, true, false, {"a": 2}, {"a": 1, "b": 0}, [1, 5], "A", -1] | sort, reverse
{"a": {"b": 1}} + {"a": 2, "c": 3}
[3, 1, 2] - [1], (7 % 3), (-7 % 3), (7.9 % -3)
[1, 2.5, "x", [1, {}], null] | map(tostring)
.orders[0].nothing.at.all, null[3], ([1,2][7])
"ünïcödé"[1:3], ("ünïcödé" | length), ("ab" + "cd")
"tab\\t\\"\\\\ \\u00e9 \\ud83d\\ude00 \\u0001\\u007f"
[0.1 + 0.2, 100000000000000000000 + 0, 123456789012 * 1000, 1 / 3, 1e-7 * 1]
[], {}, [[]], ([] | add, min, first), ([[1],[2]] | add), (["a","b"] | add)
.orders | map(.items | length) | add / 72 | floor
."shop", .["currency"], ."orders"[0]."order", (.orders | .[1] | .order)
(1, null) // 2, (null, false) // 3, (empty // 4)
-.orders[0].items[0].price, 1 - 1 - 1, 2 * 3 + 4, 2 + 3 * 4, 12 / 2 / 3
[1,[2,[3]]] | ..
""".strip().splitlines()


@pytest.mark.parametrize("query", FILTERS)
def test_a_filter_means_what_it_means_in_jq(query: str) -> None:
    jq = shutil.which("jq")
    if jq is None:
        pytest.skip("jq is not installed (Debian: jq)")
    for options in ([], ["-c"], ["-r"]):
        expected = subprocess.run([jq, *options, query], input=ORDERS, capture_output=True, check=True).stdout
        assert run_native(QUERY, *options, query, stdin=ORDERS).stdout == expected


@pytest.mark.parametrize(
    ("query", "document"),
    [
        (".orders[] | select(.paid | not) | {name: .customer.name, total: ([.items[].price] | add)}", ORDERS[:5000]),
        (".orders | map(.items | length) | add / 3, sort_by(-.)[0]", b'{"orders": [{"items": [1, 2]}, {"items": []}]}'),
        ("map(.x) | add, min, (sort | .[1:])", b'[{"x": 0.1}, {"x": 2.5e-3}, {"x": 1e21}]'),
    ],
    ids=["cut off", "sorting numbers", "floats"],
)
def test_the_machine_answers_as_this_computer_does(query: str, document: bytes) -> None:
    done = run_native(QUERY, query, stdin=document)
    assert run(QUERY, [query], document) == Outcome(RunStatus.EXITED, done.returncode, done.stdout, done.stderr)


def test_the_machine_finds_the_same_orders() -> None:
    query = ".orders[] | select([.items[] | .price * .count] | add > 100) | .customer.name"
    expected = run_native(QUERY, "-r", query, stdin=ORDERS).stdout
    assert expected.count(b"\n") > 3
    assert run(QUERY, ["-r", query], ORDERS) == Outcome(RunStatus.EXITED, 0, expected, b"")

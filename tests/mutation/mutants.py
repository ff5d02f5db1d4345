"""The mutants of a Solidity file: small faults that somebody could have made, found in the compiler's syntax tree."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

Node = dict[str, Any]
Change = tuple[tuple[int, int], str]
"""From which byte to which, and what is there instead."""

OPERATORS: dict[str, tuple[str, ...]] = {
    "+": ("-",),
    "-": ("+",),
    "*": ("+",),
    "/": ("*", "%"),
    "%": ("*", "/"),
    "**": ("*",),
    "&": ("|", "^"),
    "|": ("&", "^"),
    "^": ("&", "|"),
    "<<": (">>",),
    ">>": ("<<",),
    "<": ("<=", ">="),
    "<=": ("<", ">"),
    ">": (">=", "<="),
    ">=": (">", "<"),
    "==": ("!=",),
    "!=": ("==",),
    "&&": ("||",),
    "||": ("&&",),
}
HALVED = OPERATORS.keys() - {"<", "<=", ">", ">=", "==", "!="}
"""Operators whose left side may stand alone."""
ASSIGNMENTS = {"+=": "-=", "-=": "+=", "|=": "&=", "&=": "|=", "<<=": ">>=", ">>=": "<<=", "*=": "/=", "/=": "*="}
NARROWER = {"256": "128", "128": "64", "80": "72", "64": "32", "32": "16", "16": "8"}
YUL = {
    "add": ("sub",),
    "sub": ("add",),
    "mul": ("add",),
    "and": ("or", "xor"),
    "or": ("and",),
    "xor": ("or", "and"),
    "shl": ("shr",),
    "shr": ("shl", "sar"),
    "sar": ("shr",),
    "lt": ("gt",),
    "gt": ("lt",),
}
ORDERED = {"sub", "shl", "shr", "sar", "lt", "gt", "mstore"}
"""Functions of two arguments whose order matters."""


@dataclass(frozen=True)
class Mutant:
    """One change of one file."""

    file: str
    function: str
    start: int
    """In bytes."""
    before: str
    after: str
    line: str
    """The source line that it begins in."""
    occurrence: int = 1
    """Of this change of such a line in this function, from 1."""

    @property
    def name(self) -> str:
        """What tells it from all others in its function, and stays the same when other lines change."""
        before, after = (" ".join(source.split()) for source in (self.before, self.after))
        number = f" #{self.occurrence}" if self.occurrence > 1 else ""
        return f"{self.line}: {before} -> {after or 'nothing'}{number}"

    def applied_to(self, text: bytes) -> bytes:
        """The file with the change."""
        end = self.start + len(self.before.encode())
        return text[: self.start] + self.after.encode() + text[end:]


Siblings = Mapping[int, tuple[str, ...]]
"""For the number of a declaration, the names of all that could stand in its place, itself among them."""


def siblings_in(trees: Iterable[Node]) -> Siblings:
    """Constants of a library with the same type, fields of a struct, functions with the same parameters and results."""
    groups: dict[tuple[object, ...], list[Node]] = defaultdict(list)
    for contract in (node for tree in trees for node in tree["nodes"] if "nodes" in node):
        for part in contract["nodes"]:
            match part["nodeType"]:
                case "VariableDeclaration":
                    groups[contract["id"], part["visibility"], _type(part)].append(part)
                case "StructDefinition":
                    for member in part["members"]:
                        groups[part["id"], _type(member)].append(member)
                case "FunctionDefinition":
                    lists = (part["parameters"], part["returnParameters"])
                    types = tuple(tuple(_type(each) for each in one["parameters"]) for one in lists)
                    groups[contract["id"], part["visibility"], types].append(part)
    return {part["id"]: tuple(each["name"] for each in group) for group in groups.values() for part in group}


def mutants_of(file: str, text: bytes, tree: Node, siblings: Siblings) -> list[Mutant]:
    """All mutants of a file, in its order."""
    changes = set(_Changes(file, text, siblings).of(tree))
    found = sorted(changes, key=lambda mutant: (mutant.start, mutant.before, mutant.after))
    seen: Counter[tuple[str, str]] = Counter()
    numbered = []
    for mutant in found:
        seen[mutant.function, mutant.name] += 1
        numbered.append(replace(mutant, occurrence=seen[mutant.function, mutant.name]))
    return numbered


class _Changes:
    """Goes through the tree of one file."""

    def __init__(self, file: str, text: bytes, siblings: Siblings) -> None:
        self._file = file
        self._text = text
        self._siblings = siblings
        self._function = ""
        self._by_kind: dict[str, Callable[[Node], Iterator[Change]]] = {
            "BinaryOperation": self._operator,
            "UnaryOperation": self._unary,
            "Assignment": self._assignment,
            "Literal": self._literal,
            "Conditional": self._condition,
            "IfStatement": self._condition,
            "ExpressionStatement": self._removed,
            "Return": self._removed,
            "UncheckedBlock": self._checked,
            "FunctionCall": self._call,
            "Identifier": self._name,
            "MemberAccess": self._name,
            "YulFunctionCall": self._yul_call,
            "YulLiteral": self._yul_literal,
            "YulAssignment": self._yul_removed,
            "YulExpressionStatement": self._yul_removed,
            "YulIf": self._yul_condition,
        }

    def of(self, tree: Node) -> Iterator[Mutant]:
        for contract in (node for node in tree["nodes"] if "nodes" in node):
            for part in contract["nodes"]:
                self._function = part.get("name", "")
                yield from self._below(part.get("body") or part.get("value"))

    def _below(self, node: Any) -> Iterator[Mutant]:
        if isinstance(node, list):
            for element in node:
                yield from self._below(element)
        elif isinstance(node, dict):
            if (changes := self._by_kind.get(node.get("nodeType", ""))) is not None:
                for (start, end), after in changes(node):
                    before = self._text[start:end].decode()
                    if after != before:
                        yield Mutant(self._file, self._function, start, before, after, self._line(start))
            for child in node.values():
                yield from self._below(child)

    def _line(self, place: int) -> str:
        start, end = self._text.rfind(b"\n", 0, place) + 1, self._text.index(b"\n", place)
        return self._text[start:end].decode().strip()

    def _source(self, node: Node) -> str:
        start, end = _span(node)
        return self._text[start:end].decode()

    # ------------------------------------------------------------ Solidity

    def _operator(self, node: Node) -> Iterator[Change]:
        left, right, operator = node["leftExpression"], node["rightExpression"], node["operator"]
        middle = self._text[_span(left)[1] : _span(right)[0]].decode()
        for other in OPERATORS[operator]:
            yield _span(node), self._source(left) + middle.replace(operator, other) + self._source(right)
        if operator in HALVED:
            yield _span(node), self._source(left)
        if operator in ("&&", "||", "|", "+"):
            yield _span(node), self._source(right)

    def _unary(self, node: Node) -> Iterator[Change]:
        if node["operator"] in ("!", "~", "-"):
            yield _span(node), self._source(node["subExpression"])
        elif node["operator"] in ("++", "--"):
            yield _span(node), self._source(node).replace(*("++", "--") if node["operator"] == "++" else ("--", "++"))

    def _assignment(self, node: Node) -> Iterator[Change]:
        if node["operator"] in ASSIGNMENTS:
            yield _span(node), self._source(node).replace(node["operator"], ASSIGNMENTS[node["operator"]], 1)

    def _literal(self, node: Node) -> Iterator[Change]:
        if node["kind"] == "bool":
            yield _span(node), "false" if node["value"] == "true" else "true"
        elif node["kind"] == "number":
            yield from ((_span(node), number) for number in _neighbours(node["value"]))

    def _condition(self, node: Node) -> Iterator[Change]:
        yield _span(node["condition"]), "true"
        yield _span(node["condition"]), "false"

    def _removed(self, node: Node) -> Iterator[Change]:
        start, end = _span(node)
        yield (start, self._text.index(b";", end) + 1), "{}"

    def _checked(self, node: Node) -> Iterator[Change]:
        start, _ = _span(node)
        yield (start, start + len("unchecked")), ""

    def _call(self, node: Node) -> Iterator[Change]:
        name, arguments = self._source(node["expression"]), node["arguments"]
        if node["kind"] == "typeConversion":
            width, held = (re.fullmatch(r"u?int(\d+)", of) for of in (name, _type(arguments[0])))
            if width and width[1] in NARROWER and not (held and int(held[1]) <= int(NARROWER[width[1]])):
                narrow = name.replace(width[1], NARROWER[width[1]])
                yield _span(node), f"{name}({narrow}({self._source(arguments[0])}))"
            return
        for one, other in pairwise(arguments):
            if _type(one) == _type(other):
                yield self._swapped(one, other)

    def _swapped(self, one: Node, other: Node) -> Change:
        (start, end), (other_start, other_end) = _span(one), _span(other)
        between = self._text[end:other_start].decode()
        return (start, other_end), self._source(other) + between + self._source(one)

    def _name(self, node: Node) -> Iterator[Change]:
        """The next one of those that could be meant instead."""
        names = self._siblings.get(node.get("referencedDeclaration") or 0, ())
        if len(names) > 1:
            name = node.get("memberName") or node["name"]
            source = self._source(node)
            yield _span(node), source.removesuffix(name) + names[(names.index(name) + 1) % len(names)]

    # ------------------------------------------------------------ assembly

    def _yul_call(self, node: Node) -> Iterator[Change]:
        name, arguments = node["functionName"]["name"], node["arguments"]
        for other in YUL.get(name, ()):
            yield _span(node), other + self._source(node).removeprefix(name)
        if name in ORDERED:
            yield self._swapped(*arguments)

    def _yul_literal(self, node: Node) -> Iterator[Change]:
        yield from ((_span(node), number) for number in _neighbours(node["value"]))

    def _yul_removed(self, node: Node) -> Iterator[Change]:
        yield _span(node), ""

    def _yul_condition(self, node: Node) -> Iterator[Change]:
        yield _span(node["condition"]), "1"
        yield _span(node["condition"]), "0"


def _span(node: Node) -> tuple[int, int]:
    start, length, _ = map(int, node["src"].split(":"))
    return start, start + length


def _type(node: Node) -> str:
    return str(node["typeDescriptions"].get("typeString"))


def _neighbours(number: str) -> Iterator[str]:
    """The numbers next to one, written as it is; of a hash one of them is enough."""
    value = int(number, 0)
    for other in (value + 1, value - 1) if value.bit_length() <= 64 else (value ^ 1,):
        if other >= 0:
            yield f"0x{other:0{len(number) - 2}x}" if number.startswith("0x") else str(other)

"""Writes the reference of the contracts' events and errors, docs/events.md and docs/errors.md: `make reference`.

All of it is in the interfaces (declarations and NatSpec), the ABIs, `assay.chain.refusals` (what to do), and the
docstrings of exceptions. A test compares the pages with what this writes.
"""

import inspect
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import assay.errors
import assay.sdk.errors
from assay.chain.refusals import EXPLANATIONS
from assay.cli.main import EXIT_STATUS

CHECKOUT = Path(__file__).resolve().parent.parent
INTERFACES = CHECKOUT / "interfaces"
ABIS = CHECKOUT / "assay" / "chain" / "abi"
DECLARED = re.compile(
    r"((?:^ *///[^\n]*\n)*)^ *(?P<kind>error|event) (?P<name>\w+)\((?P<parameters>[^)]*)\)", re.MULTILINE
)


@dataclass(frozen=True)
class Declaration:
    """An event or an error of an interface."""

    name: str
    parameters: str
    says: str
    """Its NatSpec, in one line."""

    @property
    def signature(self) -> str:
        """As it is declared, in one line."""
        return f"{self.name}({self.parameters})"


def declarations(interface: Path, kind: str) -> Iterator[Declaration]:
    """The events, or errors, of one interface, in its order."""
    for found in DECLARED.finditer(interface.read_text()):
        if found["kind"] == kind:
            lines = (line.strip().removeprefix("///").strip() for line in found[1].splitlines())
            says = re.sub(r"@(notice|dev) ", "", " ".join(line for line in lines if not line.startswith("@param")))
            yield Declaration(found["name"], " ".join(found["parameters"].split()), says.strip())


def inherited(kind: str) -> Iterator[Declaration]:
    """What the contracts declare, and no interface: it comes from their libraries."""
    known = {each.name for interface in INTERFACES.glob("*.sol") for each in declarations(interface, kind)}
    for abi in sorted(ABIS.glob("*.json")):
        for entry in json.loads(abi.read_text()):
            if entry["type"] == kind and entry["name"] not in known:
                known.add(entry["name"])
                indexed = {False: "", True: "indexed "}
                parts = (
                    f"{each['type']} {indexed[each.get('indexed', False)]}{each['name']}" for each in entry["inputs"]
                )
                yield Declaration(entry["name"], ", ".join(part.strip() for part in parts), "")


def explanation(declared: Declaration) -> str:
    """What an error says to people, with its arguments as such, and its NatSpec."""
    explained = re.sub(r"\{(\w+)(:\w+)?\}", r"*\1*", EXPLANATIONS.get(declared.name, ""))
    return " ".join(filter(None, [explained and explained + ".", declared.says]))


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def events_page() -> str:
    """docs/events.md."""
    lines = [
        "# Events",
        "",
        "What the contracts tell, by interface: the index, the agent and `assay show` are made of nothing else.",
        "`make reference` writes this page from the interfaces' NatSpec.",
    ]
    for interface in sorted(INTERFACES.glob("*.sol")):
        found = list(declarations(interface, "event"))
        if found:
            lines += ["", f"## {interface.stem}", "", "| event | |", "|---|---|"]
            lines += [f"| `{each.signature}` | {_cell(each.says)} |" for each in found]
    lines += ["", "## Of the libraries that they use", "", "| event | |", "|---|---|"]
    lines += [f"| `{each.signature}` | |" for each in inherited("event")]
    return "\n".join(lines) + "\n"


def errors_page() -> str:
    """docs/errors.md."""
    lines = [
        "# Errors",
        "",
        "Why something is refused: by the command line, by the Python library, by the contracts.",
        "`make reference` writes this page from the code and its documentation.",
        "",
        "## Exit status of `assay`",
        "",
        "By the exception that ends a command; the others are in [cli.md](cli.md#exit-status).",
        "",
        "| exception | status |",
        "|---|---|",
        *(f"| `{kind.__name__}` | {status} |" for kind, status in EXIT_STATUS),
    ]
    for module, about in ((assay.errors, "Exceptions"), (assay.sdk.errors, "Exceptions of the Python library")):
        lines += ["", f"## {about}: `{module.__name__}`", "", "| exception | is a | |", "|---|---|---|"]
        for name, kind in vars(module).items():
            if inspect.isclass(kind) and kind.__module__ == module.__name__ and not name.startswith("_"):
                says = " ".join((inspect.getdoc(kind) or "").split("\n\n")[0].split())
                base = next(each.__name__ for each in kind.__mro__[1:] if not each.__name__.startswith("_"))
                lines.append(f"| `{name}` | `{base}` | {_cell(says)} |")
    lines += [
        "",
        "## Errors of the contracts",
        "",
        "As commands and exceptions (`ContractError`) tell them, with the arguments in the braces' places.",
    ]
    for interface in sorted(INTERFACES.glob("*.sol")):
        found = list(declarations(interface, "error"))
        if found:
            lines += ["", f"### {interface.stem}", "", "| error | what it says |", "|---|---|"]
            lines += [f"| `{each.signature}` | {_cell(explanation(each))} |" for each in found]
    lines += ["", "### Of the libraries that they use", "", "| error | what it says |", "|---|---|"]
    lines += [f"| `{each.signature}` | {_cell(explanation(each))} |" for each in inherited("error")]
    return "\n".join(lines) + "\n"


PAGES = {"events.md": events_page, "errors.md": errors_page}


def main() -> None:
    """Write both."""
    for name, page in PAGES.items():
        (CHECKOUT / "docs" / name).write_text(page())


if __name__ == "__main__":
    main()

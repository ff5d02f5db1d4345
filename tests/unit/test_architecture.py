"""The import rules: which part may know which other (CONTRIBUTING.md, "Who may import whom")."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]

# A package or file, and the modules that nothing in it may import.
FORBIDDEN = [
    ("assay", {"brownie", "provider_agent", "demo", "scripts", "tests"}),
    ("provider_agent", {"brownie", "web3", "demo", "scripts", "tests"}),
    ("demo", {"brownie", "web3", "tests"}),
    ("assay/machines", {"web3", "eth_account", "eth_abi", "assay.chain", "assay.client", "assay.store", "assay.cli"}),
    ("assay/dispute", {"web3", "eth_account", "eth_abi", "assay.chain", "assay.client", "assay.store", "assay.cli"}),
    ("assay/native", {"web3", "assay.chain", "assay.machines", "assay.dispute", "assay.client", "assay.cli"}),
    ("assay/store", {"web3", "assay.chain", "assay.client", "assay.cli", "assay.machines", "assay.dispute"}),
    ("assay/chain", {"assay.client", "assay.cli", "assay.store", "assay.index"}),
    ("assay/index", {"web3", "assay.client", "assay.cli", "assay.machines", "assay.console"}),
    ("assay/client", {"web3", "assay.cli", "assay.console"}),
    ("assay/console", {"web3", "assay.sdk", "click"}),
    ("assay/sdk", {"web3", "assay.cli", "click"}),
    ("assay/cli", {"web3", "assay.sdk"}),
]


def imports_of(source: Path, package: str) -> Iterator[str]:
    """Every module that `source` imports, by its full name, wherever in the file the import stands."""
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parent = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            module = ".".join([*parent, node.module] if node.module else parent)
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def sources_under(part: str) -> list[Path]:
    return sorted((CHECKOUT / part).rglob("*.py"))


@pytest.mark.parametrize(("part", "forbidden"), FORBIDDEN, ids=[part for part, _ in FORBIDDEN])
def test_a_part_imports_nothing_that_it_may_not_know(part: str, forbidden: set[str]) -> None:
    sources = sources_under(part)
    assert sources, f"{part} has no Python files: the rule about it is outdated"
    violations = [
        f"{source.relative_to(CHECKOUT)} imports {module}"
        for source in sources
        for module in imports_of(source, ".".join(source.relative_to(CHECKOUT).parent.parts))
        if any(module == name or module.startswith(f"{name}.") for name in forbidden)
    ]
    assert violations == []


def test_only_scripts_and_tests_import_brownie_and_only_chain_imports_web3() -> None:
    tracked = [path for part in ("assay", "provider_agent", "demo", "tools", "guest") for path in sources_under(part)]
    assert tracked
    for source in tracked:
        name = source.relative_to(CHECKOUT)
        roots = {module.split(".")[0] for module in imports_of(source, ".".join(name.parent.parts))}
        assert "brownie" not in roots, name
        assert "web3" not in roots or name.is_relative_to("assay/chain"), name

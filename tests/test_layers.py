"""
Tests which modules of ``groupchat/`` may import which: the table in docs/architecture.rst is the
rule.

Imports for types alone (under ``if TYPE_CHECKING``) are free; imports inside functions are not.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

#: Imports that still break the rule, as packages: each entry goes as soon as nothing needs it.
EXCEPTIONS: set[tuple[str, str]] = set()


def layers() -> dict[str, int]:
    """Each package and module with the number of its layer, read from the document; 0 is lowest."""
    page = (ROOT / "docs" / "architecture.rst").read_text()
    (table,) = re.findall(r"^Layers\n-+\n[\s\S]*?::\n\n((?: +\S.*\n)+)", page, re.MULTILINE)
    return {name: number for number, row in enumerate(table.splitlines()) for name in row.split()}


def files() -> dict[str, Path]:
    """Each module of the package by its name, without ``groupchat.`` in front."""
    root = ROOT / "groupchat"
    found = {}
    for path in root.rglob("*.py"):
        parts = path.relative_to(root).with_suffix("").parts
        found[".".join(parts).removesuffix("__init__").rstrip(".")] = path
    return found


def imports(node: ast.AST) -> Iterator[str]:
    """Everything that is imported at run time, as ``module`` or ``module.name``."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr):
            continue  # no expression imports anything; most of a tree is expressions
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            yield from (f"{child.module}.{alias.name}" for alias in child.names)
        yield from imports(child)


def graph() -> dict[str, set[str]]:
    """Each module with those of ours that it imports."""
    modules = files()
    return {
        name: {
            defining(imported, modules)
            for imported in imports(ast.parse(path.read_text()))
            if imported.startswith("groupchat.")
        }
        for name, path in modules.items()
    }


def defining(imported: str, modules: Collection[str]) -> str:
    """Returns the module that this import takes, or takes something out of."""
    name = imported.removeprefix("groupchat.")
    while name not in modules:
        name = name.rpartition(".")[0]
    return name


def top(module: str) -> str:
    return module.partition(".")[0]


@pytest.fixture(scope="module")
def imported() -> dict[str, set[str]]:
    return graph()


def test_the_document_gives_each_module_a_layer(imported):
    assert {top(module) for module in imported} - {""} <= layers().keys()


def test_a_module_imports_only_from_lower_layers_and_its_own_package(imported):
    level = layers()
    broken = {
        (top(module), top(other))
        for module, others in imported.items()
        for other in others - {""}
        if top(module) != top(other) and level[top(module)] <= level[top(other)]
    }
    assert broken - EXCEPTIONS == set()
    assert EXCEPTIONS - broken == set(), "no longer needed: take it out of EXCEPTIONS"


def test_no_modules_import_each_other(imported):
    TopologicalSorter(imported).prepare()  # raises CycleError, which names the modules


def test_the_wire_and_the_core_know_no_reactor_and_no_clock():
    pure = {name: path for name, path in files().items() if top(name) in ("wire", "core")}
    assert pure
    found = {name: set(imports(ast.parse(path.read_text()))) for name, path in pure.items()}
    assert [name for name in found if any(is_reactor(one) for one in found[name])] == []
    assert [name for name in found if any(is_clock(one) for one in found[name])] == []


def is_reactor(imported: str) -> bool:
    """Whether it is, or needs, a reactor; a Deferred does not."""
    module = f"{imported}."
    return module.startswith("twisted.internet.") and not module.startswith(
        "twisted.internet.defer."
    )


def is_clock(imported: str) -> bool:
    return f"{imported}.".startswith("time.")


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("from twisted.internet import defer", ["twisted.internet.defer"]),
        ("def later():\n    import time", ["time"]),
        ("if TYPE_CHECKING:\n    import time", []),
        ("if typing.TYPE_CHECKING:\n    import time\nimport re", ["re"]),
    ],
)
def test_imports_are_found_wherever_they_run(code, expected):
    assert list(imports(ast.parse(code))) == expected


def test_the_architecture_lists_every_module():
    page = (ROOT / "docs" / "architecture.rst").read_text()
    listed = set(re.findall(r"^ +(\w+\.py) ", page.split("\nModules\n", 1)[1], re.MULTILINE))
    there = {path.name for path in files().values()} - {"__init__.py"}
    assert there - listed == set() and listed - there <= {"__init__.py"} | {
        path.name for path in (ROOT / "twisted").rglob("*.py")
    }

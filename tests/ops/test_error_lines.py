"""
docs/operating.rst says what to do about each line by which the server can't start, and each line of
its log with the level error or critical.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
#: the server's folders are all but these
OTHERS = {"client", "cli", "testing", "admin"}
ERRORS = {"CannotStart", "CannotStartYet", "CannotOpen", "CannotOpenYet", "not_started"}
LEVELS = {"error", "critical", "failure"}
LONG_ENOUGH = 10  #: letters by which a line is recognised


def lines() -> Iterator[tuple[str, str]]:
    """Yield the place of each such line in the source, and the longest part of its text."""
    for path in sorted((ROOT / "groupchat").rglob("*.py")):
        name = path.relative_to(ROOT)
        if name.parts[1] in OTHERS:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and node.args and _is_error(node.func):
                part = max(_parts(node.args[0]), key=len, default="")
                if len(part) >= LONG_ENOUGH:
                    yield f"{name}:{node.lineno}", part


def _is_error(called: ast.expr) -> bool:
    if isinstance(called, ast.Attribute):
        logs = isinstance(called.value, ast.Attribute) and called.value.attr in ("log", "_log")
        return called.attr in LEVELS and logs or called.attr in ERRORS
    return isinstance(called, ast.Name) and called.id in ERRORS


def _parts(text: ast.expr) -> Iterator[str]:
    """Yield the parts of a text between the values that it is formatted with."""
    found = text.values if isinstance(text, ast.JoinedStr) else [text]
    for value in found:
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            for part in re.split(r"\{[^}]*\}", value.value):
                yield " ".join(part.strip(' .:;,"(').split())


LINES = list(lines())


@pytest.fixture(scope="module")
def section() -> str:
    """The section of the document, as one line."""
    _, _, text = (ROOT / "docs" / "operating.rst").read_text().partition("\nError lines\n")
    return " ".join(text.replace("``", "").split())


def test_there_are_such_lines():
    assert len(LINES) > 30


@pytest.mark.parametrize(("place", "part"), LINES, ids=lambda value: value)
def test_the_document_has_each_of_them(section, place, part):
    assert part in section

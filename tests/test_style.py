"""
The style of all files, and the types.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def clean(*command: str) -> None:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_ruff_finds_nothing(needs):
    clean(needs("ruff"), "check", "--no-cache", ".")


def test_ruff_would_format_nothing(needs):
    clean(needs("ruff"), "format", "--no-cache", "--check", ".")


def test_codespell_finds_nothing(needs):
    clean(needs("codespell"))


@pytest.mark.slow
@pytest.mark.limit(120)
def test_mypy_finds_nothing_and_few_expressions_are_imprecise(needs, tmp_path):
    clean(needs("mypy"), "--any-exprs-report", str(tmp_path))
    (precise,) = re.findall(
        r"^ *Total .* ([0-9.]+)%$", (tmp_path / "any-exprs.txt").read_text(), re.M
    )
    assert float(precise) > 98


def test_any_is_rare_and_has_its_reason_beside_it():
    found = list(uses_of_any())
    assert len(found) <= 25
    assert [where for where, has_reason in found if not has_reason] == []


def uses_of_any() -> Iterator[tuple[str, bool]]:
    """Each line of the package with an Any, and whether it or the line before has a comment."""
    for path in (ROOT / "groupchat").rglob("*.py"):
        lines = path.read_text().splitlines()
        for number, (before, line) in enumerate(pairwise(["", *lines]), 1):
            code = line.partition("#")[0]
            if re.search(r"\bAny\b", code) and not re.match(r" *(from|import) |[^\"]*\"\"\"", line):
                yield f"{path}:{number}", "#" in line or before.lstrip().startswith("#")


def test_twisteds_own_directories_hold_the_plugins_and_nothing_else():
    files = {
        path.name
        for path in (ROOT / "twisted").rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert files - {"dropin.cache"} == {"groupchat_auth.py", "groupchat_plugin.py"}

"""
The style of all files, and the types.
"""

from __future__ import annotations

import subprocess
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
def test_mypy_finds_nothing(needs):
    clean(needs("mypy"))


def test_twisteds_own_directories_hold_the_plugins_and_nothing_else():
    files = {
        path.name
        for path in (ROOT / "twisted").rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert files - {"dropin.cache"} == {"groupchat_auth.py", "groupchat_plugin.py"}

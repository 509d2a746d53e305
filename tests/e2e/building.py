"""
Builds the distributions of the project, and finds its code of earlier.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

__all__ = ["ROOT", "SHIPPED", "build", "build_wheel", "extract", "is_known"]

ROOT = Path(__file__).parents[2]
SHIPPED = ["setup.cfg", "pyproject.toml", "README.rst", "CONTRIBUTING.rst", "LICENSE", "ruff.toml"]
SHIPPED += ["Containerfile", "groupchat", "twisted", "tests", "docs", "etc"]
BUILD = """
import sys
from setuptools import build_meta
_, target, *distributions = sys.argv
for distribution in distributions:
    getattr(build_meta, f"build_{distribution}")(target)
"""


def build(source: Path, target: Path) -> tuple[Path, Path]:
    """Build the project as it is, from a copy of it."""
    leave_out = shutil.ignore_patterns("__pycache__", "dropin.cache")
    for name in SHIPPED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, ignore=leave_out)
        else:
            shutil.copy(ROOT / name, source)
    _run(source, target, "wheel", "sdist")
    (wheel,), (sdist,) = target.glob("*.whl"), target.glob("*.tar.gz")
    return wheel, sdist


def build_wheel(source: Path, target: Path) -> Path:
    """Build the wheel of what is in a folder."""
    _run(source, target, "wheel")
    (wheel,) = target.glob("*.whl")
    return wheel


def is_known(commit: str) -> bool:
    """Whether the checkout has a commit."""
    asked = ["git", "-C", ROOT, "cat-file", "-e", commit]
    try:
        return subprocess.run(asked, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def extract(commit: str, folder: Path, *names: str) -> None:
    """Put what a commit has under these names into a folder."""
    code = folder / f"{commit}.tar"
    subprocess.run(["git", "-C", ROOT, "archive", "-o", code, commit, *names], check=True)
    subprocess.run(["tar", "-x", "-f", code, "-C", folder], check=True)
    code.unlink()


def _run(source: Path, target: Path, *distributions: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", BUILD, target, *distributions],
        cwd=source,
        env={**os.environ, "SOURCE_DATE_EPOCH": "1700000000"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr

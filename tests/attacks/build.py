"""
The generator of connections: compiled into a folder of its own for each run.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).parent


class CannotBuild(Exception):
    """There is no compiler, or it does not like what it reads."""


def build(folder: Path) -> Path:
    """
    Compile knock.c. Returns where the program is.

    :param folder: that it goes to.
    :raises CannotBuild: it can't be compiled.
    """
    if not shutil.which("cc"):
        raise CannotBuild("needs cc: install gcc")
    program = folder / "knock"
    done = subprocess.run(
        ["cc", "-O2", "-Wall", "-Wextra", "-o", program, HERE / "knock.c"],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    if done.returncode:
        raise CannotBuild(f"knock.c:\n{done.stderr}")
    return program

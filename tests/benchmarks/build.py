"""
The programs in C and C++, compiled into a folder of their own for each run.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
_FLAGS = ["-O2", "-Wall", "-Wextra"]
_MEMBERS = ["member.c", "wires.c"]


class Programs(NamedTuple):
    """
    Where they are.

    :ivar thread_per_client: None where there is no C++ compiler.
    :ivar tls: whether those in C can speak TLS.
    """

    load: Path
    restart: Path
    baseline: Path
    thread_per_client: Path | None
    tls: bool


class CannotBuild(Exception):
    """There is no compiler, or it does not like what it reads."""


def build(folder: Path) -> Programs:
    """
    Compile all of them.

    :param folder: that they go to.
    :raises CannotBuild: one of those in C can't be compiled.
    """
    if not shutil.which("cc"):
        raise CannotBuild("needs cc: install gcc")
    programs = Programs(
        folder / "load",
        folder / "restart",
        folder / "baseline",
        folder / "threads" if shutil.which("c++") else None,
        has_openssl(),
    )
    tls = ["-DTLS", "-lssl", "-lcrypto"] if programs.tls else []
    _compile("cc", ["load.c", *_MEMBERS], programs.load, tls)
    _compile("cc", ["restart.c", *_MEMBERS], programs.restart, tls)
    _compile("cc", ["baseline.c"], programs.baseline, tls)
    if programs.thread_per_client:
        _compile("c++", ["thread_per_client.cpp"], programs.thread_per_client, ["-pthread"])
    return programs


def has_openssl() -> bool:
    """Whether OpenSSL's headers are here: without them, the programs do without TLS."""
    headers = subprocess.run(
        ["cc", "-E", "-x", "c", "-"],
        input=b"#include <openssl/ssl.h>\n",
        capture_output=True,
        check=False,
    )
    return headers.returncode == 0


def _compile(compiler: str, sources: list[str], program: Path, more: list[str]) -> None:
    done = subprocess.run(
        [compiler, *_FLAGS, "-o", program, *(HERE / source for source in sources), *more],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    if done.returncode:
        raise CannotBuild(f"{sources[0]}:\n{done.stderr}")

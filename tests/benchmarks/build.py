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


class Programs(NamedTuple):
    """
    Where they are.

    :ivar thread_per_client: None where there is no C++ compiler.
    :ivar tls: whether the load can speak TLS.
    """

    load: Path
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
    load, baseline, threads = folder / "load", folder / "baseline", folder / "threads"
    _compile("cc", HERE / "baseline.c", baseline)
    tls = _with_tls(load)
    if not tls:
        _compile("cc", HERE / "load.c", load)
    if shutil.which("c++"):
        _compile("c++", HERE / "thread_per_client.cpp", threads, "-pthread")
    return Programs(load, baseline, threads if threads.exists() else None, tls)


def _with_tls(load: Path) -> bool:
    """OpenSSL's headers may be missing: then the load does without."""
    headers = subprocess.run(
        ["cc", "-E", "-x", "c", "-"],
        input=b"#include <openssl/ssl.h>\n",
        capture_output=True,
        check=False,
    )
    if headers.returncode == 0:
        _compile("cc", HERE / "load.c", load, "-DTLS", "-lssl", "-lcrypto")
    return headers.returncode == 0


def _compile(compiler: str, source: Path, program: Path, *more: str) -> None:
    done = subprocess.run(
        [compiler, *_FLAGS, "-o", program, source, *more],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    if done.returncode:
        raise CannotBuild(f"{source.name}:\n{done.stderr}")

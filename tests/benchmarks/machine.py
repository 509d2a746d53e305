"""
The machine on which it is measured, and what runs on it.
"""

from __future__ import annotations

import os
import platform
import re
import sqlite3
import ssl
import subprocess
from importlib.metadata import version
from pathlib import Path

from tests.benchmarks.irc import Inspircd, IrcServer, Ngircd


def facts(scratch: Path) -> dict[str, str]:
    """:param scratch: where the ledgers are."""
    return {
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.1f} GiB",
        "kernel": f"{platform.system()} {platform.release()}",
        "file system": _file_system(scratch),
        "Python": platform.python_version(),
        "Twisted": version("twisted"),
        "OpenSSL": ssl.OPENSSL_VERSION,
        "msgspec": version("msgspec"),
        "SQLite": sqlite3.sqlite_version,
        **{irc.name: _version(irc) for irc in (Ngircd(), Inspircd()) if not irc.missing()},
    }


def _processor() -> str:
    found = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    return found[1] if found else platform.machine()


def _file_system(path: Path) -> str:
    """The type of the file system under a path: that of its longest mount point."""
    mounts = [line.split()[1:3] for line in Path("/proc/mounts").read_text().splitlines()]
    above = [(len(point), kind) for point, kind in mounts if path.resolve().is_relative_to(point)]
    return max(above)[1]


def _version(server: IrcServer) -> str:
    told = subprocess.run(
        [str(server.program()), "--version"], capture_output=True, text=True, check=False
    ).stdout
    found = re.search(r"\d+(\.\d+)+|\d+", told)
    return found[0] if found else "?"

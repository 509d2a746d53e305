"""
A machine with a real systemd, which is booted for one script and its results: a container on an
overlay of this machine, of which nothing is left.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

__all__ = ["ROOT", "Done", "boot", "prepare"]

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PROGRAMS = {
    "systemd-nspawn": "systemd-container",
    "unshare": "util-linux",
    "ip": "iproute2",
    "openssl": "openssl",
    "nc": "netcat-openbsd",
}


class Done:
    """
    The results of the steps that were done in the container.

    :param directory: of the results, two files for each step.
    """

    def __init__(self, directory: Path, said: str) -> None:
        self._directory = directory
        self._said = said

    def status(self, step: str) -> int:
        file = self._directory / f"{step}.status"
        assert file.exists(), f"{step} was not done.\n{self._said}\n{self._log()}"
        return int(file.read_text())

    def said(self, step: str) -> str:
        return (self._directory / step).read_text()

    def state(self, step: str) -> dict[str, str]:
        """The properties of the unit that this step showed."""
        return dict(
            line.split("=", 1) for line in self.said(step).splitlines() if not line.startswith("+")
        )

    def journal(self) -> list[tuple[int, str]]:
        """The daemon's own lines, each with its priority."""
        entries = map(json.loads, self.said("journal").splitlines())
        return [
            (int(entry["PRIORITY"]), entry["MESSAGE"])
            for entry in entries
            if entry["_COMM"] == "twistd"
        ]

    def _log(self) -> str:
        log = self._directory / "log"
        return log.read_text() if log.exists() else ""


def remove_cgroups(name: str) -> None:
    for hierarchy in ("", "systemd", "unified"):
        top = Path("/sys/fs/cgroup", hierarchy, name)
        for folder in [*sorted(top.rglob("*/"), reverse=True), top]:
            with contextlib.suppress(OSError):
                folder.rmdir()


def prepare(sandbox: Path, needs: Callable[..., str], script: str) -> Path:
    """
    Return the directory of the results, which the script finds at /results.

    Skips the test if this machine can't boot a container.
    """
    if os.geteuid() != 0:
        pytest.skip("only root can boot a container")
    for program, package in PROGRAMS.items():
        needs(program, package)
    results = sandbox / "results"
    for folder in (results, results / "bin"):
        folder.mkdir()
    shutil.copy(HERE / script, results / "inside.sh")
    shutil.copy(HERE / "steps.sh", results)
    return results


@contextlib.contextmanager
def boot(results: Path, limit: float) -> Iterator[Done]:
    """
    Boot the machine, and run the script in it.

    :param limit: seconds for that.
    """
    room = results.parent / "room"
    room.mkdir()
    name = f"groupchat-trial-{os.getpid()}"
    arguments = [room, results, ROOT, sysconfig.get_path("purelib"), sys.base_prefix, name]
    command = ["unshare", "--mount", "--kill-child", "bash", HERE / "outside.sh", *arguments]
    try:
        ran = subprocess.run(
            list(map(str, command)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=limit,
            check=False,
        )
        yield Done(results, ran.stdout)
    finally:
        remove_cgroups(name)

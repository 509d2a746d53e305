"""
The daemon under attack: the real one, started as its users start it.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.attacks.daemon import COUNTS
from tests.benchmarks.servers import READY, Running, Server

PLACES = 500


class Facts(NamedTuple):
    """
    Memory, descriptors and objects that the daemon holds.

    :ivar memory: KiB that it occupies.
    :ivar counts: the numbers of sessions, protocols, timers and so on; unknown for a server that
        was running already.
    """

    memory: int = 0
    descriptors: int = 0
    threads: int = 0
    counts: dict[str, int] = {}

    def more_than(self, before: Facts) -> list[str]:
        """
        Returns what there is more of than before, memory left out; one or two timers more mean
        nothing, since they come and go.
        """
        more = {
            "descriptors": self.descriptors - before.descriptors,
            "threads": self.threads - before.threads,
        }
        for kind, held in self.counts.items():
            more[kind] = held - before.counts.get(kind, 0) - (2 if kind == "timers" else 0)
        return [f"{surplus} more {what}" for what, surplus in more.items() if surplus > 0]


class Target:
    """
    :param port: of the server.
    :param pid: of its process, if it was started here.
    :param folder: in which it runs.
    """

    def __init__(self, port: int, pid: int = 0, folder: Path | None = None) -> None:
        self.port = port
        self._running = Running(port, pid)
        self._folder = folder

    def cpu(self) -> float:
        """Seconds of CPU that it has used; 0 where that is not known."""
        return self._running.cpu() if self._running.pid else 0.0

    def facts(self) -> Facts:
        """Returns what the daemon holds now."""
        pid = self._running.pid
        if not pid:
            return Facts()
        descriptors, threads = (len(os.listdir(f"/proc/{pid}/{what}")) for what in ("fd", "task"))
        return Facts(self._running.memory(), descriptors, threads, self._counts())

    def _counts(self) -> dict[str, int]:
        assert self._folder is not None
        file = self._folder / COUNTS
        file.unlink(missing_ok=True)
        os.kill(self._running.pid, signal.SIGUSR2)
        until = time.monotonic() + READY
        while not file.exists():
            if time.monotonic() > until:
                raise TimeoutError("The daemon does not tell what it holds.")
            time.sleep(0.01)
        counts: dict[str, int] = json.loads(file.read_text())
        return counts


class Daemon(Server):
    """``twistd groupchat`` with a ledger on disk, all its limits as they are by default."""

    name = "groupchat"

    def command(self, folder: Path, port: int) -> list[str]:
        self._folder = folder
        command = [
            sys.executable,
            "-m",
            "tests.attacks.daemon",
            "-n",
            "--pidfile=",
            "groupchat",
            "--port",
            str(port),
        ]
        return [*command, "--max", str(PLACES), "--ledger", f"sqlite:{folder / 'groupchat.db'}"]

    @contextmanager
    def attacked(self, scratch: Path | None = None, pin: bool = False) -> Iterator[Target]:
        """
        Start it, and end it.

        :param pin: whether it has a core to itself, and everyone else the others.
        """
        with _cores(pin, 0), self.running(scratch) as running, _cores(pin, 1):
            yield Target(running.port, running.pid, self._folder)


@contextmanager
def _cores(pin: bool, place: int) -> Iterator[None]:
    """Start programs on the first core (place 0), or on the others."""
    every = os.sched_getaffinity(0)
    first = {min(every)}
    if pin and every - first:
        os.sched_setaffinity(0, (every - first) if place else first)
    try:
        yield
    finally:
        os.sched_setaffinity(0, every)

"""
The real daemon, in a process of its own, on a disk of ours.
"""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.protocol import ProcessProtocol

from groupchat.accounts.passwords import CHEAP, Passwords
from groupchat.accounts.storage import Storage
from groupchat.accounts.store import AccountStore
from groupchat.core.permissions import Account, AuditEntry

ROOT = Path(__file__).parents[2]
START = 60.0  #: seconds until it listens, on a busy machine
END = 15.0  #: seconds until it has ended
EXCERPT = 3000  #: characters of a log that are shown
UNKNOWN = 70  #: the status of one that does not know what it has stored
_LISTENS = re.compile(r"Listening on port (\d+)")
_WRONG = re.compile(r"Traceback|Unhandled|could not be shown|could not be handled")


PASSWORD = "correct horse"


def register(names: Iterable[str], path: str, storage: Storage | None = None) -> None:
    """Give these people accounts, with the password `PASSWORD`."""
    store = AccountStore(path, Passwords(CHEAP), storage)
    store.open()
    for name in names:
        store.register(Account(name), PASSWORD, AuditEntry(0, name, "register"))
    store.close()


class _Process(ProcessProtocol):
    """One run of it."""

    def __init__(self) -> None:
        self.listening: Deferred[int] = Deferred()
        self.ended: Deferred[int] = Deferred()
        self.text = ""
        self.status: int | None = None

    def outReceived(self, data: bytes) -> None:
        self.text = (self.text + data.decode(errors="replace"))[-20_000:]
        found = _LISTENS.search(self.text)
        if found and not self.listening.called:
            self.listening.callback(int(found[1]))

    errReceived = outReceived

    def processEnded(self, reason: Any) -> None:
        self.status = reason.value.exitCode if reason.value.signal is None else -reason.value.signal
        if not self.listening.called:
            self.listening.errback(AssertionError(f"it did not start: {self.text}"))
        self.ended.callback(self.status)


class Server:
    """
    :param directory: where it runs.
    :param ledger: where it stores.
    :param build: which broken build; "": the real one.
    :param environment: more variables for its process.
    :ivar port: where the running one listens.
    :ivar wrong: what a log or an exit status told that must not be.
    """

    def __init__(
        self,
        directory: Path,
        ledger: str,
        build: str = "",
        environment: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.port = 0
        self.wrong: list[str] = []
        self._directory = directory
        self._ledger = ledger
        self._environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "HOME": str(directory),
            **environment,
        }
        self._build = build
        self._process: _Process | None = None

    def _command(self) -> list[str]:
        twistd = str(Path(sys.executable).with_name("twistd"))
        program = ["-m", "tests.faults.broken", self._build] if self._build else [twistd]
        options = ["--port", "0", "--max", "50", "--rate", "0", "--ledger", self._ledger]
        return [sys.executable, *program, "-n", "--pidfile=", "groupchat", *options]

    async def start(self) -> None:
        """Start it, and wait until it listens."""
        command = self._command()
        self._process = _Process()
        self._transport = reactor.spawnProcess(  # type: ignore[attr-defined]
            self._process, command[0], command, self._environment, str(self._directory)
        )
        self.port = await self._process.listening.addTimeout(START, reactor)  # type: ignore[arg-type]

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.status is None

    @property
    def is_awaited(self) -> bool:
        """Whether it was started, and nobody has seen its end: it may have ended by itself."""
        return self._process is not None

    @property
    def log(self) -> str:
        """The end of the log of the server that runs."""
        return self._process.text[-EXCERPT:] if self._process is not None else ""

    def signal(self, number: int) -> None:
        assert self.running, f"it has ended by itself: {self.log}"
        os.kill(self._transport.pid, number)

    async def kill(self) -> None:
        """SIGKILL."""
        if self.running:
            self.signal(signal.SIGKILL)
        await self.ended(-signal.SIGKILL)

    async def stop(self) -> None:
        """SIGTERM."""
        if self.running:
            self.signal(signal.SIGTERM)
        await self.ended(0)

    async def ended(self, expected: int) -> None:
        """Wait for its end, which should have this status."""
        process, self._process = self._process, None
        assert process is not None
        status = await process.ended.addTimeout(END, reactor)  # type: ignore[arg-type]
        wrong = _WRONG.search(process.text)
        if status != expected or wrong:
            begin = max(0, wrong.start() - 500) if wrong else -EXCERPT
            self.wrong.append(
                f"ended with {status}, where {expected} was expected; "
                f"its log: {process.text[begin:][:EXCERPT]}"
            )

"""
The verb backup of the admin socket: a copy of the ledger, made by a thread of its own.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThreadPool

from groupchat.admin.messages import Done, Failed, Progress, Reply
from groupchat.clock import IReactor
from groupchat.ledgers.backup import BackupError, back_up
from groupchat.ledgers.threads import LowPriorityPool
from groupchat.ops.admin_protocol import Call, Verbs

__all__ = ["Backups", "InThread", "Worker"]

T = TypeVar("T")
REPORT_INTERVAL = 0.2  #: seconds between two reports of progress, at least


class Worker(Protocol):
    """Runs what takes long."""

    def run(self, work: Callable[[], T]) -> Awaitable[T]:
        """Run it outside the reactor's thread. Returns what it returns."""

    def call(self, function: Callable[[], None]) -> None:
        """Run a function in the reactor's thread."""


class InThread:
    """Runs work in a thread of its own, which yields to everything else on the machine."""

    def __init__(self, reactor: IReactor) -> None:
        self._reactor = reactor

    def run(self, work: Callable[[], T]) -> Deferred[T]:
        pool = LowPriorityPool("admin")
        pool.start()
        # what ends after the reactor tells nobody, and its thread would wait for ever
        end = self._reactor.addSystemEventTrigger("during", "shutdown", pool.stop)

        def done(result: T) -> T:
            self._reactor.removeSystemEventTrigger(end)
            pool.stop()
            return result

        return deferToThreadPool(self._reactor, pool, work).addBoth(done)

    def call(self, function: Callable[[], None]) -> None:
        self._reactor.callFromThread(function)


class Backups:
    """
    :param ledger: the path of the ledger, or "" for none.
    :param seconds: a monotonic clock, in seconds, for any thread.
    """

    def __init__(self, ledger: str, worker: Worker, seconds: Callable[[], float]) -> None:
        self._ledger = ledger
        self._worker = worker
        self._seconds = seconds
        self._running = False

    @property
    def verbs(self) -> Verbs:
        return {"backup": self._back_up}

    async def _back_up(self, call: Call) -> Reply:
        path = call.arguments["file"]
        if not self._ledger:
            return Failed("The ledger of this server is in no file that it could copy.")
        if not os.path.isabs(path):
            return Failed("The path of the copy has to begin with a slash.")
        if self._running:
            return Failed("Another backup is being made. Try again when it is done.")
        self._running = True
        try:
            size = await self._worker.run(lambda: self._copy(path, call))
        except BackupError as error:
            return Failed(str(error))
        finally:
            self._running = False
        return Done(f"{path} is a copy of the ledger, of {size} bytes.")

    def _copy(self, path: str, call: Call) -> int:
        """Runs in the thread."""
        due = 0.0

        def progress(done: int, total: int) -> None:
            nonlocal due
            now = self._seconds()
            if now >= due:
                due = now + REPORT_INTERVAL
                self._worker.call(lambda: call.report(Progress(done, total)))

        return back_up(self._ledger, path, progress, call.is_over)

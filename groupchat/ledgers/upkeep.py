"""
The upkeep of the ledger on disk: a WAL that another program keeps from being written back is
written back later, and the texts of redacted messages leave the file.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from twisted.internet.threads import deferToThreadPool
from twisted.python.failure import Failure

from groupchat.ledgers.wal import RETRY_SECONDS

if TYPE_CHECKING:
    from twisted.internet.interfaces import IDelayedCall
    from twisted.python.threadpool import ThreadPool

    from groupchat.clock import IReactor
    from groupchat.ledgers.erasure import Traces
    from groupchat.ledgers.threads import Runner
    from groupchat.ledgers.writer import Writer

__all__ = ["Upkeep"]

T = TypeVar("T")


class Upkeep:
    """
    The reactor's side: one thing after the other, with a pause before each.

    :param writing: runs the writer.
    :param scanning: runs what looks through the file.
    :param broken: is called with an error after which the ledger cannot be used.
    """

    def __init__(
        self,
        reactor: IReactor,
        writer: Writer,
        writing: Runner,
        scanning: ThreadPool,
        broken: Callable[[BaseException | None], None],
    ) -> None:
        self._reactor = reactor
        self._writer = writer
        self._writing = writing
        self._scanning = scanning
        self._broken = broken
        self._pause: IDelayedCall | None = None
        self._works = False
        self._stopped = False

    def check(self) -> None:
        """Begin, if there is anything to do."""
        if self._stopped or self._works or self._pause is not None or not self._writer.needs_upkeep:
            return
        self._pause = self._reactor.callLater(RETRY_SECONDS, self._begin)

    def stop(self) -> None:
        """Do nothing more; what is being done in a thread ends."""
        self._stopped = True
        if self._pause is not None:
            self._pause.cancel()
            self._pause = None

    def _begin(self) -> None:
        self._pause, self._works = None, True
        self._in_writer(self._writer.write_back, self._written_back)

    def _written_back(self, traces: Traces | None) -> None:
        """The WAL is written back; with traces, it is empty, and they have to be looked for."""
        if traces is None or self._stopped:
            self._end()
            return
        found = deferToThreadPool(
            self._reactor, self._scanning, self._writer.find_pages, traces, lambda: self._stopped
        )
        found.addCallbacks(partial(self._found, traces), self._failed)

    def _found(self, traces: Traces, pages: list[int]) -> None:
        if self._stopped:
            self._end()
            return
        self._in_writer(partial(self._writer.erase, pages, traces), lambda _: self._end())

    def _end(self) -> None:
        self._works = False
        self.check()

    def _failed(self, failure: Failure) -> None:
        self._broken(failure.value)

    def _in_writer(self, work: Callable[[], T], done: Callable[[T], None]) -> None:
        def run() -> None:
            try:
                result = work()
            except (sqlite3.Error, OSError) as error:
                self._reactor.callFromThread(self._broken, error)
            else:
                self._reactor.callFromThread(done, result)

        self._writing.callInThread(run)

"""
The upkeep of the ledger on disk: a WAL that another program keeps from being written back is
written back later, the texts of redacted messages leave the file, expired messages are deleted, and
free space is given back.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThreadPool
from twisted.python.failure import Failure

from groupchat.ledgers.wal import RETRY_SECONDS

if TYPE_CHECKING:
    from twisted.internet.interfaces import IDelayedCall
    from twisted.python.threadpool import ThreadPool

    from groupchat.clock import IReactor
    from groupchat.ledgers.erasure import Traces
    from groupchat.ledgers.housekeeping import Housekeeping
    from groupchat.ledgers.threads import Runner
    from groupchat.ledgers.writer import Writer

__all__ = ["Upkeep"]

T = TypeVar("T")
#: Is called with the number of pages that are left; returns whether to go on.
Report = Callable[[int], bool]

PORTION_SECONDS = 0.2  #: seconds between two portions of deleting, or of giving back


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
        self._compaction: tuple[Report, Deferred[None]] | None = None

    @property
    def _housekeeping(self) -> Housekeeping:
        return self._writer.housekeeping

    def check(self) -> None:
        """Begin, if there is anything to do."""
        if self._stopped or self._works or self._pause is not None:
            return
        if self._housekeeping.is_due:
            self._pause = self._reactor.callLater(RETRY_SECONDS, self._begin)
        elif self._housekeeping.has_portions:
            self._pause = self._reactor.callLater(PORTION_SECONDS, self._run_portion)

    def compact(self, report: Report) -> Deferred[None]:
        """
        Give all free space back. Fires once that is done, or `report` has ended it.

        Call this only once at a time.
        """
        done: Deferred[None] = Deferred()
        self._compaction = report, done
        self._in_writer(self._housekeeping.vacuum.begin, lambda _: self.check())
        return done

    def stop(self) -> None:
        """Do nothing more; what is being done in a thread ends."""
        self._stopped = True
        if self._pause is not None:
            self._pause.cancel()
            self._pause = None

    def _begin(self) -> None:
        self._pause, self._works = None, True
        self._in_writer(self._housekeeping.write_back, self._written_back)

    def _written_back(self, traces: Traces | None) -> None:
        """The WAL is written back; with traces, it is empty, and they have to be looked for."""
        if traces is None or self._stopped:
            self._end()
            return
        find = partial(self._housekeeping.find_pages, traces, lambda: self._stopped)
        found = deferToThreadPool(self._reactor, self._scanning, find)
        found.addCallbacks(partial(self._found, traces), self._failed)

    def _found(self, traces: Traces, pages: list[int]) -> None:
        if self._stopped:
            self._end()
            return
        self._in_writer(partial(self._housekeeping.erase, pages, traces), lambda _: self._end())

    def _run_portion(self) -> None:
        self._pause, self._works = None, True
        self._in_writer(self._housekeeping.run_portion, self._portion_run)

    def _portion_run(self, could: bool) -> None:
        if not could and not self._stopped:
            self._pause = self._reactor.callLater(RETRY_SECONDS, self._run_portion)
        if self._compaction is None:
            self._end()
        else:
            self._in_writer(lambda: self._housekeeping.vacuum.left, self._compacted)

    def _compacted(self, left: int) -> None:
        assert self._compaction is not None
        report, done = self._compaction
        goes_on = report(left)
        if left and goes_on:
            self._end()
            return
        self._compaction = None
        self._in_writer(self._housekeeping.end_vacuum, lambda _: done.callback(None))
        self._end()

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

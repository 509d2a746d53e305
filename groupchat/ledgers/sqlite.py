"""
The ledger on disk: one SQLite file in WAL mode, synchronous=FULL.

One thread and one connection write and checkpoint, a second one reads, and a third one searches, so
that no page waits behind a search. Everything that shares a
batch is one transaction and one sync; only then is it handed back. After an error that leaves the
outcome unknown nothing is answered any more: the owner is told, and has to end the process. (Before
SQLite 3.51.3 two connections that checkpoint can corrupt a file, so only the writer does; and after
a failed fsync a second one may succeed with the pages lost.)
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure
from twisted.python.threadpool import ThreadPool
from zope.interface import implementer

from groupchat.interfaces import ILedger, ILedgerOwner
from groupchat.ledgers.environment import Environment
from groupchat.ledgers.group_commit import GroupCommit
from groupchat.ledgers.reader import Reader
from groupchat.ledgers.reading import ReadsInThreads
from groupchat.ledgers.retention import RetentionPolicy
from groupchat.ledgers.threads import LowPriorityPool, Runner, WriterThread
from groupchat.ledgers.upkeep import Report, Upkeep
from groupchat.ledgers.writer import Writer

if TYPE_CHECKING:
    from groupchat.clock import IReactor
    from groupchat.core.entries import Entry

__all__ = ["SQLiteLedger"]


@implementer(ILedger)
class SQLiteLedger(ReadsInThreads[Reader]):
    """
    The reactor's side of the ledger on disk.

    :param path: of the file, which is created if missing.
    :param keep: how long messages are kept.
    :param environment: other surroundings than usual.
    :param writing: runs the writer.
    :param reading: runs the reader.
    :param searching: runs the reader that searches.
    :param scanning: runs what looks through the file for texts that have to leave it.

    :ivar on_commit: called, in the writer's thread, with the seconds that a batch took.
    """

    node = 0
    is_alone = True
    epoch = ""

    def __init__(
        self,
        reactor: IReactor,
        path: str,
        keep: RetentionPolicy | None = None,
        environment: Environment | None = None,
        writing: Runner | None = None,
        reading: ThreadPool | None = None,
        searching: ThreadPool | None = None,
        scanning: ThreadPool | None = None,
    ) -> None:
        self._path = path
        self._environment = environment or Environment()
        pools = (
            reading or ThreadPool(0, 1, "ledger-reader"),
            searching or LowPriorityPool("ledger-search"),
        )
        super().__init__(reactor, pools, self._environment.limits.waiting_searches)
        self._writer = Writer(path, keep or RetentionPolicy(), self._environment)
        self._writing = writing or WriterThread("ledger-writer")
        self._scanning = scanning or LowPriorityPool("ledger-scan")
        self._upkeep = Upkeep(reactor, self._writer, self._writing, self._scanning, self._broken)
        self._queue = GroupCommit(reactor.callLater, self._write)
        self.post = self._queue.post
        self.on_commit: Callable[[float], object] = lambda seconds: None

    def open(self, owner: ILedgerOwner) -> None:
        self._queue.owner = owner
        self.epoch = self._writer.open()
        self._open_readers(self._open_reader)
        self._writing.start()
        self._scanning.start()
        self._upkeep.check()

    def _open_reader(self) -> Reader:
        clock, limits = self._environment.clock, self._environment.limits
        db = self._environment.connect(os.path.realpath(self._path), True)
        return Reader(db, clock, limits.searched_messages)

    @property
    def trouble(self) -> str:
        return self._writer.trouble

    def ping(self) -> Deferred[None]:
        answered: Deferred[None] = Deferred()
        self._writing.callInThread(lambda: self._reactor.callFromThread(answered.callback, None))
        return answered

    def compact(self, report: Report) -> Deferred[None]:
        """
        Give all free space of the file back, while messages are stored. Fires once that is done.

        Call this only once at a time.

        :param report: is called with the number of pages that are left, now and then; returns
            whether to go on.
        """
        return self._upkeep.compact(report)

    def hand_over(self) -> Deferred[None]:
        return succeed(None)

    def close(self) -> Deferred[None]:
        return self._queue.idle().addCallback(lambda _: self._shut())

    def _shut(self) -> None:
        self._upkeep.stop()
        self._scanning.stop()
        self._writing.stop()
        # before the writer, so that the last to close is the one that checkpoints
        self._close_readers()
        self._writer.close()

    # Writing.

    def _write(self, batch: list[Entry]) -> None:
        self._writing.callInThread(partial(self._commit, batch))

    def _commit(self, batch: list[Entry]) -> None:
        began = self._environment.clock.monotonic()
        try:
            self._writer.commit(batch)
        except Exception as error:
            self._reactor.callFromThread(self._broken, error)
        else:
            self.on_commit(self._environment.clock.monotonic() - began)
            self._reactor.callFromThread(self._written, batch)

    def _written(self, batch: list[Entry]) -> None:
        self._queue.written(batch)
        self._upkeep.check()

    def _broken(self, error: BaseException | None) -> None:
        what = str(error) if isinstance(error, sqlite3.Error) else repr(error)
        self._queue.owner.failed(f"the ledger {self._path}: {what}")

    # Reading.

    def _unreadable(self, failure: Failure) -> Failure:
        if self._reading is not None:
            self._broken(failure.value)
        return failure

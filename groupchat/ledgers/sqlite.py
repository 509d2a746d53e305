"""
The ledger on disk: one SQLite file in WAL mode, synchronous=FULL.

One thread and one connection write and checkpoint, a second one reads. Everything that shares a
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
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThreadPool
from twisted.python.failure import Failure
from twisted.python.threadpool import ThreadPool
from zope.interface import implementer

from groupchat.interfaces import ILedger, ILedgerOwner
from groupchat.ledgers.environment import Environment
from groupchat.ledgers.group_commit import GroupCommit
from groupchat.ledgers.reader import Reader
from groupchat.ledgers.retention import RetentionPolicy
from groupchat.ledgers.threads import Runner, WriterThread
from groupchat.ledgers.wal import RETRY_SECONDS
from groupchat.ledgers.writer import Writer

if TYPE_CHECKING:
    from twisted.internet.interfaces import IDelayedCall

    from groupchat.clock import IReactor
    from groupchat.core.entries import Entry
    from groupchat.core.search import Found, SearchQuery
    from groupchat.wire.events import Message

__all__ = ["SQLiteLedger"]

P = ParamSpec("P")
T = TypeVar("T")


@implementer(ILedger)
class SQLiteLedger:
    """
    The reactor's side of the ledger on disk.

    :param path: of the file, which is created if missing.
    :param keep: how long messages are kept.
    :param environment: other surroundings than usual.
    :param writing: runs the writer.
    :param reading: runs the reader.
    """

    epoch = ""

    def __init__(
        self,
        reactor: IReactor,
        path: str,
        keep: RetentionPolicy | None = None,
        environment: Environment | None = None,
        writing: Runner | None = None,
        reading: ThreadPool | None = None,
    ) -> None:
        self._reactor = reactor
        self._path = path
        self._environment = environment or Environment()
        self._writer = Writer(path, keep or RetentionPolicy(), self._environment)
        self._reader: Reader | None = None
        self._retry: IDelayedCall | None = None
        self._writing = writing or WriterThread("ledger-writer")
        self._reading = reading or ThreadPool(0, 1, "ledger-reader")
        self._queue = GroupCommit(reactor.callLater, self._write)
        self.post = self._queue.post

    def open(self, owner: ILedgerOwner) -> None:
        self._queue.owner = owner
        self.epoch = self._writer.open()
        self._reader = Reader(self._environment.connect(os.path.realpath(self._path), True))
        self._writing.start()
        self._reading.start()

    def close(self) -> Deferred[None]:
        return self._queue.idle().addCallback(lambda _: self._shut())

    def _shut(self) -> None:
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None
        self._reading.stop()
        self._writing.stop()
        reader, self._reader = self._reader, None
        if reader is not None:
            # before the writer, so that the last to close is the one that checkpoints
            reader.close()
        self._writer.close()

    # Writing.

    def _write(self, batch: list[Entry]) -> None:
        self._writing.callInThread(partial(self._commit, batch))

    def _commit(self, batch: list[Entry]) -> None:
        try:
            self._writer.commit(batch)
        except Exception as error:
            self._reactor.callFromThread(self._broken, error)
        else:
            self._reactor.callFromThread(self._written, batch)

    def _written(self, batch: list[Entry]) -> None:
        self._queue.written(batch)
        if self._writer.held:
            self._plan_write_back()

    def _broken(self, error: BaseException | None) -> None:
        what = str(error) if isinstance(error, sqlite3.Error) else repr(error)
        self._queue.owner.failed(f"the ledger {self._path}: {what}")

    # A WAL that a reader keeps from being written back.

    def _plan_write_back(self) -> None:
        if self._writer.held and self._retry is None and self._reader is not None:
            self._retry = self._reactor.callLater(RETRY_SECONDS, self._ask_to_write_back)

    def _ask_to_write_back(self) -> None:
        self._retry = None
        self._writing.callInThread(self._write_back)

    def _write_back(self) -> None:
        try:
            self._writer.write_back()
        except Exception as error:
            self._reactor.callFromThread(self._broken, error)
        else:
            self._reactor.callFromThread(self._plan_write_back)

    # Reading.

    def page(self, room: str, after: int, through: int) -> Deferred[list[Message]]:
        return self._read(Reader.page, room, after, through)

    def history(self, room: str, before: int, limit: int) -> Deferred[tuple[list[Message], bool]]:
        return self._read(Reader.history, room, before, limit)

    def search(self, room: str, query: SearchQuery, before: int, limit: int) -> Deferred[Found]:
        raise NotImplementedError

    def rooms(self, account: str = "") -> Deferred[dict[str, str]]:
        return self._read(Reader.rooms)

    def direct_rooms(self, account: str) -> Deferred[dict[str, tuple[int, int]]]:
        raise NotImplementedError

    def _read(
        self, query: Callable[Concatenate[Reader, P], T], *arguments: P.args, **named: P.kwargs
    ) -> Deferred[T]:
        def failed(failure: Failure) -> Failure:
            if self._reader is not None:
                self._broken(failure.value)
            return failure

        assert self._reader is not None, "open"
        result = deferToThreadPool(
            self._reactor, self._reading, query, self._reader, *arguments, **named
        )
        return result.addErrback(failed)

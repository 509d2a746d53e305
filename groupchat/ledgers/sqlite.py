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
from collections.abc import Callable, Iterable, Iterator
from queue import SimpleQueue
from threading import Thread
from typing import Any
from urllib.parse import quote

import msgspec
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThreadPool
from twisted.python.failure import Failure
from twisted.python.threadpool import ThreadPool
from zope.interface import implementer

from groupchat.core.entries import Entry
from groupchat.interfaces import ILedger
from groupchat.ledgers.group_commit import GroupCommit
from groupchat.ledgers.pages import MAX_MESSAGES_IN_PAGE, page
from groupchat.ledgers.retention import IDS, SHIFT, RetentionPolicy
from groupchat.ledgers.wal import RETRY_SECONDS
from groupchat.ledgers.writer import Writer
from groupchat.wire.events import Message
from groupchat.wire.timestamps import stamp

#: A page as one value, read in one step: at each step the reactor may take the interpreter's lock,
#: and has to give it back.
_PAGE = """
    SELECT json_group_array(json_array(place, at, sender, text, act)) FROM (
        SELECT * FROM messages WHERE place BETWEEN ? AND ? ORDER BY place {} LIMIT ?)
"""
_rows = msgspec.json.Decoder(list[tuple[int, int, str, str, int]])


class _Thread:
    """
    Does one thing after the other. (To hand something to a ThreadPool costs more than to store a
    small batch.)
    """

    def __init__(self, name: str) -> None:
        self._work: SimpleQueue[tuple[Callable[..., None], Any] | None] = SimpleQueue()
        self._thread = Thread(target=self._do_all, name=name, daemon=True)
        self.start = self._thread.start

    def callInThread(self, what: Callable[..., None], argument: Any) -> None:
        self._work.put((what, argument))

    def stop(self) -> None:
        """Returns once all is done."""
        self._work.put(None)
        self._thread.join()

    def _do_all(self) -> None:
        while (work := self._work.get()) is not None:
            work[0](work[1])
            del work  # while it waits, it holds nothing of what was done


@implementer(ILedger)
class SQLiteLedger:
    """
    :param reactor: provides `callLater` and `callFromThread`.
    :param path: of the file; what is not there is made.
    :param keep: how long messages are kept.
    """

    epoch = ""

    def __init__(self, reactor: Any, path: str, keep: RetentionPolicy | None = None) -> None:
        self._reactor = reactor
        self._path = path
        self._writer = Writer(path, keep or RetentionPolicy())
        self._reader: sqlite3.Connection | None = None
        self._retry: Any = None
        self._writing = _Thread("ledger-writer")
        self._reading = ThreadPool(0, 1, "ledger-reader")
        self._queue = GroupCommit(reactor.callLater, self._write)
        self.post = self._queue.post

    def open(self, owner: Any) -> None:
        self._queue.owner = owner
        self.epoch = self._writer.open()
        self._reader = sqlite3.connect(
            f"file:{quote(os.path.realpath(self._path))}?mode=ro", uri=True, check_same_thread=False
        )
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

    def _write(self, batch: list[Entry]) -> None:
        self._writing.callInThread(self._commit, batch)

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

    # A WAL that a reader keeps from being written back.

    def _plan_write_back(self) -> None:
        if self._writer.held and self._retry is None and self._reader is not None:
            self._retry = self._reactor.callLater(RETRY_SECONDS, self._ask_to_write_back)

    def _ask_to_write_back(self) -> None:
        self._retry = None
        self._writing.callInThread(self._write_back, None)

    def _write_back(self, _: None) -> None:
        try:
            self._writer.write_back()
        except Exception as error:
            self._reactor.callFromThread(self._broken, error)
        else:
            self._reactor.callFromThread(self._plan_write_back)

    def _broken(self, error: BaseException | None) -> None:
        what = str(error) if isinstance(error, sqlite3.Error) else repr(error)
        self._queue.owner.failed(f"the ledger {self._path}: {what}")

    def page(self, room: str, after: int, through: int) -> Deferred[list[Message]]:
        return self._read(self._page, room, after, through)

    def history(self, room: str, before: int, limit: int) -> Deferred[tuple[list[Message], bool]]:
        return self._read(self._history, room, before, limit)

    def rooms(self) -> Deferred[dict[str, str]]:
        return self._read(self._rooms)

    def _read(self, what: Callable[..., Any], *arguments: Any) -> Deferred[Any]:
        def failed(failure: Failure) -> Failure:
            if self._reader is not None:
                self._broken(failure.value)
            return failure

        return deferToThreadPool(self._reactor, self._reading, what, *arguments).addErrback(failed)

    def _page(self, room: str, after: int, through: int) -> list[Message]:
        found, _ = self._range(room, after, through, "ASC", MAX_MESSAGES_IN_PAGE)
        return found

    def _history(self, room: str, before: int, limit: int) -> tuple[list[Message], bool]:
        found, first = self._range(room, 0, before - 1, "DESC", limit)
        return found[::-1], bool(found) and found[-1].id > first

    def _range(
        self, room: str, after: int, through: int, order: str, limit: int
    ) -> tuple[list[Message], int]:
        """
        A page of a room's messages with after < id <= through that are kept; and its first id.
        """
        assert self._reader is not None
        found = self._reader.execute(
            "SELECT no, first FROM rooms WHERE name = ?", (room,)
        ).fetchone()
        if found is None:
            return [], 1
        no, first = found
        low = max(after + 1, first)
        if low > through:
            return [], first
        (rows,) = self._reader.execute(
            _PAGE.format(order),
            (no << SHIFT | low, no << SHIFT | min(through, IDS), min(limit, MAX_MESSAGES_IN_PAGE)),
        ).fetchone()
        return page(_messages(room, _rows.decode(rows))), first

    def _rooms(self) -> dict[str, str]:
        assert self._reader is not None
        return dict(self._reader.execute("SELECT name, topic FROM rooms WHERE first <= head"))


def _messages(room: str, rows: Iterable[Any]) -> Iterator[Message]:
    for place, at, sender, text, act in rows:
        yield Message(room, place & IDS, stamp(at), sender, text, bool(act))

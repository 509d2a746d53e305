"""
The ledger on disk: one SQLite file in WAL mode, synchronous=FULL.

One thread and one connection write and checkpoint, a second one reads. Everything that shares a batch is one transaction
and one sync; only then is it handed back. After an error that leaves the outcome unknown nothing is answered any more:
the owner is told, and has to end the process. (Before SQLite 3.51.3 two connections that checkpoint can corrupt a file, so
only the writer does; and after a failed fsync a second one may succeed with the pages lost.)
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import ExitStack
from importlib import resources
from secrets import token_urlsafe
from typing import Any
from urllib.parse import quote

from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThreadPool
from twisted.python.failure import Failure
from twisted.python.threadpool import ThreadPool
from zope.interface import implementer

from groupchat.drafts import Draft, Entering, Saying, Topicking
from groupchat.errors import CannotStart, Conflict, OutOfOrder
from groupchat.events import Message, stamp
from groupchat.interfaces import ILedger
from groupchat.ledgers.group import FORGOTTEN, PAGE, REMEMBERED, GroupCommit, Keep, cut, digest, is_next, no_room

APPLICATION = 0x67726368  #: "grch", in the header of the file
FULL = "database or disk is full"  #: SQLITE_FULL (Python 3.10 has no sqlite_errorcode)
_SHIFT = 40
_IDS = (1 << _SHIFT) - 1
_SPEAKERS = 50_000  #: speakers that are kept in memory
_CHECKED = 256 << 20  #: bytes up to which a file is looked through at the start
_CHECKPOINT = 4 << 20  #: bytes in the WAL after which it is written back
_TIDY = 60.0  #: seconds between two looks for what is no longer kept
_SWEEP = 2_000  #: rows deleted in one such look


class _Room:
    """A room's row, as the writer knows it."""

    __slots__ = ("begun", "first", "head", "no", "topic", "topic_by")

    def __init__(self, no: int, head: int, first: int, topic: str, topic_by: str, begun: bool) -> None:
        self.no = no
        self.head = head
        self.first = first
        self.topic = topic
        self.topic_by = topic_by
        self.begun = begun


class _Speaker:
    __slots__ = ("last", "no")

    def __init__(self, no: int, last: int) -> None:
        self.no = no
        self.last = last


@implementer(ILedger)
class SQLiteLedger:
    """
    :param reactor: provides `callLater` and `callFromThread`.
    :param path: of the file; what is not there is made.
    :param keep: how long messages are kept.
    """

    epoch = ""

    def __init__(self, reactor: Any, path: str, keep: Keep | None = None) -> None:
        self._reactor = reactor
        self._path = path
        self._writer = _Writer(path, keep or Keep())
        self._reader: sqlite3.Connection | None = None
        self._queue = GroupCommit(reactor.callLater, self._write)
        self._writing = ThreadPool(0, 1, "ledger-writer")
        self._reading = ThreadPool(0, 1, "ledger-reader")
        self.post = self._queue.post

    def open(self, owner: Any) -> None:
        self._queue.owner = owner
        self.epoch = self._writer.open()
        self._reader = sqlite3.connect(f"file:{quote(self._path)}?mode=ro", uri=True, check_same_thread=False)
        self._writing.start()
        self._reading.start()

    def close(self) -> Deferred[None]:
        return self._queue.idle().addCallback(lambda _: self._shut())

    def _shut(self) -> None:
        self._reading.stop()
        self._writing.stop()
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()  # before the writer, so that the last to close is the one that checkpoints
        self._writer.close()

    def _write(self, batch: list[Draft]) -> None:
        self._writing.callInThread(self._commit, batch)

    def _commit(self, batch: list[Draft]) -> None:
        try:
            self._writer.commit(batch)
        except Exception as error:
            self._reactor.callFromThread(self._broken, error)
        else:
            self._reactor.callFromThread(self._queue.written, batch)

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
        rows, _ = self._range(room, after, through, "ASC", PAGE // 128)
        found = _messages(room, rows)
        return found[: cut(found)]

    def _history(self, room: str, before: int, limit: int) -> tuple[list[Message], bool]:
        rows, first = self._range(room, 0, before - 1, "DESC", limit)
        found = _messages(room, rows)
        found = found[: cut(found)][::-1]
        return found, bool(found) and found[0].id > first

    def _range(self, room: str, after: int, through: int, order: str, limit: int) -> tuple[list[Any], int]:
        """Rows of a room with after < id <= through that are kept; and its first id."""
        assert self._reader is not None
        found = self._reader.execute("SELECT no, first FROM rooms WHERE name = ?", (room,)).fetchone()
        if found is None:
            return [], 1
        no, first = found
        low = max(after + 1, first)
        rows = self._reader.execute(
            f"SELECT place, at, sender, text, act FROM messages WHERE place BETWEEN ? AND ? ORDER BY place {order} LIMIT ?",
            (no << _SHIFT | low, no << _SHIFT | min(through, _IDS), limit) if low <= through else (1, 0, 0),
        ).fetchall()
        return rows, first

    def _rooms(self) -> dict[str, str]:
        assert self._reader is not None
        return dict(self._reader.execute("SELECT name, topic FROM rooms WHERE first <= head"))


def _messages(room: str, rows: list[Any]) -> list[Message]:
    return [
        Message(room, place & _IDS, stamp(at), sender, text, bool(act)) for place, at, sender, text, act in rows
    ]  # fmt: skip


class _Writer:
    """The connection that writes, and what it knows by heart. Lives in the writer's thread once it is open."""

    def __init__(self, path: str, keep: Keep) -> None:
        self._path = path
        self._keep = keep
        self._lock = -1
        self._epoch = 0
        self._token = ""
        self._all_rooms: dict[str, _Room] = {}
        self._all_speakers: dict[tuple[bytes, int], _Speaker] = {}
        self._tidied = 0.0
        self._written = 0

    # Opening and closing.

    def open(self) -> str:
        """Lock, open, upgrade and sync the file, and begin an epoch. Returns the epoch's name."""
        try:
            self._lock = self._take_lock()
            with ExitStack() as undo:
                undo.callback(os.close, self._lock)
                self._db = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False, timeout=0)
                undo.callback(self._db.close)
                self._prepare()
                self._check()
                self._checkpoint("TRUNCATE")
                epoch = self._begin_epoch()
                undo.pop_all()
                return epoch
        except sqlite3.Error as error:
            raise CannotStart(f"the ledger {self._path}: {_advice(error)}") from None
        except OSError as error:
            raise CannotStart(f"the ledger {self._path}: {error.strerror}. Choose another by --ledger.") from None

    def _take_lock(self) -> int:
        os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
        lock = os.open(f"{self._path}-lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            raise CannotStart(
                f"the ledger {self._path} is in use by another daemon. Stop that one, or choose another by --ledger."
            ) from None
        return lock

    def _prepare(self) -> None:
        application, version = self._value("PRAGMA application_id"), self._value("PRAGMA user_version")
        empty = not self._value("SELECT count(*) FROM sqlite_master")
        newest = max(_schemas())
        if application != APPLICATION and not (empty and application == version == 0):
            raise CannotStart(f"the ledger {self._path} belongs to another program. Choose another by --ledger.")
        if version > newest:
            raise CannotStart(
                f"the ledger {self._path} was written by a newer groupchat (version {version}, this one knows {newest})."
                " Install that one, or choose another by --ledger."
            )
        self._db.execute("PRAGMA wal_autocheckpoint = 0")
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        for number in range(version + 1, newest + 1):
            self._db.executescript(
                f"BEGIN IMMEDIATE; {_schemas()[number]}; PRAGMA application_id = {APPLICATION};"
                f" PRAGMA user_version = {number}; COMMIT"
            )

    def _check(self) -> None:
        """Look for damage, where the file is small enough for that to be quick (half a second for `_CHECKED` bytes)."""
        if self._value("PRAGMA page_count") * self._value("PRAGMA page_size") <= _CHECKED:
            found = self._value("PRAGMA quick_check(1)")
            if found != "ok":
                raise sqlite3.DatabaseError("malformed")

    def _begin_epoch(self) -> str:
        self._token = token_urlsafe(6)
        self._epoch = self._insert("INSERT INTO epochs (token) VALUES (?)", self._token)
        return self._token

    def close(self) -> None:
        self._checkpoint("TRUNCATE")
        self._db.close()
        os.close(self._lock)

    def _checkpoint(self, how: str) -> None:
        """Write the WAL back. A full disk may be in the way (the WAL still has everything); any other error is raised."""
        self._written = 0
        try:
            self._db.execute(f"PRAGMA wal_checkpoint({how})").fetchall()
        except sqlite3.OperationalError as error:
            if str(error) != FULL:
                raise

    def _value(self, statement: str, *values: Any) -> Any:
        row = self._db.execute(statement, values).fetchone()
        return row and row[0]

    def _insert(self, statement: str, *values: Any) -> int:
        number = self._db.execute(statement, values).lastrowid
        assert number is not None
        return number

    # A batch.

    def commit(self, batch: list[Draft]) -> None:
        """
        Give each draft its place and make the batch durable.

        :raises sqlite3.Error: the outcome is unknown.
        """
        if not any(isinstance(draft, (Saying, Topicking)) for draft in batch):
            _Batch(self, storing=False).settle(batch)
            return
        work = _Batch(self, storing=True)
        try:
            self._db.execute("BEGIN IMMEDIATE")
            self._tidy()
            work.settle(batch)
            work.write()
            self._db.execute("COMMIT")
        except sqlite3.OperationalError as error:
            if str(error) != FULL:
                raise
            self._start_over(batch)
        self._written += work.size
        if self._written > _CHECKPOINT:
            self._checkpoint("PASSIVE")

    def _start_over(self, batch: list[Draft]) -> None:
        """There was no space: surely nothing is stored, so judge the batch again with nothing to be stored."""
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")
        self._all_rooms.clear()
        self._all_speakers.clear()
        for draft in batch:
            if isinstance(draft.refusal, (Conflict, OutOfOrder)):  # judged by what was not stored after all
                draft.refusal = None
        _Batch(self, storing=False).settle(batch)
        self._checkpoint("PASSIVE")

    # What it knows of rooms and speakers.

    def room(self, name: str) -> _Room | None:
        known = self._all_rooms.get(name)
        if known is None:
            row = self._db.execute(
                "SELECT no, head, first, topic, topic_by FROM rooms WHERE name = ?", (name,)
            ).fetchone()
            if row is not None:
                begun = self._value("SELECT 1 FROM begun WHERE room = ? AND epoch = ?", row[0], self._epoch)
                no, head, first, topic, topic_by = row
                known = self._all_rooms[name] = _Room(no, head, first, topic, topic_by, begun is not None)
        return known

    def new_room(self, name: str) -> _Room:
        number = self._insert("INSERT INTO rooms (name) VALUES (?)", name)
        room = self._all_rooms[name] = _Room(number, 0, 1, "", "", False)
        return room

    def begin(self, room: _Room) -> None:
        """Remember where a room stood before the first message of this epoch."""
        if not room.begun:
            self._db.execute("INSERT INTO begun VALUES (?, ?, ?)", (room.no, self._epoch, room.head))
            room.begun = True

    def speaker(self, client: bytes, room: _Room) -> _Speaker | None:
        known = self._all_speakers.get((client, room.no))
        if known is None:
            row = self._db.execute(
                "SELECT no, last FROM speakers WHERE client = ? AND room = ?", (client, room.no)
            ).fetchone()
            if row is not None:
                known = self._remember(client, room, _Speaker(*row))
        return known

    def new_speaker(self, client: bytes, room: _Room, at: int) -> _Speaker:
        number = self._insert(
            "INSERT INTO speakers (client, room, last, seen) VALUES (?, ?, 0, ?)", client, room.no, at
        )
        return self._remember(client, room, _Speaker(number, 0))

    def _remember(self, client: bytes, room: _Room, speaker: _Speaker) -> _Speaker:
        if len(self._all_speakers) >= _SPEAKERS:
            self._all_speakers.clear()
        self._all_speakers[client, room.no] = speaker
        return speaker

    def said(self, place: int) -> tuple[int, int, int, bytes] | None:
        """The row at a place of the ring."""
        row: tuple[int, int, int, bytes] | None = self._db.execute(
            "SELECT place, n, id, text FROM said WHERE place = ?", (place,)
        ).fetchone()
        return row

    def is_known(self, room: _Room | None, epoch: str | None, after: int) -> bool:
        """Whether an epoch and an id in a room name a place in this log."""
        head = room.head if room else 0
        if epoch is None or epoch == self._token:
            return after <= head
        number = self._value("SELECT no FROM epochs WHERE token = ?", epoch)
        if number is None:
            return False
        if room is None:
            return after == 0
        reached: int | None = self._value(
            "SELECT head FROM begun WHERE room = ? AND epoch > ? ORDER BY epoch LIMIT 1", room.no, number
        )
        return after <= (head if reached is None else reached)

    def write(self, statement: str, rows: list[Any]) -> None:
        self._db.executemany(statement, rows)

    # What is no longer kept.

    def _tidy(self) -> None:
        """Now and then, forget what need no longer be kept: a bounded piece of work in the transaction of a batch."""
        now = time.monotonic()
        if now - self._tidied < _TIDY and self._tidied:
            return
        self._tidied = now
        today = int(time.time() * 1000)
        for name, no, first in self._db.execute("SELECT name, no, first FROM rooms").fetchall():
            if self._keep.age:
                first = self._first_since(name, today - self._keep.age)
            self._db.execute(
                "DELETE FROM messages WHERE place IN (SELECT place FROM messages WHERE place BETWEEN ? AND ? LIMIT ?)",
                (no << _SHIFT, no << _SHIFT | (first - 1), _SWEEP),
            )
        for (no,) in self._db.execute(
            "SELECT no FROM speakers WHERE seen < ? LIMIT 100", (today - FORGOTTEN,)
        ).fetchall():
            self._db.execute("DELETE FROM said WHERE place BETWEEN ? AND ?", (no * REMEMBERED, (no + 1) * REMEMBERED - 1))
            self._db.execute("DELETE FROM speakers WHERE no = ?", (no,))
            self._all_speakers.clear()

    def _first_since(self, name: str, oldest: int) -> int:
        """Move a room's first id to its first message that is young enough (found by bisection: times ascend)."""
        room = self.room(name)
        assert room is not None
        low, high = room.first, room.head + 1
        while low < high:
            middle = (low + high) // 2
            at = self._value("SELECT at FROM messages WHERE place = ?", room.no << _SHIFT | middle)
            if at is None or at < oldest:
                low = middle + 1
            else:
                high = middle
        if low != room.first:
            room.first = low
            self._db.execute("UPDATE rooms SET first = ? WHERE no = ?", (low, room.no))
        return low


class _Batch:
    """
    One batch on its way through the writer.

    :param storing: whether what is new can be stored; if not, it is refused for want of space.
    """

    def __init__(self, writer: _Writer, storing: bool) -> None:
        self._writer = writer
        self._storing = storing
        self._messages: list[tuple[int, int, str, str, bool]] = []
        self._said: dict[int, tuple[int, int, int, bytes]] = {}
        self._speakers: dict[_Speaker, int] = {}
        self._rooms: set[_Room] = set()
        self.size = 4096

    def settle(self, batch: list[Draft]) -> None:
        """Write on each draft what becomes of it."""
        for draft in batch:
            if isinstance(draft, Saying):
                self._say(draft)
            elif isinstance(draft, Entering):
                self._enter(draft)
            elif isinstance(draft, Topicking):
                self._topic(draft)

    def write(self) -> None:
        """Hand everything new to the database."""
        write = self._writer.write
        write("INSERT INTO messages VALUES (?, ?, ?, ?, ?)", self._messages)
        write("INSERT OR REPLACE INTO said VALUES (?, ?, ?, ?)", list(self._said.values()))
        write(
            "UPDATE speakers SET last = ?, seen = ? WHERE no = ?",
            [(speaker.last, at, speaker.no) for speaker, at in self._speakers.items()],
        )
        write(
            "UPDATE rooms SET head = ?, first = ?, topic = ?, topic_by = ? WHERE no = ?",
            [(room.head, room.first, room.topic, room.topic_by, room.no) for room in self._rooms],
        )

    def _say(self, draft: Saying) -> None:
        writer = self._writer
        room = writer.room(draft.room)
        speaker = writer.speaker(draft.client, room) if room and draft.n is not None else None
        draft.fresh, draft.id = False, None
        if not is_next(draft, speaker.last if speaker else 0, lambda n: self._known(speaker, n)):
            return
        if not self._storing:
            draft.refusal = no_room()
            return
        room = room or writer.new_room(draft.room)
        writer.begin(room)
        room.head += 1
        draft.id, draft.fresh = room.head, True
        if writer._keep.count:
            room.first = max(room.first, room.head - writer._keep.count + 1)
        self._rooms.add(room)
        self._messages.append((room.no << _SHIFT | room.head, draft.at, draft.sender, draft.text, draft.act))
        self.size += len(draft.text) + 200
        if draft.n is not None:
            speaker = speaker or writer.new_speaker(draft.client, room, draft.at)
            speaker.last = draft.n
            self._speakers[speaker] = draft.at
            place = speaker.no * REMEMBERED + draft.n % REMEMBERED
            self._said[place] = (place, draft.n, room.head, digest(draft))

    def _known(self, speaker: _Speaker | None, n: int) -> tuple[int, bytes] | None:
        """The id and the digest of what a speaker said as n, where that is not too long ago."""
        if speaker is None:
            return None
        place = speaker.no * REMEMBERED + n % REMEMBERED
        row = self._said.get(place) or self._writer.said(place)
        return row[2:] if row and row[1] == n else None

    def _topic(self, draft: Topicking) -> None:
        if not self._storing:
            draft.refusal = no_room()
            return
        room = self._writer.room(draft.room) or self._writer.new_room(draft.room)
        room.topic, room.topic_by = draft.text, draft.sender
        self._rooms.add(room)

    def _enter(self, draft: Entering) -> None:
        room = self._writer.room(draft.room)
        draft.known = self._writer.is_known(room, draft.epoch, draft.after or 0)
        if room is None:
            draft.head, draft.first, draft.said = 0, 1, 0  # it may have been judged before, with what was not stored after all
        else:
            draft.head, draft.first = room.head, room.first
            draft.topic, draft.topic_by = room.topic, room.topic_by
            speaker = self._writer.speaker(draft.client, room)
            draft.said = speaker.last if speaker else 0


def _schemas() -> dict[int, str]:
    """The schema files by their number: each leads from the version before it."""
    folder = resources.files("groupchat.ledgers") / "schema"
    return {int(file.name[:-4]): file.read_text() for file in folder.iterdir() if file.name.endswith(".sql")}


def _advice(error: sqlite3.Error) -> str:
    """What is wrong with a file, and what to do."""
    what = str(error)
    if "not a database" in what or "malformed" in what:
        return "it is damaged, or no ledger at all. Restore a backup, or choose another by --ledger."
    if "locked" in what:
        return "another program has locked it. Stop that one, or choose another by --ledger."
    if "readonly" in what or "unable to open" in what:
        return f"{what}. See to it that its folder is there and can be written."
    return f"{what}."

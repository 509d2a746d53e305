"""
The writer of the ledger on disk: assigns ids to entries and stores each batch in one transaction
with one sync.

It runs in a thread of its own and caches rooms and clients, so that a message needs no query.
"""

from __future__ import annotations

import sqlite3
import time
from functools import lru_cache
from itertools import chain
from secrets import token_urlsafe
from time import sleep
from typing import Any

import msgspec
from twisted.logger import Logger

from groupchat.core.entries import Entry, JoinEntry, MessageEntry, TopicEntry
from groupchat.ledgers.calendar import EARLIEST_MS, MAX_DRIFT_MS, uptime
from groupchat.ledgers.database import LedgerDatabase, cannot_open, is_full, is_locked
from groupchat.ledgers.dedupe import CLIENT_LIFETIME_MS, REMEMBERED_NUMBERS, digest, is_next
from groupchat.ledgers.group_commit import EntryProcessor, disk_full
from groupchat.ledgers.retention import IDS, ROOMS, SHIFT, Retention, RetentionPolicy
from groupchat.ledgers.wal import WriteAhead
from groupchat.wire.errors import Conflict, OutOfOrder
from groupchat.wire.names import printable
from groupchat.wire.timestamps import stamp

_MAX_CACHED_CLIENTS = 50_000  #: clients in the cache
LOCKED = 10.0  #: seconds for which another program may hold a lock on the ledger
_LOCK_POLL_SECONDS = 0.02  #: seconds between two attempts while the ledger is locked
_PRUNE_INTERVAL = 60.0  #: seconds between two prunings
_PRUNE_MESSAGES = 2_000  #: messages of a room deleted in one pruning
_ROWS_PER_INSERT = (
    1,
    2,
    4,
    8,
    16,
    32,
    64,
    96,
    128,
    192,
    256,
)  #: rows in one step: what is missing is made up by empty ones

#: The rows that a message changes beside its own, so that storing a batch is one step of SQLite.
_ON_INSERT_TRIGGER = """
    CREATE TEMP TRIGGER said AFTER INSERT ON main.messages BEGIN
        UPDATE rooms SET head = NEW.place & {ids}, first = max(first, (NEW.place & {ids}) + 1 - {keep})
            WHERE no = NEW.place >> {shift};
        UPDATE speakers SET last = NEW.n, id = NEW.place & {ids}, seen = NEW.at WHERE no = NEW.speaker;
    END
"""

#: The message that a speaker said as n. Its n ascend by one, so each step back is one n.
_FIND_BY_N = """
    WITH RECURSIVE back(id, n) AS (
        SELECT :id, :last UNION ALL
        SELECT before, back.n - 1 FROM back JOIN messages ON place = :room | back.id WHERE back.n > :n
    )
    SELECT id, text, act FROM back JOIN messages ON place = :room | id
    WHERE back.n = :n AND speaker = :speaker AND messages.n = :n
"""


_LONGER_THAN_KEPT = """
    SELECT no, first FROM rooms
    WHERE EXISTS (SELECT 1 FROM messages WHERE place BETWEEN no << :shift AND no << :shift | (first - 1)) LIMIT :rooms
"""
#: The facts about deleted messages that are needed later.
_DIGESTS_OF_DELETED = """
    SELECT json_group_array(json_array(speaker, n, place & :ids, text, act)) FROM (
        SELECT messages.* FROM messages JOIN speakers ON no = speaker WHERE place BETWEEN :low AND :high AND n > last - :remembered)
"""
_remains = msgspec.json.Decoder(list[tuple[int, int, int, str, int]])
_OUTLIVED = """
    DELETE FROM said WHERE n <= (SELECT last FROM speakers WHERE no = speaker) - :remembered
    AND speaker IN (SELECT speaker FROM messages WHERE place BETWEEN :low AND :high)
"""

_Row = tuple[Any, ...]


@lru_cache
def _insertion(into: str, width: int, rows: int) -> str:
    """Return the statement that inserts this many rows; rows of NULLs are passed over."""
    row = f"({', '.join('?' * width)})"
    return f"{into} SELECT * FROM (VALUES {', '.join([row] * rows)}) WHERE column1 IS NOT NULL"


class _Room:
    """The cached row of a room."""

    __slots__ = ("aged", "at", "epoch_started", "first", "head", "no", "topic", "topic_by")

    def __init__(
        self,
        no: int,
        head: int,
        first: int,
        topic: str,
        topic_by: str,
        epoch_started: bool,
        aged: int,
        at: int,
    ) -> None:
        self.no = no
        self.head = head
        self.first = first
        self.topic = topic
        self.topic_by = topic_by
        self.epoch_started = epoch_started
        self.aged = aged
        self.at = at  # of its last message: none after it is given an earlier time


class _Client:
    """The cached row of a client in a room."""

    __slots__ = ("id", "last", "no")

    def __init__(self, no: int, last: int, id: int) -> None:
        self.no = no
        self.last = last
        self.id = id


class _Lock:
    """
    A lock that another program holds on the ledger.

    :param path: of the ledger.
    """

    log = Logger()

    def __init__(self, path: str) -> None:
        self._path = path
        self._end: float | None = None

    def wait(self) -> None:
        """
        Wait for a moment. The first time, the log says so.

        :raises sqlite3.OperationalError: the other program has held the lock for too long.
        """
        now = time.monotonic()
        if self._end is None:
            self._end = now + LOCKED
            self.log.warn(
                "Another program has locked the ledger {path}: what is said waits, for {seconds:g} s at most.",
                path=self._path, seconds=LOCKED,
            )  # fmt: skip
        elif now >= self._end:
            raise sqlite3.OperationalError(f"another program has kept it locked for {LOCKED:g} s")
        sleep(_LOCK_POLL_SECONDS)


class Writer:
    """
    The writing connection and its cache. Once open, it is used only in the writer's thread.
    """

    log = Logger()

    def __init__(self, path: str, keep: RetentionPolicy) -> None:
        self._path = path
        self._keep = keep
        self._epoch = 0
        self._token = ""
        self._rooms: dict[str, _Room] = {}
        self._clients: dict[tuple[bytes, int], _Client] = {}
        self._pruned_at = 0.0
        self._full = False
        self._late = False  # whether the log says that the clock is behind

    def open(self) -> str:
        """
        Open the file, and begin an epoch. Returns the epoch's name.

        :raises CannotStart: it can't be opened.
        """
        self._file = LedgerDatabase(self._path)
        self._db = self._file.db
        self._wal = WriteAhead(self._file)
        self._token = token_urlsafe(6)
        try:
            with self._file.patience():
                self._epoch = self._file.insert(
                    "INSERT INTO epochs (token) VALUES (?)", self._token
                )
            keep = self._keep.count or IDS
            self._retention = Retention(
                self._db, self._keep.age, int(time.time() * 1000), uptime(time), self._epoch
            )
            self._calendar = self._retention.calendar
            self._db.execute(_ON_INSERT_TRIGGER.format(ids=IDS, shift=SHIFT, keep=keep))
        except sqlite3.Error as error:
            self._file.close()
            raise cannot_open(self._path, error) from None
        return self._token

    def close(self) -> None:
        self._retention.tell()
        self._file.close()

    # A batch.

    def commit(self, batch: list[Entry]) -> None:
        """
        Assign an id to each entry and make the batch durable.

        :raises sqlite3.Error: the outcome is unknown.
        """
        if (
            len(self._clients) > _MAX_CACHED_CLIENTS
        ):  # only between batches: what a batch has changed is not on disk yet
            self._clients.clear()
        if not any(isinstance(draft, (MessageEntry, TopicEntry)) for draft in batch):
            _Batch(self, storing=False).process(batch)
            return
        try:
            size = self._store(batch)
        except sqlite3.OperationalError as error:
            if not is_full(error):
                raise
            self._refuse(batch)
        else:
            self._tell_full(False)
            self._retention.tell(uptime(time))
            self._wal.grow(size)

    @property
    def held(self) -> bool:
        """
        Whether another program keeps the WAL from being written back; `write_back` is to be called
        now and then until it is.
        """
        return self._wal.held

    def write_back(self) -> None:
        """
        Write the WAL back.

        :raises sqlite3.Error: it is unknown what of it was.
        """
        self._wal.write_back()

    def _store(self, batch: list[Entry]) -> int:
        """
        Store a batch, as soon as no other program has the ledger locked. Returns about how many
        bytes that took.
        """
        self._retention.watch(int(time.time() * 1000), uptime(time))
        lock = _Lock(self._path)
        while True:
            work = _Batch(self, storing=True)
            try:
                self._prune()
                work.process(batch)
                work.write()
                if self._db.in_transaction:
                    self._db.execute("COMMIT")
            except sqlite3.OperationalError as error:
                if not is_locked(error):
                    raise
                self._take_back(batch)
                lock.wait()
            else:
                return work.size

    def begin(self) -> None:
        """What follows is one transaction. Not needed where it is one statement."""
        if not self._db.in_transaction:
            self._db.execute("BEGIN IMMEDIATE")

    def _take_back(self, batch: list[Entry]) -> None:
        """Surely nothing of a batch is stored: let it be judged again."""
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")
        self._rooms.clear()
        self._clients.clear()
        self._retention.take_back()
        for draft in batch:
            if isinstance(
                draft.refusal, (Conflict, OutOfOrder)
            ):  # judged by what was not stored after all
                draft.refusal = None

    def _refuse(self, batch: list[Entry]) -> None:
        """There was no space: judge the batch again with nothing to be stored."""
        self._tell_full(True)
        self._take_back(batch)
        _Batch(self, storing=False).process(batch)
        self._wal.write_back()

    def _tell_full(self, full: bool) -> None:
        if full is not self._full:
            self._full = full
            form = "The disk is full: until there is room for the ledger {path}, what is said is refused." if full else (
                "The disk has room for the ledger {path} again: what is said is stored."
            )  # fmt: skip
            self.log.warn(form, path=self._path)

    # Rooms and clients, as the writer knows them.

    def room(self, name: str) -> _Room | None:
        known = self._rooms.get(name)
        if known is None:
            row = self._db.execute(
                "SELECT no, head, first, topic, topic_by, aged,"
                " coalesce((SELECT at FROM messages WHERE place = no << ? | head), aged) FROM rooms WHERE name = ?",
                (SHIFT, name),
            ).fetchone()
            if row is not None:
                epoch_started = self._file.value(
                    "SELECT 1 FROM begun WHERE room = ? AND epoch = ?", row[0], self._epoch
                )
                no, head, first, topic, topic_by, aged, at = row
                known = self._rooms[name] = _Room(
                    no, head, first, topic, topic_by, epoch_started is not None, aged, at
                )
        return known

    def new_room(self, name: str) -> _Room:
        self.begin()
        number = self._file.insert("INSERT INTO rooms (name) VALUES (?)", name)
        room = self._rooms[name] = _Room(number, 0, 1, "", "", False, 0, 0)
        return room

    def set_topic(self, room: _Room, topic: str, by: str) -> None:
        self.begin()
        room.topic, room.topic_by = topic, by
        self._db.execute(
            "UPDATE rooms SET topic = ?, topic_by = ? WHERE no = ?", (topic, by, room.no)
        )

    def begin_epoch(self, room: _Room) -> None:
        """Remember where a room stood before the first message of this epoch."""
        if not room.epoch_started:
            self.begin()
            self._db.execute(
                "INSERT INTO begun VALUES (?, ?, ?)", (room.no, self._epoch, room.head)
            )
            room.epoch_started = True

    def speaker(self, client: bytes, room: _Room) -> _Client | None:
        known = self._clients.get((client, room.no))
        if known is None:
            row = self._db.execute(
                "SELECT no, last, id FROM speakers WHERE client = ? AND room = ?", (client, room.no)
            ).fetchone()
            if row is not None:
                known = self._remember(client, room, _Client(*row))
        return known

    def new_speaker(self, client: bytes, room: _Room, at: int) -> _Client:
        self.begin()
        number = self._file.insert(
            "INSERT INTO speakers (client, room, last, seen) VALUES (?, ?, 0, ?)",
            client,
            room.no,
            at,
        )
        return self._remember(client, room, _Client(number, 0, 0))

    def _remember(self, client: bytes, room: _Room, speaker: _Client) -> _Client:
        self._clients[client, room.no] = speaker
        return speaker

    def said(self, speaker: _Client, room: _Room, n: int) -> tuple[int, bytes] | None:
        """The id and the digest of what a speaker said as n."""
        row = self._db.execute(
            _FIND_BY_N,
            {
                "id": speaker.id,
                "last": speaker.last,
                "room": room.no << SHIFT,
                "n": n,
                "speaker": speaker.no,
            },
        ).fetchone()
        if row is not None:
            return row[0], digest(row[1], bool(row[2]))
        found: tuple[int, bytes] | None = self._db.execute(
            "SELECT id, text FROM said WHERE speaker = ? AND n = ?", (speaker.no, n)
        ).fetchone()
        return found

    def is_known(self, room: _Room | None, epoch: str | None, after: int) -> bool:
        """Whether an epoch and an id in a room name a place in this log."""
        head = room.head if room else 0
        if epoch is None or epoch == self._token:
            return after <= head
        number = self._file.value("SELECT no FROM epochs WHERE token = ?", epoch)
        if number is None:
            return False
        if room is None:
            return after == 0
        reached: int | None = self._file.value(
            "SELECT head FROM begun WHERE room = ? AND epoch > ? ORDER BY epoch LIMIT 1",
            room.no,
            number,
        )
        return after <= (head if reached is None else reached)

    def insert(self, into: str, rows: list[_Row], more: bool = True) -> None:
        """
        Insert rows, many in a step: at each step the reactor may take the interpreter's lock, and
        has to give it back.

        :param more: whether more is to be written in this batch.
        """
        if more or len(rows) > _ROWS_PER_INSERT[-1]:
            self.begin()
        for start in range(0, len(rows), _ROWS_PER_INSERT[-1]):
            some = rows[start : start + _ROWS_PER_INSERT[-1]]
            width = len(some[0])
            size = next(portion for portion in _ROWS_PER_INSERT if portion >= len(some))
            values = list(chain.from_iterable(some))
            values += [None] * (size * width - len(values))
            self._db.execute(_insertion(into, width, size), values)

    @property
    def clock_is_right(self) -> bool:
        """Whether the time at which something is said tells when it was received."""
        return self._calendar.received(0) is None

    def stamp(self, saying: MessageEntry, room: _Room) -> int | None:
        """
        Let the time of a saying be no earlier than the one before it in its room. Returns what
        `received` is to be.
        """
        received = self._calendar.received(saying.at)
        if saying.at < room.at:
            late = room.at - saying.at > MAX_DRIFT_MS
            received = saying.at if late and received is None else received
            saying.at = room.at
            if late and not self._late:
                self._late = True
                self.log.warn(
                    "The system's clock is behind the last message in {room}: what is said there has the same time until {at}.",
                    room=printable(saying.room), at=stamp(room.at),
                )  # fmt: skip
        room.at = saying.at
        return received

    # Messages that are no longer kept.

    def _prune(self) -> None:
        """
        Delete what has expired, at most once per interval: a bounded amount of work within the
        transaction of a batch.
        """
        now = time.monotonic()
        if now - self._pruned_at < _PRUNE_INTERVAL and self._pruned_at:
            return
        self._pruned_at = now
        self.begin()
        self._retention.let_go(self.room)
        today = min(
            self._calendar.today, int(time.time() * 1000)
        )  # by the clock that stamps what is seen
        for no, first in self._db.execute(
            _LONGER_THAN_KEPT, {"shift": SHIFT, "rooms": ROOMS}
        ).fetchall():
            self._delete_batch(no << SHIFT, no << SHIFT | (first - 1))
        for (no,) in self._db.execute(
            "SELECT no FROM speakers WHERE seen BETWEEN ? AND ? LIMIT 100",
            (EARLIEST_MS, today - CLIENT_LIFETIME_MS),
        ).fetchall():
            self._db.execute("DELETE FROM said WHERE speaker = ?", (no,))
            self._db.execute("DELETE FROM speakers WHERE no = ?", (no,))
            self._clients.clear()

    def _delete_batch(self, low: int, high: int) -> None:
        """
        Delete the first messages in a range of rows, but keep the digests that are still needed.
        """
        last = self._file.value(
            "SELECT place FROM messages WHERE place >= ? LIMIT 1 OFFSET ?", low, _PRUNE_MESSAGES - 1
        )
        those = {
            "low": low,
            "high": high if last is None else min(high, last),
            "ids": IDS,
            "remembered": REMEMBERED_NUMBERS,
        }
        remains = _remains.decode(self._db.execute(_DIGESTS_OF_DELETED, those).fetchone()[0])
        self.insert(
            "INSERT OR REPLACE INTO said",
            [(speaker, n, id, digest(text, bool(act))) for speaker, n, id, text, act in remains],
        )
        self._db.execute(_OUTLIVED, those)
        self._db.execute("DELETE FROM messages WHERE place BETWEEN :low AND :high", those)


class _Batch(EntryProcessor):
    """
    One batch on its way through the writer.

    :param storing: whether what is new can be stored; if not, it is refused for want of space.
    """

    def __init__(self, writer: Writer, storing: bool) -> None:
        self._writer = writer
        self._storing = storing
        self._messages: list[
            _Row
        ] = []  # place, at, sender, text, act, speaker, n, before, received
        self._plain = writer.clock_is_right
        self.size = 4096

    def write(self, more: bool = False) -> None:
        """Hand everything new to the database."""
        messages, self._messages = self._messages, []
        self._writer.insert("INSERT INTO messages", messages, more)

    def _message(self, draft: MessageEntry) -> None:
        writer = self._writer
        room = writer.room(draft.room)
        speaker = writer.speaker(draft.client, room) if room and draft.n is not None else None
        draft.fresh, draft.id = False, None
        if not is_next(
            draft, speaker.last if speaker else 0, lambda n: self._known(speaker, room, n)
        ):
            return
        if not self._storing:
            draft.refusal = disk_full()
            return
        room = room or writer.new_room(draft.room)
        writer.begin_epoch(room)
        room.head += 1
        draft.id, draft.fresh = room.head, True
        if writer._keep.count:
            room.first = max(room.first, room.head - writer._keep.count + 1)
        self.size += len(draft.text) + 200
        received = None
        if self._plain and draft.at >= room.at:
            room.at = draft.at
        else:
            received = writer.stamp(draft, room)
        place = room.no << SHIFT | room.head
        if draft.n is None:
            self._messages.append(
                (place, draft.at, draft.sender, draft.text, draft.act, None, None, None, received)
            )
            return
        speaker = speaker or writer.new_speaker(draft.client, room, draft.at)
        self._messages.append(
            (
                place,
                draft.at,
                draft.sender,
                draft.text,
                draft.act,
                speaker.no,
                draft.n,
                speaker.id,
                received,
            )
        )
        speaker.last, speaker.id = draft.n, room.head

    def _known(
        self, speaker: _Client | None, room: _Room | None, n: int
    ) -> tuple[int, bytes] | None:
        """The id and the digest of what a speaker said as n, where that is not too long ago."""
        if speaker is None or room is None or n <= speaker.last - REMEMBERED_NUMBERS:
            return None
        if self._messages:
            self.write(more=True)  # it may be in this very batch
        return self._writer.said(speaker, room, n)

    def _topic(self, draft: TopicEntry) -> None:
        if not self._storing:
            draft.refusal = disk_full()
            return
        room = self._writer.room(draft.room) or self._writer.new_room(draft.room)
        self._writer.set_topic(room, draft.text, draft.sender)

    def _join(self, draft: JoinEntry) -> None:
        room = self._writer.room(draft.room)
        draft.known = self._writer.is_known(room, draft.epoch, draft.after or 0)
        if room is None:
            draft.head, draft.first, draft.last_n = (
                0,
                1,
                0,
            )  # it may have been judged before, with what was not stored after all
        else:
            draft.head, draft.first = room.head, room.first
            draft.topic, draft.topic_by = room.topic, room.topic_by
            speaker = self._writer.speaker(draft.client, room)
            draft.last_n = speaker.last if speaker else 0

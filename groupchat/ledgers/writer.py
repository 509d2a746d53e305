"""
The writer of the ledger on disk: gives drafts their places, and stores a batch in one transaction and one sync.

It runs in a thread of its own, and knows rooms and speakers by heart so that a message costs no look-up.
"""

from __future__ import annotations

import sqlite3
import time
from functools import lru_cache
from itertools import chain
from secrets import token_urlsafe
from typing import Any

from groupchat.drafts import Draft, Entering, Saying, Topicking
from groupchat.errors import Conflict, OutOfOrder
from groupchat.ledgers.file import LedgerFile, cannot_open, is_full
from groupchat.ledgers.group import FORGOTTEN, REMEMBERED, Keep, Settler, digest, is_next, no_room

SHIFT = 40  #: place = room << SHIFT | id
_IDS = (1 << SHIFT) - 1
_SPEAKERS = 50_000  #: speakers that are known by heart
_CHECKPOINT = 4 << 20  #: bytes in the WAL after which it is written back
_TIDY = 60.0  #: seconds between two looks for what is no longer kept
_SWEEP = 2_000  #: rows deleted in one such look
_PORTIONS = (1, 8, 32, 128, 256, 512)  #: rows in one step

#: What a message changes beside itself, so that to store a batch is one step of the database.
_CONSEQUENCES = """
    CREATE TEMP TRIGGER said AFTER INSERT ON main.messages BEGIN
        UPDATE rooms SET head = NEW.place & {ids}, first = max(first, (NEW.place & {ids}) + 1 - {keep})
            WHERE no = NEW.place >> {shift};
        UPDATE speakers SET last = NEW.n, id = NEW.place & {ids}, seen = NEW.at WHERE no = NEW.speaker;
    END
"""

#: The message that a speaker said as n. Its n ascend by one, so each step back is one n.
_BACK = """
    WITH RECURSIVE back(id, n) AS (
        SELECT :id, :last UNION ALL
        SELECT before, back.n - 1 FROM back JOIN messages ON place = :room | back.id WHERE back.n > :n
    )
    SELECT id, text, act FROM back JOIN messages ON place = :room | id
    WHERE back.n = :n AND speaker = :speaker AND messages.n = :n
"""


@lru_cache
def _insertion(rows: int) -> str:
    """The statement that stores so many messages; rows of NULLs are passed over."""
    values = ", ".join(["(?, ?, ?, ?, ?, ?, ?, ?)"] * rows)
    return f"INSERT INTO messages SELECT * FROM (VALUES {values}) WHERE column1 IS NOT NULL"


#: place, at, sender, text, act, speaker, n, before
_Row = tuple[Any, ...]
_NOTHING: _Row = (None,) * 8


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
    """A speaker's row, as the writer knows it."""

    __slots__ = ("id", "last", "no")

    def __init__(self, no: int, last: int, id: int) -> None:
        self.no = no
        self.last = last
        self.id = id


class Writer:
    """The connection that writes, and what it knows by heart. Lives in the writer's thread once it is open."""

    def __init__(self, path: str, keep: Keep) -> None:
        self._path = path
        self._keep = keep
        self._epoch = 0
        self._token = ""
        self._all_rooms: dict[str, _Room] = {}
        self._all_speakers: dict[tuple[bytes, int], _Speaker] = {}
        self._tidied = 0.0
        self._written = 0

    def open(self) -> str:
        """
        Open the file, and begin an epoch. Returns the epoch's name.

        :raises CannotStart: it can't be opened.
        """
        self._file = LedgerFile(self._path)
        self._db = self._file.db
        self._token = token_urlsafe(6)
        try:
            self._epoch = self._file.insert("INSERT INTO epochs (token) VALUES (?)", self._token)
            keep = self._keep.count or _IDS
            self._db.execute(_CONSEQUENCES.format(ids=_IDS, shift=SHIFT, keep=keep))
        except sqlite3.Error as error:
            self._file.close()
            raise cannot_open(self._path, error) from None
        return self._token

    def close(self) -> None:
        self._file.close()

    # A batch.

    def commit(self, batch: list[Draft]) -> None:
        """
        Give each draft its place and make the batch durable.

        :raises sqlite3.Error: the outcome is unknown.
        """
        if len(self._all_speakers) > _SPEAKERS:  # only between batches: what a batch has changed is not on disk yet
            self._all_speakers.clear()
        if not any(isinstance(draft, (Saying, Topicking)) for draft in batch):
            _Batch(self, storing=False).settle(batch)
            return
        work = _Batch(self, storing=True)
        try:
            self._tidy()
            work.settle(batch)
            work.write()
            if self._db.in_transaction:
                self._db.execute("COMMIT")
        except sqlite3.OperationalError as error:
            if not is_full(error):
                raise
            self._start_over(batch)
        self._written += work.size
        if self._written > _CHECKPOINT:
            self._written = 0
            self._file.checkpoint("PASSIVE")

    def begin(self) -> None:
        """What follows is one transaction. Not needed where it is one statement."""
        if not self._db.in_transaction:
            self._db.execute("BEGIN IMMEDIATE")

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
        self._file.checkpoint("PASSIVE")

    # What it knows of rooms and speakers.

    def room(self, name: str) -> _Room | None:
        known = self._all_rooms.get(name)
        if known is None:
            row = self._db.execute(
                "SELECT no, head, first, topic, topic_by FROM rooms WHERE name = ?", (name,)
            ).fetchone()
            if row is not None:
                begun = self._file.value("SELECT 1 FROM begun WHERE room = ? AND epoch = ?", row[0], self._epoch)
                no, head, first, topic, topic_by = row
                known = self._all_rooms[name] = _Room(no, head, first, topic, topic_by, begun is not None)
        return known

    def new_room(self, name: str) -> _Room:
        self.begin()
        number = self._file.insert("INSERT INTO rooms (name) VALUES (?)", name)
        room = self._all_rooms[name] = _Room(number, 0, 1, "", "", False)
        return room

    def set_topic(self, room: _Room, topic: str, by: str) -> None:
        self.begin()
        room.topic, room.topic_by = topic, by
        self._db.execute("UPDATE rooms SET topic = ?, topic_by = ? WHERE no = ?", (topic, by, room.no))

    def begin_epoch(self, room: _Room) -> None:
        """Remember where a room stood before the first message of this epoch."""
        if not room.begun:
            self.begin()
            self._db.execute("INSERT INTO begun VALUES (?, ?, ?)", (room.no, self._epoch, room.head))
            room.begun = True

    def speaker(self, client: bytes, room: _Room) -> _Speaker | None:
        known = self._all_speakers.get((client, room.no))
        if known is None:
            row = self._db.execute(
                "SELECT no, last, id FROM speakers WHERE client = ? AND room = ?", (client, room.no)
            ).fetchone()
            if row is not None:
                known = self._remember(client, room, _Speaker(*row))
        return known

    def new_speaker(self, client: bytes, room: _Room, at: int) -> _Speaker:
        self.begin()
        number = self._file.insert(
            "INSERT INTO speakers (client, room, last, seen) VALUES (?, ?, 0, ?)", client, room.no, at
        )
        return self._remember(client, room, _Speaker(number, 0, 0))

    def _remember(self, client: bytes, room: _Room, speaker: _Speaker) -> _Speaker:
        self._all_speakers[client, room.no] = speaker
        return speaker

    def said(self, speaker: _Speaker, room: _Room, n: int) -> tuple[int, bytes] | None:
        """The id and the digest of what a speaker said as n."""
        row = self._db.execute(
            _BACK, {"id": speaker.id, "last": speaker.last, "room": room.no << SHIFT, "n": n, "speaker": speaker.no}
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
            "SELECT head FROM begun WHERE room = ? AND epoch > ? ORDER BY epoch LIMIT 1", room.no, number
        )
        return after <= (head if reached is None else reached)

    def store(self, messages: list[_Row], more: bool) -> None:
        """
        Store messages, many in a step: at each step the reactor may take the interpreter's lock, and has to give it back.

        :param more: whether more is to be written in this batch.
        """
        if more or len(messages) > _PORTIONS[-1]:
            self.begin()
        for start in range(0, len(messages), _PORTIONS[-1]):
            rows = messages[start : start + _PORTIONS[-1]]
            size = next(portion for portion in _PORTIONS if portion >= len(rows))
            rows += [_NOTHING] * (size - len(rows))
            self._db.execute(_insertion(size), list(chain.from_iterable(rows)))

    # What is no longer kept.

    def _tidy(self) -> None:
        """Now and then, forget what need no longer be kept: a bounded piece of work in the transaction of a batch."""
        now = time.monotonic()
        if now - self._tidied < _TIDY and self._tidied:
            return
        self._tidied = now
        self.begin()
        today = int(time.time() * 1000)
        for name, no, first in self._db.execute("SELECT name, no, first FROM rooms").fetchall():
            if self._keep.age:
                first = self._first_since(name, today - self._keep.age)
            self._sweep(no << SHIFT, no << SHIFT | (first - 1))
        for (no,) in self._db.execute(
            "SELECT no FROM speakers WHERE seen < ? LIMIT 100", (today - FORGOTTEN,)
        ).fetchall():
            self._db.execute("DELETE FROM said WHERE speaker = ?", (no,))
            self._db.execute("DELETE FROM speakers WHERE no = ?", (no,))
            self._all_speakers.clear()

    def _sweep(self, low: int, high: int) -> None:
        """Delete the first messages of a range of places, but not what still has to be known of them."""
        rows = self._db.execute(
            "SELECT place, speaker, messages.n, text, act, last FROM messages LEFT JOIN speakers ON no = speaker"
            " WHERE place BETWEEN ? AND ? ORDER BY place LIMIT ?",
            (low, high, _SWEEP),
        ).fetchall()
        if not rows:
            return
        speakers = {speaker: last for _, speaker, _, _, _, last in rows if last is not None}
        self._db.executemany(
            "INSERT OR REPLACE INTO said VALUES (?, ?, ?, ?)",
            [
                (speaker, n, place & _IDS, digest(text, bool(act)))
                for place, speaker, n, text, act, last in rows
                if last is not None and n > last - REMEMBERED
            ],
        )
        self._db.executemany(
            "DELETE FROM said WHERE speaker = ? AND n <= ?", [(no, last - REMEMBERED) for no, last in speakers.items()]
        )
        self._db.execute("DELETE FROM messages WHERE place BETWEEN ? AND ?", (low, rows[-1][0]))

    def _first_since(self, name: str, oldest: int) -> int:
        """Move a room's first id to its first message that is young enough (found by bisection: times ascend)."""
        room = self.room(name)
        assert room is not None
        low, high = room.first, room.head + 1
        while low < high:
            middle = (low + high) // 2
            at = self._file.value("SELECT at FROM messages WHERE place = ?", room.no << SHIFT | middle)
            if at is None or at < oldest:
                low = middle + 1
            else:
                high = middle
        if low != room.first:
            room.first = low
            self._db.execute("UPDATE rooms SET first = ? WHERE no = ?", (low, room.no))
        return low


class _Batch(Settler):
    """
    One batch on its way through the writer.

    :param storing: whether what is new can be stored; if not, it is refused for want of space.
    """

    def __init__(self, writer: Writer, storing: bool) -> None:
        self._writer = writer
        self._storing = storing
        self._messages: list[_Row] = []
        self.size = 4096

    def write(self, more: bool = False) -> None:
        """Hand everything new to the database."""
        messages, self._messages = self._messages, []
        self._writer.store(messages, more)

    def _say(self, draft: Saying) -> None:
        writer = self._writer
        room = writer.room(draft.room)
        speaker = writer.speaker(draft.client, room) if room and draft.n is not None else None
        draft.fresh, draft.id = False, None
        if not is_next(draft, speaker.last if speaker else 0, lambda n: self._known(speaker, room, n)):
            return
        if not self._storing:
            draft.refusal = no_room()
            return
        room = room or writer.new_room(draft.room)
        writer.begin_epoch(room)
        room.head += 1
        draft.id, draft.fresh = room.head, True
        if writer._keep.count:
            room.first = max(room.first, room.head - writer._keep.count + 1)
        self.size += len(draft.text) + 200
        place = room.no << SHIFT | room.head
        if draft.n is None:
            self._messages.append((place, draft.at, draft.sender, draft.text, draft.act, None, None, None))
            return
        speaker = speaker or writer.new_speaker(draft.client, room, draft.at)
        self._messages.append((place, draft.at, draft.sender, draft.text, draft.act, speaker.no, draft.n, speaker.id))
        speaker.last, speaker.id = draft.n, room.head

    def _known(self, speaker: _Speaker | None, room: _Room | None, n: int) -> tuple[int, bytes] | None:
        """The id and the digest of what a speaker said as n, where that is not too long ago."""
        if speaker is None or room is None or n <= speaker.last - REMEMBERED:
            return None
        if self._messages:
            self.write(more=True)  # it may be in this very batch
        return self._writer.said(speaker, room, n)

    def _topic(self, draft: Topicking) -> None:
        if not self._storing:
            draft.refusal = no_room()
            return
        room = self._writer.room(draft.room) or self._writer.new_room(draft.room)
        self._writer.set_topic(room, draft.text, draft.sender)

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

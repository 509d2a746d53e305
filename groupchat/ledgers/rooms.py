"""The rooms of the ledger on disk, as its writer knows them."""

from __future__ import annotations

from typing import Any

from groupchat.core.direct_rooms import is_direct, parties
from groupchat.core.room_access import OPEN, RoomAccess
from groupchat.ledgers.database import LedgerDatabase
from groupchat.ledgers.transaction import Transaction

__all__ = ["MAX_ID", "ROOM_SHIFT", "RoomRow", "Rooms"]

ROOM_SHIFT = 40  #: the key of a message is room << ROOM_SHIFT | id
MAX_ID = (1 << ROOM_SHIFT) - 1

_FIND = f"""
    SELECT no, head, first, topic, topic_by, aged, coalesce(
        (SELECT at FROM messages WHERE key = no << {ROOM_SHIFT} | head), aged
    ), owner, private FROM rooms WHERE name = ?
"""


class RoomRow:
    """
    The cached row of a room.

    :ivar aged: the time of the newest message that has expired by its age.
    :ivar at: the time of the last message: none after it is given an earlier one.
    :ivar epoch_started: whether the room has a message of this epoch.
    """

    __slots__ = (
        "aged", "at", "epoch_started", "first", "head", "no", "privacy", "topic", "topic_by",
    )  # fmt: skip

    def __init__(
        self,
        no: int,
        head: int = 0,
        first: int = 1,
        topic: str = "",
        topic_by: str = "",
        aged: int = 0,
        at: int = 0,
    ) -> None:
        self.no = no
        self.head = head
        self.first = first
        self.topic = topic
        self.topic_by = topic_by
        self.aged = aged
        self.at = at
        self.epoch_started = False
        self.privacy = OPEN


class Rooms:
    """
    The rooms, cached. Lives in the writer's thread.

    :param epoch: the number of this run of the log.
    """

    def __init__(self, file: LedgerDatabase, transaction: Transaction, epoch: int) -> None:
        self._file = file
        self._db = file.db
        self._transaction = transaction
        self._epoch = epoch
        self._rows: dict[str, RoomRow] = {}

    def find(self, name: str) -> RoomRow | None:
        """Return the row of a room, or None where nothing of it is stored."""
        known = self._rows.get(name)
        if known is None:
            row = self._db.execute(_FIND, (name,)).fetchone()
            if row is not None:
                known = self._rows[name] = self._load(row)
        return known

    def _load(self, row: tuple[Any, ...]) -> RoomRow:  # Any: as sqlite3 types its values
        *columns, owner, private = row
        room = RoomRow(*columns)
        started = "SELECT 1 FROM epoch_starts WHERE room = ? AND epoch = ?"
        room.epoch_started = self._file.value(started, room.no, self._epoch) is not None
        if owner:
            found = self._db.execute("SELECT account FROM invitations WHERE room = ?", (room.no,))
            room.privacy = RoomAccess(
                owner, bool(private), frozenset(account for (account,) in found)
            )
        return room

    def create(self, name: str) -> RoomRow:
        """Store a new room."""
        self._transaction.begin()
        number = self._file.insert("INSERT INTO rooms (name) VALUES (?)", name)
        if is_direct(name):
            self._db.executemany(
                "INSERT OR IGNORE INTO direct_rooms VALUES (?, ?)",
                [(account, number) for account in parties(name)],
            )
        room = self._rows[name] = RoomRow(number)
        return room

    def set_topic(self, room: RoomRow, topic: str, by: str) -> None:
        self._transaction.begin()
        room.topic, room.topic_by = topic, by
        self._db.execute(
            "UPDATE rooms SET topic = ?, topic_by = ? WHERE no = ?", (topic, by, room.no)
        )

    def set_privacy(self, room: RoomRow, privacy: RoomAccess) -> None:
        self._transaction.begin()
        old, room.privacy = room.privacy.invited, privacy
        self._db.execute(
            "UPDATE rooms SET owner = ?, private = ? WHERE no = ?",
            (privacy.owner, privacy.private, room.no),
        )
        self._db.executemany(
            "DELETE FROM invitations WHERE room = ? AND account = ?",
            [(room.no, account) for account in old - privacy.invited],
        )
        self._db.executemany(
            "INSERT INTO invitations VALUES (?, ?)",
            [(room.no, account) for account in privacy.invited - old],
        )

    def start_epoch(self, room: RoomRow) -> None:
        """Store how far a room reached before its first message of this epoch."""
        self._transaction.begin()
        self._db.execute(
            "INSERT INTO epoch_starts VALUES (?, ?, ?)", (room.no, self._epoch, room.head)
        )
        room.epoch_started = True

    def expire(self, room: RoomRow, first: int, aged: int) -> None:
        """Store that messages have expired: the oldest kept, and the time of the newest gone."""
        room.first, room.aged = first, aged
        self._db.execute(
            "UPDATE rooms SET first = ?, aged = ? WHERE no = ?", (first, aged, room.no)
        )

    def clear(self) -> None:
        """Forget what is cached."""
        self._rows.clear()

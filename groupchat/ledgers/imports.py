"""The imports into the rooms of the ledger on disk: how much of each file is stored."""

from __future__ import annotations

from groupchat.ledgers.database import LedgerDatabase
from groupchat.ledgers.rooms import RoomRow
from groupchat.ledgers.transaction import Transaction

__all__ = ["Imports"]


class Imports:
    """Lives in the writer's thread."""

    def __init__(self, file: LedgerDatabase, transaction: Transaction) -> None:
        self._db = file.db
        self._transaction = transaction

    def find(self, room: RoomRow | None, file: bytes) -> tuple[int, bytes]:
        """Return the number of messages of a file that are stored in a room, and their digest."""
        if room is None:
            return 0, b""
        row: tuple[int, bytes] | None = self._db.execute(
            "SELECT done, chain FROM imports WHERE room = ? AND file = ?", (room.no, file)
        ).fetchone()
        return row or (0, b"")

    def move(self, room: RoomRow, file: bytes, done: int, chain: bytes) -> None:
        """Store that one more is."""
        self._transaction.begin()
        self._db.execute(
            "INSERT OR REPLACE INTO imports VALUES (?, ?, ?, ?)", (room.no, file, done, chain)
        )

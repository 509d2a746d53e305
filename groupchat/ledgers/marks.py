"""The marks in the ledger on disk: how far an identity has read in a room."""

from __future__ import annotations

from groupchat.ledgers.database import LedgerDatabase
from groupchat.ledgers.identities import Identities
from groupchat.ledgers.rooms import RoomRow
from groupchat.ledgers.transaction import Transaction

__all__ = ["Marks"]


class Marks:
    """Lives in the writer's thread."""

    def __init__(
        self, file: LedgerDatabase, transaction: Transaction, identities: Identities
    ) -> None:
        self._file = file
        self._transaction = transaction
        self._identities = identities

    def find(self, identity: str | bytes, room: RoomRow) -> int:
        """Return the mark of an identity in a room, or 0."""
        number = self._identities.find(identity)
        if number is None:
            return 0
        return (
            self._file.value(
                "SELECT id FROM marks WHERE identity = ? AND room = ?", number, room.no
            )
            or 0
        )

    def move(self, identity: str | bytes, room: RoomRow, id: int, now: int) -> None:
        """Store a mark."""
        self._transaction.begin()
        number = self._identities.seen(identity, now).no
        self._file.db.execute(
            "INSERT OR REPLACE INTO marks VALUES (?, ?, ?)", (number, room.no, id)
        )

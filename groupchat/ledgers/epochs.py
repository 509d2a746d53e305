"""The epochs of the log on disk: each start of the ledger begins one."""

from __future__ import annotations

from secrets import token_urlsafe

from groupchat.ledgers.database import LedgerDatabase
from groupchat.ledgers.rooms import RoomRow

__all__ = ["Epochs"]


class Epochs:
    """
    Begins an epoch, and knows how far those before it reached.

    :ivar number: of this epoch.
    :ivar token: the name of this epoch on the wire.
    """

    def __init__(self, file: LedgerDatabase) -> None:
        self._file = file
        self.token = token_urlsafe(6)
        with file.patience():
            self.number = file.insert("INSERT INTO epochs (token) VALUES (?)", self.token)

    def is_known(self, room: RoomRow | None, epoch: str | None, after: int) -> bool:
        """Return whether an epoch and an id in a room name a position in this log."""
        head = room.head if room else 0
        if epoch is None or epoch == self.token:
            return after <= head
        number = self._file.value("SELECT no FROM epochs WHERE token = ?", epoch)
        if number is None:
            return False
        if room is None:
            return after == 0
        reached: int | None = self._file.value(
            "SELECT head FROM epoch_starts WHERE room = ? AND epoch > ? ORDER BY epoch LIMIT 1",
            room.no,
            number,
        )
        return after <= (head if reached is None else reached)

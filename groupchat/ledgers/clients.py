"""The clients that count their messages in the rooms of the ledger on disk."""

from __future__ import annotations

from groupchat.ledgers.database import LedgerDatabase
from groupchat.ledgers.dedupe import REMEMBERED_NUMBERS, digest
from groupchat.ledgers.rooms import MAX_ID, ROOM_SHIFT, RoomRow
from groupchat.ledgers.transaction import Transaction

__all__ = ["ClientRow", "Clients"]

#: The message that a client sent as n. Its n ascend by one, so each step back is one n.
_FIND_BY_N = """
    WITH RECURSIVE back(id, n) AS (
        SELECT :id, :last UNION ALL
        SELECT previous, back.n - 1 FROM back JOIN messages ON key = :room | back.id
        WHERE back.n > :n
    )
    SELECT id, text, act, replaces & :ids, redacts & :ids, redacted
    FROM back JOIN messages ON key = :room | id
    WHERE back.n = :n AND client = :client AND messages.n = :n
"""


class ClientRow:
    """
    The cached row of a client in a room.

    :ivar last: its last n.
    :ivar id: of its last message.
    """

    __slots__ = ("id", "last", "no")

    def __init__(self, no: int, last: int = 0, id: int = 0) -> None:
        self.no = no
        self.last = last
        self.id = id


class Clients:
    """
    The clients, cached. Lives in the writer's thread.

    :param limit: clients in the cache.
    """

    def __init__(self, file: LedgerDatabase, transaction: Transaction, limit: int) -> None:
        self._file = file
        self._db = file.db
        self._transaction = transaction
        self._limit = limit
        self._rows: dict[tuple[bytes, int], ClientRow] = {}

    def find(self, client: bytes, room: RoomRow) -> ClientRow | None:
        """Return the row of a client in a room, or None where it has not counted there."""
        known = self._rows.get((client, room.no))
        if known is None:
            row = self._db.execute(
                "SELECT no, last, id FROM clients WHERE client = ? AND room = ?", (client, room.no)
            ).fetchone()
            if row is not None:
                known = self._rows[client, room.no] = ClientRow(*row)
        return known

    def create(self, client: bytes, room: RoomRow, at: int) -> ClientRow:
        """Store a new client of a room."""
        self._transaction.begin()
        number = self._file.insert(
            "INSERT INTO clients (client, room, last, seen) VALUES (?, ?, 0, ?)",
            client,
            room.no,
            at,
        )
        row = self._rows[client, room.no] = ClientRow(number)
        return row

    def message(self, client: ClientRow, room: RoomRow, n: int) -> tuple[int, bytes] | None:
        """Return the id and the digest of the message that a client sent as n, if remembered."""
        if n <= client.last - REMEMBERED_NUMBERS:
            return None
        row = self._db.execute(
            _FIND_BY_N,
            {
                "id": client.id,
                "last": client.last,
                "room": room.no << ROOM_SHIFT,
                "n": n,
                "client": client.no,
                "ids": MAX_ID,
            },
        ).fetchone()
        if row is not None and not row[5]:  # else its text is gone
            id, text, kind, replaces, redacts, _ = row
            return id, digest(text, kind, replaces, redacts)
        found: tuple[int, bytes] | None = self._db.execute(
            "SELECT id, digest FROM digests WHERE client = ? AND n = ?", (client.no, n)
        ).fetchone()
        return found

    def trim(self) -> None:
        """
        Keep the cache small. Call this between batches: what a batch changes is not on disk yet.
        """
        if len(self._rows) > self._limit:
            self._rows.clear()

    def clear(self) -> None:
        """Forget what is cached."""
        self._rows.clear()

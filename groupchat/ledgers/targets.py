"""The messages that corrections and redactions are about, in the ledger on disk."""

from __future__ import annotations

from groupchat.core.entries import CorrectionEntry
from groupchat.ledgers.corrections import MAX_SCANNED_FOR_LAST, Target
from groupchat.ledgers.database import LedgerDatabase
from groupchat.ledgers.dedupe import digest
from groupchat.ledgers.identities import Identities
from groupchat.ledgers.rooms import MAX_ID, ROOM_SHIFT, RoomRow
from groupchat.ledgers.transaction import Transaction

__all__ = ["Targets"]

MIN_TRACE = 8  #: characters from which on a text alone is a trace

#: The newest message of two authors that is neither a correction nor redacted.
_NEWEST = f"""
    SELECT key & {MAX_ID} FROM messages
    WHERE key BETWEEN ? AND ? AND (author = ? OR author = ?)
    AND replaces IS NULL AND redacts IS NULL AND redacted IS NULL
    ORDER BY key DESC LIMIT 1
"""
#: A message, with the client of older messages, which have no author.
_FIND = """
    SELECT at, author, clients.client, redacts, redacted
    FROM messages LEFT JOIN clients ON clients.no = messages.client WHERE key = ?
"""
_GROUP = """
    SELECT key, sender, text, act, client, n, replaces FROM messages
    WHERE key = :first OR key IN (SELECT key FROM replacements WHERE target = :first)
"""


class Targets:
    """Lives in the writer's thread."""

    def __init__(
        self, file: LedgerDatabase, transaction: Transaction, identities: Identities
    ) -> None:
        self._file = file
        self._db = file.db
        self._transaction = transaction
        self._identities = identities

    def first_id(self, room: RoomRow, id: int, entry: CorrectionEntry) -> int:
        """
        Return the id of the message that a correction means by an id: the first one, if that is a
        replacement; the author's newest, if it is 0.
        """
        base = room.no << ROOM_SHIFT
        if not id:
            low = max(room.first, room.head - MAX_SCANNED_FOR_LAST + 1)
            return (
                self._file.value(_NEWEST, base | low, base | room.head, *self._numbers(entry)) or 0
            )
        if id > room.head:
            return id
        key = self._file.value("SELECT replaces FROM messages WHERE key = ?", base | id)
        return key & MAX_ID if key and key >= base | room.first else id

    def find(self, room: RoomRow, id: int, entry: CorrectionEntry) -> Target | None:
        """Return the message with an id, as its correction sees it, or None."""
        if not room.first <= id <= room.head:
            return None
        row = self._db.execute(_FIND, (room.no << ROOM_SHIFT | id,)).fetchone()
        if row is None:
            return None
        at, author, client, redacts, redacted = row
        if author is None:
            own = bool(client) and client == entry.client
        else:
            own = author in self._numbers(entry)
        return Target(id, at, own, redacts is not None, bool(redacted))

    def _numbers(self, entry: CorrectionEntry) -> tuple[int | None, int | None]:
        account, client = entry.account, entry.client
        return (
            self._identities.find(account) if account else None,
            self._identities.find(client) if client else None,
        )

    def store(self, room: RoomRow, entry: CorrectionEntry) -> None:
        """Store what a correction does, once its own row is stored."""
        base = room.no << ROOM_SHIFT
        key, replaces, redacts = base | (entry.id or 0), entry.replaces, entry.redacts
        self._transaction.begin()
        if replaces is not None:
            target = base | replaces
            self._db.execute("UPDATE messages SET replaces = ? WHERE key = ?", (target, key))
            self._db.execute("INSERT INTO replacements VALUES (?, ?)", (key, target))
        elif redacts is not None:
            target = base | redacts
            self._db.execute("UPDATE messages SET redacts = ? WHERE key = ?", (target, key))
            entry.redacted = self._redact(target)

    def _redact(self, key: int) -> list[int]:
        """Delete the text of a message and of its replacements. Return their ids."""
        first = self._file.value("SELECT coalesce(replaces, key) FROM messages WHERE key = ?", key)
        group = self._db.execute(_GROUP, {"first": first}).fetchall()
        self._transaction.insert(
            "INSERT OR REPLACE INTO digests",
            [
                (client, n, key & MAX_ID, digest(text, kind, replaces and replaces & MAX_ID))
                for key, _, text, kind, client, n, replaces in group
                if n is not None
            ],
        )
        # a short text alone would be found everywhere
        self._db.executemany(
            "INSERT INTO erasures (trace) VALUES (?)",
            [(text if len(text) >= MIN_TRACE else sender + text,) for _, sender, text, *_ in group],
        )
        keys = [row[0] for row in group]
        self._db.executemany(
            "UPDATE messages SET text = '', redacted = 1 WHERE key = ?", [(key,) for key in keys]
        )
        return [key & MAX_ID for key in keys]

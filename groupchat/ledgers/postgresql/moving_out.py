"""
Moves a ledger from PostgreSQL into a file: all rows, with their ids, in one transaction.

The digests of corrections whose text is gone can't be moved.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import NamedTuple

from psycopg.rows import TupleRow

from groupchat.ledgers.rooms import ROOM_SHIFT
from groupchat.postgresql import Connection

__all__ = ["move_out"]

_ROOMS = """
    SELECT no, name, coalesce((SELECT max(id) FROM messages WHERE room = no), base),
        greatest(first, base + 1), topic, topic_by, aged, owner, private::int FROM rooms
"""
_MESSAGES = """
    SELECT room, id, at, n, digest, received, replaces, redacts,
        CASE WHEN notice THEN 2 ELSE act::int END, redacted, sender,
        account, client, text
    FROM messages ORDER BY room, id
"""
_STEP = 1000  #: rows that are read at once


class _Counted(NamedTuple):
    """The last message of a client in a room."""

    no: int
    n: int
    id: int
    at: int


class _Target:
    """The file."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._identities: dict[str | bytes, tuple[int, int]] = {}
        self._clients: dict[tuple[int, bytes], _Counted] = {}

    def insert(self, table: str, *row: object) -> None:
        """Insert a row into a table, whose columns may follow its name."""
        self._db.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)

    def identity(self, identity: str | bytes, seen: int) -> int:
        """Return the number of an account or a guest's client, which was seen at a time."""
        no, before = self._identities.get(identity, (len(self._identities) + 1, 0))
        self._identities[identity] = no, max(before, seen)
        return no

    def count(self, room: int, client: bytes, n: int, id: int, at: int) -> tuple[int, int]:
        """Return the number of a client, and the id of its message before this one."""
        before = self._clients.get((room, client))
        no = before.no if before else len(self._clients) + 1
        self._clients[room, client] = _Counted(no, n, id, at)
        return no, before.id if before else 0

    def digest(self, row: TupleRow) -> None:
        """Keep a number that a client has counted, of a message that is deleted."""
        room, client, n, id, digest, replaces, redacts, at = row
        no, _ = self.count(room, client, n, id, at)
        self._keep_digest(no, n, id, digest, replaces, redacts)

    def _keep_digest(
        self, no: int, n: int, id: int, digest: int | None, replaces: object, redacts: object
    ) -> None:
        if digest is not None and replaces is None and redacts is None:
            self.insert("digests", no, n, id, digest.to_bytes(8, "big", signed=True))

    def message(self, row: TupleRow) -> None:
        room, id, at, n, digest, received, replaces, redacts, kind, redacted, *said = row
        sender, account, client, text = said
        base = room << ROOM_SHIFT
        no = previous = None
        if n is not None:
            no, previous = self.count(room, client, n, id, at)
            if redacted:
                self._keep_digest(no, n, id, digest, replaces, redacts)
        target = replaces and base | replaces
        author = self.identity(account or client, at) if account or client else None
        self.insert(
            "messages", base | id, at, sender, text, kind, no, n, previous, received, author,
            target, redacts and base | redacts, 1 if redacted else None,
        )  # fmt: skip
        if target is not None:
            self.insert("replacements", base | id, target)

    def mark(self, row: TupleRow) -> None:
        account, client, room, id, at = row
        self.insert("marks", self.identity(account or client, at), room, id)

    def finish(self) -> None:
        """Store who was seen."""
        for identity, (no, seen) in self._identities.items():
            self.insert("identities", no, identity, seen)
        for (room, client), last in self._clients.items():
            self.insert("clients", last.no, client, room, last.n, last.at, last.id)


def move_out(source: Connection, to: sqlite3.Connection) -> Iterator[int]:
    """
    Copy a ledger into empty tables, in the transactions of both. Yields the number of messages so
    far, from time to time.
    """
    target = _Target(to)
    rows = source.execute
    for no, token in rows("SELECT no, token FROM epochs"):
        target.insert("epochs", no, token, 0)
    for row in rows(_ROOMS.encode()):
        target.insert("rooms (no, name, head, first, topic, topic_by, aged, owner, private)", *row)
    for row in rows("SELECT no, unnest(invited) FROM rooms"):
        target.insert("invitations", *row)
    for row in rows("SELECT room, epoch, head FROM epoch_starts"):
        target.insert("epoch_starts", *row)
    for row in rows("SELECT account, room FROM direct_rooms"):
        target.insert("direct_rooms", *row)
    for row in rows(
        "SELECT room, client, n, id, digest, replaces, redacts, at FROM digests ORDER BY n"
    ):
        target.digest(row)
    with source.cursor("messages") as cursor:
        cursor.itersize = _STEP
        for count, row in enumerate(cursor.execute(_MESSAGES.encode()), 1):
            target.message(row)
            if count % _STEP == 0:
                yield count
    for row in rows("SELECT account, client, room, id, at FROM marks"):
        target.mark(row)
    target.finish()

"""The reader of the ledger on disk: pages and lists, on a connection of its own."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator

import msgspec

from groupchat.ledgers.pages import MAX_MESSAGES_IN_PAGE, page
from groupchat.ledgers.rooms import MAX_ID, ROOM_SHIFT
from groupchat.wire.events import Message
from groupchat.wire.timestamps import stamp

__all__ = ["Reader"]

#: A page as one value, read in one step: at each step the reactor may take the interpreter's lock,
#: and has to give it back.
_PAGE = """
    SELECT json_group_array(json_array(key, at, sender, text, act)) FROM (
        SELECT * FROM messages WHERE key BETWEEN ? AND ? ORDER BY key {} LIMIT ?
    )
"""
_Row = tuple[int, int, str, str, int]
_rows = msgspec.json.Decoder(list[_Row])


class Reader:
    """
    Lives in the reader's thread.

    :param db: a connection that only reads.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def close(self) -> None:
        self._db.close()

    def page(self, room: str, after: int, through: int) -> list[Message]:
        """Return a page of the messages with after < id <= through, ascending."""
        found, _ = self._range(room, after, through, "ASC", MAX_MESSAGES_IN_PAGE)
        return found

    def history(self, room: str, before: int, limit: int) -> tuple[list[Message], bool]:
        """
        Return the newest messages with id < before, ascending, and whether there are older ones.
        """
        found, first = self._range(room, 0, before - 1, "DESC", limit)
        return found[::-1], bool(found) and found[-1].id > first

    def rooms(self) -> dict[str, str]:
        """Return the rooms in which messages are stored, each with its topic."""
        return dict(self._db.execute("SELECT name, topic FROM rooms WHERE first <= head"))

    def _range(
        self, room: str, after: int, through: int, order: str, limit: int
    ) -> tuple[list[Message], int]:
        """
        Return a page of a room's messages with after < id <= through, and the room's first id.
        """
        found = self._db.execute("SELECT no, first FROM rooms WHERE name = ?", (room,)).fetchone()
        if found is None:
            return [], 1
        no, first = found
        low, high = max(after + 1, first), min(through, MAX_ID)
        if low > through:
            return [], first
        base = no << ROOM_SHIFT
        (rows,) = self._db.execute(
            _PAGE.format(order), (base | low, base | high, min(limit, MAX_MESSAGES_IN_PAGE))
        ).fetchone()
        return page(_messages(room, _rows.decode(rows))), first


def _messages(room: str, rows: Iterable[_Row]) -> Iterator[Message]:
    for key, at, sender, text, act in rows:
        yield Message(room, key & MAX_ID, stamp(at), sender, text, bool(act))

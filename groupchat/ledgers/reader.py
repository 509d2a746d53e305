"""The readers of the ledger on disk: pages, lists and searches."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import msgspec

from groupchat.core.search import SearchQuery
from groupchat.ledgers.clock import Clock
from groupchat.ledgers.kinds import Kind
from groupchat.ledgers.room_reader import RoomReader
from groupchat.ledgers.rooms import MAX_ID, ROOM_SHIFT
from groupchat.ledgers.search import Condition, condition
from groupchat.wire.events import Message
from groupchat.wire.timestamps import stamp

__all__ = ["Reader"]

#: A page as one value, read in one step: at each step the reactor may take the interpreter's lock,
#: and has to give it back.
_PAGE = f"""
    SELECT json_group_array(json_array(
        key, at, sender, text, CASE WHEN coalesce(replaces, redacts, redacted) IS NULL THEN act
        ELSE json_array(act, replaces & {MAX_ID}, redacts & {MAX_ID}, redacted) END
    )) FROM (
        SELECT * FROM messages WHERE key BETWEEN ? AND ? {{where}} ORDER BY key {{order}} LIMIT ?
    )
"""
_Correction = tuple[int, int | None, int | None, int | None]  # kind, replaces, redacts, redacted
_Row = tuple[int, int, str, str, int | _Correction]
_rows = msgspec.json.Decoder(list[_Row])
_ROOMS = """
    SELECT name, topic FROM rooms WHERE first <= head AND name NOT LIKE '@%' AND (
        NOT private OR :account IN (owner, (
            SELECT account FROM invitations WHERE room = no AND account = :account
        ))
    )
"""
_DIRECT_ROOMS = """
    SELECT name, head, coalesce((
        SELECT id FROM marks WHERE room = rooms.no AND identity = (
            SELECT no FROM identities WHERE identity = :account
        )
    ), 0) FROM direct_rooms JOIN rooms ON rooms.no = direct_rooms.room
    WHERE account = :account AND first <= head
"""


class Reader(RoomReader):
    """
    Lives in the reader's thread.

    :param db: a connection that only reads.
    :param max_searched: messages that one search looks at.
    """

    def __init__(self, db: sqlite3.Connection, clock: Clock, max_searched: int) -> None:
        super().__init__(clock, max_searched)
        self._db = db

    def close(self) -> None:
        self._db.close()

    def rooms(self, account: str) -> dict[str, str]:
        return dict(self._db.execute(_ROOMS, {"account": account}))

    def direct_rooms(self, account: str) -> dict[str, tuple[int, int]]:
        rows = self._db.execute(_DIRECT_ROOMS, {"account": account})
        return {name: (head, mark) for name, head, mark in rows}

    def _condition(self, query: SearchQuery) -> Condition:
        return condition(query, self._max_searched)

    def _find(self, room: str) -> tuple[int, int, int]:
        found: tuple[int, int, int] | None = self._db.execute(
            "SELECT no, first, head FROM rooms WHERE name = ?", (room,)
        ).fetchone()
        return found or (0, 1, 0)

    def _messages(
        self,
        room: str,
        no: int,
        low: int,
        high: int,
        order: str,
        limit: int,
        wanted: Condition | None = None,
    ) -> Iterator[Message]:
        base, high = no << ROOM_SHIFT, min(high, MAX_ID)
        if low > high:
            return
        where, values = (f"AND {wanted.sql}", wanted.values) if wanted else ("", ())
        page = _PAGE.format(where=where, order=order)
        (rows,) = self._db.execute(page, (base | low, base | high, *values, limit)).fetchone()
        for key, at, sender, text, kind in _rows.decode(rows):
            id = key & MAX_ID
            if isinstance(kind, int):
                act, notice = kind == Kind.ACT, kind == Kind.NOTICE
                yield Message(room, id, stamp(at), sender, text, act, notice)
            else:
                number, replaces, redacts, redacted = kind
                yield Message(
                    room, id, stamp(at), sender, text, number == Kind.ACT, number == Kind.NOTICE,
                    replaces, redacts, bool(redacted),
                )  # fmt: skip

"""The readers of the ledger in PostgreSQL: pages, lists and searches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg

from groupchat.core.search import SearchQuery
from groupchat.ledgers.clock import Clock
from groupchat.ledgers.postgresql.search import condition
from groupchat.ledgers.room_reader import RoomReader
from groupchat.ledgers.search import Condition
from groupchat.postgresql import Link
from groupchat.wire import names
from groupchat.wire.events import Message
from groupchat.wire.timestamps import stamp

__all__ = ["Reader"]

_MESSAGES = {
    "ASC": """
        SELECT id, at, sender, text, act, notice, replaces, redacts, redacted FROM messages
        WHERE room = %s AND id BETWEEN %s AND %s {} ORDER BY id LIMIT %s
    """,
    "DESC": """
        SELECT id, at, sender, text, act, notice, replaces, redacts, redacted FROM messages
        WHERE room = %s AND id BETWEEN %s AND %s {} ORDER BY id DESC LIMIT %s
    """,
}
_ROOMS = """
    SELECT name, topic FROM rooms r WHERE name NOT LIKE '@%%' AND (
        NOT private OR %(account)s <> '' AND (%(account)s = owner OR %(account)s = ANY (invited))
    ) AND EXISTS (SELECT FROM messages m WHERE m.room = r.no AND m.id >= r.first)
"""
_DIRECT_ROOMS = """
    SELECT r.name, (SELECT max(m.id) FROM messages m WHERE m.room = r.no), coalesce((
        SELECT k.id FROM marks k WHERE k.room = r.no AND k.account = d.account AND k.client = ''
    ), 0) FROM direct_rooms d JOIN rooms r ON r.no = d.room
    WHERE d.account = %(account)s
    AND EXISTS (SELECT FROM messages m WHERE m.room = r.no AND m.id >= r.first)
"""

#: Messages that still have a text. A replacement counts as the message that it replaces, as long as
#: that is kept.
_SAID = """
    SELECT DISTINCT r.name, CASE WHEN m.replaces >= r.first THEN m.replaces ELSE m.id END
    FROM messages m JOIN rooms r ON r.no = m.room
    WHERE m.id >= r.first AND m.redacts IS NULL AND NOT m.redacted
    AND (m.sender = ANY (%(names)s) OR m.account <> '' AND m.account = %(account)s) ORDER BY 1, 2
"""
MAX_ID = (1 << 63) - 1

Row = tuple[Any, ...]  #: Any: as psycopg types its values


class Reader(RoomReader):
    """
    Lives in the reader's thread.

    :param keep: messages that each room keeps, or None.
    :param max_searched: messages that one search looks at.
    """

    def __init__(self, link: Link, keep: int | None, clock: Clock, max_searched: int) -> None:
        super().__init__(clock, max_searched)
        self._link = link
        self._keep = keep

    def close(self) -> None:
        self._link.close()

    def rooms(self, account: str) -> dict[str, str]:
        return dict(self._rows(_ROOMS, {"account": account}))

    def direct_rooms(self, account: str) -> dict[str, tuple[int, int]]:
        rows = self._rows(_DIRECT_ROOMS, {"account": account})
        return {name: (head, mark) for name, head, mark in rows}

    def said_by(self, name: str, account: str) -> list[tuple[str, int]]:
        """
        Return the room and the id of each message of a person. Reads all messages.

        :param account: the id of the person's account; "" for none.
        """
        key = names.key(name)
        senders = [sender for (sender,) in self._rows("SELECT DISTINCT sender FROM messages", ())]
        wanted = [sender for sender in senders if names.key(sender) == key]
        return [(room, id) for room, id in self._rows(_SAID, {"names": wanted, "account": account})]

    def _condition(self, query: SearchQuery) -> Condition:
        return condition(query, self._max_searched)

    def _find(self, room: str) -> tuple[int, int, int]:
        rows = self._rows(
            "SELECT no, first, head FROM standing_v1(%s, %s::bigint, 0)", (room, self._keep)
        )
        no, first, head = rows[0]
        return (no, first, head) if no is not None else (0, 1, 0)

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
        high = min(high, MAX_ID)
        if low > high:
            return
        where, values = (f"AND {wanted.sql}", wanted.values) if wanted else ("", ())
        query = _MESSAGES[order].format(where)
        for id, at, *rest in self._rows(query, (no, low, high, *values, limit)):
            yield Message(room, id, stamp(at), *rest)

    def _rows(self, query: str, values: Any) -> list[Row]:  # Any: as psycopg types its values
        """
        Return the rows that a query finds.

        :raises psycopg.OperationalError: the database can't be reached; the next query tries it on
            a new connection.
        """
        try:
            return self._link.connection().execute(query.encode(), values).fetchall()
        except psycopg.OperationalError:
            self._link.close()
            raise

"""The readers of the ledger on disk: pages, lists and searches."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import msgspec

from groupchat.core.search import Found, SearchQuery
from groupchat.ledgers.clock import Clock
from groupchat.ledgers.pages import MAX_MESSAGES_IN_PAGE, page
from groupchat.ledgers.rooms import MAX_ID, ROOM_SHIFT
from groupchat.ledgers.search import Condition, condition, is_sent_by
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
_Correction = tuple[int, int | None, int | None, int | None]  # act, replaces, redacts, redacted
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

FIRST_SEARCHED = 256  #: messages that a search looks at first, to learn how long that takes
MAX_SEARCH_SECONDS = 0.25  #: seconds after which a search answers, about


class Reader:
    """
    Lives in the reader's thread.

    :param db: a connection that only reads.
    :param max_searched: messages that one search looks at.
    """

    def __init__(self, db: sqlite3.Connection, clock: Clock, max_searched: int) -> None:
        self._db = db
        self._clock = clock
        self._max_searched = max_searched

    def close(self) -> None:
        self._db.close()

    def page(self, room: str, after: int, through: int) -> list[Message]:
        """Return a page of the messages with after < id <= through, ascending."""
        no, first, _ = self._find(room)
        low = max(after + 1, first)
        return page(self._messages(room, no, low, through, "ASC", MAX_MESSAGES_IN_PAGE))

    def history(
        self, room: str, before: int, limit: int, after: int | None = None
    ) -> tuple[list[Message], bool]:
        """
        Return the newest messages with id < before, ascending, and whether there are older ones;
        with `after`, the oldest ones after it, and whether there are newer ones.
        """
        no, first, head = self._find(room)
        limit = min(limit, MAX_MESSAGES_IN_PAGE)
        if after is not None:
            low, last = max(after + 1, first), min(before - 1, head)
            found = page(self._messages(room, no, low, last, "ASC", limit))
            return found, bool(found) and found[-1].id < last
        found = page(self._messages(room, no, first, before - 1, "DESC", limit))
        return found[::-1], bool(found) and found[-1].id > first

    def rooms(self, account: str) -> dict[str, str]:
        """Return the rooms that an account may join, each with its topic."""
        return dict(self._db.execute(_ROOMS, {"account": account}))

    def direct_rooms(self, account: str) -> dict[str, tuple[int, int]]:
        """Return the direct rooms of an account, each with its head and the account's mark."""
        rows = self._db.execute(_DIRECT_ROOMS, {"account": account})
        return {name: (head, mark) for name, head, mark in rows}

    def search(self, room: str, query: SearchQuery, before: int, limit: int) -> Found:
        """
        Return the newest messages with id < before that a query finds.

        It goes back in portions, each bigger than the one before it, until it has found enough, has
        looked at enough, or has taken long enough.
        """
        no, first, head = self._find(room)
        wanted, portion = condition(query, self._max_searched), FIRST_SEARCHED
        reached = min(before, head + 1)
        last = max(first, reached - wanted.most)
        end = self._clock.monotonic() + MAX_SEARCH_SECONDS
        found: list[Message] = []
        while reached > last and len(found) < limit and self._clock.monotonic() < end:
            low, most = max(last, reached - portion), limit - len(found)
            some = list(self._messages(room, no, low, reached - 1, "DESC", most, wanted))
            reached = some[-1].id if len(some) == most else low
            found += [message for message in some if is_sent_by(message, query)]
            portion *= 4
        shown = page(found)
        if len(shown) < len(found):
            reached = shown[-1].id
        return Found(shown[::-1], reached, reached > first)

    def _find(self, room: str) -> tuple[int, int, int]:
        """Return a room's number, the first id that is kept, and its head."""
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
        """Yield the messages from one id to another, at most `limit`."""
        base, high = no << ROOM_SHIFT, min(high, MAX_ID)
        if low > high:
            return
        where, values = (f"AND {wanted.sql}", wanted.values) if wanted else ("", ())
        page = _PAGE.format(where=where, order=order)
        (rows,) = self._db.execute(page, (base | low, base | high, *values, limit)).fetchone()
        for key, at, sender, text, act in _rows.decode(rows):
            if isinstance(act, int):
                yield Message(room, key & MAX_ID, stamp(at), sender, text, bool(act))
            else:
                acts, replaces, redacts, redacted = act
                yield Message(
                    room, key & MAX_ID, stamp(at), sender, text, bool(acts),
                    replaces, redacts, bool(redacted),
                )  # fmt: skip

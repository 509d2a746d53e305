"""
The effects of joining and leaving rooms, once the ledger has given them their places.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from groupchat.core.cursor import Cursor, Origin
from groupchat.core.entries import JoinEntry, LeaveEntry, QuitEntry
from groupchat.core.room_access import RoomAccess
from groupchat.settings import Settings

if TYPE_CHECKING:
    from groupchat.core.delivery import Delivery

__all__ = ["Membership"]


class Membership:
    """
    :param now: the time in milliseconds since 1970.
    """

    def __init__(self, delivery: Delivery, settings: Settings, now: Callable[[], int]) -> None:
        self._delivery = delivery
        self._settings = settings
        self._now = now

    def joined(self, entry: JoinEntry) -> None:
        """Let a session join a room, or tell it why it can't."""
        cursor = entry.cursor
        assert cursor is not None  # only ledgers are tested without
        self._delivery.joined(cursor.session)
        room = self._delivery.touch(entry.room)
        if entry.refusal is not None:
            if room is not None and entry.instead is not None:
                room.leave(entry.instead)
            cursor.session.rooms.refused(cursor, entry.refusal)
            return
        if room is None:
            self._delivery.rooms.begin(entry)
            room = self._delivery.touch(entry.room)
            assert room is not None
        room.first = entry.first
        room.access = RoomAccess(entry.owner, entry.private, entry.invited)
        self._begin(cursor, entry)
        if entry.instead is None or not room.replace(entry.instead, cursor):
            room.join(cursor)
        cursor.session.rooms.joined()

    def _begin(self, cursor: Cursor, entry: JoinEntry) -> None:
        """Set where a cursor begins."""
        cursor.last_n = entry.last_n
        cursor.mark = entry.mark
        cursor.since = self._now()
        if not entry.known:
            cursor.origin = Origin.RESET
        else:
            cursor.origin = Origin.NEW if entry.after is None else Origin.RESUMING
        if entry.after is None or not entry.known:
            cursor.after = max(entry.first - 1, entry.head - self._settings.replay)
        else:
            cursor.after = entry.after

    def left(self, entry: LeaveEntry) -> None:
        """Let a session leave a room."""
        room = self._delivery.touch(entry.room)
        if room is not None:
            room.publish_messages()  # a member that leaves still sees what it said before
            room.leave(entry.cursor)
        self._delivery.answer(entry, entry.cursor.label)

    def quit(self, entry: QuitEntry) -> None:
        """End a session that has no entry under way any more."""
        if entry.session is not None:
            self._delivery.quit(entry.session)

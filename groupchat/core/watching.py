"""
Watching: somebody reads a room without being in it. It is told what a member is told, by the same
cursor, fan-out and pump; and nobody is told of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from groupchat.core.cursor import Cursor, Origin
from groupchat.core.entries import LookEntry
from groupchat.core.room_access import RoomAccess
from groupchat.wire.events import Bye

if TYPE_CHECKING:
    from groupchat.core.delivery import Delivery
    from groupchat.settings import Settings

__all__ = ["Watching"]


class Watching:
    """Lets watchers begin, once the ledger has told the state of their room."""

    def __init__(self, delivery: Delivery, settings: Settings) -> None:
        self._delivery = delivery
        self._settings = settings

    def looked(self, entry: LookEntry) -> None:
        """Let the watcher that posted an entry begin, if one did."""
        watcher = entry.watcher
        if watcher is None or watcher.ended:
            return
        self._delivery.rooms.arriving.discard(watcher)
        if entry.refusal is not None:
            watcher.end(Bye(entry.refusal.code, entry.refusal.text))
            return
        room = self._delivery.touch(entry.room)
        if room is None:
            room = self._delivery.rooms.begin(entry.room, entry.head, entry.topic, entry.topic_by)
            self._delivery.touch(entry.room)
        room.first = entry.first
        room.access = RoomAccess(entry.owner, entry.private, entry.invited)
        self._begin(watcher.cursor, entry)
        room.watch(watcher.cursor, watcher)

    def _begin(self, cursor: Cursor, entry: LookEntry) -> None:
        """Set where a cursor begins: without a position, at the end."""
        if not entry.known:
            cursor.origin = Origin.RESET
            cursor.after = max(entry.first - 1, entry.head - self._settings.replay)
        elif entry.after is None:
            cursor.origin, cursor.after = Origin.NEW, entry.head
        else:
            cursor.origin, cursor.after = Origin.RESUMING, entry.after

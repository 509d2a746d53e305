"""
The rooms, by name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from groupchat.core.counters import Counters
from groupchat.core.direct import DirectRoom
from groupchat.core.direct_rooms import is_direct
from groupchat.core.entries import Entry, TopicEntry
from groupchat.core.room import Room
from groupchat.interfaces import ILedger

if TYPE_CHECKING:
    from twisted.internet.interfaces import IDelayedCall

    from groupchat.core.direct import DirectRooms
    from groupchat.core.watcher import Watcher

__all__ = ["Rooms"]


class Rooms(dict[str, Room]):
    """
    The rooms with members, each by its internal name.

    :param ledger: gives the rooms their pages.
    :param direct: tells whose direct rooms are whose.
    :param post: gives an entry to the ledger.
    :param call_later: that of a reactor.

    :ivar listed: the number of rooms without the direct ones.
    :ivar arriving: the watchers of whose rooms the ledger has not told the state yet.
    """

    def __init__(
        self,
        ledger: ILedger,
        direct: DirectRooms,
        post: Callable[[Entry], None],
        call_later: Callable[..., IDelayedCall],
        counters: Counters,
    ) -> None:
        super().__init__()
        self.listed = 0
        self.arriving: set[Watcher] = set()
        self._ledger = ledger
        self._direct = direct
        self._post = post
        self._call_later = call_later
        self._counters = counters

    def begin(self, name: str, head: int, topic: str, topic_by: str) -> Room:
        """Add the room that somebody is the first to join."""
        room: Room
        if is_direct(name):
            room = DirectRoom(
                name,
                head,
                self._ledger,
                self._call_later,
                self._counters,
                lambda: self._direct.names(name),
            )
        else:
            room = Room(name, head, self._ledger, self._call_later, self._counters)
            self.listed += 1
        room.topic, room.topic_by = topic, topic_by
        self[name] = room
        return room

    def watchers(self) -> list[Watcher]:
        """Return all who read without being in a room, or are about to."""
        return [*self.arriving, *(one for room in self.values() for one in room.watchers.values())]

    def clear(self) -> None:
        """Forget all rooms, and tell nobody."""
        for room in self.values():
            room.close()
        super().clear()
        self.listed = 0

    def end(self, room: Room) -> None:
        """
        Drop a room without members. Where the ledger has none of its messages, its topic goes, too:
        one node says so.
        """
        if self.get(room.name) is not room:
            return
        del self[room.name]
        if not is_direct(room.name):
            self.listed -= 1
        if room.topic and room.head < room.first and room.left_by == self._ledger.node:
            self._post(TopicEntry(room.name, "", ""))

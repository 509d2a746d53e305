"""
The attendance of a room: who is in it, from which seats, and where those of this node stand.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from groupchat.core.cursor import Cursor, Phase
from groupchat.wire import names

if TYPE_CHECKING:
    from groupchat.core.member import Member
    from groupchat.core.seat import Seat
    from groupchat.core.watcher import Watcher

__all__ = ["Attendance"]


class Attendance:
    """
    :param room: the internal name of the room.

    :ivar members: the members, each with its seats here, and these with the cursors of their
        sessions: None for those of other nodes.
    :ivar watchers: those that read and are not members, by their cursors.
    :ivar count: the cursors of this node, those of watchers included.
    """

    __slots__ = ("_by_name", "_names", "_room", "count", "members", "watchers")

    def __init__(self, room: str) -> None:
        self.members: dict[Member, dict[Seat, Cursor | None]] = {}
        self.watchers: dict[Cursor, Watcher] = {}
        self.count = 0
        self._room = room
        self._names: list[str] | None = None
        self._by_name: list[Member] | None = None

    def has(self, seat: Seat) -> bool:
        """Return whether a seat is here."""
        return seat in self.members.get(seat.member, ())

    def add(self, seat: Seat, cursor: Cursor | None) -> None:
        """Add a seat, or the cursor of one that is here."""
        self.members.setdefault(seat.member, {})[seat] = cursor
        self.changed()
        if cursor is not None:
            self._begin(cursor)

    def remove(self, seat: Seat) -> Cursor | None:
        """Remove a seat. Returns its cursor."""
        seats = self.members[seat.member]
        cursor = seats.pop(seat)
        if not seats:
            del self.members[seat.member]
        seat.rooms.pop(self._room, None)
        self.changed()
        self.count -= cursor is not None
        return cursor

    def watch(self, cursor: Cursor, watcher: Watcher) -> None:
        """Add a watcher."""
        self.watchers[cursor] = watcher
        self._begin(cursor)

    def unwatch(self, cursor: Cursor) -> None:
        """Remove a watcher."""
        del self.watchers[cursor]
        self.count -= 1

    def _begin(self, cursor: Cursor) -> None:
        self.count += 1
        if cursor.phase is Phase.JOINING:  # else its session has ended
            cursor.phase = Phase.NEEDS_STATE

    def changed(self) -> None:
        """Forget the lists: a name has changed, or a member has come or gone."""
        self._by_name = self._names = None

    def cursors(self) -> list[Cursor]:
        """Return the cursors of this node's members."""
        here = [cursor for seats in self.members.values() for cursor in seats.values()]
        return [cursor for cursor in here if cursor is not None]

    def names(self, limit: int) -> list[str]:
        """Return the names of the first members, at most this many."""
        if self._names is None:  # members that join together are told the same names
            self._names = [member.name for member in islice(self.members, limit)]
        return self._names

    def by_name(self) -> list[Member]:
        """Return the members, sorted by name."""
        if self._by_name is None:
            self._by_name = sorted(self.members, key=lambda member: names.key(member.name))
        return self._by_name

"""
The rooms that one session is in, each with its cursor.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING

from groupchat.core.cursor import Cursor, Phase
from groupchat.core.entries import Entry, JoinEntry, LeaveEntry
from groupchat.settings import Settings
from groupchat.wire import errors, names
from groupchat.wire.commands import Position

if TYPE_CHECKING:
    from groupchat.core.room import Room
    from groupchat.core.session import Session

__all__ = ["JoinedRooms"]


class JoinedRooms:
    """
    :param session: the session that is in the rooms.
    :param rooms: all rooms of the node.
    :param post: gives an entry to the ledger.

    :ivar cursors: the cursor in each room, by the room's name.
    :ivar current: the room that a command without one is about.
    """

    __slots__ = ("_post", "_rooms", "_session", "_settings", "current", "cursors")

    def __init__(
        self,
        session: Session,
        rooms: Mapping[str, Room],
        settings: Settings,
        post: Callable[[Entry], None],
    ) -> None:
        self.cursors: dict[str, Cursor] = {}
        self.current = ""
        self._session = session
        self._rooms = rooms
        self._settings = settings
        self._post = post

    def resolve(self, name: str) -> str:
        """
        Return the room that a command is about, as the server writes it.

        :param name: as the command gives it; "" for the current room.
        :raises NotInRoom: the session is not in it.
        """
        if name in self.cursors:
            return name
        if name:
            room = names.key(name)
        else:
            room = self.current if self._session.wire.capabilities.single_room else ""
        if room not in self.cursors:
            raise errors.NotInRoom("You are not in that room. Join it first.")
        return room

    def new(self, name: str) -> str:
        """
        Return the name of a room to join, as the server writes it.

        :raises BadName: it is no name of a room.
        :raises AlreadyIn: the session is in it.
        """
        room = self._settings.names.room(name)
        if room in self.cursors:
            raise errors.AlreadyIn(f"You are in {room} already.")
        return room

    def check(self, wanted: Collection[str]) -> None:
        """
        Check that a member can be in all these rooms at once.

        :raises TooMany: it can't.
        """
        settings, rooms = self._settings, self._rooms
        if len(wanted) > settings.max_rooms_per_member:
            raise errors.TooMany(
                f"You can be in at most {settings.max_rooms_per_member} rooms. Leave a room first."
            )
        if len(rooms) + sum(room not in rooms for room in wanted) > settings.max_rooms:
            raise errors.TooMany(
                f"The server has {len(rooms)} rooms, and takes no more. Join a room that exists."
            )

    def join(
        self,
        room: str,
        position: Position,
        ref: str | None = None,
        instead: Cursor | None = None,
    ) -> None:
        """
        Join a room. The next line of the client waits for the room line.

        :param room: its name, as the server writes it.
        :param position: up to where the client knows the room.
        :param instead: the cursor of an older connection, whose place this one takes.
        """
        session = self._session
        cursor = self.cursors[room] = Cursor(session, ref)
        self.current = room
        entry = JoinEntry(
            room, session.client, position.epoch, position.after, cursor, session, ref
        )
        entry.instead = instead
        session.flow.expect_reply()
        self._post(entry)

    def leave(self, room: str, ref: str | None) -> None:
        """Leave a room, with an answer once all that the session said there has been answered."""
        self._post(LeaveEntry(room, self.cursors.pop(room), self._session, ref))

    def move(self, room: str) -> None:
        """Leave the current room, and join another."""
        old = self.current
        self.depart(old, self.cursors.pop(old))
        self.join(room, Position())

    def depart(self, room: str, cursor: Cursor, tell: bool = True) -> None:
        """
        Leave a room at once.

        :param tell: whether the others are told.
        """
        here = self._rooms.get(room)
        if here is not None:
            here.detach(cursor)
        cursor.phase = Phase.CLOSED
        if tell:
            self._post(LeaveEntry(room, cursor))

    def depart_all(self, taken_over: frozenset[str] = frozenset()) -> dict[str, Cursor]:
        """
        Leave all rooms at once.

        :param taken_over: rooms that another connection takes over: the others are not told.
        :returns: the cursors in these.
        """
        for room, cursor in self.cursors.items():
            self.depart(room, cursor, tell=room not in taken_over)
        return {room: self.cursors[room] for room in self.cursors.keys() & taken_over}

    def heads(self) -> dict[str, int]:
        """Return the last id of each room that was written to the session."""
        return {
            name: self._rooms[name].last_given(cursor)
            for name, cursor in self.cursors.items()
            if cursor.phase is not Phase.NEEDS_STATE
        }

    @property
    def all_live(self) -> bool:
        """Whether the session has been given everything of all its rooms."""
        return all(cursor.phase is Phase.LIVE for cursor in self.cursors.values())

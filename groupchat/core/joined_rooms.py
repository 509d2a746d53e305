"""
The rooms that one session is in, each with its cursor.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from groupchat.core.cursor import Cursor, Phase
from groupchat.core.direct import LabelledWire
from groupchat.core.direct_rooms import is_direct
from groupchat.core.entries import Entry, JoinEntry, LeaveEntry
from groupchat.core.presence import LEFT
from groupchat.settings import Settings
from groupchat.wire import errors, names
from groupchat.wire.commands import LOBBY, Position

if TYPE_CHECKING:
    from groupchat.core.room_names import RoomNames
    from groupchat.core.rooms import Rooms
    from groupchat.core.session import Session
    from groupchat.wire.events import Departure

__all__ = ["JoinedRooms"]

_UNTOLD = frozenset({Phase.JOINING, Phase.NEEDS_STATE})  #: phases before the first room line


class JoinedRooms:
    """
    :param session: the session that is in the rooms.
    :param rooms: all rooms of the node.
    :param room_names: translates the names that clients give to rooms.
    :param post: gives an entry to the ledger.
    :param now: the time in milliseconds since 1970.

    :ivar cursors: the cursor in each room, by the room's internal name.
    :ivar current: the room that a command without one is about.
    """

    __slots__ = (
        "_leaving", "_names", "_now", "_post", "_previous", "_rooms", "_session", "_settings",
        "current", "cursors",
    )  # fmt: skip

    def __init__(
        self,
        session: Session,
        rooms: Rooms,
        room_names: RoomNames,
        settings: Settings,
        post: Callable[[Entry], None],
        now: Callable[[], int],
    ) -> None:
        self.cursors: dict[str, Cursor] = {}
        self.current = ""
        self._previous = ""  # the room that was left for the current one
        self._leaving = ""  # the room to leave once another is joined
        self._session = session
        self._rooms = rooms
        self._names = room_names
        self._settings = settings
        self._post = post
        self._now = now

    # Names.

    def resolve(self, name: str) -> str:
        """
        Return the internal name of the room that a command is about.

        :param name: as the command gives it; "" for the current room.
        :raises NotInRoom: the session is not in it.
        """
        if name in self.cursors:
            return name
        room = self.find(name)
        if room not in self.cursors:
            raise errors.NotInRoom("You are not in that room. Join it first.")
        return room

    def find(self, name: str) -> str:
        """Like `resolve`, but for a room in which the session need not be."""
        if not name:
            room = self.current if self._session.wire.capabilities.single_room else ""
            if is_direct(room):
                self._leave_deleted()
            return room
        if is_direct(name):
            self._leave_deleted()
            label = names.key(name)
            for room, cursor in self.cursors.items():
                if cursor.label == label:
                    return room
        return self._names.find(name, self._session.account)

    def _leave_deleted(self) -> None:
        """Leave the direct rooms of deleted accounts: nobody would hear what is said there."""
        account = self._session.account
        for room, cursor in list(self.cursors.items()):
            if is_direct(room) and not self._names.exists(room, account):
                text = f"{cursor.label} has ended: it takes two registered names."
                self._drop(cursor, errors.NoSuchName(text), tell=True)

    def to_join(self, name: str) -> str:
        """
        Return the internal name of a room to join.

        :raises Refused: there is no such room, or the session is in it.
        """
        room = self._names.to_join(name, self._session.account)
        if room in self.cursors or self.find(name) in self.cursors:
            raise errors.AlreadyIn(f"You are in {self.label(room)} already.")
        return room

    def label(self, room: str) -> str:
        """Return the name by which the client knows a room, of which this is the internal name."""
        cursor = self.cursors.get(room)
        if cursor is not None:
            return cursor.label
        return self._names.label_of(room, self._session.account)

    def check(self, wanted: Collection[str]) -> None:
        """
        Check that a member can be in all these rooms at once.

        :param wanted: their names, internal or not.
        :raises TooMany: it can't.
        """
        settings, rooms = self._settings, self._rooms
        if len(wanted) > settings.max_rooms_per_member:
            raise errors.TooMany(
                f"You can be in at most {settings.max_rooms_per_member} rooms. Leave a room first."
            )
        new = sum(room not in rooms and not is_direct(room) for room in wanted)
        if rooms.listed + new > settings.max_rooms:
            raise errors.TooMany(
                f"The server has {rooms.listed} rooms, and takes no more. Join a room that exists."
            )

    # Joining.

    def join(
        self,
        room: str,
        position: Position,
        ref: str | None = None,
    ) -> None:
        """
        Join a room. The next line of the client waits for the room line.

        :param room: its internal name.
        :param position: up to where the client knows the room.
        """
        session = self._session
        label = self._names.label_of(room, session.account)
        wire = LabelledWire(session.wire, label) if is_direct(room) else session.wire
        cursor = self.cursors[room] = Cursor(session, label, wire, ref)
        self.current = room
        session.flow.expect_reply()
        self._post(
            JoinEntry(
                room, session.client, position.epoch, position.after, cursor, session, ref,
                session.account, session.seat, self._now(),
            )
        )  # fmt: skip

    def refused(self, cursor: Cursor, refusal: errors.Refused) -> None:
        """Take note that a room can't be joined, and tell the client."""
        self._drop(cursor, refusal, tell=False)

    # Leaving.

    def leave(self, room: str, ref: str | None, why: Departure = LEFT) -> None:
        """Leave a room, with an answer once all that the session said there has been answered."""
        session, cursor = self._session, self.cursors.pop(room)
        self._post(LeaveEntry(room, session.seat, cursor.label, session, ref, why))

    def move(self, room: str, ref: str | None) -> None:
        """Join a room, and leave the current one once that is done: it may be refused."""
        self._previous = self._leaving = self.current
        self.join(room, Position(), ref)

    def joined(self) -> None:
        """Leave the room in whose place another was joined, if there is one."""
        left, self._leaving = self._leaving, ""
        if left in self.cursors and not self._session.ended:
            self.depart(left, self.cursors.pop(left))

    def expel(self, cursor: Cursor) -> None:
        """Leave a room that is not open to the session any more, and tell the client."""
        self._drop(cursor, errors.expelled(cursor.label), tell=True)

    def _drop(self, cursor: Cursor, why: errors.Refused, tell: bool) -> None:
        """Leave the room of a cursor, if the session is still there."""
        session = self._session
        room = next((name for name, one in self.cursors.items() if one is cursor), None)
        if room is None or session.ended:
            return
        del self.cursors[room]
        self.depart(room, cursor, tell)
        session.peer.write(session.refusal(why, None, cursor.label, cursor.ref))
        if session.wire.capabilities.single_room:  # it has to be in one
            self._leaving = ""
            self._go_back(room)

    def _go_back(self, left: str) -> None:
        """Return to the room that the session is still in, or was in before, or to the lobby."""
        if self.cursors:
            self.current = next(iter(self.cursors))
            return
        back, self._previous = self._previous, ""
        self.join(back if back not in ("", left) else LOBBY, Position())

    def depart(self, room: str, cursor: Cursor, tell: bool = True) -> None:
        """
        Leave a room: from this moment on, nothing of it is written to the client.

        :param tell: whether the others have to be told.
        """
        self._close(room, cursor)
        if tell:
            self._post(LeaveEntry(room, self._session.seat))

    def close(self) -> None:
        """Write nothing of any room to the client any more: the session has ended."""
        for room, cursor in self.cursors.items():
            self._close(room, cursor)

    def forget(self) -> None:
        """Be in no room: the login is refused."""
        self.close()
        self.cursors.clear()
        self.current = ""

    def _close(self, room: str, cursor: Cursor) -> None:
        here = self._rooms.get(room)
        if here is not None:
            here.broadcast.detach(cursor)
        cursor.phase = Phase.CLOSED

    # The state of all rooms.

    def heads(self) -> dict[str, int]:
        """Return the last id of each room that was written to the session."""
        return {
            cursor.label: self._rooms[name].broadcast.last_given(cursor)
            for name, cursor in self.cursors.items()
            if cursor.phase not in _UNTOLD
        }

    @property
    def all_live(self) -> bool:
        """Whether the session has been given everything of all its rooms."""
        return all(cursor.phase is Phase.LIVE for cursor in self.cursors.values())

"""The rooms of a model: how far each was read, and the one that what is typed goes to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from groupchat.client.outbox import Entry
from groupchat.client.receiver import MAX_MISSED
from groupchat.client.requests import LEAVE_REF
from groupchat.client.room import Room, RoomContext
from groupchat.wire.commands import Leave, Position

__all__ = ["RoomSwitch", "Rooms"]


class Rooms:
    """
    The rooms that we are in, or about to be.

    :param context: the model.
    :param names: the rooms to join.
    :param read: how far rooms were read before, if a person goes on reading there; None if rooms
        begin at their newest few messages.
    :param max_missed: messages after these positions that are shown, at most; None for all.
    """

    def __init__(
        self,
        context: RoomContext,
        names: Iterable[str],
        read: Mapping[str, Position] | None,
        max_missed: int | None = MAX_MISSED,
    ) -> None:
        self._context = context
        self._resumes_reading = read is not None
        self._max_missed = max_missed
        self._read = dict(read or {})
        self._rooms = {
            name: Room(name, context, self._read.get(name), max_missed=max_missed) for name in names
        }

    def __iter__(self) -> Iterator[Room]:
        return iter(list(self._rooms.values()))

    def __contains__(self, name: str) -> bool:
        return name in self._rooms

    def __getitem__(self, name: str) -> Room:
        return self._rooms[name]

    def get(self, name: str) -> Room | None:
        """Returns the room, or None if we are not in it."""
        return self._rooms.get(name)

    def restore(self, entries: Iterable[Entry]) -> None:
        """Take up the messages that an earlier run has left, at its positions."""
        restored: dict[str, Room] = {}
        for entry in entries:
            name = entry.room
            if name not in restored:
                position = self._context.outbox.position(name)
                is_extra = name not in self._rooms
                restored[name] = Room(name, self._context, position, delivery_only=is_extra)
            restored[name].window.add(entry)
        self._rooms.update(restored)

    def resume(self, read: Mapping[str, Position] | None) -> None:
        """Go on reading at these positions, where nothing was read yet."""
        if read is None:
            return
        self._read = dict(read)
        for room in self:
            room.resume_from(self._read.get(room.name), self._max_missed)

    def position(self, name: str) -> Position | None:
        """Returns how far a room was read before."""
        return self._read.get(name)

    @property
    def positions(self) -> dict[str, Position]:
        """The last position read in each room."""
        now = {
            room.name: room.receiver.position
            for room in self
            if room.joined and not room.delivery_only
        }
        known = {name: position for name, position in now.items() if position is not None}
        return self._read | known

    def add(self, name: str, position: Position | None) -> None:
        """A join was sent; the server may still refuse it."""
        limit = self._max_missed if self._resumes_reading else None
        room = self._rooms[name] = Room(name, self._context, position, max_missed=limit)
        room.unconfirmed = True

    def remove(self, name: str) -> None:
        """We are no longer in this room."""
        self._rooms.pop(name, None)

    def leave(self, name: str) -> None:
        """Leave this room, if we are in it, and remember how far it was read."""
        if name not in self._rooms:
            return
        self._save_positions()
        self.remove(name)
        self._context.session.send(Leave(room=name, ref=LEAVE_REF))

    def disconnected(self) -> None:
        """The connection is gone."""
        self._save_positions()
        for room in self:
            room.disconnected()

    def _save_positions(self) -> None:
        if self._resumes_reading:
            self._read = self.positions


class RoomSwitch:
    """
    The room that what is typed goes to, for a person who is in one room at a time.

    :ivar current: that room.
    :ivar target: the room that was asked for in its place; None if none was.
    """

    def __init__(self, current: str) -> None:
        self.current = current
        self.target: str | None = None

    def begin(self, room: str) -> None:
        """A join of this room was sent."""
        self.target = room

    def cancel(self) -> None:
        """It was refused."""
        self.target = None

    def finish(self, room: str) -> str:
        """This room is joined. Returns the one before it."""
        before, self.current, self.target = self.current, room, None
        return before

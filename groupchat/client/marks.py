"""
Read marks: how far each room was read, by any device of ours.

They only move forward. The server keeps them; what is unread is what lies between the mark of a
room and its newest message, as ids have no holes.
"""

from __future__ import annotations

from collections.abc import Mapping

from twisted.internet.interfaces import IReactorTime

from groupchat.client.requests import MARK_REF
from groupchat.client.rooms import Rooms
from groupchat.client.session import Session
from groupchat.client.timer import Timer
from groupchat.wire import commands
from groupchat.wire.events import DirectRoom

__all__ = ["MARK_INTERVAL", "ReadMarks"]

MARK_INTERVAL = 5.0  #: seconds between two times that marks are sent, at least


class ReadMarks:
    """
    The marks of all rooms.

    :param session: sends them.
    :param rooms: the rooms that we are in.
    :param clock: the reactor's time.

    :ivar direct: the direct rooms with something in them, as the server named them after the
        login, by ``@NAME``.
    """

    def __init__(self, session: Session, rooms: Rooms, clock: IReactorTime) -> None:
        self.direct: Mapping[str, DirectRoom] = {}
        self._session = session
        self._rooms = rooms
        self._marks: dict[str, int] = {}
        self._unsent: dict[str, int] = {}
        self._timer = Timer(clock, self.flush)
        self._supported = False

    def __getitem__(self, room: str) -> int:
        """Returns the id up to which a room was read; 0 if nothing of it is known to be."""
        return self._marks.get(room, 0)

    def on_room(self, room: str, mark: int | None, head: int) -> None:
        """
        A room is joined.

        :param mark: its mark; None if the server keeps none.
        :param head: its newest id.
        """
        self._supported = mark is not None
        self._marks[room] = mark or 0
        if self._unsent.get(room, 0) > head:  # of a log that is no more
            del self._unsent[room]
        if self._unsent and not self._timer.active:
            self._timer.start(MARK_INTERVAL)

    def on_mark(self, room: str, message_id: int) -> None:
        """Another device of ours has read a room up to this id."""
        self._marks[room] = max(message_id, self[room])

    def on_direct(self, rooms: Mapping[str, DirectRoom]) -> None:
        """The server says which direct rooms there are."""
        self.direct = rooms
        for name, room in rooms.items():
            self._marks[name] = room.mark

    def _head(self, name: str) -> int:
        """Returns the newest id of a room that is known."""
        room = self._rooms.get(name)
        if room is not None and room.receiver.position is not None:
            return room.receiver.position.after or 0
        return self.direct[name].head if name in self.direct else 0

    def unread(self, room: str) -> int:
        """Returns how many messages of a room were not read, as far as is known."""
        return max(0, self._head(room) - self[room])

    def read(self, room: str) -> None:
        """
        Everything that was received in a room was read. The server is told, at most every
        `MARK_INTERVAL`.
        """
        if self._supported and self.unread(room):
            self._marks[room] = self._unsent[room] = self._head(room)
            if not self._timer.active:
                self.flush()

    def flush(self) -> None:
        """Send what is to be sent now."""
        unsent, self._unsent = self._unsent, {}
        for room, message_id in unsent.items():
            self._session.send(commands.Mark(room=room, id=message_id, ref=MARK_REF))
        if unsent:
            self._timer.start(MARK_INTERVAL)

    def disconnect(self) -> None:
        """The connection is gone. The next one sends the marks that wait."""
        self._supported = False
        self._timer.cancel()

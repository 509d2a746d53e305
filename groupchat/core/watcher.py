"""
The session of somebody that reads a room without being in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from groupchat.core.cursor import Cursor
from groupchat.core.direct import LabelledWire
from groupchat.core.direct_rooms import is_direct
from groupchat.core.entries import LookEntry
from groupchat.core.session import Session
from groupchat.wire import errors
from groupchat.wire.events import Bye, Departure

if TYPE_CHECKING:
    from groupchat.core.callers import Caller
    from groupchat.core.hub import Hub
    from groupchat.interfaces import IOutbound
    from groupchat.wire.commands import Position
    from groupchat.wire.interfaces import IWire

__all__ = ["Watcher"]


def _nothing() -> None:
    """Do nothing: a watcher gives no commands."""


class Watcher(Session):
    """
    The session of a caller that watches one room. It never logs in, and gives no commands.

    :param room: the internal name of the room.

    :ivar cursor: where it stands.
    """

    __slots__ = ("_caller", "_callers", "_room", "_rooms", "cursor")

    def __init__(self, hub: Hub, peer: IOutbound, wire: IWire, caller: Caller, room: str) -> None:
        super().__init__(hub, peer, wire, _nothing, _nothing)
        self.name, self.account = caller.name, caller.account
        self._callers = hub.callers
        self._caller = caller
        self._room = room
        self._rooms = hub.rooms
        label = hub.room_names.label_of(room, caller.account)
        self.cursor = Cursor(self, label, LabelledWire(wire, label) if is_direct(room) else wire)

    def begin(self, position: Position) -> None:
        """
        Begin to read.

        :param position: up to where the caller knows the room.
        """
        self._rooms.arriving.add(self)
        self._post(
            LookEntry(
                self._room, b"", position.epoch, position.after, account=self.account,
                watcher=self,
            )
        )  # fmt: skip

    def drained(self) -> None:
        """Go on: nothing waits to be read any more."""
        room = self._rooms.get(self._room)
        if room is not None:
            room.pump(self.cursor)

    def heads(self) -> dict[str, int]:
        """Return the last id of the room that was written, by the room's name."""
        room = self._rooms.get(self._room)
        if room is None:
            return {}
        return {self.cursor.label: room.broadcast.last_given(self.cursor)}

    def check(self) -> None:
        """End if the caller may not read any more."""
        try:
            self._callers.check(self._caller)
        except errors.Disconnect as refused:
            self.end(refused.bye)
        except errors.Refused as refused:
            self.end(Bye(refused.code, refused.text))

    def lost(self, why: Departure | None = None) -> None:
        """Read no more: the connection is gone."""
        super().lost()
        self._rooms.arriving.discard(self)
        room = self._rooms.get(self._room)
        if room is not None:
            room.unwatch(self.cursor)
            if room.empty:
                self._rooms.end(room)

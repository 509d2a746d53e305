"""
The effects of one batch of the ledger: rooms to be shown, and sessions to be answered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from groupchat.core.entries import Entry
from groupchat.wire.events import Ok

if TYPE_CHECKING:
    from groupchat.core.room import Room
    from groupchat.core.rooms import Rooms
    from groupchat.core.session import Session

__all__ = ["Delivery"]


class Delivery:
    """
    Gathers the effects of the entries of a batch, and delivers them: answers first, then to each
    room what happened in it.

    :param rooms: all rooms of the node.
    """

    def __init__(self, rooms: Rooms) -> None:
        self.rooms = rooms
        self._touched: dict[Room, None] = {}
        self._answered: dict[Session, None] = {}
        self._done: list[Session] = []
        self._quitting: list[Session] = []

    def touch(self, name: str) -> Room | None:
        """Return a room in which something happens, or None if it has no members."""
        room = self.rooms.get(name)
        if room is not None:
            self._touched[room] = None
        return room

    def show(self) -> None:
        """Show what has happened so far."""
        touched, self._touched = self._touched, {}
        for room in touched:
            room.publish()
            if room.empty:
                self.rooms.end(room)

    def answer(
        self, entry: Entry, label: str | None = None, n: int | None = None, id: int | None = None
    ) -> None:
        """
        Answer an entry, together with what its room is told.

        :param label: the room's name, as the session that posted it knows it.
        """
        session = entry.session
        if session is None:
            return
        self._answered[session] = None
        if entry.refusal is None:
            session.peer.buffer(session.wire.encode(Ok(n, label, id, entry.ref), session.name))
        else:
            session.peer.buffer(session.refusal(entry.refusal, n, label, entry.ref))

    def go_on(self, session: Session) -> None:
        """Let a session go on once the batch is delivered: its line is done."""
        self._done.append(session)

    def quit(self, session: Session) -> None:
        """End a session once the batch is delivered."""
        self._quitting.append(session)

    def finish(self) -> None:
        """Deliver what is left of the batch."""
        self.show()
        answered, self._answered = self._answered, {}
        for session in answered:
            session.peer.flush()
            session.flow.caught_up()
        done, self._done = self._done, []
        for session in done:
            session.flow.replied()
        quitting, self._quitting = self._quitting, []
        for session in quitting:
            session.on_quit()

"""
The effects of logging in and out, and of joining and leaving rooms, once the ledger has given them
their places.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from groupchat.core.cursor import Cursor, Origin
from groupchat.core.entries import JoinEntry, LeaveEntry, QuitEntry
from groupchat.core.group_entries import LoginEntry, LogoutEntry, NodeEndsEntry, NodeGoneEntry
from groupchat.core.members import Members
from groupchat.core.presence import NODE_GONE, REPLACED
from groupchat.core.room_access import RoomAccess
from groupchat.settings import Settings
from groupchat.wire import errors
from groupchat.wire.events import Departure

if TYPE_CHECKING:
    from groupchat.core.delivery import Delivery
    from groupchat.core.member import Member
    from groupchat.core.seat import Seat

__all__ = ["Membership"]


class Membership:
    """
    All nodes apply these to the same members and rooms, so nothing here may depend on a node's own
    settings, accounts or clock, but for what its own sessions are told.
    """

    def __init__(self, members: Members, delivery: Delivery, settings: Settings) -> None:
        self._members = members
        self._delivery = delivery
        self._settings = settings

    # Logging in and out.

    def logged_in(self, entry: LoginEntry) -> None:
        """Let a session take its seat, or tell it why it can't."""
        session = entry.session
        if session is not None:
            self._delivery.go_on(session)
        for held in entry.held or ():
            self._delivery.go_on(held)
        try:
            seat, replaced = self._members.admit(entry)
        except (errors.Refused, errors.Disconnect) as error:
            if session is not None:
                session.turned_away(error)
            return
        for old in replaced:
            self._replace(old, seat, entry)
        self._members.seated(seat)
        member = seat.member
        if member.name != entry.name and len(member.seats) == 1:
            self.rename(member, entry.name)  # it spells its name in another way
        if session is not None:
            session.entered(seat)

    def _replace(self, old: Seat, new: Seat, entry: LoginEntry) -> None:
        """Put a seat in the place of another: in the rooms that it joins next, and as a member."""
        if old.session is not None:
            old.session.replaced()
        for name in list(old.rooms):
            room = self._delivery.touch(name)
            if room is not None:
                if name in entry.rooms and name not in new.rooms:
                    room.replace(old, new, entry.since)
                else:
                    room.leave(old, old.node, REPLACED)
        self._members.remove(old)

    def logged_out(self, entry: LogoutEntry) -> None:
        """Free a seat, unless it was never taken, or is another's by now."""
        seat = self._members.seat(entry.seat)
        if seat is None:
            return
        if seat.session is not None:  # this node ends, and the client can't take its seat elsewhere
            seat.session.end(errors.MOVING)
        self._remove(seat, seat.node, entry.why)

    def node_ends(self, entry: NodeEndsEntry) -> None:
        """Keep the seats of a node: its clients are about to take them over elsewhere."""

    def node_gone(self, entry: NodeGoneEntry) -> None:
        """Free all seats of a node."""
        for seat in self._members.of_node(entry.node):
            self._remove(seat, entry.by, NODE_GONE)

    def _remove(self, seat: Seat, by: int, why: Departure) -> None:
        if seat.session is not None:  # others took this node for dead
            seat.session.end(errors.CUT_OFF)
        for name in list(seat.rooms):
            room = self._delivery.touch(name)
            if room is not None:
                room.broadcast.publish()
                room.leave(seat, by, why)
        self._members.remove(seat)

    def rename(self, member: Member, name: str) -> None:
        """Give a member another name that is free, and tell its rooms."""
        old = member.name
        rooms = [room for room in map(self._delivery.touch, member.rooms) if room is not None]
        for room in rooms:
            room.tell_apart(old, name)
        self._members.rename(member, name)
        for room in rooms:
            room.rename(old, name)

    # Rooms.

    def joined(self, entry: JoinEntry) -> None:
        """Let a session join a room, or tell it why it can't."""
        cursor, seat = entry.cursor, self._members.seat(entry.seat)
        if cursor is not None:
            self._delivery.go_on(cursor.session)
        if seat is None:  # its login was refused, or it is gone
            return
        room = self._delivery.touch(entry.room)
        if entry.refusal is not None:
            if room is not None:
                room.leave(seat, seat.node, Departure(entry.refusal.code))
            if cursor is not None:
                cursor.session.rooms.refused(cursor, entry.refusal)
            return
        if room is None:
            self._delivery.rooms.begin(entry.room, entry.head, entry.topic, entry.topic_by)
            room = self._delivery.touch(entry.room)
            assert room is not None
        room.first = entry.first
        room.access = RoomAccess(entry.owner, entry.private, entry.invited)
        if cursor is not None:
            self._begin(cursor, entry)
        room.join(seat, entry.since, cursor)
        if cursor is not None:
            cursor.session.rooms.joined()

    def _begin(self, cursor: Cursor, entry: JoinEntry) -> None:
        """Set where a cursor begins."""
        cursor.last_n = entry.last_n
        cursor.mark = entry.mark
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
        room, seat = self._delivery.touch(entry.room), self._members.seat(entry.seat)
        if room is not None and seat is not None:
            room.broadcast.publish()  # a member that leaves still sees what it said before
            room.leave(seat, seat.node, entry.why)
        self._delivery.answer(entry, entry.label)

    def quit(self, entry: QuitEntry) -> None:
        """End a session that has no entry under way any more."""
        if entry.session is not None:
            self._delivery.quit(entry.session)

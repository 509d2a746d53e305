"""
A room: its members on all nodes, and the presence that is told of them.

A `Cursor` is where a session of this node stands. A cursor at the end of the log whose client reads
is *live*, and gets the same bytes as everybody on its wire (`FanOut`); all others are pumped
(`Pump`).

Presence is coalesced: what several members do in one batch is one event, in a large room what they
do within `PRESENCE_DELAY`. It is told before a message of a member that is in it, and before a name
is in it twice.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from groupchat.core.attendance import Attendance
from groupchat.core.broadcast import Broadcast
from groupchat.core.counters import Counters
from groupchat.core.cursor import Cursor
from groupchat.core.log_reader import LogReader
from groupchat.core.presence import REPLACED, PresenceBatch
from groupchat.core.pump import Pump
from groupchat.core.room_access import OPEN
from groupchat.interfaces import ILedger

if TYPE_CHECKING:
    from twisted.internet.interfaces import IDelayedCall

    from groupchat.core.member import Member
    from groupchat.core.seat import Seat
    from groupchat.core.watcher import Watcher
    from groupchat.wire.events import Departure

__all__ = ["LARGE_ROOM", "PRESENCE_DELAY", "Room"]

LARGE_ROOM = 200  #: members from which on presence is coalesced for `PRESENCE_DELAY`
PRESENCE_DELAY = 0.15  #: seconds


class Room:
    """
    :param name: as the server writes it.
    :param head: the newest id in its log.
    :param ledger: gives pages.
    :param call_later: that of a reactor.
    :param counters: of the node.

    :ivar broadcast: shows its events to the sessions of this node.
    :ivar first: the oldest id stored, as far as is known here.
    :ivar members: the members, each with its seats here, and these with the cursors of their
        sessions: None for those of other nodes.
    :ivar watchers: those that read and are not members, by their cursors.
    :ivar left_by: the node that answers for the last seat that left.
    :ivar topic: the topic, or "".
    :ivar topic_by: the member that set it.
    :ivar access: whether it is private, and whose.
    :ivar reader: reads older messages.
    """

    is_direct = False

    def __init__(
        self,
        name: str,
        head: int,
        ledger: ILedger,
        call_later: Callable[..., IDelayedCall],
        counters: Counters,
    ) -> None:
        self.name = name
        self.first = 1
        self.topic = ""
        self.topic_by = ""
        self.access = OPEN
        self._attendance = Attendance(name)
        self.members = self._attendance.members
        self.watchers = self._attendance.watchers
        self.left_by = 0
        self._call_later = call_later
        self.broadcast = Broadcast(head, self._attendance, counters)
        self.reader = LogReader(name, ledger, self.broadcast.backlog)
        self._pump = Pump(self, ledger, self.reader, counters)
        self._presence = PresenceBatch()
        self._timer: IDelayedCall | None = None

    @property
    def head(self) -> int:
        """The newest id that was published."""
        return self.broadcast.head

    # Presence, in the order of the log; `publish` ends a batch.

    def join(self, seat: Seat, since: int, cursor: Cursor | None) -> None:
        """
        Let a seat join. Its session gets the room line; with the first seat of a member, the others
        are told.

        :param since: milliseconds since 1970.
        :param cursor: that of its session; None for one of another node.
        """
        seat.rooms[self.name] = since
        self.tell_apart(seat.member.name)
        if seat.member not in self.members:
            self._presence.join(seat, cursor)
            return
        if self._attendance.has(seat):
            self.flush()  # it has another's place, whose last words come before its room line
        self._add(seat, cursor)
        if cursor is not None:
            self.pump(cursor)

    def seat(self, seat: Seat, since: int) -> None:
        """Let a seat of another node be here from the beginning."""
        seat.rooms[self.name] = since
        self._add(seat, None)

    def leave(self, seat: Seat, by: int, why: Departure) -> None:
        """
        Let a seat leave, if it is here. With the last one of its member, the others are told.

        :param by: the node that answers for it.
        :param why: the reason.
        """
        self.tell_apart(seat.member.name)
        if not self._attendance.has(seat):
            return
        self.left_by = by
        if len(self.members[seat.member]) == 1:
            self._presence.leave(seat.member.name, why)
        self._remove(seat)

    def rename(self, old: str, new: str) -> None:
        """Take note that a member has another name now. Tell them apart before it has."""
        if old != new:
            self._presence.rename(old, new)
            self._attendance.changed()

    def replace(self, old: Seat, new: Seat, since: int) -> None:
        """
        Put the new seat of a client in the place of its old one, so that the others are told of a
        new name at most. Where that can't be, the old one leaves, and the new one has yet to join.
        """
        before, after = old.member, new.member
        self.tell_apart(before.name, after.name)
        alone = len(self.members[before]) == 1 and after not in self.members
        if before is not after and not alone:
            self.leave(old, old.node, REPLACED)
            return
        new.rooms[self.name] = since
        self._add(new, None)
        self._remove(old)
        if before is not after:
            self.rename(before.name, after.name)

    def announce(self, name: str) -> None:
        """Tell everybody that a member is here, before it speaks."""
        if self._presence.keys:
            self.tell_apart(name)

    def tell_apart(self, *some: str) -> None:
        """Tell the presence so far, where one of these names is in it."""
        if self._presence.has(*some):
            self.flush()

    @property
    def deserted(self) -> bool:
        """Whether nobody is here, or about to be."""
        return not self.members and not self._presence.entering

    @property
    def empty(self) -> bool:
        """Whether nobody is here, or about to be, or watches."""
        return self.deserted and not self.watchers

    @property
    def attended(self) -> bool:
        """Whether a session of this node is here: else nothing is kept for any."""
        return self._attendance.count > 0

    def cursors(self) -> list[Cursor]:
        """Return the cursors of this node's members."""
        return self._attendance.cursors()

    def member_names(self, limit: int) -> tuple[list[str], int]:
        """Return the names of the first members, and the number of all."""
        return self._attendance.names(limit), len(self.members)

    def by_name(self) -> list[Member]:
        """Return the members, sorted by name."""
        return self._attendance.by_name()

    def _add(self, seat: Seat, cursor: Cursor | None) -> None:
        if cursor is not None and not self._attendance.count:
            self.broadcast.begin()
        self._attendance.add(seat, cursor)

    def _remove(self, seat: Seat) -> None:
        cursor = self._attendance.remove(seat)
        if cursor is not None:
            self.broadcast.part(cursor)

    # Publishing.

    def publish(self) -> None:
        """Show what happened since the last time; presence may wait in a large room."""
        if not self._presence.keys:
            self.broadcast.publish()
            return
        if len(self.members) < LARGE_ROOM or not self._attendance.count:
            self.flush()
            return
        if self._timer is None:
            self._timer = self._call_later(PRESENCE_DELAY, self._tell_presence)
        self.broadcast.publish()

    def flush(self) -> None:
        """Show what happened since the last time, presence included."""
        if self._timer is not None:
            self._timer.cancel()
        self._tell_presence()

    def flush_presence(self) -> None:
        """Show what happened since the last time, where presence waits."""
        if self._presence.keys:
            self.flush()

    def _tell_presence(self) -> None:
        self._timer = None
        told, self._presence = self._presence, PresenceBatch()
        for seat, cursor in told.entering.items():
            self._add(seat, cursor)
        if told.keys and self._attendance.count:
            self.broadcast.extend(told.lines(self.name, len(self.members)))
        self.broadcast.publish()
        for cursor in told.entering.values():
            if cursor is not None:
                self.pump(cursor)

    def redact(self, ids: Collection[int]) -> None:
        """Show no text of these messages any more, to whoever did not read it before."""
        self.broadcast.redact(ids)
        self.reader.redact(ids)

    # The members' cursors.

    def pump(self, cursor: Cursor) -> None:
        """Give a cursor what it lacks, until its client is full or it is live."""
        self._pump.run(cursor)

    def close(self) -> None:
        """Tell nothing more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    # Watchers.

    def watch(self, cursor: Cursor, watcher: Watcher) -> None:
        """Let somebody read who is no member. Nobody is told."""
        if not self._attendance.count:
            self.broadcast.begin()
        self._attendance.watch(cursor, watcher)
        self.pump(cursor)

    def unwatch(self, cursor: Cursor) -> None:
        """Give a watcher nothing more."""
        if cursor in self.watchers:
            self._attendance.unwatch(cursor)
            self.broadcast.part(cursor)

"""
A room of this node: its members, and the order of what they are told.

A member's `Cursor` is where it stands. A cursor at the end of the log whose client reads is *live*,
and gets the same bytes as everybody on its wire (`FanOut`); all others are pumped (`Pump`).

Presence is coalesced: what several members do in one batch is one event, in a large room what they
do within `PRESENCE_DELAY`. It is told before a message of a member that is in it, and before a name
is in it twice.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from itertools import islice
from typing import TYPE_CHECKING

from groupchat.core.backlog import Backlog, Batch, portions
from groupchat.core.counters import Counters
from groupchat.core.cursor import Cursor, Phase
from groupchat.core.fan_out import FanOut
from groupchat.core.log_reader import LogReader
from groupchat.core.presence import PresenceBatch
from groupchat.core.pump import Pump
from groupchat.core.room_access import OPEN
from groupchat.interfaces import ILedger
from groupchat.wire import names
from groupchat.wire.events import Event, Message

if TYPE_CHECKING:
    from twisted.internet.interfaces import IDelayedCall

    from groupchat.core.member import Member
    from groupchat.core.watcher import Watcher

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

    :ivar head: the newest id that was published.
    :ivar first: the oldest id stored, as far as is known here.
    :ivar members: the members, each with the cursors of its sessions.
    :ivar watchers: those that read and are not members, by their cursors.
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
        self.head = head
        self.first = 1
        self.topic = ""
        self.topic_by = ""
        self.access = OPEN
        self.members: dict[Member, dict[Cursor, None]] = {}
        self.watchers: dict[Cursor, Watcher] = {}
        self._call_later = call_later
        self._backlog = Backlog(head)
        self._fan_out = FanOut(counters)
        self.reader = LogReader(name, ledger)
        self._pump = Pump(self, ledger, self.reader, self._backlog, self._fan_out, counters)
        self._unpublished: list[Event] = []
        self._presence = PresenceBatch()
        self._timer: IDelayedCall | None = None
        self._names: list[str] | None = None
        self._by_name: list[Cursor] | None = None

    # Events of the room, in the order of its log; `publish` ends a batch.

    def append(self, event: Event) -> None:
        """Add a message or a topic."""
        self._unpublished.append(event)

    def join(self, cursor: Cursor) -> None:
        """
        Let a session join. It gets the room line; with the first session of a member, the others
        are told.
        """
        self._tell_apart(cursor.name)
        if cursor.member in self.members:
            self._add(cursor)
            self.pump(cursor)
        else:
            self._presence.join(cursor)

    def leave(self, cursor: Cursor) -> None:
        """Let a session leave, if it is here. With the last one of its member, others are told."""
        self._tell_apart(cursor.name)
        if not self._has(cursor):
            return
        if len(self.members[cursor.member]) == 1:
            self._presence.leave(cursor.name)
        self._remove(cursor)

    def rename(self, cursor: Cursor, name: str) -> None:
        """Give the member of a cursor another name from here on."""
        old = cursor.name
        if old == name:
            return
        self._tell_apart(old, name)
        if self._has(cursor):
            self._presence.rename(old, name)
            for same in self.members[cursor.member]:
                same.name = name
            self._by_name = self._names = None

    def replace(self, old: Cursor, new: Cursor) -> bool:
        """
        Put the new cursor of a client in the place of its old one, so that the others are told of a
        new name at most. Returns whether that can be: else the old one has left.
        """
        self._tell_apart(old.name, new.name)
        if not self._has(old):
            return False
        alone = len(self.members[old.member]) == 1 and new.member not in self.members
        if old.member is not new.member and not alone:
            self.leave(old)
            return False
        name, new.name = new.name, old.name
        self._add(new)
        self._remove(old)
        self.rename(new, name)
        self.flush()
        self.pump(new)
        return True

    def announce(self, name: str) -> None:
        """Tell everybody that a member is here, before it speaks."""
        if self._presence:
            self._tell_apart(name)

    def _tell_apart(self, *some: str) -> None:
        """Tell the presence so far, where one of these names is in it."""
        if self._presence.has(*some):
            self.flush()

    @property
    def empty(self) -> bool:
        """Whether nobody is here, or about to be, or watches."""
        return not self.members and not self._presence.entering and not self.watchers

    def occupants(self) -> Iterator[Cursor]:
        """Yield the first cursor of each member, in the order in which they joined."""
        return (next(iter(cursors)) for cursors in self.members.values())

    def member_names(self, limit: int) -> tuple[list[str], int]:
        """Return the names of the first members, and the number of all."""
        if self._names is None:  # members that join together are told the same names
            self._names = [cursor.name for cursor in islice(self.occupants(), limit)]
        return self._names, len(self.members)

    def by_name(self) -> list[Cursor]:
        """Return the first cursor of each member, sorted by name."""
        if self._by_name is None:
            self._by_name = sorted(self.occupants(), key=lambda cursor: names.key(cursor.name))
        return self._by_name

    def _has(self, cursor: Cursor) -> bool:
        return cursor in self.members.get(cursor.member, ())

    def _add(self, cursor: Cursor) -> None:
        self.members.setdefault(cursor.member, {})[cursor] = None
        self._by_name = self._names = None

    def _remove(self, cursor: Cursor) -> None:
        cursors = self.members[cursor.member]
        del cursors[cursor]
        if not cursors:
            del self.members[cursor.member]
        self._by_name = self._names = None
        self.detach(cursor)

    def detach(self, cursor: Cursor) -> None:
        """Give a cursor nothing more."""
        self._fan_out.remove(cursor)
        cursor.phase = Phase.CLOSED

    # Publishing.

    def publish(self) -> None:
        """Show what happened since the last time; presence may wait in a large room."""
        if not self._presence:
            self.publish_messages()
            return
        if len(self.members) < LARGE_ROOM:
            self.flush()
            return
        if self._timer is None:
            self._timer = self._call_later(PRESENCE_DELAY, self._tell_presence)
        self.publish_messages()

    def flush(self) -> None:
        """Show what happened since the last time, presence included."""
        if self._timer is not None:
            self._timer.cancel()
        self._tell_presence()

    def flush_presence(self) -> None:
        """Show what happened since the last time, where presence waits."""
        if self._presence:
            self.flush()

    def _tell_presence(self) -> None:
        self._timer = None
        told, self._presence = self._presence, PresenceBatch()
        for cursor in told.entering:
            self._add(cursor)
        if told:
            self._unpublished += told.lines(self.name, len(self.members))
        self.publish_messages()
        for cursor in told.entering:
            self.pump(cursor)

    def redact(self, ids: Collection[int]) -> None:
        """Show no text of these messages any more, to whoever did not read it before."""
        self.publish_messages()
        self._backlog.redact(ids)
        self.reader.redact(ids)

    def publish_messages(self) -> None:
        """Show what was said since the last time."""
        events, self._unpublished = self._unpublished, []
        if events:
            for portion, size in portions(events):
                self._publish(portion, size)

    def _publish(self, events: list[Event], size: int) -> None:
        before = self.head
        self.head = next(
            (event.id for event in reversed(events) if isinstance(event, Message)), before
        )
        batch = Batch(events, self.head, size)
        self._backlog.append(batch)
        self._fan_out.write(batch, before, self._backlog.end - 1)
        self._backlog.trim()

    # The members' cursors.

    def last_given(self, cursor: Cursor) -> int:
        """Return the last id that was written to a cursor's client."""
        return self.head if cursor.phase is Phase.LIVE else cursor.after

    def behind(self) -> Iterator[int]:
        """Yield how many messages each cursor lacks that lacks any."""
        for cursors in self.members.values():
            for cursor in cursors:
                lacking = self.head - self.last_given(cursor)
                if lacking > 0:
                    yield lacking

    def pump(self, cursor: Cursor) -> None:
        """Give a cursor what it lacks, until its client is full or it is live."""
        # else it is about to join, and has no place in the order yet
        if self._has(cursor) or cursor in self.watchers:
            self._pump.run(cursor)

    # Watchers.

    def watch(self, cursor: Cursor, watcher: Watcher) -> None:
        """Let somebody read who is no member. Nobody is told."""
        self.watchers[cursor] = watcher
        self.pump(cursor)

    def unwatch(self, cursor: Cursor) -> None:
        """Give a watcher nothing more."""
        if self.watchers.pop(cursor, None) is not None:
            self.detach(cursor)

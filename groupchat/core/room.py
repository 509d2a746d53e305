"""
A room of this node: its members, and the fan-out to them.

A member's `Cursor` is where it stands. A cursor at the end of the log whose client reads is *live*,
and gets the same bytes as everybody on its wire; all others are pumped: from the backlog, or in
pages from the ledger where they are further behind. A cursor that fell out of the backlog lacks the
presence that was in it, so it gets the room line again before its pages.

Presence is coalesced: what several members do in one batch is one event, in a large room what they
do within `PRESENCE_DELAY`. It is told before a message of a member that is in it, and before a name
is in it twice.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import TYPE_CHECKING, Any

from groupchat.core.backlog import Backlog, Batch, portions
from groupchat.core.cursor import Cursor, Origin, Phase
from groupchat.core.presence import PresenceBatch
from groupchat.interfaces import ILedger, IOutbound
from groupchat.wire import names
from groupchat.wire.events import Catchup, CaughtUp, Event, Gap, Message, Reset, RoomState
from groupchat.wire.interfaces import IWire

if TYPE_CHECKING:
    from twisted.internet.interfaces import IDelayedCall

__all__ = ["LARGE_ROOM", "PRESENCE_DELAY", "Room"]

LARGE_ROOM = 200  #: members from which on presence is coalesced for `PRESENCE_DELAY`
PRESENCE_DELAY = 0.15  #: seconds
MAX_NAMES_IN_STATE = 1000  #: names in a room line

_IDLE = frozenset({Phase.LIVE, Phase.FETCHING, Phase.CLOSED})  #: phases that need no pump


class Room:
    """
    :param name: as the server writes it.
    :param head: the newest id in its log.
    :param ledger: gives pages.
    :param call_later: that of a reactor.

    :ivar head: the newest id that was published.
    :ivar first: the oldest id stored, as far as is known here.
    :ivar topic: the topic, or "".
    :ivar topic_by: the member that set it.
    """

    def __init__(
        self, name: str, head: int, ledger: ILedger, call_later: Callable[..., IDelayedCall]
    ) -> None:
        self.name = name
        self.head = head
        self.first = 1
        self.topic = ""
        self.topic_by = ""
        self.members: dict[Cursor, None] = {}
        self._ledger = ledger
        self._call_later = call_later
        self._live: dict[IWire, dict[Cursor, Any]] = {}  # of each wire, with their ways out
        self._backlog = Backlog(head)
        self._unpublished: list[Event] = []
        self._presence = PresenceBatch()
        self._timer: IDelayedCall | None = None
        self._by_name: list[Cursor] | None = None

    # Events of the room, in the order of its log; `publish` ends a batch.

    def append(self, event: Event) -> None:
        """Add a message or a topic."""
        self._unpublished.append(event)

    def join(self, cursor: Cursor) -> None:
        """Let a member join: the others are told, and it gets the room line, with the presence."""
        self._tell_apart(cursor.name)
        self._presence.join(cursor)

    def leave(self, cursor: Cursor) -> bool:
        """Let a member leave. Returns whether it was here."""
        self._tell_apart(cursor.name)
        if cursor not in self.members:
            return False
        self._presence.leave(cursor.name)
        self._remove(cursor)
        return True

    def rename(self, cursor: Cursor, name: str) -> None:
        """Give a member another name from here on."""
        old = cursor.name
        here = cursor in self.members or cursor in self._presence.entering
        if old == name or not here:
            return
        self._tell_apart(old, name)
        self._presence.rename(old, name)
        cursor.name = name
        self._by_name = None

    def replace(self, old: Cursor, new: Cursor) -> bool:
        """Put a member's new cursor in the place of its old one. Returns whether that was here."""
        if old in self._presence.entering:
            self.flush()
        if old not in self.members:
            return False
        self._remove(old)
        name, new.name = new.name, old.name
        self._add(new)
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
        """Whether nobody is here, or about to be."""
        return not self.members and not self._presence.entering

    def by_name(self) -> list[Cursor]:
        """Return the members, sorted by name."""
        if self._by_name is None:
            self._by_name = sorted(self.members, key=lambda cursor: names.key(cursor.name))
        return self._by_name

    def _add(self, cursor: Cursor) -> None:
        self.members[cursor] = None
        self._by_name = None

    def _remove(self, cursor: Cursor) -> None:
        del self.members[cursor]
        self._by_name = None
        self.detach(cursor)

    def detach(self, cursor: Cursor) -> None:
        """Give a cursor nothing more."""
        self._unlive(cursor)
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
        self._fan_out(batch, before)
        self._backlog.trim()

    def _fan_out(self, batch: Batch, before: int) -> None:
        """
        Write a batch to every live cursor.

        :param before: the newest id before the batch: a cursor whose client is full stands there.
        """
        full: list[Cursor] = []
        for wire, live in self._live.items():
            data = batch.encoded(wire) if live else b""
            size = len(data)
            for cursor, peer in live.items():
                if peer.full:
                    full.append(cursor)
                elif cursor.unechoed:
                    peer.write(batch.without(wire, cursor.unechoed))
                elif peer.try_send is None:
                    peer.write(data)
                else:  # done for each member of each message: as little as possible
                    try:
                        taken = peer.try_send(data)
                    except OSError:
                        taken = 0
                    if taken != size:
                        peer.write(data[taken:])
        for cursor in full:
            self._unlive(cursor)
            cursor.after = cursor.through = before
            cursor.position = self._backlog.end - 1

    def _make_live(self, cursor: Cursor, peer: IOutbound) -> None:
        cursor.phase = Phase.LIVE
        self._live.setdefault(cursor.session.wire, {})[cursor] = peer
        cursor.session.on_live()

    def _unlive(self, cursor: Cursor) -> None:
        if cursor.phase is Phase.LIVE:
            cursor.phase = Phase.IN_TAIL
            del self._live[cursor.session.wire][cursor]

    # The pump.

    def last_given(self, cursor: Cursor) -> int:
        """Return the last id that was written to a cursor's client."""
        return self.head if cursor.phase is Phase.LIVE else cursor.after

    def pump(self, cursor: Cursor) -> None:
        """Give a cursor what it lacks, until its client is full or it is live."""
        if cursor not in self.members:
            return  # it is about to join, and has no place in the order yet
        peer = cursor.session.peer
        while cursor.phase not in _IDLE and not peer.full:
            if cursor.phase is Phase.NEEDS_STATE:
                if self._presence:
                    self.flush()  # else a leave would be told after a room line without that name
                self._tell_state(cursor)
            elif cursor.phase is Phase.IN_HISTORY:
                self._give_history(cursor)
            elif cursor.position < self._backlog.start:
                cursor.phase = Phase.NEEDS_STATE  # it fell out of the backlog
            elif cursor.position < self._backlog.end:
                self._give_batch(cursor)
            else:
                self._make_live(cursor, peer)

    def _tell_state(self, cursor: Cursor) -> None:
        """Tell the room as it is now, and where the client's knowledge of the log goes on from."""
        epoch = self._ledger.epoch
        members = [member.name for member in islice(self.members, MAX_NAMES_IN_STATE)]
        cursor.send(
            RoomState(
                self.name,
                epoch,
                self.first,
                self.head,
                cursor.last_n,
                self.topic,
                members,
                len(self.members),
                cursor.ref,
            )
        )
        cursor.ref = None
        if cursor.origin is Origin.RESET:
            cursor.send(Reset(self.name, epoch, self.first, self.head))
        elif cursor.after + 1 < self.first:
            if cursor.origin is Origin.RESUMING:
                cursor.send(Gap(self.name, cursor.after, self.first))
            cursor.after = self.first - 1
        cursor.origin = Origin.RESUMING
        cursor.send(Catchup(self.name, self.head))
        cursor.through = self.head
        cursor.position = self._backlog.end
        cursor.phase = Phase.IN_HISTORY

    def _give_batch(self, cursor: Cursor) -> None:
        batch = self._backlog.at(cursor.position)
        wire, own = cursor.session.wire, cursor.unechoed
        cursor.session.peer.write(batch.without(wire, own) if own else batch.encoded(wire))
        cursor.position += 1
        cursor.after = cursor.through = batch.head

    def _give_history(self, cursor: Cursor) -> None:
        if cursor.after >= cursor.through:
            cursor.phase = Phase.IN_TAIL
            cursor.send(CaughtUp(self.name))
        elif cursor.after >= self._backlog.head_before:
            self._give_page(self._backlog.page(cursor.after, cursor.through), cursor)
        else:
            cursor.phase = Phase.FETCHING
            page = self._ledger.page(self.name, cursor.after, cursor.through)
            # Where this fails, the hub is told, and ends it all.
            page.addCallbacks(self._on_page, lambda _: None, (cursor,))

    def _on_page(self, page: list[Message], cursor: Cursor) -> None:
        if cursor.phase is Phase.FETCHING:
            cursor.phase = Phase.IN_HISTORY
            self._give_page(page, cursor)
            self.pump(cursor)

    def _give_page(self, page: list[Message], cursor: Cursor) -> None:
        session = cursor.session
        encode, me, own = session.wire.encode, session.name, cursor.unechoed
        lines = []
        for message in page:
            if message.id > cursor.after + 1:
                lines.append(encode(Gap(self.name, cursor.after, message.id)))
            cursor.after = message.id
            if own and message.id in own:
                own.discard(message.id)
            else:
                lines.append(encode(message, me, True))
        if not page:
            lines.append(encode(Gap(self.name, cursor.after, cursor.through + 1)))
            cursor.after = cursor.through
        session.peer.write(b"".join(lines))

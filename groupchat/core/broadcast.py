"""
The broadcast of a room: shows its events, in batches, to the sessions of this node that are in it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from groupchat.core.attendance import Attendance
from groupchat.core.backlog import Backlog, Batch, portions
from groupchat.core.counters import Counters
from groupchat.core.cursor import Cursor, Phase
from groupchat.core.fan_out import FanOut
from groupchat.wire.events import Event, Message

__all__ = ["Broadcast"]


class Broadcast:
    """
    :param head: the newest id in the room's log.
    :param attendance: of the room. Where no session of this node is in it, nothing is kept.
    :param counters: of the node.

    :ivar head: the newest id that was published.
    :ivar backlog: the last batches.
    :ivar fan_out: gets each batch to the cursors that lack nothing.
    """

    __slots__ = ("_attendance", "_unpublished", "backlog", "fan_out", "head")

    def __init__(self, head: int, attendance: Attendance, counters: Counters) -> None:
        self.head = head
        self.backlog = Backlog(head)
        self.fan_out = FanOut(counters)
        self._attendance = attendance
        self._unpublished: list[Event] = []

    def append(self, event: Event) -> None:
        """Add a message or a topic."""
        self._unpublished.append(event)

    def extend(self, events: Collection[Event]) -> None:
        """Add events of presence."""
        self._unpublished += events

    def publish(self) -> None:
        """Show the events that were added since the last time."""
        events, self._unpublished = self._unpublished, []
        if events:
            for portion, size in portions(events):
                self._publish(portion, size)

    def _publish(self, events: list[Event], size: int) -> None:
        before = self.head
        newest = next((event.id for event in reversed(events) if isinstance(event, Message)), 0)
        self.head = max(before, newest)  # where nobody is here, it has gone on already
        if not self._attendance.count:
            self.begin()
            return
        batch = Batch(events, self.head, size)
        self.backlog.append(batch)
        self.fan_out.write(batch, before, self.backlog.end - 1)
        self.backlog.trim()

    def begin(self) -> None:
        """Keep no batches so far: no session of this node is here yet, or any more."""
        self.backlog.skip(self.head)

    def redact(self, ids: Collection[int]) -> None:
        """Show no text of these messages any more, to whoever did not read it before."""
        self.publish()
        self.backlog.redact(ids)

    # The cursors.

    def part(self, cursor: Cursor) -> None:
        """Let a cursor go that has left; with the last one of this node, nothing is kept."""
        self.detach(cursor)
        if not self._attendance.count:
            self.publish()
            self.begin()

    def detach(self, cursor: Cursor) -> None:
        """Give a cursor nothing more."""
        self.fan_out.remove(cursor)
        cursor.phase = Phase.CLOSED

    def last_given(self, cursor: Cursor) -> int:
        """Return the last id that was written to a cursor's client."""
        return self.head if cursor.phase is Phase.LIVE else cursor.after

    def behind(self) -> Iterator[int]:
        """Yield how many messages each cursor lacks that lacks any."""
        for cursor in self._attendance.cursors():
            lacking = self.head - self.last_given(cursor)
            if lacking > 0:
                yield lacking

"""
The pump of a room: gives a cursor what it lacks, until its client is full or it is live.

A cursor gets the room line, then history (in pages from the backlog, or from the ledger where it is
further behind), then the batches of the backlog. One that fell out of the backlog lacks the
presence that was in it, so it gets the room line again before its pages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from groupchat.core.counters import Counters
from groupchat.core.cursor import Cursor, Origin, Phase
from groupchat.core.log_reader import LogReader
from groupchat.interfaces import ILedger
from groupchat.wire.errors import AWAY, Unavailable
from groupchat.wire.events import Catchup, CaughtUp, Gap, Message, Reset, RoomState

if TYPE_CHECKING:
    from twisted.python.failure import Failure

    from groupchat.core.room import Room

__all__ = ["MAX_NAMES_IN_STATE", "Pump"]

MAX_NAMES_IN_STATE = 1000  #: names in a room line

#: phases that need no pump
_IDLE = frozenset({Phase.JOINING, Phase.LIVE, Phase.FETCHING, Phase.CLOSED})


class Pump:
    """
    :param room: the room, as it is now.
    :param ledger: knows the epoch.
    :param reader: gives pages.
    :param counters: of the node.
    """

    __slots__ = ("_backlog", "_counters", "_fan_out", "_ledger", "_reader", "_room")

    def __init__(
        self,
        room: Room,
        ledger: ILedger,
        reader: LogReader,
        counters: Counters,
    ) -> None:
        self._room = room
        self._ledger = ledger
        self._reader = reader
        self._backlog = room.broadcast.backlog
        self._fan_out = room.broadcast.fan_out
        self._counters = counters

    def run(self, cursor: Cursor) -> None:
        """Give a cursor what it lacks, until its client is full or it is live."""
        peer = cursor.session.peer
        while cursor.phase not in _IDLE and not peer.full:
            if cursor.phase is Phase.NEEDS_STATE:
                self._room.flush_presence()  # a leave must not be told after this room line
                self._tell_state(cursor)
            elif cursor.phase is Phase.IN_HISTORY:
                self._give_history(cursor)
            elif cursor.position < self._backlog.start:
                cursor.phase = Phase.NEEDS_STATE  # it fell out of the backlog
            elif cursor.position < self._backlog.end:
                self._give_batch(cursor)
            else:
                self._fan_out.add(cursor)

    def _tell_state(self, cursor: Cursor) -> None:
        """Tell the room as it is now, and where the client's knowledge of the log goes on from."""
        room = self._room
        epoch = self._ledger.epoch
        members, count = room.member_names(MAX_NAMES_IN_STATE)
        cursor.send(
            RoomState(
                room.name, epoch, room.first, room.head, cursor.last_n, room.topic, members, count,
                cursor.ref, cursor.mark,
            )
        )  # fmt: skip
        cursor.ref = None
        if cursor.origin is Origin.RESET:
            cursor.send(Reset(room.name, epoch, room.first, room.head))
        elif cursor.after + 1 < room.first:
            if cursor.origin is Origin.RESUMING:
                cursor.send(Gap(room.name, cursor.after, room.first))
            cursor.after = room.first - 1
        cursor.origin = Origin.RESUMING
        cursor.send(Catchup(room.name, room.head))
        cursor.through = room.head
        cursor.position = self._backlog.end
        cursor.phase = Phase.IN_HISTORY

    def _give_batch(self, cursor: Cursor) -> None:
        batch = self._backlog.at(cursor.position)
        wire, own = cursor.wire, cursor.unechoed
        self._write(cursor, batch.for_author(wire, own) if own else batch.encoded(wire))
        self._counters.deliveries += len(batch.events)
        cursor.position += 1
        cursor.after = cursor.through = batch.head

    def _give_history(self, cursor: Cursor) -> None:
        if cursor.after >= cursor.through:
            cursor.phase = Phase.IN_TAIL
            cursor.send(CaughtUp(self._room.name))
        elif cursor.after >= self._backlog.head_before:
            self._give_page(self._backlog.page(cursor.after, cursor.through), cursor)
        else:
            cursor.phase = Phase.FETCHING
            page = self._reader.page(cursor.after, cursor.through)
            page.addCallbacks(self._on_page, self._on_failure, (cursor,), errbackArgs=(cursor,))

    def _on_page(self, page: list[Message], cursor: Cursor) -> None:
        if cursor.phase is Phase.FETCHING:
            cursor.phase = Phase.IN_HISTORY
            self._give_page(page, cursor)
            self._room.pump(cursor)

    def _on_failure(self, failure: Failure, cursor: Cursor) -> None:
        """
        End a session that lacks what can't be read now: it may do better at another node. (Where
        the ledger has failed for good, the hub is told, and ends all.)
        """
        if failure.check(Unavailable):
            cursor.session.end(AWAY)

    def _give_page(self, page: list[Message], cursor: Cursor) -> None:
        room, me = self._room.name, cursor.session.name
        encode, own = cursor.wire.encode, cursor.unechoed
        lines = []
        for message in page:
            if message.id > cursor.after + 1:
                lines.append(encode(Gap(room, cursor.after, message.id)))
            cursor.after = message.id
            if own and message.id in own:
                lines.append(cursor.wire.echo(message, own.pop(message.id)))
            else:
                lines.append(encode(message, me, True))
        if not page:
            lines.append(encode(Gap(room, cursor.after, cursor.through + 1)))
            cursor.after = cursor.through
        self._write(cursor, b"".join(lines))
        self._counters.deliveries += len(page)

    def _write(self, cursor: Cursor, data: bytes) -> None:
        self._counters.sent_bytes += len(data)
        cursor.session.peer.write(data)

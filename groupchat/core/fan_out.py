"""
The fan-out of a room: its live cursors, each of which gets a batch as it is published.
"""

from __future__ import annotations

from groupchat.core.backlog import Batch
from groupchat.core.counters import Counters
from groupchat.core.cursor import Cursor, Phase
from groupchat.interfaces import IOutbound
from groupchat.wire.interfaces import IWire

__all__ = ["FanOut"]


class FanOut:
    """
    The live cursors of one room, by wire: those on the same wire get the same bytes.

    :param counters: of the node.
    """

    __slots__ = ("_counters", "_live")

    def __init__(self, counters: Counters) -> None:
        self._counters = counters
        self._live: dict[IWire, dict[Cursor, IOutbound]] = {}

    def add(self, cursor: Cursor) -> None:
        """Make a cursor live: it has been given everything so far, and its client reads."""
        session = cursor.session
        cursor.phase = Phase.LIVE
        self._live.setdefault(cursor.wire, {})[cursor] = session.peer
        session.on_live()

    def remove(self, cursor: Cursor) -> None:
        """Give a cursor no more batches, if it is live: the pump goes on with it."""
        if cursor.phase is Phase.LIVE:
            cursor.phase = Phase.IN_TAIL
            del self._live[cursor.wire][cursor]

    def write(self, batch: Batch, before: int, position: int) -> None:
        """
        Write a batch to every live cursor. Those whose client is full are live no more.

        :param before: the newest id before the batch: a cursor whose client is full stands there.
        :param position: that of the batch in the backlog.
        """
        full: list[Cursor] = []
        for wire, live in self._live.items():
            data = batch.encoded(wire) if live else b""
            size = len(data)
            self._counters.deliveries += len(batch.events) * len(live)
            self._counters.sent_bytes += size * len(live)
            for cursor, peer in live.items():
                if peer.full:
                    full.append(cursor)
                elif cursor.unechoed:
                    peer.write(batch.for_author(cursor.wire, cursor.unechoed))
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
            self._counters.deliveries -= len(batch.events)
            self._counters.sent_bytes -= len(batch.encoded(cursor.wire))
            self.remove(cursor)
            cursor.after = cursor.through = before
            cursor.position = position

"""A batch of entries on its way into the ledger on disk: each gets its outcome, and its rows."""

from __future__ import annotations

from typing import NamedTuple

from groupchat.core.entries import JoinEntry, MessageEntry, TopicEntry
from groupchat.ledgers.clients import ClientRow, Clients
from groupchat.ledgers.dedupe import is_next
from groupchat.ledgers.epochs import Epochs
from groupchat.ledgers.group_commit import EntryProcessor, disk_full
from groupchat.ledgers.rooms import ROOM_SHIFT, RoomRow, Rooms
from groupchat.ledgers.stamping import Stamper
from groupchat.ledgers.transaction import Row, Transaction

__all__ = ["Batch", "Tables"]

_BATCH_BYTES = 4096  #: bytes that a batch takes in the WAL beside its messages, about
_MESSAGE_BYTES = 200  #: bytes that a message takes there beside its text, about


class Tables(NamedTuple):
    """
    The tables that a batch reads and changes.

    :ivar max_messages: the messages that each room keeps, or None.
    """

    transaction: Transaction
    epochs: Epochs
    rooms: Rooms
    clients: Clients
    stamper: Stamper
    max_messages: int | None


class Batch(EntryProcessor):
    """
    One batch, in the writer's thread.

    :param storing: whether messages can be stored; if not, new ones are refused since the disk is
        full.

    :ivar size: about how many bytes it takes in the WAL.
    """

    def __init__(self, tables: Tables, storing: bool) -> None:
        self._transaction, self._epochs, self._rooms, self._clients = tables[:4]
        self._stamper, self._max_messages = tables.stamper, tables.max_messages
        self._storing = storing
        #: key, at, sender, text, act, client, n, previous, received
        self._messages: list[Row] = []
        self._clock_is_right = self._stamper.clock_is_right
        self.size = _BATCH_BYTES

    def write(self, more: bool = False) -> None:
        """
        Hand the new messages to the database.

        :param more: whether more is to be written in this transaction.
        """
        messages, self._messages = self._messages, []
        self._transaction.insert("INSERT INTO messages", messages, more)

    def _message(self, entry: MessageEntry) -> None:
        n, room = entry.n, self._rooms.find(entry.room)
        client = self._clients.find(entry.client, room) if room and n is not None else None
        entry.fresh, entry.id = False, None
        last = client.last if client else 0
        if not is_next(entry, last, lambda n: self._known(client, room, n)):
            return
        if not self._storing:
            entry.refusal = disk_full()
            return
        if room is None or not room.epoch_started:
            room = self._start(entry.room, room)
        id = room.head = room.head + 1
        if self._max_messages:
            room.first = max(room.first, id - self._max_messages + 1)
        received = None
        if self._clock_is_right and entry.at >= room.at:
            room.at = entry.at
        else:
            received = self._stamper.stamp(entry, room)
        number = previous = None
        if n is not None:
            client = client or self._clients.create(entry.client, room, entry.at)
            number, previous = client.no, client.id
            client.last, client.id = n, id
        text = entry.text
        self._messages.append(
            (room.no << ROOM_SHIFT | id, entry.at, entry.sender, text, entry.act,
             number, n, previous, received)
        )  # fmt: skip
        self.size += len(text) + _MESSAGE_BYTES
        entry.id, entry.fresh = id, True

    def _start(self, name: str, room: RoomRow | None) -> RoomRow:
        """Return the row of a room that is to get its first message, of all or of this epoch."""
        room = room or self._rooms.create(name)
        self._rooms.start_epoch(room)
        return room

    def _known(
        self, client: ClientRow | None, room: RoomRow | None, n: int
    ) -> tuple[int, bytes] | None:
        """Return the id and the digest of what a client sent as n, if that is remembered."""
        if client is None or room is None:
            return None
        if self._messages:
            self.write(more=True)  # it may be in this very batch
        return self._clients.message(client, room, n)

    def _topic(self, entry: TopicEntry) -> None:
        if not self._storing:
            entry.refusal = disk_full()
            return
        room = self._rooms.find(entry.room) or self._rooms.create(entry.room)
        self._rooms.set_topic(room, entry.text, entry.sender)

    def _join(self, entry: JoinEntry) -> None:
        room = self._rooms.find(entry.room)
        entry.known = self._epochs.is_known(room, entry.epoch, entry.after or 0)
        if room is None:  # it may have been processed before, with what was not stored after all
            entry.head, entry.first, entry.last_n = 0, 1, 0
        else:
            entry.head, entry.first = room.head, room.first
            entry.topic, entry.topic_by = room.topic, room.topic_by
            client = self._clients.find(entry.client, room)
            entry.last_n = client.last if client else 0
